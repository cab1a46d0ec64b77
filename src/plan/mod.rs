// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. (image, request, facts) → [`Plan`]: which bytes of which file become
//! the kernel, the initrd and the command line, and by which route.
//!
//! Nothing is changed here and nothing is opened; `run` performs a plan, and
//! `--dry-run` prints it.

mod choice;
mod cmdline;
mod enforce;
mod error;
mod flags;
mod initrd;
mod lockdown;
mod request;
mod route;
#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;

pub use cmdline::{CmdlineBase, PlannedCmdline};
pub use error::PlanError;
pub use flags::Flags;
pub use initrd::{InitrdOrigin, InitrdPart};
pub use request::{AddonFile, IMAGE, Request, uname};
pub use route::Route;

use crate::facts::Facts;
use crate::image::bzimage::SetupHeader;
use crate::image::detect::{Image, detect_linux};
use crate::image::error::ImageError;
use crate::image::pe::Machine;
use crate::image::uki::{SectionKind, Selection, Uki, UkiError};
use crate::initrd::concat::ConcatPlan;
use crate::source::{FileOffset, FileSlice, ReadAt};

/// Everything that a load does, decided.
///
/// On the handshake route, kernel, initrd and command line are what the default
/// parser takes; the image's own may do otherwise, and what it took is in the
/// kernel's report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub route: Route,
    pub kernel: PlannedKernel,
    /// The whole initrd, piece by piece.
    pub initrd: Vec<InitrdPart>,
    /// What this program hands over as initrd: all of it, or on the handshake
    /// route what the user passed.
    pub concat: ConcatPlan,
    pub cmdline: PlannedCmdline,
    pub flags: Flags,
    /// The UKI's profile, from 0.
    pub profile: u32,
    /// Whether the whole image has a signature.
    pub is_signed: bool,
}

/// The PCR that systemd-stub extends by all that can differ between boots.
pub const PCR_CONFIG: u32 = 12;
/// The PCR that it extends by system extensions.
pub const PCR_SYSEXT: u32 = 13;

impl Plan {
    /// Whether systemd-stub would have extended that PCR, besides 11, which
    /// covers the image's sections.
    #[must_use]
    pub fn measures(&self, pcr: u32) -> bool {
        let is_sysext = |part: &InitrdPart| match part.from {
            InitrdOrigin::Member(directory) => Some(directory.ends_with("sysext")),
            InitrdOrigin::Addon(_) => Some(false),
            _ => None,
        };
        let mut companions = self.initrd.iter().filter_map(is_sysext);
        if pcr == PCR_SYSEXT {
            return companions.any(|is_sysext| is_sysext);
        }
        self.profile > 0
            || self.cmdline.replaces_own()
            || self.cmdline.has_addons
            || companions.any(|is_sysext| !is_sysext)
    }
}

/// Where the kernel is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedKernel {
    /// Its bytes in the image.
    pub slice: FileSlice,
    /// The section that holds them; `None` for the whole file.
    pub section: Option<SectionKind>,
    /// What `uname -r` will say, where its header tells.
    pub release: Option<String>,
}

/// Plans the load of `image`, which was detected in `source`.
///
/// # Errors
/// [`PlanError`]: the image, the request and this machine do not fit together.
pub fn plan<R: ReadAt + ?Sized>(
    source: &R,
    image: &Image,
    request: &Request,
    facts: &Facts,
) -> Result<Plan, PlanError> {
    if let Image::Addon { pe, .. } = image {
        // Fails, and says what makes it an addon.
        Uki::from_pe(pe)?;
    }
    check_machine(image, facts)?;
    image.check_certificates()?;
    let route = choice::route(image, request.route, facts)?;
    let planner = Planner {
        source,
        request,
        facts,
        route,
        is_signed: image.is_signed(),
    };
    match image {
        Image::BzImage { header, .. } => planner.bzimage(header),
        Image::Uki { pe, uki } => planner.uki(pe.machine, uki),
        _ => planner.opaque(),
    }
}

fn check_machine(image: &Image, facts: &Facts) -> Result<(), PlanError> {
    let Some(machine) = image.pe().map(|pe| pe.machine) else {
        return Ok(());
    };
    if machine.runs_on(&facts.machine) {
        return Ok(());
    }
    Err(PlanError::WrongMachine {
        image: machine,
        running: facts.machine.clone(),
    })
}

/// What all kinds of images need for their plan.
struct Planner<'plan, R: ReadAt + ?Sized> {
    source: &'plan R,
    request: &'plan Request,
    facts: &'plan Facts,
    route: Route,
    is_signed: bool,
}

impl<R: ReadAt + ?Sized> Planner<'_, R> {
    fn whole_file(&self) -> FileSlice {
        FileSlice {
            offset: FileOffset(0),
            bytes: self.source.file_bytes(),
        }
    }

    /// A kernel that the running one takes as it is.
    fn bzimage(&self, header: &SetupHeader) -> Result<Plan, PlanError> {
        if !self.request.addons.is_empty() {
            return Err(PlanError::AddonsNeedUki);
        }
        if let Some(why) = header.kexec_file_obstacle() {
            return Err(PlanError::KernelRefuses { why });
        }
        let kernel = PlannedKernel {
            slice: self.whole_file(),
            section: None,
            release: header.release().map(String::from),
        };
        let max_bytes = Some(header.kexec_file_cmdline_max_bytes());
        let cmdline = cmdline::plan(None, max_bytes, self.request, self.facts)?;
        self.finish(kernel, None, cmdline)
    }

    fn uki(&self, machine: Machine, uki: &Uki) -> Result<Plan, PlanError> {
        let selection = uki.select(self.request.profile)?;
        let slice = selection.linux().ok_or(UkiError::NoLinux)?;
        let inner = detect_linux(self.source, slice).and_then(|inner| {
            inner.check_certificates().map_err(ImageError::in_linux)?;
            Ok(inner)
        });
        let header = match (inner, self.route) {
            (Ok(Image::BzImage { header, .. }), _) => Some(header),
            // A PE that two readers could see differently has no kernel in it
            // that this program could vouch for, whoever opens it.
            (Err(error), _) if error.is_in_pe() => return Err(error.into()),
            // The parser may open what this program cannot: a UKI in a UKI.
            (_, Route::Handshake) => None,
            (Ok(other), _) => {
                let kind = other.kind_name();
                return Err(PlanError::InnerNotBootable { kind });
            }
            (Err(error), _) => return Err(error.into()),
        };
        if let Some(why) = header.as_ref().and_then(SetupHeader::kexec_file_obstacle) {
            return Err(PlanError::KernelRefuses { why });
        }
        request::check_addons(self.source, machine, &selection, self.request)?;
        let own = cmdline::read_own(self.source, &selection)?;
        let max_bytes = header
            .as_ref()
            .map(SetupHeader::kexec_file_cmdline_max_bytes);
        let cmdline = cmdline::plan(own.as_deref(), max_bytes, self.request, self.facts)?;
        let kernel = PlannedKernel {
            slice,
            section: Some(SectionKind::Linux),
            release: header.and_then(|header| header.release().map(String::from)),
        };
        self.finish(kernel, Some(&selection), cmdline)
    }

    /// An image that only its own parser understands.
    fn opaque(&self) -> Result<Plan, PlanError> {
        let kernel = PlannedKernel {
            slice: self.whole_file(),
            section: None,
            release: None,
        };
        let cmdline = cmdline::plan(None, None, self.request, self.facts)?;
        self.finish(kernel, None, cmdline)
    }

    fn finish(
        &self,
        kernel: PlannedKernel,
        selection: Option<&Selection>,
        cmdline: PlannedCmdline,
    ) -> Result<Plan, PlanError> {
        let assembled = initrd::assemble(self.route, selection, self.request)?;
        Ok(Plan {
            route: self.route,
            kernel,
            flags: Flags::load(self.request.panic, !assembled.concat.is_empty()),
            initrd: assembled.parts,
            concat: assembled.concat,
            cmdline,
            profile: self.request.profile,
            is_signed: self.is_signed,
        })
    }
}
