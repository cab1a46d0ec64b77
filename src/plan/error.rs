// SPDX-License-Identifier: GPL-2.0-or-later
//! Why image, request and machine do not fit together.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::Route;
use crate::cmdline::CmdlineError;
use crate::errno::Errno;
use crate::explain::Explanation;
use crate::image::addon::AddonError;
use crate::image::error::ImageError;
use crate::image::pe::Machine;
use crate::image::uki::UkiError;
use crate::initrd::concat::ConcatError;
use crate::initrd::newc::NewcError;
use crate::source::ReadError;

/// Why there is no plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlanError {
    /// The image is of a kind that this machine's kernel does not boot.
    NotBootable {
        kind: &'static str,
    },
    WrongMachine {
        image: Machine,
        running: String,
    },
    /// Another route than native for an image that the kernel takes as it is.
    TakenAsItIs {
        wanted: Route,
    },
    /// `--route native` for an image that the kernel does not take as it is.
    NotTakenAsItIs {
        kind: &'static str,
    },
    /// The handshake is needed or asked for, and is not to be had.
    NoHandshake(Box<Explanation>),
    /// The UKI's `.linux` is damaged or no kernel.
    Inner(ImageError),
    /// The UKI's `.linux` is a kernel, but not one for this machine.
    InnerNotBootable {
        kind: &'static str,
    },
    /// The kernel's own header says that kexec_file_load(2) cannot take it.
    KernelRefuses {
        why: &'static str,
    },
    Uki(UkiError),
    /// No profile of the image has that ID; only UKIs have any.
    NoProfile {
        wanted: String,
    },
    /// An addon does not fit; `source` is its index among the input files.
    Addon {
        source: u32,
        error: AddonError,
    },
    /// `--addon` for a bare kernel.
    AddonsNeedUki,
    Cmdline {
        error: CmdlineError,
        /// Whether the user added to it, or replaced it.
        users: bool,
    },
    Initrd(ConcatError),
    Archive(NewcError),
    /// `--reuse-cmdline`, but /proc/cmdline cannot be read.
    NoRunningCmdline,
    Read(ReadError),
}

impl PlanError {
    /// Who is at fault; the exit code depends on it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            PlanError::TakenAsItIs { .. }
            | PlanError::NotTakenAsItIs { .. }
            | PlanError::AddonsNeedUki
            | PlanError::NoProfile { .. }
            | PlanError::Uki(UkiError::NoSuchProfile { .. })
            | PlanError::Cmdline { users: true, .. } => Fault::Request,
            PlanError::NoHandshake(_) => Fault::Kernel,
            PlanError::NoRunningCmdline => Fault::Machine,
            _ => Fault::Image,
        }
    }

    /// The errno of a read that failed: then no file is at fault.
    #[must_use]
    pub fn io_errno(&self) -> Option<Errno> {
        let read = match self {
            PlanError::Inner(error) => return error.io_errno(),
            PlanError::Read(error) => error,
            PlanError::Addon {
                error: AddonError::Read(error),
                ..
            } => error,
            _ => return None,
        };
        ImageError::Read(*read).io_errno()
    }

    /// Why, when that needs saying.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            PlanError::NoHandshake(explanation) => Some(&explanation.cause),
            PlanError::Inner(error) => error.cause(),
            PlanError::Uki(error) => error.cause(),
            _ => None,
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &str {
        let own = match self {
            PlanError::TakenAsItIs { .. } | PlanError::NotTakenAsItIs { .. } => {
                Some("the same without --route")
            }
            PlanError::NoHandshake(explanation) => Some(explanation.hint.as_str()),
            PlanError::WrongMachine { .. } | PlanError::InnerNotBootable { .. } => {
                Some("an image that was built for this machine")
            }
            PlanError::Inner(error) => error.hint(),
            PlanError::Uki(error) => error.hint(),
            PlanError::NoProfile { .. } => Some("kexec-bpf inspect IMAGE lists the profiles"),
            PlanError::Addon { .. } => Some("an addon that was built for this image"),
            PlanError::AddonsNeedUki => Some("--initrd and --append for a bare kernel"),
            PlanError::Cmdline { .. } => Some("kexec-bpf load --dry-run; a shorter command line"),
            PlanError::NoRunningCmdline => Some("mount -t proc proc /proc, or --command-line"),
            _ => None,
        };
        own.unwrap_or("kexec-bpf inspect IMAGE")
    }
}

/// Who is at fault when there is no plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    Image,
    /// The user asked for something that does not fit the image.
    Request,
    /// The kernel lacks what was asked for.
    Kernel,
    /// This machine's state.
    Machine,
}

impl fmt::Display for PlanError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::NotBootable { kind } => {
                write!(out, "{kind} cannot be loaded on this machine")
            }
            PlanError::WrongMachine { image, running } => {
                write!(out, "built for {image}, this machine is {running}")
            }
            PlanError::TakenAsItIs { wanted } => write!(
                out,
                "the kernel takes it as it is, not by route {}",
                wanted.name()
            ),
            PlanError::NotTakenAsItIs { kind } => {
                write!(out, "the kernel does not take {kind} as it is")
            }
            PlanError::NoHandshake(_) => out.write_str("route handshake is not available"),
            PlanError::Inner(error) => error.fmt(out),
            PlanError::InnerNotBootable { kind } => {
                write!(
                    out,
                    "section .linux is {kind}, which this machine cannot load"
                )
            }
            PlanError::KernelRefuses { why } => write!(out, "kexec cannot load the kernel: {why}"),
            PlanError::Uki(error) => error.fmt(out),
            PlanError::NoProfile { wanted } => {
                write!(out, "no profile {}", wanted.escape_default())
            }
            PlanError::Addon { error, .. } => error.fmt(out),
            PlanError::AddonsNeedUki => out.write_str("addons extend a UKI; this is a bare kernel"),
            PlanError::Cmdline { error, .. } => error.fmt(out),
            PlanError::Initrd(error) => error.fmt(out),
            PlanError::Archive(error) => error.fmt(out),
            PlanError::NoRunningCmdline => out.write_str("/proc/cmdline cannot be read"),
            PlanError::Read(error) => error.fmt(out),
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident),* $(,)?) => {
        $(impl From<$error> for PlanError {
            fn from(error: $error) -> PlanError {
                PlanError::$variant(error)
            }
        })*
    };
}

from! {
    ImageError => Inner,
    UkiError => Uki,
    ConcatError => Initrd,
    NewcError => Archive,
    ReadError => Read,
}
