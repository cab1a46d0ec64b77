// SPDX-License-Identifier: GPL-2.0-or-later
//! Errors of planning: options, files and machine do not fit together. Layer: pure.

use alloc::string::String;
use core::fmt;

use super::Route;
use crate::diagnosis::escape::escaped;
use crate::diagnosis::{Diagnose, Diagnosis, Hint};
use crate::formats::archive::Fault;
use crate::formats::cmdline::CmdlineError;
use crate::formats::image::addon::AddonError;
use crate::formats::image::error::ImageError;
use crate::formats::image::pe::Machine;
use crate::formats::image::uki::{SectionKind, UkiError};
use crate::formats::initrd::concat::ConcatError;
use crate::formats::initrd::newc::NewcError;
use crate::formats::source::{InputId, KERNEL_READS_MAX_BYTES, ReadError};

/// A reason why there is no plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlanError {
    /// This machine's kernel does not boot this kind of image.
    NotBootable {
        kind: &'static str,
    },
    WrongMachine {
        image: Machine,
        running: String,
    },
    /// A route other than native for an image that the kernel takes as it is.
    TakenAsItIs {
        wanted: Route,
    },
    /// `--route native` for an image that the kernel does not take as it is.
    NotTakenAsItIs {
        kind: &'static str,
    },
    /// `--route extract` for an image that is not a UKI.
    NotExtracted {
        kind: &'static str,
    },
    /// The handshake is needed or requested, but not available.
    NoHandshake(Diagnosis),
    /// `--route handshake` for a thin image.
    ThinHandshake,
    /// The kernel of a thin image is damaged, or no image; `source` is its number.
    BadKernel {
        source: InputId,
        error: ImageError,
    },
    /// The kernel of a thin image is another kind of image.
    NotAKernel {
        source: InputId,
        kind: &'static str,
    },
    /// The UKI's `.linux` is damaged, or not a kernel.
    Inner(ImageError),
    /// The UKI's `.linux` is a kernel, but not one for this machine.
    InnerNotBootable {
        kind: &'static str,
    },
    /// The UKI's `.linux` is another UKI.
    UkiInUki,
    /// The kernel's own header says that kexec_file_load(2) cannot load it.
    KernelRefuses {
        why: &'static str,
    },
    Uki(UkiError),
    /// No profile of the image has that ID; only UKIs have any.
    NoProfile {
        wanted: String,
    },
    /// An addon does not fit; `source` is its number.
    Addon {
        source: InputId,
        error: AddonError,
    },
    /// `--addon` for a bare kernel.
    AddonsNeedUki,
    Cmdline {
        error: CmdlineError,
        /// True when the user added to the line, or replaced it.
        users: bool,
    },
    /// The next kernel cannot unpack an archive; `source` is the number of its file.
    NotUnpacked {
        source: InputId,
        section: Option<SectionKind>,
        fault: Fault,
    },
    /// An initrd could not be read; `source` is its number.
    Unread {
        source: InputId,
        error: ReadError,
    },
    Initrd(ConcatError),
    /// The image, or the kernel in it, is larger than the running kernel can read.
    TooLarge {
        bytes: u64,
    },
    /// A companion file or a section does not fit into an archive.
    Archive {
        source: InputId,
        error: NewcError,
    },
    /// The image's `.bpf` is a program for this machine and no parser, or a parser for
    /// another kernel, where the module has none of its own.
    NotAParser {
        is_skeleton: bool,
    },
    /// `--reuse-cmdline`, but /proc/cmdline cannot be read.
    NoRunningCmdline,
    /// A section of the image that cannot be read.
    Section {
        kind: SectionKind,
        error: ReadError,
    },
    Read(ReadError),
}

impl Diagnose for PlanError {
    fn diagnose(&self) -> Diagnosis {
        let found = match self {
            PlanError::NotBootable { .. }
            | PlanError::KernelRefuses { .. }
            | PlanError::TooLarge { .. } => Diagnosis::bad_image(self),
            PlanError::UkiInUki => Diagnosis::bad_image(self)
                .because("the kernel in an image must be a kernel itself")
                .with_hint("load the inner UKI, or build the image from its kernel"),
            PlanError::NotAParser { is_skeleton: true } => Diagnosis::bad_image(self)
                .because("its parser is for a kernel that loads parsers by itself")
                .with_hint(
                    "build the image with a parser for module kexec_bpf, or use --route extract",
                ),
            PlanError::NotAParser { is_skeleton: false } => Diagnosis::bad_image(self)
                .because("it is an ELF file for this machine, not for BPF")
                .with_hint(
                    "build the image with a parser for module kexec_bpf, or use --route extract",
                ),
            PlanError::NotAKernel { .. } => Diagnosis::bad_image(self)
                .with_hint("use a thin image that names a kernel for this machine"),
            PlanError::ThinHandshake => Diagnosis::usage(self)
                .because("the kernel would see and verify the image only, not the files it names")
                .with_hint("the same command without --route"),
            PlanError::WrongMachine { .. } | PlanError::InnerNotBootable { .. } => {
                Diagnosis::bad_image(self).with_hint("use an image built for this machine")
            }
            PlanError::TakenAsItIs { .. }
            | PlanError::NotTakenAsItIs { .. }
            | PlanError::NotExtracted { .. } => {
                Diagnosis::usage(self).with_hint("the same command without --route")
            }
            PlanError::NoHandshake(why) => why.clone().with_what(self),
            PlanError::Inner(error) | PlanError::BadKernel { error, .. } => error.diagnose(),
            PlanError::Uki(error) => error.diagnose(),
            PlanError::NoProfile { .. } => Diagnosis::usage(self).with_hints(&[Hint::Profiles]),
            PlanError::Addon { error, .. } => error.diagnose(),
            PlanError::AddonsNeedUki => {
                Diagnosis::usage(self).with_hint("use --initrd and --append with a bare kernel")
            }
            PlanError::Cmdline { users, .. } => match users {
                true => Diagnosis::usage(self),
                false => Diagnosis::bad_image(self),
            }
            .with_hint("use a shorter command line"),
            PlanError::Initrd(error) => error.diagnose(),
            PlanError::NotUnpacked { fault, .. } => fault.diagnose().with_what(self),
            PlanError::Unread { error, .. } => error.diagnose(),
            PlanError::Archive { error, .. } => error.diagnose(),
            PlanError::NoRunningCmdline => Diagnosis::failed(self)
                .with_hint("mount -t proc proc /proc, or give --command-line"),
            PlanError::Section { error, .. } => error.diagnose().with_what(self),
            PlanError::Read(error) => error.diagnose(),
        };
        found.or_hint(Hint::Inspect)
    }
}

impl PlanError {
    /// Returns whether the files are at fault, so that others may be better. The rest depends
    /// on options or on this machine.
    #[must_use]
    pub fn is_of_files(&self) -> bool {
        !matches!(
            self,
            PlanError::TakenAsItIs { .. }
                | PlanError::NotTakenAsItIs { .. }
                | PlanError::NotExtracted { .. }
                | PlanError::NoHandshake(_)
                | PlanError::ThinHandshake
                | PlanError::AddonsNeedUki
                | PlanError::NoRunningCmdline
                | PlanError::Cmdline { users: true, .. }
        )
    }

    /// Returns the number of the file at fault.
    #[must_use]
    pub fn source(&self) -> InputId {
        match self {
            PlanError::Addon { source, .. }
            | PlanError::Archive { source, .. }
            | PlanError::NotUnpacked { source, .. }
            | PlanError::BadKernel { source, .. }
            | PlanError::NotAKernel { source, .. }
            | PlanError::Unread { source, .. }
            | PlanError::Initrd(ConcatError::TooLarge { source, .. }) => *source,
            PlanError::NotBootable { .. }
            | PlanError::WrongMachine { .. }
            | PlanError::TakenAsItIs { .. }
            | PlanError::NotTakenAsItIs { .. }
            | PlanError::NotExtracted { .. }
            | PlanError::NoHandshake(_)
            | PlanError::ThinHandshake
            | PlanError::Inner(_)
            | PlanError::InnerNotBootable { .. }
            | PlanError::UkiInUki
            | PlanError::KernelRefuses { .. }
            | PlanError::Uki(_)
            | PlanError::NoProfile { .. }
            | PlanError::AddonsNeedUki
            | PlanError::Cmdline { .. }
            | PlanError::TooLarge { .. }
            | PlanError::NotAParser { .. }
            | PlanError::NoRunningCmdline
            | PlanError::Section { .. }
            | PlanError::Read(_) => InputId::IMAGE,
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::NotBootable { kind } => {
                write!(out, "{kind} cannot be loaded on this machine")
            }
            PlanError::WrongMachine { image, running } => {
                write!(out, "built for {image}, but this machine is {running}")
            }
            PlanError::TakenAsItIs { wanted } => write!(
                out,
                "the kernel takes it as it is; route {} does not apply",
                wanted.name()
            ),
            PlanError::NotTakenAsItIs { kind } => {
                write!(out, "route native is for an x86 kernel, and this is {kind}")
            }
            PlanError::NotExtracted { kind } => {
                write!(out, "only a UKI can be extracted, not {kind}")
            }
            PlanError::NoHandshake(_) => out.write_str("route handshake is not available"),
            PlanError::Inner(error) | PlanError::BadKernel { error, .. } => error.fmt(out),
            PlanError::NotAKernel { kind, .. } => {
                write!(out, "{kind}, where .linux names a kernel")
            }
            PlanError::ThinHandshake => {
                out.write_str("route handshake does not apply to a thin image")
            }
            PlanError::InnerNotBootable { kind } => {
                write!(
                    out,
                    "section .linux is {kind}, which this machine cannot load"
                )
            }
            PlanError::UkiInUki => out.write_str("section .linux is another UKI, not a kernel"),
            PlanError::KernelRefuses { why } => write!(out, "kexec cannot load the kernel: {why}"),
            PlanError::Uki(error) => error.fmt(out),
            PlanError::NoProfile { wanted } => {
                write!(out, "no profile {}", escaped(wanted.as_bytes()))
            }
            PlanError::Addon { error, .. } => error.fmt(out),
            PlanError::AddonsNeedUki => out.write_str("addons extend a UKI; this is a bare kernel"),
            PlanError::Cmdline { error, .. } => error.fmt(out),
            PlanError::Initrd(error) => error.fmt(out),
            PlanError::TooLarge { bytes } => write!(
                out,
                "{bytes} bytes; the kernel reads at most {KERNEL_READS_MAX_BYTES}"
            ),
            PlanError::NotUnpacked { section, fault, .. } => match section {
                Some(section) => write!(out, "section {}: {fault}", section.name()),
                None => write!(out, "bad initrd: {fault}"),
            },
            PlanError::Unread { error, .. } => error.fmt(out),
            PlanError::Archive { error, .. } => error.fmt(out),
            PlanError::NotAParser { .. } => {
                out.write_str("section .bpf has no parser for module kexec_bpf")
            }
            PlanError::NoRunningCmdline => out.write_str("/proc/cmdline cannot be read"),
            PlanError::Section { kind, error } => write!(out, "{kind}: {error}"),
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
    ReadError => Read,
}
