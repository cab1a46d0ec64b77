// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Folders that are searched for companion files. Symbolic links are
//! not followed, and nothing is searched below them.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::MaybeUninit;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::SysError;
use super::folder::open_beneath;

/// Bytes of one getdents64(2).
const BUFFER_BYTES: usize = 4096;
/// More folders above each other than any path has.
const MAX_DEPTH: usize = 256;

/// An open folder.
pub struct Directory(OwnedFd);

const FLAGS: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

fn fail(call: &'static str, name: &[u8], errno: Errno) -> SysError {
    SysError::new(call, &String::from_utf8_lossy(name), errno)
}

impl Directory {
    /// `open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)`: for what is in it, the
    /// right to list it is not needed. With `root`, the path is beneath that.
    ///
    /// # Errors
    /// ENOENT, ENOTDIR, EACCES.
    pub fn open(root: Option<BorrowedFd<'_>>, path: &[u8]) -> Result<Directory, SysError> {
        let fd = match root {
            Some(root) => open_beneath(root, path, FLAGS | OFlags::PATH),
            None => rustix::fs::open(path, FLAGS | OFlags::PATH, Mode::empty()),
        };
        fd.map(Directory).map_err(|errno| fail("open", path, errno))
    }

    /// `openat(self, name, O_RDONLY | O_NOFOLLOW)`; `None` when there is
    /// nothing of that name.
    ///
    /// # Errors
    /// ENOTDIR for a file and for a symbolic link.
    pub fn below(&self, name: &[u8]) -> Result<Option<Directory>, SysError> {
        match rustix::fs::openat(&self.0, name, FLAGS | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Some(Directory(fd))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(fail("openat", name, errno)),
        }
    }

    /// The root of the file system that holds it, as far as it is mounted and
    /// can be reached here.
    #[must_use]
    pub fn root(self) -> Directory {
        let mut here = self;
        for _ in 0..MAX_DEPTH {
            let parent = rustix::fs::openat(&here.0, "..", FLAGS | OFlags::PATH, Mode::empty());
            let Ok(parent) = parent else {
                break;
            };
            let (Ok(own), Ok(above)) = (rustix::fs::fstat(&here.0), rustix::fs::fstat(&parent))
            else {
                break;
            };
            if own.st_dev != above.st_dev || own.st_ino == above.st_ino {
                break;
            }
            here = Directory(parent);
        }
        here
    }

    /// The path from the root directory; `None` without /proc.
    #[must_use]
    pub fn path(&self) -> Option<Vec<u8>> {
        let link = alloc::format!("/proc/self/fd/{}", rustix::fd::AsRawFd::as_raw_fd(&self.0));
        let path = rustix::fs::readlink(link, Vec::new()).ok()?;
        Some(path.into_bytes())
    }

    /// The names in it that `wanted` takes, in no order; at most `max` and one
    /// more, so that the caller sees that there are too many.
    ///
    /// # Errors
    /// Those of getdents64(2).
    pub fn names(
        &self,
        max: usize,
        wanted: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Vec<Vec<u8>>, SysError> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
        let mut entries = RawDir::new(&self.0, &mut buffer);
        let mut names = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|errno| fail("getdents64", b"", errno))?;
            let name = entry.file_name().to_bytes();
            if wanted(name) {
                names.push(name.to_vec());
            }
            if names.len() > max {
                break;
            }
        }
        Ok(names)
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
