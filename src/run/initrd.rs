// SPDX-License-Identifier: GPL-2.0-or-later
//! Turns a [`ConcatPlan`] into the one descriptor that the kernel takes as the initrd.
//! Layer: effects.

use super::{Progress, RunError};
use crate::diagnosis::escape::escaped;
use crate::formats::initrd::concat::{ConcatPlan, Part};
use crate::formats::source::ReadAt;
use crate::policy::plan::{Input, Manifest};
use crate::sys::file::InputFile;
use crate::sys::memfd::{Filled, Memfd};
use crate::sys::{AsFd, Fd};

/// Zeros that align an archive's start to 4 bytes.
const ZEROS: [u8; 7] = [0; 7];

/// The initrd, ready to be handed over.
pub enum Initrd<'input> {
    None,
    /// One whole file that the user named; the kernel reads it in place.
    File(&'input InputFile),
    Joined(Filled),
}

impl<'input> Initrd<'input> {
    /// Joins the parts in an anonymous file, unless there is nothing to join.
    ///
    /// # Errors
    /// [`RunError::Sys`] or [`RunError::Read`] when a part cannot be copied.
    pub fn assemble(
        manifest: &'input Manifest<InputFile>,
        concat: &ConcatPlan,
        progress: Progress<'_>,
    ) -> Result<Initrd<'input>, RunError> {
        if concat.is_empty() {
            return Ok(Initrd::None);
        }
        if let Some(file) = whole_file(manifest, concat) {
            return Ok(Initrd::File(file));
        }
        let joined = Memfd::create("initrd", concat.total_bytes)?;
        for placed in &concat.parts {
            let zeros = ZEROS.get(..usize::from(placed.zeros_before));
            joined.append_bytes(zeros.unwrap_or_default())?;
            match &placed.part {
                Part::File { source, slice } => {
                    let Input { path, file } =
                        manifest.get(*source).ok_or(RunError::NoSuchInput)?;
                    progress(format_args!(
                        "copying {} bytes at {} of {} to the initrd",
                        slice.bytes,
                        slice.offset,
                        escaped(path)
                    ));
                    joined
                        .append_slice(file, *slice)
                        .map_err(|error| RunError::fill(path, error))?;
                }
                Part::Blob(bytes) => joined.append_bytes(bytes)?,
            }
        }
        Ok(Initrd::Joined(joined.finish()))
    }

    /// Returns the descriptor for kexec_file_load(2).
    pub fn as_fd(&self) -> Option<Fd<'_>> {
        match self {
            Initrd::None => None,
            Initrd::File(file) => Some(file.as_fd()),
            Initrd::Joined(joined) => Some(joined.as_fd()),
        }
    }
}

fn whole_file<'input>(
    manifest: &'input Manifest<InputFile>,
    concat: &ConcatPlan,
) -> Option<&'input InputFile> {
    let (source, slice) = concat.single_file()?;
    let file = &manifest.get(source)?.file;
    let whole = slice.offset.0 == 0 && slice.bytes == file.file_bytes();
    whole.then_some(file)
}
