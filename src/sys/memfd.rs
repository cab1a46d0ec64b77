// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Anonymous files that hand pieces of an image to the kernel.
//!
//! They are filled kernel to kernel by sendfile(2); no image byte passes
//! through this program's memory, and closing the descriptor frees them.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::MemfdFlags;
use rustix::io::Errno;

use super::SysError;
use super::file::InputFile;
use crate::image::source::{FileOffset, FileSlice, ReadError, ReadErrorKind};

/// Bytes of one sendfile(2) call; the kernel caps it at 2 GiB less a page.
const SENDFILE_MAX: u64 = 1 << 30;

/// An anonymous file that is being filled.
pub struct Memfd {
    fd: OwnedFd,
    name: &'static str,
}

/// Why a piece could not be copied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FillError {
    /// The input file ended early: it shrank since it was parsed.
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
    /// `memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL)`; the second flag is
    /// left out before Linux 6.3, which does not know it.
    ///
    /// # Errors
    /// ENOMEM, EMFILE, ENFILE.
    pub fn create(name: &'static str) -> Result<Memfd, SysError> {
        let flags = MemfdFlags::CLOEXEC;
        let fd = match rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
            Err(Errno::INVAL) => rustix::fs::memfd_create(name, flags),
            result => result,
        };
        match fd {
            Ok(fd) => Ok(Memfd { fd, name }),
            Err(errno) => Err(SysError::new("memfd_create", name, errno)),
        }
    }

    /// Appends a slice of `input`, without copying it through user memory.
    ///
    /// # Errors
    /// [`FillError::Input`] when the file is shorter than the slice.
    pub fn append_slice(&self, input: &InputFile, slice: FileSlice) -> Result<(), FillError> {
        let mut offset = slice.offset.0;
        let mut left = slice.bytes;
        while left > 0 {
            let wanted = usize::try_from(left.min(SENDFILE_MAX)).unwrap_or(usize::MAX);
            match rustix::fs::sendfile(&self.fd, input, Some(&mut offset), wanted) {
                Ok(0) => {
                    return Err(FillError::Input(ReadError {
                        offset: FileOffset(offset),
                        wanted_bytes: left,
                        kind: ReadErrorKind::Truncated,
                    }));
                }
                Ok(sent) => left = left.saturating_sub(sent as u64),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(SysError::new("sendfile", self.name, errno).into()),
            }
        }
        Ok(())
    }

    /// Appends bytes of this program's own making: archive headers.
    ///
    /// # Errors
    /// ENOSPC, ENOMEM.
    pub fn append_bytes(&self, bytes: &[u8]) -> Result<(), SysError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(&self.fd, rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(SysError::new("write", self.name, errno)),
            }
        }
        Ok(())
    }
}

impl AsFd for Memfd {
    fn as_fd(&self) -> rustix::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
