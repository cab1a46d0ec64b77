// SPDX-License-Identifier: GPL-2.0-or-later
//! Problems of entries, and errors of a boot. Layer: pure.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::diagnosis::errno::Errno;
use crate::diagnosis::escape::{escaped, printable};
use crate::diagnosis::{Diagnose, Diagnosis, Exit, Hint};
use crate::formats::disk::superblock::Holder;
use crate::formats::entries::FILE_MAX_BYTES;
use crate::formats::entries::error::EntryError;
use crate::policy::explain::Rule;

/// A reason why an entry cannot be booted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    TooLarge {
        bytes: u64,
    },
    Entry(EntryError),
    /// A file that it names is not there.
    Missing(Vec<u8>),
    /// The entry or its image cannot be read, or is of the wrong kind.
    File(Diagnosis),
    /// Enforce refuses the entry, even if it is otherwise sound.
    Enforce(Rule),
}

impl Problem {
    /// Returns the exit code when a chosen entry has this problem.
    fn exit(&self) -> Exit {
        match self {
            Problem::TooLarge { .. } | Problem::Entry(_) | Problem::Missing(_) => Exit::BadImage,
            Problem::File(found) => found.exit,
            // The entry itself may be sound, so this is not BadImage.
            Problem::Enforce(_) => Exit::Refused,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::TooLarge { bytes } => {
                write!(out, "{bytes} bytes; at most {FILE_MAX_BYTES} are read")
            }
            Problem::Entry(error) => error.fmt(out),
            Problem::Missing(path) => write!(out, "no such file: /{}", escaped(path)),
            Problem::File(found) => out.write_str(&found.what),
            Problem::Enforce(rule) => out.write_str(rule.cause()),
        }
    }
}

/// A reason why there is nothing to boot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BootError {
    /// No device is known, because /sys is not mounted.
    NoSysfs,
    /// No such device, even after the wait.
    NoDevice {
        wanted: String,
    },
    /// No disk has an ESP or an XBOOTLDR partition; `seen` says what the disks have
    /// instead.
    NoEsp {
        seen: String,
    },
    /// A device that cannot be read.
    Device(Diagnosis),
    /// A device whose file system is not one of those known here.
    UnknownFilesystem {
        device: String,
    },
    /// A device that has to be opened by another program first.
    Holder {
        device: String,
        holder: Holder,
    },
    /// A file system on several devices, not all of which are there.
    MissingDevice {
        device: String,
        filesystem: &'static str,
        present: usize,
        devices: u64,
    },
    NoEntries {
        places: String,
        /// Problems met during the search.
        notes: Vec<String>,
    },
    NoSuchEntry {
        name: Vec<u8>,
    },
    /// The name is the beginning of several entries' names; some of them are listed.
    Ambiguous {
        name: Vec<u8>,
        ids: Vec<Vec<u8>>,
    },
    /// The chosen entry cannot boot.
    Bad {
        id: Vec<u8>,
        problem: Problem,
    },
    /// No entry can boot, or none follows `after`.
    NothingLeft {
        after: Option<Vec<u8>>,
    },
    /// The menu was left without a choice.
    Cancelled,
    /// The next system's signed command line would make it chain again.
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
            BootError::NoSysfs => out.write_str("/sys is not mounted, so no disk is found"),
            BootError::NoDevice { wanted } => write!(out, "no block device matches {wanted}"),
            BootError::NoEsp { .. } => out.write_str("no ESP or XBOOTLDR partition was found"),
            BootError::Device(found) => out.write_str(&found.what),
            BootError::UnknownFilesystem { device } => {
                write!(out, "{device}: unknown file system")
            }
            BootError::Holder { device, holder } => write!(out, "{device}: {holder}"),
            BootError::MissingDevice {
                device, filesystem, ..
            } => write!(out, "{device}: part of a {filesystem} file system"),
            BootError::NoEntries { places, .. } => write!(out, "no boot entries in {places}"),
            BootError::NoSuchEntry { name } => write!(out, "no entry {}", escaped(name)),
            BootError::Ambiguous { name, .. } => {
                write!(out, "more than one entry begins with {}", escaped(name))
            }
            BootError::Bad { id, .. } => write!(out, "entry {} cannot boot", escaped(id)),
            BootError::NothingLeft { after: Some(id) } => {
                write!(out, "--next: no entry after {} can boot", escaped(id))
            }
            BootError::NothingLeft { after: None } => out.write_str("no entry can boot"),
            BootError::Cancelled => out.write_str("nothing was chosen"),
            BootError::WouldChain => {
                out.write_str("the next system would boot yet another one, without end")
            }
            BootError::Mount {
                device,
                filesystem,
                errno,
            } => match *errno {
                Errno::ENODEV => write!(out, "{device}: no {filesystem} driver is loaded"),
                errno => write!(out, "{device}: mount as {filesystem}: {errno}"),
            },
        }
    }
}

impl Diagnose for BootError {
    fn diagnose(&self) -> Diagnosis {
        const ELSEWHERE: &[Hint] = &[
            Hint::Text("load the disk's driver"),
            Hint::Wait,
            Hint::Place,
        ];
        let failed = Diagnosis::failed(self);
        match self {
            BootError::NoSysfs => failed.with_hint("mount -t sysfs sysfs /sys"),
            BootError::NoDevice { .. } => {
                failed.with_hints(&[
                    Hint::Text("load the disk's driver"),
                    Hint::Wait,
                    Hint::Text("ls /sys/class/block shows all"),
                ])
            }
            // Failed, not BadImage, even if the tables are damaged: the disk is not a
            // file that the user named.
            BootError::NoEsp { seen } => failed.because(seen).with_hints(ELSEWHERE),
            BootError::Device(found) => found.clone(),
            BootError::UnknownFilesystem { .. } => failed
                .because("it is not FAT, exFAT, ext2-4, XFS, btrfs, F2FS, erofs or squashfs")
                .with_hints(ELSEWHERE),
            BootError::Holder { holder, .. } => match holder.hint() {
                Some(hint) => failed.with_hint(hint),
                None => failed.with_hints(ELSEWHERE),
            },
            BootError::MissingDevice {
                present, devices, ..
            } => failed
                .because(&format!("{present} of its {devices} devices are present"))
                .with_hints(&[Hint::Text("load the drivers of the other disks"), Hint::Wait]),
            BootError::NoEntries { notes, .. } => {
                let failed =
                    failed.with_hints(&[Hint::Place, Hint::Load]);
                match notes.is_empty() {
                    true => failed,
                    false => failed.maybe(&notes.join("; ")),
                }
            }
            BootError::NoSuchEntry { .. } => Diagnosis::bad_image(self).with_hints(&[Hint::List]),
            BootError::Ambiguous { ids, .. } => {
                let ids: Vec<_> = ids.iter().map(|id| printable(id)).collect();
                Diagnosis::bad_image(self)
                    .because(&ids.join(", "))
                    .with_hints(&[Hint::List])
            }
            BootError::Bad { problem, .. } => {
                let found = Diagnosis::new(problem.exit(), self);
                match problem {
                    Problem::File(file) => found.because(&file.line()).with_hints(&file.hints),
                    _ => found.because(&problem.to_string()),
                }
                .or_hint(Hint::List)
            }
            BootError::NothingLeft { .. } => failed.with_hints(&[Hint::List]),
            BootError::Cancelled => failed.with_hint("kexec-bpf boot ENTRY"),
            BootError::WouldChain => failed
                .because("its command line has rd.kexec_bpf=, .device= or .menu=, and rd.kexec_bpf.chained=1 cannot be added")
                .with_hint("boot an entry whose command line has none of these, no -- and no unclosed quote"),
            BootError::Mount {
                filesystem, errno, ..
            } => {
                let failed = match *errno {
                    // That is the cause.
                    Errno::ENODEV => failed,
                    errno => failed.because_of(errno),
                };
                failed.with_hint(match *filesystem {
                    "vfat" => "modprobe vfat nls_cp437 nls_ascii; dmesg",
                    _ => "modprobe the file system's driver; dmesg",
                })
            }
        }
    }
}

impl From<BootError> for Diagnosis {
    fn from(error: BootError) -> Diagnosis {
        error.diagnose()
    }
}

impl BootError {
    /// Adds what was seen on other devices, if the error says what was seen.
    #[must_use]
    pub fn beside(self, others: &[String]) -> BootError {
        match self {
            BootError::NoEsp { seen } if !others.is_empty() => BootError::NoEsp {
                seen: [&seen, ", ", &others.join(", ")].concat(),
            },
            error => error,
        }
    }

    /// Returns whether waiting may help.
    #[must_use]
    pub fn may_appear(&self) -> bool {
        matches!(
            self,
            BootError::NoDevice { .. } | BootError::NoEsp { .. } | BootError::MissingDevice { .. }
        )
    }
}
