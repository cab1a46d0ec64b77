// SPDX-License-Identifier: GPL-2.0-or-later
//! Errors between the command line and the kernel. Layer: effects.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::parser::ParserError;
use crate::abi::{ADDONS_MAX, PATH_BYTES};
use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnose, Diagnosis, Exit};
use crate::formats::image::addon::AddonError;
use crate::formats::image::error::ImageError;
use crate::formats::object::ObjectError;
use crate::formats::source::{InputId, ReadError};
use crate::policy::boot::error::BootError;
use crate::policy::explain::{self, Rule};
use crate::policy::plan::PlanError;
use crate::sys::SysError;
use crate::sys::file::OpenError;
use crate::sys::memfd::FillError;

/// A command's failure. Paths are as the user gave them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunError {
    Open {
        path: Vec<u8>,
        error: OpenError,
    },
    EmptyInitrd {
        path: Vec<u8>,
    },
    /// The file of an `--addon` is not an addon.
    Addon {
        path: Vec<u8>,
        error: AddonError,
    },
    /// A companion file whose name is not UTF-8.
    CompanionName {
        path: Vec<u8>,
    },
    /// A companion file whose absolute path is too long for the module's interface.
    CompanionPath {
        path: Vec<u8>,
    },
    TooManyCompanions {
        count: usize,
    },
    /// A companion file that is not used, with `--strict`.
    Companion(Box<Skipped>),
    Image {
        path: Vec<u8>,
        error: ImageError,
    },
    Plan {
        path: Vec<u8>,
        error: Box<PlanError>,
    },
    /// The file's size changed between opening and loading.
    FileChanged {
        path: Vec<u8>,
        opened_bytes: u64,
        now_bytes: u64,
    },
    /// A read of an input file failed.
    Read {
        path: Vec<u8>,
        error: ReadError,
    },
    /// kexec_file_load(2) failed; diagnosed where the host's state was at hand.
    Kernel {
        diagnosis: Diagnosis,
        /// The number of the addon that the kernel refused.
        addon: Option<InputId>,
    },
    /// Diagnosed where it occurred, because the host's state was at hand there: another
    /// kexec call that failed, or a load that is known to fail before it is tried.
    Diagnosed(Diagnosis),
    /// A system call that serves the load failed, mostly for lack of memory.
    Sys(SysError),
    /// There is nothing to boot, or not what was requested.
    Boot(BootError),
    NulInCmdline,
    /// The plan names an input that was not opened: a bug in this program.
    NoSuchInput,
}

/// A companion file, or a directory of them, that is not used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    pub path: Vec<u8>,
    pub why: Refusal,
}

impl Skipped {
    /// Returns the one report for `count` of `all` files that the image's parser
    /// skipped.
    #[must_use]
    pub fn by_parser(count: usize, all: usize) -> Skipped {
        Skipped {
            path: format!("{count} of {all} companion files").into_bytes(),
            why: Refusal::Parser,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The name has characters other than printable ASCII.
    Name,
    TooLarge,
    Empty,
    /// The suffix is not one of those that say what a file is.
    Suffix,
    /// An addon for an image that is not a UKI.
    NeedsUki,
    Directory(SysError),
    Open(OpenError),
    /// The file is not an addon, or not one for this image.
    Addon(AddonError),
    /// An addon without a signature, where enforce accepts only signed ones.
    Unsigned,
    /// The kernel refused it, for this reason.
    Kernel(String),
    /// The image's own parser skips such files.
    Parser,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Name => out.write_str("its name has characters that are not printable ASCII"),
            Refusal::TooLarge => out.write_str("larger than the kernel can read (2 GiB)"),
            Refusal::Empty => out.write_str("empty"),
            Refusal::Suffix => out.write_str("neither *.addon.efi, nor *.cred, nor *.raw"),
            Refusal::NeedsUki => PlanError::AddonsNeedUki.fmt(out),
            Refusal::Directory(error) => error.fmt(out),
            Refusal::Open(error) => error.fmt(out),
            Refusal::Addon(error) => error.fmt(out),
            Refusal::Unsigned => out.write_str(Rule::SignedAddon.cause()),
            Refusal::Kernel(reason) => out.write_str(reason),
            Refusal::Parser => out.write_str("the image's own parser does not take them"),
        }
    }
}

impl Diagnose for Refusal {
    fn diagnose(&self) -> Diagnosis {
        match self {
            Refusal::Name
            | Refusal::TooLarge
            | Refusal::Empty
            | Refusal::Suffix
            | Refusal::NeedsUki
            | Refusal::Parser => Diagnosis::bad_image(self),
            Refusal::Directory(error) => error.diagnose(),
            Refusal::Open(error) => error.diagnose(),
            Refusal::Addon(error) => error.diagnose(),
            Refusal::Unsigned | Refusal::Kernel(_) => Diagnosis::refused(self),
        }
    }
}

/// An error that makes thread B of the handshake give up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServeError {
    Parser(ParserError),
    Sys(SysError),
    /// The kernel asked for more parsers than its interface allows.
    Rounds,
    /// A step was called without the one before it: a bug in this program.
    NoSession,
}

impl Diagnose for ServeError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            ServeError::Parser(error) => error.diagnose(),
            ServeError::Rounds => explain::parser(self, Exit::BadImage),
            ServeError::Sys(_) | ServeError::NoSession => explain::parser(self, Exit::Failed),
        }
    }
}

impl ServeError {
    /// Returns the verifier's log, if there is one.
    pub(super) fn log(&self) -> &str {
        match self {
            ServeError::Parser(ParserError::Rejected(rejected)) => &rejected.log,
            _ => "",
        }
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Parser(error) => error.fmt(out),
            ServeError::Sys(error) => error.fmt(out),
            ServeError::Rounds => out.write_str("the kernel asks for too many parsers"),
            ServeError::NoSession => out.write_str("internal error: no session"),
        }
    }
}

impl From<ParserError> for ServeError {
    fn from(error: ParserError) -> ServeError {
        ServeError::Parser(error)
    }
}

impl From<ObjectError> for ServeError {
    fn from(error: ObjectError) -> ServeError {
        ServeError::Parser(error.into())
    }
}

impl From<SysError> for ServeError {
    fn from(error: SysError) -> ServeError {
        ServeError::Sys(error)
    }
}

impl RunError {
    /// Returns the error of a call that `command` made.
    pub(super) fn of_command(command: &str, error: &SysError, found: Diagnosis) -> RunError {
        let found = found.within(&error.call).within(&command);
        RunError::Diagnosed(found)
    }

    pub(super) fn no_entry(name: &[u8]) -> RunError {
        let name = name.to_vec();
        BootError::NoSuchEntry { name }.into()
    }

    pub(super) fn open(path: &[u8], error: OpenError) -> RunError {
        RunError::Open {
            path: path.to_vec(),
            error,
        }
    }

    pub(super) fn plan(path: &[u8], error: PlanError) -> RunError {
        RunError::Plan {
            path: path.to_vec(),
            error: Box::new(error),
        }
    }

    pub(super) fn fill(path: &[u8], error: FillError) -> RunError {
        match error {
            FillError::Sys(error) => RunError::Sys(error),
            FillError::Input(error) => RunError::Read {
                path: path.to_vec(),
                error,
            },
        }
    }
}

impl Diagnose for RunError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            RunError::Open { path, error } => error.diagnose().in_file(path),
            RunError::EmptyInitrd { path } => Diagnosis::bad_image(&"the initrd is empty")
                .in_file(path)
                .with_hint("give an initrd file with content, or no --initrd"),
            RunError::Addon { path, error } => error.diagnose().in_file(path),
            RunError::CompanionName { path } => {
                Diagnosis::bad_image(&"the companion file's name is not UTF-8")
                    .in_file(path)
                    .with_hint("rename the file")
            }
            RunError::CompanionPath { path } => {
                Diagnosis::bad_image(&"the companion file's path is too long")
                    .in_file(path)
                    .because(&format!(
                        "the module takes at most {} bytes",
                        PATH_BYTES - 1
                    ))
                    .with_hint("use a shorter path")
            }
            RunError::TooManyCompanions { count } => {
                Diagnosis::bad_image(&format!("too many companion files: {count}"))
                    .because(&format!("at most {ADDONS_MAX} are taken"))
                    .with_hint("use fewer files, or --no-extras")
            }
            RunError::Companion(skipped) => skipped
                .why
                .diagnose()
                .in_file(&skipped.path)
                .with_hint("the same command without --strict, or with --no-extras"),
            RunError::Image { path, error } => error.diagnose().in_file(path),
            RunError::Plan { path, error } => error.diagnose().in_file(path),
            RunError::FileChanged {
                path,
                opened_bytes,
                now_bytes,
            } => Diagnosis::bad_image(&"the file changed while it was being loaded")
                .in_file(path)
                .because(&format!(
                    "it had {}, and now has {}",
                    size(*opened_bytes),
                    size(*now_bytes)
                ))
                .with_hint("wait until it is written, then run the same command again"),
            RunError::Read { path, error } => error.diagnose().in_file(path),
            RunError::Kernel { diagnosis, .. } | RunError::Diagnosed(diagnosis) => {
                diagnosis.clone()
            }
            RunError::Sys(error) => error.diagnose(),
            RunError::Boot(error) => error.diagnose(),
            RunError::NulInCmdline => Diagnosis::failed(&"the command line has a NUL byte in it"),
            RunError::NoSuchInput => {
                Diagnosis::failed(&"internal error: the plan names no open file")
            }
        }
    }
}

impl From<RunError> for Diagnosis {
    fn from(error: RunError) -> Diagnosis {
        error.diagnose()
    }
}

impl From<Diagnosis> for RunError {
    fn from(found: Diagnosis) -> RunError {
        RunError::Diagnosed(found)
    }
}

impl From<SysError> for RunError {
    fn from(error: SysError) -> RunError {
        RunError::Sys(error)
    }
}

impl From<BootError> for RunError {
    fn from(error: BootError) -> RunError {
        RunError::Boot(error)
    }
}
