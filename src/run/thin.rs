// SPDX-License-Identifier: GPL-2.0-or-later
//! The files that a thin image names: opens them below the root of the image's file
//! system, and compares them with the image's hashes. Layer: effects.

use alloc::vec::Vec;

use super::companions::ImageRoot;
use super::options::LoadOptions;
use super::seen::Seen;
use super::text::{refused, unusable};
use super::{Progress, RunError, companions};
use crate::diagnosis::escape::escaped;
use crate::formats::image::detect::Image;
use crate::formats::image::thin::{Reference, Thin, ThinError};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError};
use crate::host::Host;
use crate::policy::boot::error::Problem;
use crate::policy::explain::{self, Rule};
use crate::policy::plan::{Input, Manifest, ThinFiles};
use crate::sys::AsFd;
use crate::sys::file::{InputFile, OpenError};
use crate::sys::memfd::Memfd;

/// Returns the paths and hashes of a thin image.
fn names(image: &Image) -> Option<&Thin> {
    match image {
        Image::Uki { thin, .. } => thin.as_ref(),
        _ => None,
    }
}

/// Opens the files of a thin image; does nothing for another image.
///
/// # Errors
/// [`RunError::Open`]; [`RunError::Image`] for a file that is too large.
pub fn open(manifest: &mut Manifest<InputFile>, options: &LoadOptions<'_>) -> Result<(), RunError> {
    let Some(thin) = names(&manifest.detected) else {
        return Ok(());
    };
    let root = image_root(&manifest.image, options)?;
    let open = |wanted: &Reference| {
        let path = root.join(&wanted.path);
        let file = InputFile::open(Some(root.directory.as_fd()), &wanted.path)
            .map_err(|error| RunError::open(&path, error))?;
        match wanted.check_size(file.file_bytes()) {
            Ok(()) => Ok(Input { path, file }),
            Err(error) => Err(of_file(path, error)),
        }
    };
    manifest.thin = Some(ThinFiles {
        kernel: open(&thin.kernel)?,
        initrd: open(&thin.initrd)?,
    });
    Ok(())
}

/// Returns the root of the image's file system. A path of the user may lead there through
/// a link from another one.
fn image_root(image: &Input<InputFile>, options: &LoadOptions<'_>) -> Result<ImageRoot, RunError> {
    let real = image.file.path().filter(|_| options.root.is_none());
    companions::image_root(options, real.as_deref().unwrap_or(&image.path))
}

fn of_file(path: Vec<u8>, error: ThinError) -> RunError {
    let error = error.into();
    RunError::Image { path, error }
}

/// Returns the SHA-256 of a file, if it is known.
type Digests<'a> = &'a dyn Fn(&InputFile) -> Result<Option<[u8; 32]>, ReadError>;

/// Compares the open files with the image's hashes, those by `digest`, if it is known.
fn compare(manifest: &Manifest<InputFile>, digest: Digests<'_>) -> Result<(), RunError> {
    let (Some(thin), Some(files)) = (names(&manifest.detected), &manifest.thin) else {
        return Ok(());
    };
    for (wanted, Input { path, file }) in
        [(&thin.kernel, &files.kernel), (&thin.initrd, &files.initrd)]
    {
        let found = digest(file).map_err(|error| of_file(path.clone(), error.into()))?;
        let checked = found.map_or(Ok(()), |found| wanted.check(found));
        checked.map_err(|error| of_file(path.clone(), error))?;
    }
    Ok(())
}

/// Compares the open files with the image's hashes.
///
/// # Errors
/// [`RunError::Image`] with the file's path.
pub fn check(manifest: &Manifest<InputFile>, seen: Option<&Seen>) -> Result<(), RunError> {
    let none = Seen::default();
    let seen = seen.unwrap_or(&none);
    compare(manifest, &|file| seen.digest(file).map(Some))
}

/// Compares those of the open files whose hashes are known.
///
/// # Errors
/// As for [`check`].
pub fn check_known(manifest: &Manifest<InputFile>, seen: Option<&Seen>) -> Result<(), RunError> {
    let known = |file: &InputFile| seen?.known_digest(file.id()?);
    compare(manifest, &|file| Ok(known(file)))
}

/// Replaces the open files with copies that nobody else can change, and compares these with
/// the image's hashes. A file that is known to differ is not copied.
///
/// # Errors
/// The errors of [`check`], and of a file that cannot be copied.
pub fn secure(
    manifest: &mut Manifest<InputFile>,
    seen: Option<&Seen>,
    progress: Progress<'_>,
) -> Result<(), RunError> {
    check_known(manifest, seen)?;
    let Some(files) = &mut manifest.thin else {
        return Ok(());
    };
    let originals = [files.kernel.file.id(), files.initrd.file.id()];
    for (name, Input { path, file }) in
        [("kernel", &mut files.kernel), ("initrd", &mut files.initrd)]
    {
        let bytes = file.file_bytes();
        progress(format_args!(
            "copying the {name}: {bytes} bytes of {}",
            escaped(path)
        ));
        let copy = Memfd::create(name, bytes)?;
        let offset = FileOffset(0);
        copy.append_slice(file, FileSlice { offset, bytes })
            .map_err(|error| RunError::fill(path, error))?;
        *file = copy.finish().into_input(bytes);
    }
    let copies = Seen::default();
    let checked = check(manifest, Some(&copies));
    if let (Some(seen), Some(files)) = (seen, &manifest.thin) {
        for (original, copy) in originals.into_iter().zip([&files.kernel, &files.initrd]) {
            if let Some(digest) = copy.file.id().and_then(|copy| copies.known_digest(copy)) {
                seen.keep_digest(original, digest);
            }
        }
    }
    checked?;
    progress(format_args!(
        "the hashes of kernel and initrd match the image's"
    ));
    Ok(())
}

/// Opens the files of an entry's image, and returns the reason why it cannot boot because
/// of them. Their hashes are not looked at.
pub fn problem(
    manifest: &mut Manifest<InputFile>,
    options: &LoadOptions<'_>,
    host: &Host,
) -> Option<Problem> {
    names(&manifest.detected)?;
    if host.enforces() {
        return Some(Problem::Enforce(Rule::Thin));
    }
    if host.is_locked_down() {
        return Some(refused(&explain::unsigned_initrd(host, true)));
    }
    match open(manifest, options).err()? {
        RunError::Open {
            path,
            error: OpenError::Sys(error),
        } if error.errno.is_absent() => {
            let path = path.strip_prefix(b"/").unwrap_or(&path);
            Some(Problem::Missing(path.to_vec()))
        }
        error => Some(unusable(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_file_system_of_the_image() {
        let link = std::env::temp_dir().join(std::format!("thin-link-{}", std::process::id()));
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink("/proc/version", &link).unwrap();
        let path = link.to_str().unwrap().as_bytes().to_vec();
        let file = InputFile::open(None, &path).unwrap();
        let root = image_root(&Input { path, file }, &LoadOptions::default());
        std::fs::remove_file(&link).unwrap();
        let Ok(root) = root else {
            panic!("the root cannot be opened");
        };
        assert_eq!(root.join(b"EFI"), b"/proc/EFI");
    }
}
