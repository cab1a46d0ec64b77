// SPDX-License-Identifier: GPL-2.0-or-later
//! Checks that the next kernel can unpack the planned initrd, and that it gets one or a
//! root. Layer: pure.

use super::{InitrdOrigin, InitrdPart, Manifest, Plan, PlanError, Route};
use crate::formats::archive::Fault;
use crate::formats::cmdline::{key, words};
use crate::formats::image::detect::Image;
use crate::formats::image::uki::SectionKind;
use crate::formats::source::{FileSlice, ReadError};

/// Returns the first fault of a slice of a file, which is the end of the initrd or not.
pub type Search<'a, F> = &'a dyn Fn(&F, FileSlice, bool) -> Result<Option<Fault>, ReadError>;

/// Looks for faults in the archives that `plan` loads.
///
/// # Errors
/// [`PlanError::NotUnpacked`] for the first one that the kernel cannot unpack, and
/// [`PlanError::Unread`].
pub fn check_initrd<F>(
    plan: &Plan,
    manifest: &Manifest<F>,
    fault: Search<'_, F>,
) -> Result<(), PlanError> {
    let by_parser = plan.route == Route::Handshake && has_parser(manifest);
    let mut parts = plan.initrd.iter().filter(|part| part.is_archive());
    let (first, last) = (plan.initrd.first(), plan.initrd.last());
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
        let found = fault(&input.file, slice, last == Some(part))
            .map_err(|error| PlanError::Unread { source, error })?;
        match found {
            Some(fault) if first == Some(part) || !fault.is_of_first() => {
                Err(PlanError::NotUnpacked {
                    source,
                    section: from.section(),
                    fault,
                })
            }
            _ => Ok(()),
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
    /// Returns why the next kernel may find no root file system, as far as the plan
    /// shows: an initrd may be built into the kernel.
    #[must_use]
    pub fn missing_root(&self) -> Option<&'static str> {
        let for_kernel = || words(&self.cmdline.text).take_while(|word| *word != b"--");
        let has_init = for_kernel().any(|word| key(word) == b"rdinit");
        if self.route != Route::Native || !self.initrd.is_empty() || has_init {
            return None;
        }
        // The last one counts. A kernel knows devices, PARTUUID= and PARTLABEL=.
        let root = for_kernel().filter_map(|word| word.strip_prefix(b"root="));
        let Some(root) = root.last() else {
            return Some("no root= and no initrd");
        };
        const OF_INITRD: [&[u8]; 3] = [b"UUID=", b"LABEL=", b"/dev/mapper/"];
        let root = root.strip_prefix(b"\"").unwrap_or(root);
        let needs_initrd = OF_INITRD.iter().any(|start| root.starts_with(start));
        needs_initrd.then_some("no initrd, and only an initrd can find this root=")
    }
}
