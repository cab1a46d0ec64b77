// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads the small texts of a file system that has boot entries. Layer: effects.

use alloc::vec::Vec;

use crate::diagnosis::{Diagnose, Diagnosis, Exit};
use crate::formats::entries::FILE_MAX_BYTES;
use crate::formats::source::{FileOffset, FileSlice, ReadAt, read_small};
use crate::policy::boot::error::Problem;
use crate::sys::AsFd;
use crate::sys::directory::Directory;
use crate::sys::file::InputFile;

/// Converts an error of a file that an entry needs.
pub fn unusable(error: &dyn Diagnose) -> Problem {
    let found = error.diagnose();
    // The user of an entry has not misused an option.
    Problem::File(match found.exit {
        Exit::Usage => found.with_exit(Exit::BadImage),
        _ => found,
    })
}

/// Converts the refusal of an image: its cause says why the entry cannot boot.
pub fn refused(found: &Diagnosis) -> Problem {
    let problem = Diagnosis::new(found.exit, &found.why());
    Problem::File(problem.with_hints(&found.hints))
}

/// Reads a small text file.
///
/// # Errors
/// [`Problem::TooLarge`], and the problem of a file that cannot be read.
pub fn read_text(root: &Directory, path: &[u8]) -> Result<Vec<u8>, Problem> {
    match read(root, path)? {
        (bytes, _) if bytes > FILE_MAX_BYTES => Err(Problem::TooLarge { bytes }),
        (_, text) => Ok(text),
    }
}

/// Reads a text file, of a large one the beginning.
///
/// # Errors
/// The problem of a file that cannot be read.
pub fn read_start(root: &Directory, path: &[u8]) -> Result<Vec<u8>, Problem> {
    read(root, path).map(|(_, text)| text)
}

/// Returns the size of a file, and as much of it as is read of any.
fn read(root: &Directory, path: &[u8]) -> Result<(u64, Vec<u8>), Problem> {
    let file = InputFile::open(Some(root.as_fd()), path).map_err(|error| unusable(&error))?;
    let bytes = file.file_bytes();
    let start = FileSlice {
        offset: FileOffset(0),
        bytes: bytes.min(FILE_MAX_BYTES),
    };
    let text = read_small(&file, start, FILE_MAX_BYTES).map_err(|error| unusable(&error))?;
    Ok((bytes, text))
}
