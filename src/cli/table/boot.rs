// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of the table about boot entries.

use super::value::Value;
use super::{
    APPEND, Command, CommandId, DRY_RUN, Flag, HELP, Id, NO_SYNC, Operand, ROUTE, VERBOSE, switch,
};

pub static ROOT: Flag = Flag {
    value: Value::Directory,
    ..switch(
        Id::Root,
        "root",
        "the mounted file system that has the entries",
    )
};

pub static DEVICE: Flag = Flag {
    value: Value::Device,
    ..switch(
        Id::Device,
        "device",
        "the block device that has the entries",
    )
};

static MENU: Flag = Flag {
    value: Value::MenuTime,
    ..switch(
        Id::Menu,
        "menu",
        "show a menu for so long; auto: as loader.conf says",
    )
};

static TIMEOUT: Flag = Flag {
    value: Value::Seconds,
    ..switch(Id::Timeout, "timeout", "wait so long for the device")
};

static NEXT: Flag = switch(Id::Next, "next", "the entry after that one");

/// The operands of `hook`.
pub const HOOKS: &[&str] = &["boot", "enforce", "kdump"];

pub const LIST: Command = Command {
    id: CommandId::List,
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
    id: CommandId::Boot,
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
    id: CommandId::Hook,
    name: "hook",
    operand: Operand::Choice(HOOKS),
    summary: "do what the kernel command line says; for initramfses",
    detail: "Is run by an initramfs. boot: boots an entry as rd.kexec_bpf= and the words with \
that prefix on the kernel's command line say; without such words it does nothing. kdump: loads \
the crash image that rd.kexec_bpf.kdump= names, or /etc/kexec-bpf/kdump.efi. enforce: where \
rd.kexec_bpf.enforce or the file /etc/kexec-bpf/enforce asks for it, loads the module and turns \
its enforce on; where that fails, it turns kexec off until reboot and exits with 4. It is run \
before the other two. All report to the kernel's log as well.",
    flags: &[&VERBOSE, &HELP],
    examples: &[],
};
