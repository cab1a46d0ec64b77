// SPDX-License-Identifier: GPL-2.0-or-later
//! The one table of commands and flags. The parser, `--help`, the man page and the
//! completions of all shells are generated from it. Layer: effects.

mod answer;
mod boot;
mod crash;
pub mod detail;
mod extras;
mod jump;
pub mod value;

use answer::{CRASH_LOADED, JSON, LOADED};
use boot::{DEVICE, ROOT};
use crash::{CRYPT_KEY, FORCE, PANIC, REUSE_CRYPT_KEYS};
use extras::{ADDON, ALLOW_UNSIGNED_INITRD, EXTRAS_ROOT, NO_EXTRAS, PROFILE, STRICT};
use value::Value;

/// A flag's identity in the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Id {
    Help,
    Version,
    Verbose,
    DryRun,
    Initrd,
    Addon,
    NoExtras,
    ExtrasRoot,
    Strict,
    Profile,
    Append,
    CommandLine,
    ReuseCmdline,
    Panic,
    Route,
    AllowUnsignedInitrd,
    NoSync,
    Force,
    ForceJump,
    CryptKey,
    ReuseCryptKeys,
    Root,
    Device,
    Menu,
    Timeout,
    Next,
    Lock,
    Fast,
    NoFast,
    UnpackInitrd,
    Loaded,
    CrashLoaded,
    Json,
}

/// A flag. `--NAME VALUE` and `--NAME=VALUE` are the same.
#[derive(Debug)]
pub struct Flag {
    pub id: Id,
    pub long: &'static str,
    pub short: Option<char>,
    pub value: Value,
    /// If true, each occurrence counts; otherwise only the last one does.
    pub repeatable: bool,
    /// For `--help` and completions: a phrase without a full stop. The man page has the
    /// sentences of [`detail::of`] instead.
    pub summary: &'static str,
}

/// The kind of operands that a command takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    None,
    /// Exactly one path of a boot image.
    Image,
    /// At most one name of a command.
    Command,
    /// This word, then exactly one path of a boot image.
    WordImage {
        word: &'static str,
        /// The word and the path, as help shows them.
        shown: &'static str,
    },
    /// At most one name of a boot entry.
    Entry,
    /// Exactly one of these words.
    Choice {
        words: &'static [&'static str],
        /// The words, as help shows them.
        shown: &'static str,
    },
}

/// A command's identity in the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandId {
    Load,
    Exec,
    List,
    Boot,
    Hook,
    Unload,
    Status,
    Inspect,
    Kdump,
    Help,
}

/// A command.
#[derive(Debug)]
pub struct Command {
    pub id: CommandId,
    pub name: &'static str,
    pub operand: Operand,
    /// For the list of commands: a phrase without a full stop.
    pub summary: &'static str,
    /// For `COMMAND --help` and the man page: sentences.
    pub detail: &'static str,
    pub flags: &'static [&'static Flag],
    /// (command line, its effect)
    pub examples: &'static [(&'static str, &'static str)],
}

pub const PROGRAM: &str = "kexec-bpf";
pub const SUMMARY: &str = "boots the next kernel from inside this one";
pub const DETAIL: &str = "Loads a unified kernel image (UKI), or a kernel with its initrds, with \
kexec_file_load(2), and jumps into it without going through the firmware. It is one static binary, \
and needs no other file, no writable file system and no temporary files.";

const fn switch(id: Id, long: &'static str, summary: &'static str) -> Flag {
    Flag {
        id,
        long,
        short: None,
        value: Value::Nothing,
        repeatable: false,
        summary,
    }
}

static HELP: Flag = Flag {
    short: Some('h'),
    ..switch(Id::Help, "help", "show this help")
};

static VERSION: Flag = Flag {
    short: Some('V'),
    ..switch(Id::Version, "version", "show the version")
};

static VERBOSE: Flag = Flag {
    short: Some('v'),
    ..switch(Id::Verbose, "verbose", "print each step on stderr")
};

static DRY_RUN: Flag = Flag {
    short: Some('n'),
    ..switch(Id::DryRun, "dry-run", "print the plan; change nothing")
};

static INITRD: Flag = Flag {
    value: Value::File,
    repeatable: true,
    ..switch(Id::Initrd, "initrd", "add an initrd; may be repeated")
};

static APPEND: Flag = Flag {
    value: Value::Bytes("TEXT"),
    repeatable: true,
    ..switch(Id::Append, "append", "add words to the command line")
};

static COMMAND_LINE: Flag = Flag {
    value: Value::Bytes("TEXT"),
    ..switch(
        Id::CommandLine,
        "command-line",
        "use TEXT instead of the image's command line",
    )
};

static REUSE_CMDLINE: Flag = switch(
    Id::ReuseCmdline,
    "reuse-cmdline",
    "use the running kernel's command line",
);

/// The values of `--route`.
pub const ROUTES: &[&str] = &["auto", "handshake", "native", "extract"];

static ROUTE: Flag = Flag {
    value: Value::Choice(ROUTES),
    ..switch(Id::Route, "route", "how to load the image")
};

static LOCK: Flag = switch(Id::Lock, "lock", "forbid all later loads and unloads");

static FAST: Flag = switch(Id::Fast, "fast", "skip the kernel's digest of the image");

static NO_FAST: Flag = switch(
    Id::NoFast,
    "no-fast",
    "keep the kernel's digest, in an initramfs too",
);

static UNPACK_INITRD: Flag = switch(
    Id::UnpackInitrd,
    "unpack-initrd",
    "have the module unpack the initrd now",
);

/// The flags that may stand without a command.
pub static GLOBAL_FLAGS: &[&Flag] = &[&HELP, &VERSION];

/// The common flags that the program's help lists.
pub static COMMON_FLAGS: &[&Flag] = &[&DRY_RUN, &JSON, &VERBOSE, &HELP];

/// Pairs of flags of which at most one may be given.
pub static EXCLUSIVE: &[(&Flag, &Flag)] = &[
    (&COMMAND_LINE, &REUSE_CMDLINE),
    (&ROOT, &DEVICE),
    (&FAST, &PANIC),
    (&FAST, &NO_FAST),
    (&UNPACK_INITRD, &PANIC),
];

/// (flag, the flag that it requires)
pub static NEEDS: &[(&Flag, &Flag)] = &[(&CRYPT_KEY, &PANIC), (&REUSE_CRYPT_KEYS, &CRYPT_KEY)];

pub static COMMANDS: &[Command] = &[
    Command {
        id: CommandId::Load,
        name: "load",
        operand: Operand::Image,
        summary: "load an image for exec, or for a panic",
        detail: "Loads IMAGE, a UKI or an x86 kernel (bzImage), for exec or systemctl kexec to \
boot. It replaces an image that was loaded before. With the logind of systemd from about \
254 on, a plain reboot starts the loaded image as well; load says so, and unload prevents it.",
        flags: &[
            &INITRD,
            &PROFILE,
            &ADDON,
            &NO_EXTRAS,
            &EXTRAS_ROOT,
            &STRICT,
            &APPEND,
            &COMMAND_LINE,
            &REUSE_CMDLINE,
            &PANIC,
            &FORCE,
            &CRYPT_KEY,
            &REUSE_CRYPT_KEYS,
            &ROUTE,
            &ALLOW_UNSIGNED_INITRD,
            &LOCK,
            &FAST,
            &UNPACK_INITRD,
            &DRY_RUN,
            &JSON,
            &VERBOSE,
            &HELP,
        ],
        examples: &[
            ("kexec-bpf load foo.efi", "load a UKI"),
            (
                "kexec-bpf load vmlinuz --initrd a.img --append \"root=/dev/vda2\"",
                "load a kernel and its initrd",
            ),
            ("kexec-bpf load -n foo.efi", "show what would be loaded"),
            (
                "kexec-bpf load foo.efi --profile factory-reset",
                "load one of the UKI's profiles",
            ),
            ("kexec-bpf load --panic foo-kdump.efi", "load a crash image"),
            (
                "kexec-bpf load --lock foo.efi",
                "load a UKI, and forbid all later loads",
            ),
        ],
    },
    jump::EXEC,
    boot::LIST,
    boot::BOOT,
    boot::HOOK,
    Command {
        id: CommandId::Unload,
        name: "unload",
        operand: Operand::None,
        summary: "drop the loaded image",
        detail: "Drops the loaded image and frees its memory. Succeeds if nothing is loaded.",
        flags: &[&PANIC, &VERBOSE, &HELP],
        examples: &[("kexec-bpf unload --panic", "drop the crash image")],
    },
    Command {
        id: CommandId::Status,
        name: "status",
        operand: Operand::None,
        summary: "show what is loaded and what this kernel can do",
        detail: "Shows what is loaded, from the record that load leaves in /run, what the running kernel supports, what it forbids \
(lockdown, enforce, kexec_load_disabled), the memory reserved for a crash image, and the routes \
that load can take. Needs no privileges.",
        flags: &[&LOADED, &CRASH_LOADED, &JSON, &HELP],
        examples: &[
            ("kexec-bpf status", ""),
            ("kexec-bpf status --loaded && systemctl kexec", ""),
        ],
    },
    Command {
        id: CommandId::Inspect,
        name: "inspect",
        operand: Operand::Image,
        summary: "show what is in an image",
        detail: "Shows an image's sections and profiles, the kernel's version, the command line, \
the initrd's size, its signatures, and what load would use. Needs no privileges. For each signature \
it shows the signer's name from the certificate, the signed digest, and whether the file still has \
that digest. This proves nothing: only the kernel knows whom it trusts.",
        flags: &[&PROFILE, &JSON, &HELP],
        examples: &[("kexec-bpf inspect foo.efi", "")],
    },
    crash::KDUMP,
    Command {
        id: CommandId::Help,
        name: "help",
        operand: Operand::Command,
        summary: "show the help for a command",
        detail: "Shows the help for the program, or for COMMAND.",
        flags: &[&HELP],
        examples: &[],
    },
];

/// (code, meaning); scripts branch on these.
pub static EXIT_CODES: &[(u8, &str)] = &[
    (0, "success"),
    (1, "failure"),
    (2, "usage error"),
    (
        3,
        "bad image or initrd: missing, damaged or of the wrong kind",
    ),
    (4, "the kernel lacks or refuses what is needed"),
    (5, "services may be running, so exec and boot did not jump"),
];

impl Command {
    /// Returns the command with this name.
    #[must_use]
    pub fn find(name: &[u8]) -> Option<&'static Command> {
        COMMANDS
            .iter()
            .find(|command| command.name.as_bytes() == name)
    }
}

impl Flag {
    /// Returns whether several commands take the flag; it is then described once for all
    /// of them.
    #[must_use]
    pub fn is_common(&self) -> bool {
        self.takers().nth(1).is_some()
    }

    /// Returns the commands that take the flag.
    pub fn takers(&self) -> impl Iterator<Item = &'static Command> {
        let id = self.id;
        COMMANDS
            .iter()
            .filter(move |command| command.flags.iter().any(|flag| flag.id == id))
    }
}

impl Operand {
    /// Returns the operand's name, as help shows it.
    #[must_use]
    pub fn metavar(self) -> Option<&'static str> {
        match self {
            Operand::None => None,
            Operand::Image => Some("IMAGE"),
            Operand::Command => Some("[COMMAND]"),
            Operand::WordImage { shown, .. } => Some(shown),
            Operand::Entry => Some("[ENTRY]"),
            Operand::Choice { shown, .. } => Some(shown),
        }
    }
}
