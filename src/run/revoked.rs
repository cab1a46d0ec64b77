// SPDX-License-Identifier: GPL-2.0-or-later
//! Asks the firmware's variables which images of a load are revoked. Layer: effects.

use crate::formats::image::detect::{self, Image};
use crate::formats::image::revocation::Revoked;
use crate::formats::source::ReadAt;
use crate::policy::plan::{CompanionKind, Input, Manifest};
use crate::sys::efivar;
use crate::sys::file::InputFile;

/// Calls `found` for the image and each addon that the firmware has revoked, with the
/// reason.
pub fn revoked(manifest: &Manifest<InputFile>, found: &mut dyn FnMut(&[u8], Revoked<'_>)) {
    let revocations = efivar::revocations();
    let mut check = |input: &Input<InputFile>, image: &Image| {
        if let Some(pe) = image.pe() {
            let mut found = |why: Revoked<'_>| found(&input.path, why);
            revocations.check::<dyn ReadAt>(&input.file, pe, &mut found);
        }
    };
    check(&manifest.image, &manifest.detected);
    for companion in &manifest.companions {
        if let CompanionKind::Addon(_) = companion.kind
            && let Ok(image) = detect::detect::<dyn ReadAt>(&companion.input.file)
        {
            check(&companion.input, &image);
        }
    }
}
