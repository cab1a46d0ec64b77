// SPDX-License-Identifier: GPL-2.0-or-later
//! Anonymous files that hand pieces of an image to the kernel. Layer: effects.
//!
//! They are filled inside the kernel, by splice(2) or sendfile(2): no image byte passes
//! through this program's memory, and closing the descriptor frees them.

use core::cell::Cell;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{MemfdFlags, Mode, OFlags, ftruncate, openat};
use rustix::io::Errno;
use rustix::mount::{FsOpenFlags, fsconfig_set_string, fsopen};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::SysError;
use super::file::InputFile;
use super::{mount, progress};
use crate::diagnosis::errno;
use crate::formats::source::{FileOffset, FileSlice, ReadError, ReadErrorKind};

/// Limit on one sendfile(2) call, in bytes, so that a slow disk leaves time for a progress
/// line.
const SENDFILE_MAX: u64 = 16 << 20;

/// From this size on, huge pages are worth a mount: each replaces 512 small pages that
/// would have to be allocated, found and freed.
const HUGE_MIN_BYTES: u64 = 4 << 20;

/// The size of a huge page. A tmpfs clears one before it is written to, unless a single write
/// fills it.
const HUGE_PAGE_BYTES: u64 = 2 << 20;

/// The size of a pipe that holds all pages of a slice of a huge page's size, also if the slice
/// begins in the middle of a page; the kernel takes powers of two.
const PIPE_BYTES: usize = 4 << 20;

/// An anonymous file that is being filled.
pub struct Memfd {
    fd: OwnedFd,
    /// The descriptor to hand to the kernel, if it is not `fd`: for kexec, the kernel
    /// refuses a file that is open for writing, unless it is a memfd.
    reader: Option<OwnedFd>,
    /// A pipe through which huge pages are filled, each by one write.
    pipe: Option<(OwnedFd, OwnedFd)>,
    written_bytes: Cell<u64>,
    name: &'static str,
}

/// An anonymous file that is complete.
pub struct Filled(OwnedFd);

/// A reason why a piece could not be copied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FillError {
    /// The input file ended early, because it has shrunk since it was parsed, or could not be
    /// read.
    Input(ReadError),
    /// A system call failed; usually ENOMEM or ENOSPC.
    Sys(SysError),
}

impl From<SysError> for FillError {
    fn from(error: SysError) -> FillError {
        FillError::Sys(error)
    }
}

impl Memfd {
    /// Creates a file for `bytes` bytes. If it is large and this process has
    /// CAP_SYS_ADMIN, the file is in huge pages of a tmpfs that only this descriptor
    /// leads to; otherwise it is a memfd.
    ///
    /// # Errors
    /// ENOMEM, EMFILE, ENFILE.
    pub fn create(name: &'static str, bytes: u64) -> Result<Memfd, SysError> {
        if bytes >= HUGE_MIN_BYTES
            && let Ok(file) = in_huge_pages(name, bytes)
        {
            return Ok(file);
        }
        // Kernels before 6.3 do not know NOEXEC_SEAL.
        let flags = MemfdFlags::CLOEXEC;
        let fd = match rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
            Err(Errno::INVAL) => rustix::fs::memfd_create(name, flags),
            result => result,
        };
        let fd = fd.map_err(|errno| SysError::new("memfd_create", name, errno))?;
        Ok(Memfd {
            fd,
            reader: None,
            pipe: None,
            written_bytes: Cell::new(0),
            name,
        })
    }

    /// Appends a slice of `input`, without copying it through user memory.
    ///
    /// # Errors
    /// [`FillError::Input`] when the file is shorter than the slice.
    pub fn append_slice(&self, input: &InputFile, slice: FileSlice) -> Result<(), FillError> {
        let mut offset = slice.offset.0;
        let mut left = slice.bytes;
        while left > 0 {
            let fail = |kind| {
                FillError::Input(ReadError {
                    offset: FileOffset(offset),
                    wanted_bytes: left,
                    kind,
                })
            };
            let (sent, call) = match &self.pipe {
                Some(pipe) => (self.splice(pipe, input, offset, left), "splice"),
                None => {
                    let wanted = usize::try_from(left.min(SENDFILE_MAX)).unwrap_or(usize::MAX);
                    let mut offset = offset;
                    let sent = rustix::fs::sendfile(&self.fd, input, Some(&mut offset), wanted);
                    (sent, "sendfile")
                }
            };
            match sent {
                Ok(0) => return Err(fail(ReadErrorKind::Truncated)),
                Ok(sent) => {
                    let sent = sent as u64;
                    offset = offset.saturating_add(sent);
                    left = left.saturating_sub(sent);
                    self.wrote(sent);
                    progress::tick();
                }
                Err(Errno::INTR) => {}
                // That is about memory; all else is about the input's disk.
                Err(errno @ (Errno::NOMEM | Errno::NOSPC)) => {
                    return Err(SysError::new(call, self.name, errno).into());
                }
                Err(errno) => {
                    return Err(fail(ReadErrorKind::Io(errno::Errno(errno.raw_os_error()))));
                }
            }
        }
        Ok(())
    }

    fn wrote(&self, bytes: u64) {
        let all = self.written_bytes.get().saturating_add(bytes);
        self.written_bytes.set(all);
    }

    /// Copies at most `left` bytes from `offset` on, up to the end of this file's huge page,
    /// through the pipe; it has pages of the input, not copies of them.
    fn splice(
        &self,
        (reader, writer): &(OwnedFd, OwnedFd),
        input: &InputFile,
        mut offset: u64,
        left: u64,
    ) -> rustix::io::Result<usize> {
        let rest = HUGE_PAGE_BYTES.saturating_sub(self.written_bytes.get() % HUGE_PAGE_BYTES);
        let wanted = usize::try_from(left.min(rest)).unwrap_or(usize::MAX);
        let flags = SpliceFlags::empty();
        let mut held = 0usize;
        while held < wanted {
            let space = wanted.saturating_sub(held);
            let from = Some(&mut offset);
            // Nobody reads meanwhile, so a pipe that is full of small pieces would wait.
            match splice(input, from, writer, None, space, SpliceFlags::NONBLOCK) {
                Ok(0) => break,
                Ok(bytes) => held = held.saturating_add(bytes),
                Err(Errno::AGAIN) if held > 0 => break,
                // What the pipe holds is not lost.
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        let mut done = 0usize;
        while done < held {
            let rest = held.saturating_sub(done);
            match splice(reader, None, &self.fd, None, rest, flags) {
                Ok(0) => return Err(Errno::IO),
                Ok(bytes) => done = done.saturating_add(bytes),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(done)
    }

    /// Appends bytes that this program generated: archive headers.
    ///
    /// # Errors
    /// ENOSPC, ENOMEM.
    pub fn append_bytes(&self, bytes: &[u8]) -> Result<(), SysError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(&self.fd, rest) {
                Ok(written) => {
                    rest = rest.get(written..).unwrap_or_default();
                    self.wrote(written as u64);
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(SysError::new("write", self.name, errno)),
            }
        }
        Ok(())
    }

    /// Completes the file: nothing is written to it afterwards.
    #[must_use]
    pub fn finish(self) -> Filled {
        Filled(self.reader.unwrap_or(self.fd))
    }
}

/// Creates a file in huge pages. Pages are huge only within the file's size, so that no
/// memory is wasted at its end, and small if no huge ones are free.
fn in_huge_pages(name: &'static str, bytes: u64) -> rustix::io::Result<Memfd> {
    let filesystem = fsopen(c"tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&filesystem, c"huge", c"within_size")?;
    // No limit, as for a memfd.
    fsconfig_set_string(&filesystem, c"size", c"0")?;
    let root = mount::finish(&filesystem)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let fd = openat(&root, name, flags, Mode::RUSR | Mode::WUSR)?;
    ftruncate(&fd, bytes)?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let reader = Some(openat(&root, name, flags, Mode::empty())?);
    Ok(Memfd {
        fd,
        reader,
        pipe: large_pipe().ok(),
        written_bytes: Cell::new(0),
        name,
    })
}

/// Creates a pipe for [`PIPE_BYTES`], which needs CAP_SYS_RESOURCE.
fn large_pipe() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    fcntl_setpipe_size(&writer, PIPE_BYTES)?;
    Ok((reader, writer))
}

impl Filled {
    /// Returns the file, which has this size, as an input.
    #[must_use]
    pub fn into_input(self, bytes: u64) -> InputFile {
        InputFile::anonymous(self.0, bytes)
    }
}

impl AsFd for Filled {
    fn as_fd(&self) -> rustix::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message must name the file, and another boot entry may be on a better disk.
    #[test]
    fn an_input_that_cannot_be_read_is_at_fault() {
        let input = InputFile::open(None, b"/proc/self/mem").unwrap();
        let offset = FileOffset(0);
        for bytes in [1, HUGE_MIN_BYTES] {
            let file = Memfd::create("test", bytes).unwrap();
            let found = file.append_slice(&input, FileSlice { offset, bytes });
            let Err(FillError::Input(error)) = found else {
                panic!("{found:?}");
            };
            assert!(matches!(error.kind, ReadErrorKind::Io(_)), "{error:?}");
        }
    }
}
