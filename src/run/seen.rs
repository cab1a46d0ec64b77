// SPDX-License-Identifier: GPL-2.0-or-later
//! What was found in the files of boot entries, so that a file which many entries name is
//! read once. Layer: effects.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::formats::archive::{self, Depth, Fault};
use crate::formats::image::authenticode;
use crate::formats::source::{FileSlice, ReadError};
use crate::sys::file::{FileId, InputFile};

/// Limit on the results that are kept, which are then those of the first entries.
const KEPT_MAX: usize = 1024;

/// A part of a file that was searched for archives.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Part {
    file: FileId,
    slice: FileSlice,
    is_last: bool,
}

/// Results by the files' numbers, whatever they are called. Nothing else changes the files in
/// the meantime: what is loaded without its kernel's check is checked again by its copy.
#[derive(Default)]
pub struct Seen {
    /// The first fault of each part, as far as the depth went.
    faults: Kept<(Part, Depth, Option<Fault>)>,
    digests: Kept<(FileId, [u8; 32])>,
}

/// A list that grows behind a shared reference.
struct Kept<T>(Cell<Vec<T>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(Cell::default())
    }
}

impl<T> Kept<T> {
    fn find<R>(&self, found: impl FnMut(&T) -> Option<R>) -> Option<R> {
        let all = self.0.take();
        let result = all.iter().find_map(found);
        self.0.set(all);
        result
    }

    fn add(&self, new: T) {
        let mut all = self.0.take();
        if all.len() < KEPT_MAX {
            all.push(new);
        }
        self.0.set(all);
    }
}

impl Seen {
    /// Returns the first fault of the archives in a slice, as far as `depth` goes; without
    /// one, a fault that is known.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn fault(
        &self,
        file: &InputFile,
        slice: FileSlice,
        depth: Option<Depth>,
        is_last: bool,
    ) -> Result<Option<Fault>, ReadError> {
        let part = file.id().map(|file| Part {
            file,
            slice,
            is_last,
        });
        let known = self.faults.find(|(kept, how, fault)| {
            let is_enough = fault.is_some() || Some(*how) == depth;
            (Some(*kept) == part && is_enough).then_some(*fault)
        });
        match (known, depth) {
            (Some(fault), _) => Ok(fault),
            (None, None) => Ok(None),
            (None, Some(depth)) => {
                let fault = archive::walk(file, slice, depth, is_last)?.fault;
                if let Some(part) = part {
                    self.faults.add((part, depth, fault));
                }
                Ok(fault)
            }
        }
    }

    /// Returns the SHA-256 of a file.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn digest(&self, file: &InputFile) -> Result<[u8; 32], ReadError> {
        let id = file.id();
        let known = id.and_then(|id| self.known_digest(id));
        match known {
            Some(digest) => Ok(digest),
            None => {
                let digest = authenticode::file_sha256(file)?;
                self.keep_digest(id, digest);
                Ok(digest)
            }
        }
    }

    /// Returns the SHA-256 of a file that was read before.
    pub fn known_digest(&self, file: FileId) -> Option<[u8; 32]> {
        let kept = |kept: &(FileId, [u8; 32])| (kept.0 == file).then_some(kept.1);
        self.digests.find(kept)
    }

    /// Keeps the SHA-256 of a copy of this file.
    pub fn keep_digest(&self, file: Option<FileId>, digest: [u8; 32]) {
        if let Some(file) = file {
            self.digests.add((file, digest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::source::{FileOffset, ReadAt};

    #[test]
    fn a_file_is_read_once() {
        let path = std::env::temp_dir().join(std::format!("seen-{}", std::process::id()));
        let open = |contents: &[u8]| {
            std::fs::write(&path, contents).unwrap();
            InputFile::open(None, path.to_str().unwrap().as_bytes()).unwrap()
        };
        let seen = Seen::default();
        let fault = |file: &InputFile, depth| {
            let slice = FileSlice {
                offset: FileOffset(0),
                bytes: file.file_bytes(),
            };
            seen.fault(file, slice, depth, true).unwrap()
        };
        let zeros = open(&[0; 512]);
        assert_eq!(fault(&zeros, None), None);
        let digest = seen.digest(&zeros).unwrap();
        let found = fault(&zeros, Some(Depth::Glance));
        assert!(found.is_some());
        // The same file by another descriptor, so what is in it now does not count.
        let changed = open(&[b'0'; 512]);
        assert_eq!(seen.digest(&changed).unwrap(), digest);
        for depth in [None, Some(Depth::Glance), Some(Depth::Faults)] {
            assert_eq!(fault(&changed, depth), found);
        }
        // Another part of it was not looked at.
        let longer = open(&[b'0'; 513]);
        assert_ne!(fault(&longer, Some(Depth::Faults)), found);
        std::fs::remove_file(&path).unwrap();
    }
}
