// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of the table about crash images. Layer: effects.

use super::extras::{ADDON, EXTRAS_ROOT, NO_EXTRAS, PROFILE};
use super::value::Value;
use super::{
    APPEND, COMMAND_LINE, Command, CommandId, Flag, HELP, INITRD, Id, JSON, Operand, REUSE_CMDLINE,
    ROUTE, switch,
};

pub static PANIC: Flag = Flag {
    short: Some('p'),
    ..switch(Id::Panic, "panic", "act on the crash (kdump) image")
};

pub static FORCE: Flag = switch(
    Id::Force,
    "force",
    "load even a bad initrd, or a crash image that does not fit",
);

pub static CRYPT_KEY: Flag = Flag {
    value: Value::Text("DESCRIPTION"),
    repeatable: true,
    ..switch(
        Id::CryptKey,
        "crypt-key",
        "pass a disk key to the capture kernel; may be repeated",
    )
};

pub static REUSE_CRYPT_KEYS: Flag = switch(
    Id::ReuseCryptKeys,
    "reuse-crypt-keys",
    "keep the disk keys that were passed before",
);

pub const KDUMP: Command = Command {
    id: CommandId::Kdump,
    name: "kdump",
    operand: Operand::WordImage {
        word: "check",
        shown: "check IMAGE",
    },
    summary: "check whether a crash image will fit and run",
    detail: "Compares IMAGE, as load --panic would load it, with the memory that crashkernel= \
reserved, and prints the sums: what is loaded, what the capture kernel needs to run, and the \
unpacked size of its initrd, estimated from the archives' headers. Shows the settings that decide \
what a panic does. Changes nothing and needs no privileges. Exits as load --panic would: with 0 \
and a warning if memory is scarce, 1 if the image cannot be loaded, 3 if the initrd cannot be \
unpacked, 4 if nothing is reserved.",
    flags: &[
        &INITRD,
        &ADDON,
        &APPEND,
        &COMMAND_LINE,
        &REUSE_CMDLINE,
        &PROFILE,
        &NO_EXTRAS,
        &EXTRAS_ROOT,
        &ROUTE,
        &JSON,
        &HELP,
    ],
    examples: &[(
        "kexec-bpf kdump check foo-kdump.efi",
        "check whether a crash image will fit",
    )],
};
