// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of the table about boot entries. Layer: effects.

use super::jump::{FORCE_JUMP, NO_SYNC};
use super::value::Value;
use super::{
    APPEND, Command, CommandId, DRY_RUN, FAST, Flag, HELP, Id, JSON, NO_FAST, Operand, ROUTE,
    UNPACK_INITRD, VERBOSE, switch,
};

pub static ROOT: Flag = Flag {
    value: Value::Directory,
    ..switch(
        Id::Root,
        "root",
        "read the entries of the file system mounted at DIR",
    )
};

pub static DEVICE: Flag = Flag {
    value: Value::Device,
    ..switch(
        Id::Device,
        "device",
        "read the entries of this block device",
    )
};

static MENU: Flag = Flag {
    value: Value::MenuTime,
    ..switch(
        Id::Menu,
        "menu",
        "show a menu for so many seconds; 0: none; auto: as in loader.conf",
    )
};

static TIMEOUT: Flag = Flag {
    value: Value::Seconds,
    ..switch(Id::Timeout, "timeout", "wait this long for the device")
};

static NEXT: Flag = switch(
    Id::Next,
    "next",
    "take the entry after ENTRY or the default",
);

/// The operands of `hook`.
pub const HOOKS: &[&str] = &["boot", "enforce", "kdump"];

pub const LIST: Command = Command {
    id: CommandId::List,
    name: "list",
    operand: Operand::None,
    summary: "list the boot entries",
    detail: "Lists the boot entries (see the Boot Loader Specification) on all ESPs and XBOOTLDR \
partitions: the files in /loader/entries and the UKIs in /EFI/Linux, sorted as boot loaders sort \
them. Entries of the disk that the firmware started from come first. If there are none, every \
other file system that the kernel can mount is searched, such as /boot on XFS, or a root file \
system that has /boot in it. Marks the default, \
and says why an entry cannot boot. Changes nothing.",
    flags: &[&ROOT, &DEVICE, &TIMEOUT, &JSON, &HELP],
    examples: &[
        ("kexec-bpf list", ""),
        ("kexec-bpf list --root /boot", "list the entries in /boot"),
    ],
};

pub const BOOT: Command = Command {
    id: CommandId::Boot,
    name: "boot",
    operand: Operand::Entry,
    summary: "load a boot entry and jump into it",
    detail: "Loads ENTRY, or the default, and jumps into it. ENTRY is a name or a number as \
list shows it, or the beginning of a name that no other has. If it contains a / before any @, it \
is the path of an image on one of these file systems or, without --device and --root, in the \
running system, if none of them has it; ./FILE is one in this directory. File systems are mounted \
read-only, visible to this command alone; the only write to one counts the try, if the entry's \
name has a counter. grub's next_entry counts only where it can be taken back: on a file system \
that is mounted for writing already. Programs in /etc/kexec-bpf/pre-exec.d run before the jump. \
If the jump fails, the image is unloaded. Where services may be running, boot loads nothing and \
exits with 5, unless --force is given.",
    flags: &[
        &ROOT,
        &DEVICE,
        &TIMEOUT,
        &MENU,
        &NEXT,
        &APPEND,
        &ROUTE,
        &FAST,
        &NO_FAST,
        &UNPACK_INITRD,
        &DRY_RUN,
        &FORCE_JUMP,
        &JSON,
        &NO_SYNC,
        &VERBOSE,
        &HELP,
    ],
    examples: &[
        ("kexec-bpf boot", "boot the default entry"),
        ("kexec-bpf boot -n", "show what boot would load"),
        ("kexec-bpf boot --menu 5", "choose an entry from a menu"),
    ],
};

pub const HOOK: Command = Command {
    id: CommandId::Hook,
    name: "hook",
    operand: Operand::Choice {
        words: HOOKS,
        shown: "boot|enforce|kdump",
    },
    summary: "do what the kernel command line says; for initramfses",
    detail: "For initramfses. boot: boots the entry that rd.kexec_bpf= and related words on the \
kernel command line ask for; without them it does nothing. kdump: loads the crash image that \
rd.kexec_bpf.kdump= names, or /etc/kexec-bpf/kdump.efi; it exits with 0 even if that fails. \
enforce: if rd.kexec_bpf.enforce or the file /etc/kexec-bpf/enforce asks for it, loads the module \
and turns its enforce on; if that fails, turns kexec off until reboot and exits with 4, or with 1 \
if kexec stays on. Run it before the other two. All report to the kernel's log as well.",
    flags: &[&VERBOSE, &HELP],
    examples: &[(
        "kexec-bpf hook enforce",
        "if asked for, turn enforce on; if that fails, turn kexec off",
    )],
};
