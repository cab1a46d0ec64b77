// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Opens what a load names.

use alloc::vec::Vec;

use super::RunError;
use super::options::LoadOptions;
use crate::image::addon;
use crate::image::detect::{self, Image};
use crate::image::revocation::Revoked;
use crate::initrd::extra::ExtraDirectory;
use crate::plan::{self, Companion, CompanionKind, Input, Manifest};
use crate::source::ReadAt;
use crate::sys::file::InputFile;
use crate::sys::{Fd, efivar};

/// Opens the image and what the user named with it, recognises the image, and finds
/// the wanted profile.
///
/// # Errors
/// [`RunError::Open`] for the first file that cannot be used; an initrd of no bytes is
/// refused as well, because it is a mistake. [`RunError::Image`] and [`RunError::Plan`]
/// for the image, [`RunError::Addon`] and [`RunError::AddonName`] for addons.
pub fn open(options: &LoadOptions<'_>) -> Result<Manifest<InputFile>, RunError> {
    let open_all = |paths: &[&[u8]]| -> Result<Vec<_>, RunError> {
        let opened = paths.iter().map(|path| open_input(options.root, path));
        opened.collect()
    };
    let image = open_input(options.root, options.image)?;
    let initrds = open_all(&options.initrds)?;
    let companions = open_all(&options.addons)?.into_iter().map(describe);
    let companions = companions.collect::<Result<_, _>>()?;
    if let Some(empty) = initrds.iter().find(|input| input.file.file_bytes() == 0) {
        let path = empty.path.clone();
        return Err(RunError::EmptyInitrd { path });
    }
    let kind = detect::detect::<dyn ReadAt>(&image.file).map_err(|error| RunError::Image {
        path: image.path.clone(),
        error,
    })?;
    let profile = plan::profile_number(&image.file, &kind, &options.plan.profile)
        .map_err(|error| RunError::plan(&image.path, error))?;
    Ok(Manifest {
        image,
        kind,
        profile,
        initrds,
        companions,
    })
}

fn open_input(root: Option<Fd<'_>>, path: &[u8]) -> Result<Input<InputFile>, RunError> {
    let file = InputFile::open(root, path).map_err(|error| RunError::open(path, error))?;
    let path = path.to_vec();
    Ok(Input { path, file })
}

/// Classifies a file that the user named: a PE addon by its content, others by name.
fn describe(input: Input<InputFile>) -> Result<Companion<InputFile>, RunError> {
    let name = input.path.rsplit(|byte| *byte == b'/').next();
    let name = name.unwrap_or_default();
    let kind = match (ExtraDirectory::of(name, false), core::str::from_utf8(name)) {
        (None, _) => match addon::read::<dyn ReadAt>(&input.file) {
            Ok(addon) => CompanionKind::Addon(addon),
            Err(error) => {
                let path = input.path;
                return Err(RunError::Addon { path, error });
            }
        },
        (Some(directory), Ok(name)) => CompanionKind::Member {
            directory,
            name: name.into(),
        },
        (Some(_), Err(_)) => {
            let path = input.path;
            return Err(RunError::AddonName { path });
        }
    };
    Ok(Companion {
        input,
        kind,
        was_found: false,
    })
}

/// Returns the error of an input file whose size changed since it was opened; this
/// explains failures that would otherwise be blamed on something else.
pub fn changed(manifest: &Manifest<InputFile>) -> Option<RunError> {
    manifest.inputs().find_map(|input| {
        let now_bytes = input.file.bytes_now().ok()?;
        let opened_bytes = input.file.file_bytes();
        (now_bytes != opened_bytes).then(|| RunError::FileChanged {
            path: input.path.clone(),
            opened_bytes,
            now_bytes,
        })
    })
}

/// Tells `found` of the image and the addons that the firmware has revoked, and why.
pub fn revoked(manifest: &Manifest<InputFile>, found: &mut dyn FnMut(&[u8], Revoked<'_>)) {
    let revocations = efivar::revocations();
    let mut check = |input: &Input<InputFile>, image: &Image| {
        if let Some(pe) = image.pe() {
            let mut found = |why: Revoked<'_>| found(&input.path, why);
            revocations.check::<dyn ReadAt>(&input.file, pe, &mut found);
        }
    };
    check(&manifest.image, &manifest.kind);
    for companion in &manifest.companions {
        if let CompanionKind::Addon(_) = companion.kind
            && let Ok(image) = detect::detect::<dyn ReadAt>(&companion.input.file)
        {
            check(&companion.input, &image);
        }
    }
}
