// SPDX-License-Identifier: GPL-2.0-or-later
//! A load before anything changes: the open files, the plan, and the sizes of a crash
//! image. Layer: effects.

use super::RunError;
use super::crash::{self, Preflight};
use super::options::LoadOptions;
use super::seen::Seen;
use crate::formats::archive::Depth;
use crate::host::Host;
use crate::policy::boot::error::BootError;
use crate::policy::boot::hook;
use crate::policy::plan::{self, Manifest, Plan};
use crate::sys::file::InputFile;

/// The open files of a load and its plan.
pub struct Prepared {
    pub manifest: Manifest<InputFile>,
    pub plan: Plan,
    /// The reason why the next kernel cannot unpack the initrd, if the user wants it
    /// anyway.
    pub not_unpacked: Option<RunError>,
    /// For a crash image: whether it will fit.
    pub preflight: Option<Preflight>,
}

impl Prepared {
    /// Plans the load of the files in `manifest`.
    ///
    /// # Errors
    /// [`RunError::Plan`], also for an initrd that the next kernel cannot unpack, unless
    /// the user wants it anyway; [`BootError::WouldChain`]; [`RunError::Read`] for a crash
    /// image that cannot be measured.
    pub fn new(
        options: &LoadOptions<'_>,
        manifest: Manifest<InputFile>,
        host: &Host,
    ) -> Result<Prepared, RunError> {
        let plan = planned(options, &manifest, host)?;
        let not_unpacked = match unpacked(&plan, options, &manifest, Some(Depth::Faults)) {
            Err(error) if !options.force => return Err(error),
            other => other.err(),
        };
        let preflight = match options.wanted.panic {
            true => Some(crash::preflight(&manifest, &plan, host)?),
            false => None,
        };
        Ok(Prepared {
            manifest,
            plan,
            not_unpacked,
            preflight,
        })
    }

    /// Returns the path of the image.
    pub fn image(&self) -> &[u8] {
        &self.manifest.image.path
    }
}

/// Plans the load of the files in `manifest`, and checks to this depth whether the next kernel
/// can unpack its initrd. A list takes a glance at each of its entries. Without a depth, only
/// what is known counts.
///
/// # Errors
/// [`RunError::Plan`], [`BootError::WouldChain`].
pub fn plan(
    options: &LoadOptions<'_>,
    manifest: &Manifest<InputFile>,
    host: &Host,
    depth: Option<Depth>,
) -> Result<Plan, RunError> {
    let plan = planned(options, manifest, host)?;
    unpacked(&plan, options, manifest, depth)?;
    Ok(plan)
}

fn unpacked(
    plan: &Plan,
    options: &LoadOptions<'_>,
    manifest: &Manifest<InputFile>,
    depth: Option<Depth>,
) -> Result<(), RunError> {
    let none = Seen::default();
    let seen = options.seen.unwrap_or(&none);
    let fault = |file: &InputFile, slice, is_last| seen.fault(file, slice, depth, is_last);
    plan::check_initrd(plan, manifest, &fault)
        .map_err(|error| RunError::plan(manifest.path(error.source()), error))
}

fn planned(
    options: &LoadOptions<'_>,
    manifest: &Manifest<InputFile>,
    host: &Host,
) -> Result<Plan, RunError> {
    let plan = plan::plan(&options.wanted, manifest, host).map_err(|error| {
        let at_fault = manifest.path(error.source());
        RunError::plan(at_fault, error)
    })?;
    // rd.kexec_bpf.chained=1 has no effect after `--` or an open quote, so check how the
    // next system will parse the line.
    if options.wanted.mark_chained && hook::parse(&plan.cmdline.text).chains() {
        return Err(BootError::WouldChain.into());
    }
    Ok(plan)
}
