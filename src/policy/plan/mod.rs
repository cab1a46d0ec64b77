// SPDX-License-Identifier: GPL-2.0-or-later
//! ([`Options`], [`Manifest`], [`Host`]) → [`Plan`]: which bytes of which file become the
//! kernel, the initrd and the command line, and by which route. Layer: pure.
//!
//! Nothing is changed here and nothing is opened; `run` carries out a plan, and
//! `--dry-run` prints it.

#[cfg(test)]
mod build;
mod choice;
mod cmdline;
mod digest;
mod enforce;
mod error;
mod flags;
mod initrd;
mod initrd_fault;
mod lockdown;
mod manifest;
mod options;
mod parser;
mod route;
#[cfg(test)]
mod tests;
mod unpack;

use alloc::vec::Vec;

pub use cmdline::{CmdlineBase, Origin, PlannedCmdline};
pub use digest::Digest;
pub use error::PlanError;
pub use flags::Flags;
pub use initrd::{InitrdOrigin, InitrdPart};
pub use initrd_fault::check_initrd;
pub use manifest::{Companion, CompanionKind, Input, Manifest, ThinFiles, profile_number};
pub use options::{Fast, Options, Profile, split_profile};
pub use parser::Parser;
pub use route::Route;
pub use unpack::Unpack;

use crate::abi;
use crate::diagnosis::Diagnosis;
use crate::formats::image::addon;
use crate::formats::image::bzimage::SetupHeader;
use crate::formats::image::detect::{self, Image, detect_linux};
use crate::formats::image::error::ImageError;
use crate::formats::image::pe::Machine;
use crate::formats::image::uki::{SectionKind, Selection, Uki, UkiError};
use crate::formats::initrd::concat::ConcatPlan;
use crate::formats::source::{FileSlice, InputId, KERNEL_READS_MAX_BYTES, ReadAt};
use crate::host::Host;

/// Everything that a load will do, decided in advance.
///
/// On the handshake route, kernel, initrd and command line are those that the module's own
/// parser takes. The image's own parser may do otherwise; the kernel's report says what
/// it took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub route: Route,
    pub parser: Parser,
    pub kernel: PlannedKernel,
    /// The whole initrd, piece by piece.
    pub initrd: Vec<InitrdPart>,
    /// The part that this program hands over as initrd: all of it, or on the handshake
    /// route the user's initrds.
    pub concat: ConcatPlan,
    pub cmdline: PlannedCmdline,
    pub flags: Flags,
    pub digest: Digest,
    pub unpack: Unpack,
    /// The reason why the load would fail, if it is known before the load is tried.
    pub blocker: Option<Diagnosis>,
}

/// The PCR that systemd-stub extends with everything that can differ between boots.
pub const PCR_CONFIG: u32 = 12;
/// The PCR that systemd-stub extends with system extensions.
pub const PCR_SYSEXT: u32 = 13;

impl Plan {
    /// Returns what a session asks the module for, `KEXEC_BPF_REGISTER_*`.
    #[must_use]
    pub fn session_flags(&self) -> u32 {
        let digest = match self.digest {
            Digest::Session => abi::REGISTER_NO_DIGEST,
            Digest::Kept | Digest::Unable(_) | Digest::Module => 0,
        };
        let unpack = match self.unpack {
            Unpack::Session { .. } => abi::REGISTER_UNPACK_INITRD,
            Unpack::No | Unpack::Unable { .. } => 0,
        };
        digest | unpack
    }

    /// Returns whether systemd-stub would have extended this PCR. PCR 11, which covers
    /// the image's sections, is not asked about.
    #[must_use]
    pub fn measures<F>(&self, pcr: u32, manifest: &Manifest<F>) -> bool {
        let is_sysext = |part: &InitrdPart| match part.from {
            InitrdOrigin::Member(directory) => Some(directory.ends_with("sysext")),
            InitrdOrigin::Addon(_) => Some(false),
            _ => None,
        };
        let mut companions = self.initrd.iter().filter_map(is_sysext);
        if pcr == PCR_SYSEXT {
            return companions.any(|is_sysext| is_sysext);
        }
        manifest.profile > 0
            || self.cmdline.replaces_own()
            || self.cmdline.has_addons()
            || companions.any(|is_sysext| !is_sysext)
    }
}

/// The kernel inside the image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedKernel {
    /// The open file that holds it: the image, or the file that a thin image names.
    pub source: InputId,
    pub slice: FileSlice,
    /// The section that holds or names it; `None` for the whole image.
    pub section: Option<SectionKind>,
    /// Its release, as `uname -r` shows it; `None` when its header does not contain it.
    pub release: Option<Vec<u8>>,
}

/// Plans the load of the files in `manifest`.
///
/// # Errors
/// [`PlanError`]: options, files and machine do not fit together.
pub fn plan<F: ReadAt>(
    options: &Options,
    manifest: &Manifest<F>,
    host: &Host,
) -> Result<Plan, PlanError> {
    let image = &manifest.detected;
    if let Image::Addon { pe, .. } = image {
        // Always fails for an addon; the error names what makes it one.
        Uki::from_pe(pe)?;
    }
    check_machine(image, host)?;
    image.check_certificates()?;
    let planner = Planner {
        options,
        manifest,
        host,
        route: choice::route(image, options.route, host)?,
    };
    let mut plan = match image {
        Image::BzImage { header, .. } => planner.bzimage(header),
        Image::Uki { pe, uki, .. } => planner.uki(pe.machine, uki),
        _ => planner.opaque(),
    }?;
    plan.blocker = plan.find_blocker(options, manifest, host);
    Ok(plan)
}

fn check_machine(image: &Image, host: &Host) -> Result<(), PlanError> {
    let Some(machine) = image.pe().map(|pe| pe.machine) else {
        return Ok(());
    };
    if machine.runs_on(&host.machine) {
        return Ok(());
    }
    Err(PlanError::WrongMachine {
        image: machine,
        running: host.machine.clone(),
    })
}

/// The input of a plan, the same for all kinds of images.
struct Planner<'plan, F> {
    options: &'plan Options,
    manifest: &'plan Manifest<F>,
    host: &'plan Host,
    route: Route,
}

/// Reads the header of the kernel that a thin image names.
fn named_kernel<F: ReadAt>(source: InputId, file: &F) -> Result<SetupHeader, PlanError> {
    let bad = |error| PlanError::BadKernel { source, error };
    let inner = detect::detect::<dyn ReadAt>(file).map_err(bad)?;
    inner.check_certificates().map_err(bad)?;
    match inner {
        Image::BzImage { header, .. } => Ok(header),
        other => {
            let kind = other.kind_name();
            Err(PlanError::NotAKernel { source, kind })
        }
    }
}

impl<F: ReadAt> Planner<'_, F> {
    fn image(&self) -> &dyn ReadAt {
        &self.manifest.image.file
    }

    /// Plans a kernel that the running one takes as it is.
    fn bzimage(&self, header: &SetupHeader) -> Result<Plan, PlanError> {
        // A boot entry may name credentials and extensions for a kernel, too.
        let is_members_of_entry = |companion: &Companion<F>| {
            companion.was_found && matches!(companion.kind, CompanionKind::Member { .. })
        };
        if !self.manifest.companions.iter().all(is_members_of_entry) {
            return Err(PlanError::AddonsNeedUki);
        }
        if let Some(why) = header.kexec_file_blocker() {
            return Err(PlanError::KernelRefuses { why });
        }
        let kernel = PlannedKernel {
            release: header.release().map(<[u8]>::to_vec),
            ..self.whole_image()
        };
        let max_bytes = Some(header.kexec_file_cmdline_max_bytes());
        self.finish(kernel, None, None, max_bytes)
    }

    fn uki(&self, machine: Machine, uki: &Uki) -> Result<Plan, PlanError> {
        let selection = uki.select(self.manifest.profile)?;
        let (source, slice, header) = match self.manifest.thin() {
            Some([(source, kernel), _]) => {
                let header = named_kernel(source, &kernel.file)?;
                (source, initrd::whole(&kernel.file), Some(header))
            }
            None => {
                let slice = selection.linux().ok_or(UkiError::NoLinux)?;
                (InputId::IMAGE, slice, self.inner_kernel(slice)?)
            }
        };
        if let Some(why) = header.as_ref().and_then(SetupHeader::kexec_file_blocker) {
            return Err(PlanError::KernelRefuses { why });
        }
        self.check_addons(machine, &selection)?;
        let own = cmdline::read_own(self.image(), &selection)?;
        let max_bytes = header
            .as_ref()
            .map(SetupHeader::kexec_file_cmdline_max_bytes);
        let kernel = PlannedKernel {
            source,
            slice,
            section: Some(SectionKind::Linux),
            release: header.and_then(|header| header.release().map(<[u8]>::to_vec)),
        };
        // What else a thin image has in sections, its stub does not use.
        let sections = (source == InputId::IMAGE).then_some(&selection);
        self.finish(kernel, sections, own.as_deref(), max_bytes)
    }

    /// Reads the header of the kernel in `.linux`; `None` if only the image's own parser
    /// can open it.
    fn inner_kernel(&self, slice: FileSlice) -> Result<Option<SetupHeader>, PlanError> {
        let inner = detect_linux(self.image(), slice).and_then(|inner| {
            inner.check_certificates().map_err(ImageError::in_linux)?;
            Ok(inner)
        });
        match (inner, self.route) {
            (Ok(Image::BzImage { header, .. }), _) => Ok(Some(header)),
            // If the PE headers are ambiguous, this program cannot vouch for the kernel
            // inside, whoever opens it.
            (Err(error), _) if error.is_in_pe() => Err(error.into()),
            // The image's parser may open what this program cannot, such as a UKI in a
            // UKI.
            (_, Route::Handshake) => Ok(None),
            (Ok(Image::Uki { .. }), _) => Err(PlanError::UkiInUki),
            (Ok(other), _) => {
                let kind = other.kind_name();
                Err(PlanError::InnerNotBootable { kind })
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Returns the image as a kernel of unknown release.
    fn whole_image(&self) -> PlannedKernel {
        PlannedKernel {
            source: InputId::IMAGE,
            slice: initrd::whole(&self.manifest.image.file),
            section: None,
            release: None,
        }
    }

    /// Refuses addons made for another machine or kernel.
    fn check_addons(&self, machine: Machine, selection: &Selection) -> Result<(), PlanError> {
        let uname = addon::uname(self.image(), selection)?;
        for (source, addon) in self.manifest.addons() {
            addon
                .check(machine, uname.as_deref())
                .map_err(|error| PlanError::Addon { source, error })?;
        }
        Ok(())
    }

    /// Plans an image that only its own parser understands.
    fn opaque(&self) -> Result<Plan, PlanError> {
        self.finish(self.whole_image(), None, None, None)
    }

    /// Adds command line and initrd to the kernel that was found. `own` is the image's
    /// command line, `max_bytes` the limit of the next kernel.
    fn finish(
        &self,
        kernel: PlannedKernel,
        selection: Option<&Selection>,
        own: Option<&[u8]>,
        max_bytes: Option<u64>,
    ) -> Result<Plan, PlanError> {
        let cmdline = cmdline::plan(own, max_bytes, self.options, self.manifest, self.host)?;
        let assembled = initrd::assemble(self.route, selection, self.manifest)?;
        let bytes = match self.route {
            Route::Handshake => self.image().file_bytes(),
            Route::Native | Route::Extract => kernel.slice.bytes,
        };
        if bytes > KERNEL_READS_MAX_BYTES {
            return Err(PlanError::TooLarge { bytes });
        }
        Ok(Plan {
            route: self.route,
            parser: Parser::of(self.route, self.manifest, self.host)?,
            kernel,
            flags: Flags::load(self.options.panic, !assembled.concat.is_empty()),
            initrd: assembled.parts,
            concat: assembled.concat,
            cmdline,
            digest: Digest::of(self.options, self.host),
            unpack: Unpack::of(self.options, self.route, self.host),
            blocker: None,
        })
    }
}
