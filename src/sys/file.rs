// SPDX-License-Identifier: GPL-2.0-or-later
//! Input files: images and initrds, opened once and read with pread. Layer: effects.
//!
//! They are not mapped: if a mapped file shrinks, its reader is killed by SIGBUS.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::fmt;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;
use rustix::mount;

use super::directory::{Directory, c_path, open_beneath, read_link, read_link_at};
use super::{NO_SUCH_FILE, SysError};
use crate::diagnosis::errno;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::source::{FileOffset, ReadAt, ReadError, ReadErrorKind};

/// A regular file, open for reading, with the size that it had when it was opened.
pub struct InputFile {
    fd: OwnedFd,
    file_bytes: u64,
}

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// The numbers of a file that no other one has: its file system's and its inode's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileId(u64, u64);

/// A reason why a path cannot be used as an input file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OpenError {
    Sys(SysError),
    /// The path is not a regular file; `is` says what it is instead.
    NotAFile {
        is: &'static str,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Sys(error) if error.errno == errno::Errno::ENOENT => {
                out.write_str(NO_SUCH_FILE.0)
            }
            OpenError::Sys(error) if error.errno == errno::Errno::ELOOP => {
                out.write_str("a link that leads back to itself")
            }
            OpenError::Sys(error) => error.fmt(out),
            OpenError::NotAFile { is } => write!(out, "is {is}, not a file"),
        }
    }
}

impl Diagnose for OpenError {
    fn diagnose(&self) -> Diagnosis {
        let error = match self {
            OpenError::NotAFile { .. } => {
                return Diagnosis::bad_image(self)
                    .with_hint("give the path of an image or initrd file");
            }
            OpenError::Sys(error) => error,
        };
        match error.errno {
            errno::Errno::ELOOP => Diagnosis::bad_image(self),
            errno::Errno::ENOENT => Diagnosis::bad_image(self).with_hint(NO_SUCH_FILE.1),
            errno @ (errno::Errno::ENOTDIR | errno::Errno::ENAMETOOLONG) => {
                Diagnosis::bad_image(self).because_of(errno)
            }
            errno::Errno::EACCES => Diagnosis::failed(self)
                .because("permission denied")
                .with_hint("run it as root"),
            errno => Diagnosis::failed(self).because_of(errno),
        }
    }
}

impl InputFile {
    /// `open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)`: opens an input file.
    /// The flags keep a FIFO from blocking, and a terminal from becoming the controlling
    /// one, before it is refused. With `root`, the path is beneath that, and nothing
    /// leads out of it.
    ///
    /// # Errors
    /// [`OpenError::NotAFile`] for anything that is not a regular file.
    pub fn open(root: Option<BorrowedFd<'_>>, path: &[u8]) -> Result<InputFile, OpenError> {
        let opened = match root {
            Some(root) => open_beneath(root, path, FLAGS),
            None => rustix::fs::open(path, FLAGS, Mode::empty()),
        };
        InputFile::opened(opened, path)
    }

    /// Opens a file in `directory` in the same way, with O_NOFOLLOW.
    ///
    /// # Errors
    /// [`OpenError::NotAFile`] for a symbolic link, too.
    pub fn open_at(directory: &Directory, name: &[u8]) -> Result<InputFile, OpenError> {
        let flags = FLAGS | OFlags::NOFOLLOW;
        match rustix::fs::openat(directory, name, flags, Mode::empty()) {
            Err(Errno::LOOP) => Err(OpenError::NotAFile {
                is: "a symbolic link",
            }),
            result => InputFile::opened(result, name),
        }
    }

    /// Opens a file of /proc or /sys, even if that is not mounted.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open_kernels(path: &str) -> Result<InputFile, OpenError> {
        InputFile::opened(open_anywhere(path, OFlags::RDONLY), path.as_bytes())
    }

    fn opened(result: rustix::io::Result<OwnedFd>, path: &[u8]) -> Result<InputFile, OpenError> {
        let target = String::from_utf8_lossy(path);
        let fail = |call, errno| OpenError::Sys(SysError::new(call, &target, errno));
        let fd = match result {
            // open(2) of a socket fails with this error.
            Err(Errno::NXIO) => return Err(OpenError::NotAFile { is: "a socket" }),
            result => result.map_err(|errno| fail("open", errno))?,
        };
        let stat = rustix::fs::fstat(&fd).map_err(|errno| fail("fstat", errno))?;
        let is = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                let file_bytes = u64::try_from(stat.st_size).unwrap_or(0);
                return Ok(InputFile { fd, file_bytes });
            }
            FileType::Directory => "a directory",
            FileType::Fifo => "a FIFO",
            FileType::CharacterDevice => "a character device",
            FileType::BlockDevice => "a block device",
            FileType::Socket => "a socket",
            _ => "of an unknown type",
        };
        Err(OpenError::NotAFile { is })
    }

    /// Returns the path from the root directory, without links; `None` without /proc.
    #[must_use]
    pub fn path(&self) -> Option<Vec<u8>> {
        read_link(&format!("/proc/self/fd/{}", self.fd.as_raw_fd()))
    }

    /// Returns an anonymous file of this size as an input.
    pub(super) fn anonymous(fd: OwnedFd, file_bytes: u64) -> InputFile {
        InputFile { fd, file_bytes }
    }

    /// Opens a block device whose size the caller knows.
    ///
    /// # Errors
    /// The errors of open(2).
    pub fn open_device(path: &str, bytes: u64) -> Result<InputFile, SysError> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = c_path(path.as_bytes());
        let opened = opened.and_then(|path| rustix::fs::open(&*path, flags, Mode::empty()));
        match opened {
            Ok(fd) => Ok(InputFile {
                fd,
                file_bytes: bytes,
            }),
            Err(errno) => Err(SysError::new("open", path, errno)),
        }
    }

    /// Returns the file's own numbers; `None` if fstat(2) fails.
    #[must_use]
    pub fn id(&self) -> Option<FileId> {
        let stat = rustix::fs::fstat(&self.fd).ok()?;
        Some(FileId(stat.st_dev, stat.st_ino))
    }

    /// Returns the file's present size, to see whether it has changed since it was
    /// opened.
    ///
    /// # Errors
    /// The errors of fstat(2); not expected on an open descriptor.
    pub fn bytes_now(&self) -> Result<u64, SysError> {
        match rustix::fs::fstat(&self.fd) {
            Ok(stat) => Ok(u64::try_from(stat.st_size).unwrap_or(0)),
            Err(errno) => Err(SysError::new("fstat", "", errno)),
        }
    }
}

impl AsFd for InputFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl ReadAt for InputFile {
    fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    fn read_at(&self, offset: FileOffset, buffer: &mut [u8]) -> Result<(), ReadError> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let position = offset.0.saturating_add(done as u64);
            let fail = |kind, left: usize| ReadError {
                offset: FileOffset(position),
                wanted_bytes: left as u64,
                kind,
            };
            match rustix::io::pread(&self.fd, &mut *rest, position) {
                Ok(0) => return Err(fail(ReadErrorKind::Truncated, rest.len())),
                Ok(read) => done = done.saturating_add(read),
                Err(Errno::INTR) => {}
                Err(errno) => {
                    let kind = ReadErrorKind::Io(errno::Errno(errno.raw_os_error()));
                    return Err(fail(kind, rest.len()));
                }
            }
        }
        Ok(())
    }

    /// `lseek(fd, offset, SEEK_DATA)`. All other reads and copies name their offset.
    fn data_at(&self, offset: FileOffset) -> FileOffset {
        FileOffset(match rustix::fs::seek(&self.fd, SeekFrom::Data(offset.0)) {
            Ok(data) => data,
            // No data follows.
            Err(Errno::NXIO) => self.file_bytes.max(offset.0),
            Err(_) => offset.0,
        })
    }
}

/// Returns MAJOR:MINOR of the block device at `path`; links are followed.
#[must_use]
pub fn device_number(path: &str) -> Option<String> {
    let stat = rustix::fs::stat(&*c_path(path.as_bytes()).ok()?).ok()?;
    let is_block = FileType::from_raw_mode(stat.st_mode) == FileType::BlockDevice;
    let (major, minor) = (
        rustix::fs::major(stat.st_rdev),
        rustix::fs::minor(stat.st_rdev),
    );
    is_block.then(|| format!("{major}:{minor}"))
}

/// Returns the absolute path; the file need not exist. Beneath `root`, which may have no
/// path of its own, it leads through this process's descriptors in /proc.
///
/// # Errors
/// The errors of getcwd(2), for a relative path.
pub fn absolute(root: Option<BorrowedFd<'_>>, path: &[u8]) -> Result<Vec<u8>, SysError> {
    if let Some(root) = root {
        let number = root.as_raw_fd();
        return Ok([format!("/proc/self/fd/{number}/").as_bytes(), path].concat());
    }
    if path.first() == Some(&b'/') {
        return Ok(path.to_vec());
    }
    let directory =
        rustix::process::getcwd(Vec::new()).map_err(|errno| SysError::new("getcwd", "", errno))?;
    let directory = directory.to_bytes();
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    Ok([directory, b"/", path].concat())
}

/// Reads a kernel file (/proc, /sys), truncated to `max_bytes`. `None` if it cannot be
/// read, which for such files means that this kernel does not have it or does not show
/// it.
#[must_use]
pub fn read_kernel_file(path: &str, max_bytes: usize) -> Option<Vec<u8>> {
    // Never waits, even if something else lies at that path.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let fd = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    read_to_end(&fd, max_bytes)
}

/// Reads a file of a pseudo file system that need not be mounted: it is mounted for this
/// one read, and nobody else sees the mount. Requires CAP_SYS_ADMIN.
#[must_use]
pub fn read_unmounted(file_system: &CStr, path: &str, max_bytes: usize) -> Option<Vec<u8>> {
    read_to_end(
        &open_unmounted(file_system, path, OFlags::RDONLY).ok()?,
        max_bytes,
    )
}

fn open_unmounted(file_system: &CStr, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let context = mount::fsopen(file_system, mount::FsOpenFlags::FSOPEN_CLOEXEC)?;
    mount::fsconfig_create(&context)?;
    let attributes = match flags.contains(OFlags::WRONLY) {
        true => mount::MountAttrFlags::empty(),
        false => mount::MountAttrFlags::MOUNT_ATTR_RDONLY,
    };
    let root = mount::fsmount(&context, mount::FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
    rustix::fs::openat(&root, path, flags | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a file of /proc or /sys, even if that is not mounted.
fn open_anywhere(path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let opened = rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty());
    if !matches!(opened, Err(Errno::NOENT)) {
        return opened;
    }
    for (mounted_at, there, file_system) in [
        ("/proc/", "/proc/sys", c"proc"),
        ("/sys/", "/sys/module", c"sysfs"),
    ] {
        if let Some(path) = path.strip_prefix(mounted_at)
            && !exists(there)
        {
            return open_unmounted(file_system, path, flags);
        }
    }
    opened
}

/// Reads a file like [`read_kernel_file`], even if /proc or /sys is not mounted.
#[must_use]
pub fn read_anywhere(path: &str, max_bytes: usize) -> Option<Vec<u8>> {
    read_to_end(&open_anywhere(path, OFlags::RDONLY).ok()?, max_bytes)
}

/// Returns whether `path` in /proc or /sys exists, even if that is not mounted; `unknown`
/// where nobody can say.
#[must_use]
pub fn exists_anywhere(path: &str, unknown: bool) -> bool {
    match open_anywhere(path, OFlags::PATH) {
        Ok(_) => true,
        Err(Errno::NOENT) => false,
        Err(_) => unknown,
    }
}

/// Returns where a link of /proc or /sys leads, even if that is not mounted.
pub(super) fn link_anywhere(path: &str) -> Option<Vec<u8>> {
    let link = open_anywhere(path, OFlags::PATH | OFlags::NOFOLLOW).ok()?;
    read_link_at(link.as_fd(), "")
}

/// A file of /proc or /sys, open for writing.
pub struct KernelFile {
    fd: OwnedFd,
    path: &'static str,
}

impl KernelFile {
    /// Opens the file, even if /proc or /sys is not mounted.
    ///
    /// # Errors
    /// The errors of open(2), fsopen(2) and fsmount(2).
    pub fn open(path: &'static str) -> Result<KernelFile, SysError> {
        match open_anywhere(path, OFlags::WRONLY) {
            Ok(fd) => Ok(KernelFile { fd, path }),
            Err(errno) => Err(SysError::new("open", path, errno)),
        }
    }

    /// Writes `text` in one call, as such files require.
    ///
    /// # Errors
    /// The errors of write(2), with which the kernel rejects a value.
    pub fn write(&self, text: &str) -> Result<(), SysError> {
        rustix::io::write(&self.fd, text.as_bytes())
            .map(drop)
            .map_err(|errno| SysError::new("write", self.path, errno))
    }
}

/// Returns whether `path` exists; a link is followed.
#[must_use]
pub fn exists(path: &str) -> bool {
    rustix::fs::stat(path).is_ok()
}

fn read_to_end(fd: &OwnedFd, max_bytes: usize) -> Option<Vec<u8>> {
    let mut content = alloc::vec![0; max_bytes];
    let mut done = 0;
    while let Some(rest) = content.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match rustix::io::read(fd, &mut *rest) {
            Ok(0) => break,
            Ok(read) => done = done.saturating_add(read),
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    content.truncate(done);
    Some(content)
}
