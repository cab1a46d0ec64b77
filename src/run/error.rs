// SPDX-License-Identifier: GPL-2.0-or-later
//! What can go wrong between a command line and the kernel.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::parser::ParserError;
use crate::boot::error::BootError;
use crate::explain::{Explanation, Outcome, Rule};
use crate::image::error::ImageError;
use crate::kdump::estimate::Estimate;
use crate::object::ObjectError;
use crate::plan::PlanError;
use crate::source::ReadError;
use crate::sys::SysError;
use crate::sys::file::OpenError;
use crate::sys::memfd::FillError;

/// A command that failed. Paths are as the user gave them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunError {
    Open {
        path: Vec<u8>,
        error: OpenError,
    },
    EmptyInitrd {
        path: Vec<u8>,
    },
    /// A companion file whose name is not UTF-8.
    AddonName {
        path: Vec<u8>,
    },
    /// An addon whose absolute path is too long for the module's interface.
    AddonPath {
        path: Vec<u8>,
    },
    TooManyAddons {
        count: usize,
    },
    /// A companion file that is not used, where that shall be an error.
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
    /// Known before it was tried.
    Refused {
        path: Vec<u8>,
        explanation: Explanation,
    },
    /// A crash image that the reservation cannot hold.
    DoesNotFit {
        path: Vec<u8>,
        estimate: Box<Estimate>,
    },
    /// kexec_file_load(2) failed.
    Kernel {
        path: Vec<u8>,
        failure: Box<CallFailure>,
    },
    /// The kernel killed the thread that was in kexec_file_load(2).
    CallerGone {
        path: Vec<u8>,
        explanation: Explanation,
    },
    /// `exec` cannot work.
    Exec {
        explanation: Explanation,
    },
    /// A system call of `unload` or `exec` failed.
    Call {
        command: &'static str,
        failure: Box<CallFailure>,
    },
    /// A system call that serves the load failed, for want of memory mostly.
    Sys(SysError),
    /// There is nothing to boot, or not what was asked for.
    Boot(BootError),
    NulInCmdline,
    /// A plan names an input that was not opened: an error of this program.
    NoSuchInput,
}

/// A companion file, or a directory of them, that is not used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    pub path: Vec<u8>,
    pub why: Refusal,
}

impl Skipped {
    /// What is told of `count` of `all` files that the image's parser passed over.
    #[must_use]
    pub fn passed_over(count: usize, all: usize) -> Skipped {
        Skipped {
            path: format!("{count} of {all} companion files").into_bytes(),
            why: Refusal::Parser,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Its name has other characters than printable ASCII.
    Name,
    TooLarge,
    Folder(SysError),
    Open(OpenError),
    /// It is no addon, or not one for this image.
    Addon(RunError),
    /// An addon without a signature, where the kernel takes no such.
    Unsigned,
    /// The kernel's words.
    Kernel(String),
    /// The image's own parser passes over such files.
    Parser,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Name => out.write_str("the name has other than printable ASCII characters"),
            Refusal::TooLarge => out.write_str("larger than the kernel reads (2 GiB)"),
            Refusal::Folder(error) => error.fmt(out),
            Refusal::Open(error) => error.fmt(out),
            Refusal::Addon(RunError::Image { error, .. }) => error.fmt(out),
            Refusal::Addon(RunError::Plan { error, .. }) => error.fmt(out),
            Refusal::Addon(_) => out.write_str("not an addon"),
            Refusal::Unsigned => out.write_str(Rule::SignedAddon.cause()),
            Refusal::Kernel(reason) => out.write_str(reason),
            Refusal::Parser => out.write_str("the image's parser does not take them"),
        }
    }
}

/// A kexec or reboot call that failed, and what that means here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallFailure {
    pub error: SysError,
    pub explanation: Explanation,
    /// Last lines of the verifier's log.
    pub verifier_log: Vec<String>,
    /// What the kernel logged while it loaded.
    pub kernel_log: Vec<String>,
    /// What the image's signatures say, when the kernel refused them.
    pub signatures: Vec<Vec<u8>>,
    /// The number of the addon that the kernel refused.
    pub addon: Option<usize>,
}

impl CallFailure {
    pub(super) fn new(error: SysError, explanation: Explanation) -> CallFailure {
        CallFailure {
            error,
            explanation,
            verifier_log: Vec::new(),
            kernel_log: Vec::new(),
            signatures: Vec::new(),
            addon: None,
        }
    }
}

/// Why thread B of the handshake gave up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServeError {
    Parser(ParserError),
    Sys(SysError),
    /// The kernel asked for more parsers than its interface allows.
    Rounds,
    /// A step without the one before it: an error of this program.
    NoSession,
}

impl ServeError {
    /// Who is at fault.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            ServeError::Parser(error) => error.outcome(),
            ServeError::Rounds => Outcome::BadImage,
            ServeError::Sys(_) | ServeError::NoSession => Outcome::Failed,
        }
    }

    /// The verifier's words, where it has spoken.
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
    pub(super) fn call(
        command: &'static str,
        error: SysError,
        explanation: Explanation,
    ) -> RunError {
        let failure = Box::new(CallFailure::new(error, explanation));
        RunError::Call { command, failure }
    }

    pub(super) fn kernel(path: &[u8], failure: CallFailure) -> RunError {
        RunError::Kernel {
            path: path.to_vec(),
            failure: Box::new(failure),
        }
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
