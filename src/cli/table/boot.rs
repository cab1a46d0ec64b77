// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of the table that is about boot entries.

use super::{
    APPEND, Command, DRY_RUN, Flag, HELP, Id, NO_SYNC, Operand, ROUTE, VERBOSE, Value, switch,
};

static ROOT: Flag = Flag {
    value: Value::Text("DIR"),
    ..switch(
        Id::Root,
        "root",
        "the mounted file system that has the entries",
        "Takes the entries of the file system that is mounted at DIR, and looks for no other.",
    )
};

static DEVICE: Flag = Flag {
    value: Value::Text("DEV"),
    ..switch(
        Id::Device,
        "device",
        "the block device that has the entries",
        "Takes the entries of the file system on DEV, and looks for no other. DEV is a block \
device, or one that UUID=, LABEL= or PARTUUID= describes. Of a disk with a partition table, its \
ESP and XBOOTLDR partitions are taken.",
    )
};

static MENU: Flag = Flag {
    value: Value::Text("SECONDS"),
    ..switch(
        Id::Menu,
        "menu",
        "show a menu for so long; auto: as loader.conf says",
        "Shows the entries on the console and boots the chosen one: digits or arrow keys, then \
Enter. After SECONDS without a key it boots the default; a key stops the clock, and 0 has none. \
With auto, the time is loader.conf's timeout, and without one there is no menu.",
    )
};

static TIMEOUT: Flag = Flag {
    value: Value::Text("SECONDS"),
    ..switch(
        Id::Timeout,
        "timeout",
        "wait so long for the device",
        "Waits at most SECONDS for the device, or for one with entries, to appear. Without it \
there is no wait.",
    )
};

static NEXT: Flag = switch(
    Id::Next,
    "next",
    "the entry after that one",
    "Takes the entry that follows ENTRY in the list, or that follows the default: the one to try \
when that has failed. Entries that cannot boot are passed by.",
);

/// The words of `hook`.
pub const HOOKS: &[&str] = &["boot", "kdump"];

pub const LIST: Command = Command {
    name: "list",
    operand: Operand::None,
    summary: "list the boot entries",
    detail: "Lists the entries of the Boot Loader Specification, as boot loaders sort them: \
the files in /loader/entries, and the UKIs in /EFI/Linux, of the ESP and of XBOOTLDR. The default is \
marked. An entry that cannot boot says why. Changes nothing.",
    flags: &[&ROOT, &DEVICE, &TIMEOUT, &HELP],
    examples: &[
        ("kexec-bpf list", ""),
        ("kexec-bpf list --root /boot", "the entries in /boot"),
    ],
};

pub const BOOT: Command = Command {
    name: "boot",
    operand: Operand::Entry,
    summary: "load a boot entry and jump into it",
    detail: "Loads ENTRY, or the default, and jumps into it. ENTRY is a name as list shows \
it. File systems are mounted for this command alone, and read-only; one is written to only to \
count the attempt, when the entry's name has a counter. Programs in /etc/kexec-bpf/pre-exec.d run \
before the jump. When a step fails, nothing stays loaded.",
    flags: &[
        &ROOT, &DEVICE, &TIMEOUT, &MENU, &NEXT, &APPEND, &ROUTE, &DRY_RUN, &NO_SYNC, &VERBOSE,
        &HELP,
    ],
    examples: &[
        ("kexec-bpf boot", "boot the default entry"),
        ("kexec-bpf boot -n", "show what it would load"),
        ("kexec-bpf boot --menu 5", "choose one"),
    ],
};

pub const HOOK: Command = Command {
    name: "hook",
    operand: Operand::Choice(HOOKS),
    summary: "do what the kernel command line says; for initramfses",
    detail: "Is run by an initramfs. boot: boots an entry as rd.kexec_bpf= and the words with \
that prefix on the kernel's command line say; without such words it does nothing. kdump: loads \
the crash image that rd.kexec_bpf.kdump= names, or /etc/kexec-bpf/kdump.efi. Both report to the \
kernel's log as well.",
    flags: &[&VERBOSE, &HELP],
    examples: &[],
};
