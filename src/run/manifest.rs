// SPDX-License-Identifier: GPL-2.0-or-later
//! Opens the files that a load names. Layer: effects.

use alloc::vec::Vec;

use super::RunError;
use super::options::LoadOptions;
use crate::formats::image::addon;
use crate::formats::image::detect;
use crate::formats::initrd::extra::ExtraDirectory;
use crate::formats::source::ReadAt;
use crate::policy::plan::{self, Companion, CompanionKind, Input, Manifest};
use crate::sys::Fd;
use crate::sys::file::InputFile;

/// Opens the image and the files that the user named with it, recognises the image, and
/// finds the requested profile.
///
/// # Errors
/// [`RunError::Open`] for the first file that cannot be used; [`RunError::EmptyInitrd`]
/// for an initrd of no bytes, because it is a mistake. [`RunError::Image`] and
/// [`RunError::Plan`] for the image, [`RunError::Addon`] and [`RunError::CompanionName`]
/// for addons.
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
    let detected = detect::detect::<dyn ReadAt>(&image.file).map_err(|error| RunError::Image {
        path: image.path.clone(),
        error,
    })?;
    let profile = plan::profile_number(&image.file, &detected, &options.wanted)
        .map_err(|error| RunError::plan(&image.path, error))?;
    Ok(Manifest {
        image,
        detected,
        profile,
        initrds,
        companions,
        thin: None,
    })
}

fn open_input(root: Option<Fd<'_>>, path: &[u8]) -> Result<Input<InputFile>, RunError> {
    let file = InputFile::open(root, path).map_err(|error| RunError::open(path, error))?;
    let path = path.to_vec();
    Ok(Input { path, file })
}

/// Classifies a file that the user named: a PE addon by its contents, others by name.
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
            return Err(RunError::CompanionName { path });
        }
    };
    Ok(Companion {
        input,
        kind,
        was_found: false,
    })
}
