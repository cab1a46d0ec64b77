// SPDX-License-Identifier: GPL-2.0-or-later
//! What is wrong with an entry, and why there is nothing to boot. Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::FILE_MAX_BYTES;
use crate::errno::Errno;
use crate::escape::printable;
use crate::explain::Rule;

/// Why an entry cannot be booted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    TooLarge {
        bytes: u64,
    },
    Nul,
    /// Neither `linux` nor `uki` nor `efi`.
    NoImage,
    /// A path that leads out of its file system.
    DotDot(Vec<u8>),
    TooManyInitrds,
    Profile,
    Architecture(Vec<u8>),
    Devicetree,
    /// A file that it names is not there.
    Missing(Vec<u8>),
    /// A file in /EFI/Linux that is no UKI.
    Image(String),
    /// The entry itself cannot be read.
    Unreadable(String),
    /// This kernel refuses it, whatever is right with it.
    Enforce(Rule),
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::TooLarge { bytes } => {
                write!(
                    out,
                    "{bytes} bytes, more than the {FILE_MAX_BYTES} that are read"
                )
            }
            Problem::Nul => out.write_str("damaged: NUL bytes in the text"),
            Problem::NoImage => out.write_str("names no kernel: no linux, uki or efi"),
            Problem::DotDot(path) => write!(out, "a path with '..': {}", printable(path)),
            Problem::TooManyInitrds => out.write_str("too many initrds"),
            Problem::Profile => out.write_str("its profile is no number"),
            Problem::Architecture(name) => write!(out, "for another machine: {}", printable(name)),
            Problem::Devicetree => out.write_str("device trees are not supported"),
            Problem::Missing(path) => write!(out, "no such file: /{}", printable(path)),
            Problem::Image(why) | Problem::Unreadable(why) => out.write_str(why),
            Problem::Enforce(rule) => out.write_str(rule.cause()),
        }
    }
}

/// Why there is nothing to boot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BootError {
    /// No such device, also after the wait.
    NoDevice {
        wanted: String,
    },
    /// No disk has an ESP or XBOOTLDR; what was seen instead.
    NoEsp {
        seen: String,
    },
    /// A device without a file system that is known here.
    UnknownFilesystem {
        device: String,
    },
    NoEntries {
        places: String,
    },
    NoSuchEntry {
        name: Vec<u8>,
    },
    /// The chosen one.
    Bad {
        id: Vec<u8>,
        problem: Problem,
    },
    /// All entries cannot be booted, or none follows.
    NothingLeft {
        behind: Option<Vec<u8>>,
    },
    /// The menu was left without a choice.
    Cancelled,
    /// The next system's signed command line has it chain again.
    WouldChain,
    /// A file system that cannot be mounted.
    Mount {
        device: String,
        filesystem: &'static str,
        errno: Errno,
    },
}

impl fmt::Display for BootError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::NoDevice { wanted } => write!(out, "no block device is {wanted}"),
            BootError::NoEsp { .. } => out.write_str("no ESP and no XBOOTLDR partition was found"),
            BootError::UnknownFilesystem { device } => {
                write!(out, "{device}: no file system that is known")
            }
            BootError::NoEntries { places } => write!(out, "no boot entries in {places}"),
            BootError::NoSuchEntry { name } => write!(out, "no entry {}", printable(name)),
            BootError::Bad { id, .. } => write!(out, "entry {} cannot boot", printable(id)),
            BootError::NothingLeft { behind: Some(id) } => {
                write!(out, "no entry follows {}", printable(id))
            }
            BootError::NothingLeft { behind: None } => out.write_str("no entry can boot"),
            BootError::Cancelled => out.write_str("nothing was chosen"),
            BootError::WouldChain => out.write_str("the entry would chain for ever"),
            BootError::Mount {
                device,
                filesystem,
                errno,
            } => {
                write!(out, "{device}: mount as {filesystem}: {errno}")
            }
        }
    }
}

impl BootError {
    /// Why, when that needs saying.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        match self {
            BootError::NoEsp { seen } => Some(seen.clone()),
            BootError::Bad { problem, .. } => Some(alloc::format!("{problem}")),
            BootError::UnknownFilesystem { .. } => {
                Some("it is neither FAT nor ext2, 3 or 4".into())
            }
            BootError::WouldChain => {
                Some("rd.kexec_bpf is on its command line, and cannot be marked as done".into())
            }
            BootError::Mount {
                filesystem,
                errno: Errno::ENODEV,
                ..
            } => Some(alloc::format!("this kernel has no {filesystem}")),
            BootError::Mount { errno, .. } => errno.text().map(Into::into),
            _ => None,
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            BootError::NoDevice { .. } => {
                "--timeout 10; the driver of the disk; ls /sys/class/block"
            }
            BootError::NoEsp { .. } | BootError::UnknownFilesystem { .. } => {
                "--device DEV, --root DIR; the driver of the disk; --timeout 10"
            }
            BootError::NoEntries { .. } => "--device DEV or --root DIR; kexec-bpf load IMAGE",
            BootError::Cancelled => "kexec-bpf boot ENTRY",
            BootError::WouldChain => {
                "an entry without rd.kexec_bpf, and without -- and an open quote"
            }
            BootError::Mount {
                filesystem: "vfat", ..
            } => "modprobe vfat nls_cp437 nls_ascii; dmesg",
            BootError::Mount { .. } => "modprobe the file system; dmesg",
            _ => "kexec-bpf list",
        }
    }

    /// Whether more may come to light when one waits.
    #[must_use]
    pub fn may_appear(&self) -> bool {
        matches!(self, BootError::NoDevice { .. } | BootError::NoEsp { .. })
    }

    /// Returns whether the kernel does not take what may be a good entry.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let problem = match self {
            BootError::Bad { problem, .. } => problem,
            _ => return false,
        };
        matches!(problem, Problem::Enforce(_))
    }

    /// Whether an entry is at fault, or the name of one.
    #[must_use]
    pub fn is_entry(&self) -> bool {
        matches!(self, BootError::NoSuchEntry { .. } | BootError::Bad { .. })
    }
}
