// SPDX-License-Identifier: GPL-2.0-or-later
//! Directories: their contents, and renaming a file. Layer: effects.
//!
//! Nothing leads out of them: links and `..` stop there, as in a chroot.

use alloc::ffi::CString;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::MaybeUninit;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RenameFlags, ResolveFlags};
use rustix::fs::{StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::SysError;

/// Size of the buffer for one getdents64(2).
const BUFFER_BYTES: usize = 4096;
/// Limit on the depth of a directory, deeper than any path.
const MAX_DEPTH: usize = 256;

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);
/// O_PATH: opening files in a directory does not need permission to list it.
const HANDLE: OFlags = DIRECTORY.union(OFlags::PATH);

/// Converts a path for system calls. It is done here once, because rustix would generate
/// the conversion anew at each call.
pub(super) fn c_path(path: &[u8]) -> rustix::io::Result<CString> {
    CString::new(path).map_err(|_| Errno::INVAL)
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
pub struct Directory(OwnedFd);

impl From<OwnedFd> for Directory {
    fn from(fd: OwnedFd) -> Directory {
        Directory(fd)
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// PATH_MAX of the kernel.
const PATH_MAX_BYTES: usize = 4096;

/// Returns where a symbolic link of the kernel leads; `None` if that is longer than a path.
pub(super) fn read_link(path: &str) -> Option<Vec<u8>> {
    read_link_at(rustix::fs::CWD, path)
}

/// Returns where a link leads whose path begins at `directory`. With an empty path,
/// `directory` is the link itself.
pub(super) fn read_link_at(directory: BorrowedFd<'_>, path: &str) -> Option<Vec<u8>> {
    let mut target = alloc::vec![0; PATH_MAX_BYTES];
    let bytes = rustix::fs::readlinkat_raw(directory, path, target.as_mut_slice()).ok()?;
    if bytes == target.len() {
        return None;
    }
    target.truncate(bytes);
    Some(target)
}

fn fail(call: &'static str, path: &[u8], errno: Errno) -> SysError {
    SysError::new(call, &String::from_utf8_lossy(path), errno)
}

impl Directory {
    /// `open(path, O_PATH | O_DIRECTORY)`: opens a directory; with `root`, beneath that.
    ///
    /// # Errors
    /// ENOENT, ENOTDIR, EACCES.
    pub fn open(root: Option<BorrowedFd<'_>>, path: &[u8]) -> Result<Directory, SysError> {
        let opened = match root {
            Some(root) => open_beneath(root, path, HANDLE),
            None => c_path(path).and_then(|path| rustix::fs::open(&*path, HANDLE, Mode::empty())),
        };
        opened
            .map(Directory)
            .map_err(|errno| fail("open", path, errno))
    }

    /// `openat2(self, name, RESOLVE_BENEATH)`: opens a directory in this one, also through a
    /// link that leads to another one in it; `None` if there is nothing with that name.
    ///
    /// # Errors
    /// ENOTDIR for a file, EXDEV for a link that leads out.
    pub fn below(&self, name: &[u8]) -> Result<Option<Directory>, SysError> {
        let opened = c_path(name).and_then(|name| {
            let how = ResolveFlags::BENEATH;
            rustix::fs::openat2(&self.0, &*name, DIRECTORY, Mode::empty(), how)
        });
        match opened {
            Ok(fd) => Ok(Some(Directory(fd))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(fail("openat2", name, errno)),
        }
    }

    /// Returns the root of the file system that holds the directory, or the topmost
    /// directory of it that is mounted and reachable here.
    #[must_use]
    pub fn root(self) -> Directory {
        let mut here = self;
        for _ in 0..MAX_DEPTH {
            let Ok(parent) = rustix::fs::openat(&here.0, c"..", HANDLE, Mode::empty()) else {
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

    /// Returns the path from the root directory; `None` without /proc.
    #[must_use]
    pub fn path(&self) -> Option<Vec<u8>> {
        read_link(&format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    /// Returns the names in the directory `path` that `wanted` accepts, except `.` and
    /// `..`, in no particular order. It returns at most `max` + 1 names, so that the
    /// caller can see if there are too many.
    ///
    /// # Errors
    /// ENOENT, ENOTDIR, EACCES, EIO.
    pub fn names(
        &self,
        path: &[u8],
        max: usize,
        wanted: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Vec<Vec<u8>>, SysError> {
        let names = || -> rustix::io::Result<_> {
            let directory = open_beneath(self.as_fd(), path, DIRECTORY)?;
            let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
            let mut entries = RawDir::new(directory, &mut buffer);
            let mut names = Vec::new();
            while let Some(entry) = entries.next() {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if name != b"." && name != b".." && wanted(name) {
                    names.push(name.to_vec());
                }
                if names.len() > max {
                    break;
                }
            }
            Ok(names)
        };
        names().map_err(|errno| fail("open", path, errno))
    }

    /// Returns where the symbolic link `path` leads; `None` for anything else.
    #[must_use]
    pub fn link(&self, path: &[u8]) -> Option<Vec<u8>> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW;
        let fd = open_beneath(self.as_fd(), path, flags).ok()?;
        read_link_at(fd.as_fd(), "")
    }

    /// Returns whether `path` is a regular file.
    #[must_use]
    pub fn has_file(&self, path: &[u8]) -> bool {
        self.file_bytes(path).is_some()
    }

    /// Returns numbers that no other directory has; `None` if `path` is no directory.
    #[must_use]
    pub fn number(&self, path: &[u8]) -> Option<(u64, u64)> {
        let fd = open_beneath(self.as_fd(), path, HANDLE).ok()?;
        let stat = rustix::fs::fstat(fd).ok()?;
        Some((stat.st_dev, stat.st_ino))
    }

    /// Returns the number MAJOR:MINOR of the device that is mounted on this directory; `None`
    /// if nothing is, or only a directory of another mount's file system.
    #[must_use]
    pub fn mounted_from(&self) -> Option<String> {
        let flags = StatxFlags::empty();
        let stat = rustix::fs::statx(self.as_fd(), "", AtFlags::EMPTY_PATH, flags).ok()?;
        let is_mount = stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
        is_mount.then(|| format!("{}:{}", stat.stx_dev_major, stat.stx_dev_minor))
    }

    /// Returns the size of the regular file `path`; `None` if it is none.
    #[must_use]
    pub fn file_bytes(&self, path: &[u8]) -> Option<u64> {
        let fd = open_beneath(self.as_fd(), path, OFlags::PATH).ok()?;
        let stat = rustix::fs::fstat(fd).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        u64::try_from(stat.st_size).ok().filter(|_| is_file)
    }

    /// Overwrites the beginning of a file with these bytes, and waits until they have
    /// reached the disk. Without any bytes, it only checks that this may be done.
    ///
    /// # Errors
    /// EROFS, EACCES, ENOSPC, EIO.
    pub fn overwrite(&self, path: &[u8], bytes: &[u8]) -> Result<(), SysError> {
        let overwrite = || -> rustix::io::Result<()> {
            let file = open_beneath(self.as_fd(), path, OFlags::WRONLY)?;
            let written = rustix::io::pwrite(&file, bytes, 0)?;
            if written < bytes.len() {
                return Err(Errno::IO);
            }
            rustix::fs::fsync(&file)
        };
        overwrite().map_err(|errno| fail("write", path, errno))
    }

    /// Returns whether `path` is a regular file that may be executed.
    #[must_use]
    pub fn has_program(&self, path: &[u8]) -> bool {
        let access = rustix::fs::Access::EXEC_OK;
        let may = c_path(path)
            .and_then(|path| rustix::fs::accessat(&self.0, &*path, access, AtFlags::empty()));
        may.is_ok() && self.has_file(path)
    }

    /// Renames a file in the directory `path`, unless the new name is taken, and waits
    /// until the file and the directory have reached the disk.
    ///
    /// # Errors
    /// EROFS, EEXIST, ENOSPC, EIO.
    pub fn rename(&self, path: &[u8], old: &[u8], new: &[u8]) -> Result<(), SysError> {
        let rename = || -> rustix::io::Result<()> {
            let directory = open_beneath(self.as_fd(), path, DIRECTORY)?;
            let file = open_beneath(directory.as_fd(), old, OFlags::RDONLY)?;
            let (old, new) = (c_path(old)?, c_path(new)?);
            rustix::fs::renameat_with(
                &directory,
                &*old,
                &directory,
                &*new,
                RenameFlags::NOREPLACE,
            )?;
            rustix::fs::fsync(&file)?;
            rustix::fs::fsync(&directory)
        };
        rename().map_err(|errno| fail("rename", old, errno))
    }
}
