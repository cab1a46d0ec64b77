// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. A file system's root: names beneath it, and renaming a file.
//!
//! Nothing leads out of it: links and `..` stop at the root, as in a chroot.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, ResolveFlags};

use super::SysError;

/// A path as system calls take it. Done here once, because rustix would do it
/// anew in each place that names a call.
pub(super) fn c_path(path: &[u8]) -> rustix::io::Result<CString> {
    CString::new(path).map_err(|_| rustix::io::Errno::INVAL)
}

/// Opens `path` beneath `root`.
pub(super) fn open_beneath(
    root: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    let path = c_path(path)?;
    rustix::fs::openat2(root, &*path, flags, Mode::empty(), ResolveFlags::IN_ROOT)
}

/// An open directory.
pub struct Folder(OwnedFd);

impl From<OwnedFd> for Folder {
    fn from(fd: OwnedFd) -> Folder {
        Folder(fd)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn fail(call: &'static str, path: &[u8], errno: rustix::io::Errno) -> SysError {
    SysError::new(call, &String::from_utf8_lossy(path), errno)
}

impl Folder {
    /// `open(path, O_DIRECTORY)`.
    ///
    /// # Errors
    /// ENOENT, ENOTDIR, EACCES.
    pub fn open(path: &[u8]) -> Result<Folder, SysError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = c_path(path).and_then(|path| rustix::fs::open(&*path, flags, Mode::empty()));
        opened
            .map(Folder)
            .map_err(|errno| fail("open", path, errno))
    }

    /// The names in the directory `path`, but `.` and `..`; at most `max`.
    ///
    /// # Errors
    /// ENOENT, ENOTDIR, EIO.
    pub fn names(&self, path: &[u8], max: usize) -> Result<Vec<Vec<u8>>, SysError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let names = || -> rustix::io::Result<_> {
            let folder = Dir::new(open_beneath(self.as_fd(), path, flags)?)?;
            let mut names = Vec::new();
            for entry in folder {
                let name = entry?.file_name().to_bytes().to_vec();
                if name != b"." && name != b".." && names.len() < max {
                    names.push(name);
                }
            }
            Ok(names)
        };
        names().map_err(|errno| fail("open", path, errno))
    }

    /// Whether there is a regular file of this path.
    #[must_use]
    pub fn has_file(&self, path: &[u8]) -> bool {
        let stat = open_beneath(self.as_fd(), path, OFlags::PATH).and_then(rustix::fs::fstat);
        stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
    }

    /// Whether there is a regular file of this path that may be executed.
    #[must_use]
    pub fn has_program(&self, path: &[u8]) -> bool {
        let access = rustix::fs::Access::EXEC_OK;
        let may = c_path(path)
            .and_then(|path| rustix::fs::accessat(&self.0, &*path, access, AtFlags::empty()));
        may.is_ok() && self.has_file(path)
    }

    /// Renames a file in the directory `path`, unless the new name is taken, and
    /// has both reach the disk.
    ///
    /// # Errors
    /// EROFS, EEXIST, ENOSPC, EIO.
    pub fn rename(&self, path: &[u8], old: &[u8], new: &[u8]) -> Result<(), SysError> {
        let rename = || -> rustix::io::Result<()> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            let folder = open_beneath(self.as_fd(), path, flags)?;
            let file = open_beneath(folder.as_fd(), old, OFlags::RDONLY)?;
            let (old, new) = (c_path(old)?, c_path(new)?);
            rustix::fs::renameat_with(&folder, &*old, &folder, &*new, RenameFlags::NOREPLACE)?;
            rustix::fs::fsync(&file)?;
            rustix::fs::fsync(&folder)
        };
        rename().map_err(|errno| fail("rename", old, errno))
    }
}
