// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of the table that is about crash images.

use super::extras::{ADDON, EXTRAS_ROOT, NO_EXTRAS, PROFILE};
use super::{
    APPEND, COMMAND_LINE, Command, Flag, HELP, INITRD, Id, Operand, REUSE_CMDLINE, ROUTE, Value,
    switch,
};

pub static PANIC: Flag = Flag {
    short: Some('p'),
    ..switch(
        Id::Panic,
        "panic",
        "the image that a panic boots",
        "Works on the crash image, which the kernel boots when it panics, instead of on the one \
that exec boots. To load one, memory must have been reserved by crashkernel= on this kernel's command line.",
    )
};

pub static FORCE: Flag = switch(
    Id::Force,
    "force",
    "try to load a crash image that does not fit",
    "Tries to load a crash image although the reserved memory is too small for it. The kernel \
drops the crash image that is loaded before it refuses the new one.",
);

pub static CRYPT_KEY: Flag = Flag {
    value: Value::Text("DESCRIPTION"),
    repeatable: true,
    ..switch(
        Id::CryptKey,
        "crypt-key",
        "hand a disk's key to the capture kernel; may be repeated",
        "Has the kernel hand the logon key DESCRIPTION, such as cryptsetup:UUID, to the capture \
kernel, which then can unlock an encrypted disk. The key must be in a keyring of this process; \
cryptsetup --link-vk-to-keyring puts it there. Needs Linux 6.16 with CONFIG_CRASH_DM_CRYPT, and \
configfs at /sys/kernel/config.",
    )
};

pub static REUSE_CRYPT_KEYS: Flag = switch(
    Id::ReuseCryptKeys,
    "reuse-crypt-keys",
    "keep the disk keys that are handed over already",
    "Together with --crypt-key, keeps the keys that the crash image has which is loaded now, for \
a reload after they have left the keyring.",
);

pub const KDUMP: Command = Command {
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
