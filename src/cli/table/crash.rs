// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of the table about crash images.

use super::extras::{ADDON, EXTRAS_ROOT, NO_EXTRAS, PROFILE};
use super::value::Value;
use super::{
    APPEND, COMMAND_LINE, Command, CommandId, Flag, HELP, INITRD, Id, Operand, REUSE_CMDLINE,
    ROUTE, switch,
};

pub static PANIC: Flag = Flag {
    short: Some('p'),
    ..switch(Id::Panic, "panic", "the image that a panic boots")
};

pub static FORCE: Flag = switch(
    Id::Force,
    "force",
    "try to load a crash image that does not fit",
);

pub static CRYPT_KEY: Flag = Flag {
    value: Value::Text("DESCRIPTION"),
    repeatable: true,
    ..switch(
        Id::CryptKey,
        "crypt-key",
        "hand a disk's key to the capture kernel; may be repeated",
    )
};

pub static REUSE_CRYPT_KEYS: Flag = switch(
    Id::ReuseCryptKeys,
    "reuse-crypt-keys",
    "keep the disk keys that are handed over already",
);

pub const KDUMP: Command = Command {
    id: CommandId::Kdump,
    name: "kdump",
    operand: Operand::WordImage {
        word: "check",
        shown: "check IMAGE",
    },
    summary: "tell whether a capture kernel will fit and work",
    detail: "Holds IMAGE, as load --panic would load it, against the memory that crashkernel= \
reserved, and prints the sums: what is loaded, what the capture kernel needs to run, and what it \
unpacks of its initrd, which is estimated from the archives' headers. Shows the settings that \
decide what a panic does. Changes nothing and needs no privilege. Exits as load --panic would: \
with 0 and a warning when memory is scarce, 1 when the image cannot be loaded, 4 when nothing is \
reserved.",
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
        &HELP,
    ],
    examples: &[("kexec-bpf kdump check foo-kdump.efi", "will it fit?")],
};
