// SPDX-License-Identifier: GPL-2.0-or-later
//! Checks that the next kernel can unpack the planned initrd, and that it gets one or a
//! root. Layer: pure.

use super::{InitrdOrigin, InitrdPart, Manifest, Plan, PlanError, Route};
use crate::formats::archive::{self, Depth};
use crate::formats::cmdline::{key, words};
use crate::formats::image::detect::Image;
use crate::formats::image::uki::SectionKind;
use crate::formats::source::ReadAt;

/// Reads the headers of the archives that `plan` loads, in few reads.
///
/// # Errors
/// [`PlanError::NotUnpacked`] for the first one that the kernel cannot unpack, and
/// [`PlanError::Unread`].
pub fn check_initrd<F: ReadAt>(plan: &Plan, manifest: &Manifest<F>) -> Result<(), PlanError> {
    let by_parser = plan.route == Route::Handshake && has_parser(manifest);
    let mut parts = plan.initrd.iter().filter(|part| part.is_archive());
    let last = plan.initrd.last();
    parts.try_for_each(|part| {
        let InitrdPart {
            source,
            slice,
            from,
        } = *part;
        // The image's own parser may take something else.
        let is_known = !matches!(from, InitrdOrigin::Section(_)) || !by_parser;
        let Some(input) = manifest.get(source).filter(|_| is_known) else {
            return Ok(());
        };
        let walk = archive::walk(&input.file, slice, Depth::Faults, last == Some(part))
            .map_err(|error| PlanError::Unread { source, error })?;
        match walk.fault {
            Some(fault) => Err(PlanError::NotUnpacked {
                source,
                section: from.section(),
                fault,
            }),
            None => Ok(()),
        }
    })
}

fn has_parser<F>(manifest: &Manifest<F>) -> bool {
    let Image::Uki { uki, .. } = &manifest.detected else {
        return false;
    };
    let selection = uki.select(manifest.profile);
    selection.is_ok_and(|selection| selection.get(SectionKind::Bpf).is_some())
}

impl InitrdPart {
    /// Returns whether the part is an archive, and not a file that goes into one.
    #[must_use]
    pub fn is_archive(&self) -> bool {
        match self.from {
            InitrdOrigin::Section(_)
            | InitrdOrigin::Addon(_)
            | InitrdOrigin::Thin
            | InitrdOrigin::User => true,
            InitrdOrigin::SectionFile(_) | InitrdOrigin::Member(_) => false,
        }
    }
}

impl Plan {
    /// Returns whether the next kernel gets no root file system, as far as the plan
    /// shows: one may be built into the kernel.
    #[must_use]
    pub fn has_no_root(&self) -> bool {
        let names_root = |word: &[u8]| matches!(key(word), b"root" | b"rdinit");
        let mut for_kernel = words(&self.cmdline.text).take_while(|word| *word != b"--");
        self.route == Route::Native && self.initrd.is_empty() && !for_kernel.any(names_root)
    }
}
