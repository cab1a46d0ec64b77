// SPDX-License-Identifier: GPL-2.0-or-later
//! Bytes of files: positioned reads, and slices. Layer: pure.
//!
//! `sys` implements [`ReadAt`] with pread(2). Images are not mapped: if a mapped file
//! shrinks, its reader is killed by SIGBUS, while a short pread is an error that can be
//! explained.
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnose, Diagnosis, Hint};

/// Limit on the size of a kernel and of an initrd: KEXEC_FILE_SIZE_MAX, since Linux 6.0.
pub const KERNEL_READS_MAX_BYTES: u64 = 4 << 30;

/// A position in a file, in bytes from its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct FileOffset(pub u64);

impl FileOffset {
    /// Adds `bytes`; `None` when the sum passes the end of the 64-bit range.
    pub fn checked_add(self, bytes: u64) -> Option<FileOffset> {
        self.0.checked_add(bytes).map(FileOffset)
    }
}

impl fmt::Display for FileOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Positioned reads from a source of fixed length.
pub trait ReadAt {
    /// Returns the length of the file when it was opened, in bytes.
    fn file_bytes(&self) -> u64;

    /// Fills all of `buf` from `offset`.
    ///
    /// # Errors
    /// [`ReadErrorKind::Truncated`] when the file ends first, which below `file_bytes`
    /// means that it has shrunk; [`ReadErrorKind::Io`].
    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError>;

    /// Returns where the next stored bytes are, at or after `offset`. Before them are zeros
    /// that take no room on the disk. Where that is not known, it is `offset` itself.
    fn data_at(&self, offset: FileOffset) -> FileOffset {
        offset
    }
}

/// A read that did not return all the requested bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadError {
    pub offset: FileOffset,
    pub wanted_bytes: u64,
    pub kind: ReadErrorKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadErrorKind {
    /// The file ended before all bytes were read.
    Truncated,
    /// [`read_small`] was asked for more than its caller allows on the heap.
    TooLarge {
        max_bytes: u64,
    },
    Io(Errno),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReadError {
            offset,
            wanted_bytes,
            kind,
        } = self;
        match kind {
            ReadErrorKind::Truncated => {
                write!(
                    f,
                    "the file ends within the {wanted_bytes} bytes at {offset}"
                )
            }
            ReadErrorKind::TooLarge { max_bytes } => write!(
                f,
                "{wanted_bytes} bytes of text at {offset}; at most {max_bytes} are allowed"
            ),
            ReadErrorKind::Io(errno) => {
                write!(
                    f,
                    "reading {wanted_bytes} bytes at {offset} failed: {errno}"
                )
            }
        }
    }
}

impl Diagnose for ReadError {
    fn diagnose(&self) -> Diagnosis {
        match self.kind {
            ReadErrorKind::Truncated => {
                Diagnosis::bad_image(self).because("the file shrank while it was being read")
            }
            ReadErrorKind::TooLarge { .. } => Diagnosis::bad_image(self),
            // The file may be fine; it is the disk that failed.
            ReadErrorKind::Io(errno) => Diagnosis::failed(self).because_of(errno).with_hints(&[
                Hint::Dmesg,
                Hint::Text("the disk or its file system may be damaged"),
            ]),
        }
    }
}

impl ReadAt for [u8] {
    fn file_bytes(&self) -> u64 {
        as_u64(self.len())
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        let truncated = ReadError {
            offset,
            wanted_bytes: as_u64(buf.len()),
            kind: ReadErrorKind::Truncated,
        };
        let start = usize::try_from(offset.0).map_err(|_| truncated)?;
        let end = start.checked_add(buf.len()).ok_or(truncated)?;
        buf.copy_from_slice(self.get(start..end).ok_or(truncated)?);
        Ok(())
    }
}

/// The number of an input file of a load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InputId(pub u32);

impl InputId {
    /// The image itself.
    pub const IMAGE: InputId = InputId(0);
}

/// A range of bytes that was inside the file when the slice was created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileSlice {
    pub offset: FileOffset,
    pub bytes: u64,
}

impl FileSlice {
    /// Creates a slice; `None` unless all of it is below `file_bytes`.
    pub fn within(offset: FileOffset, bytes: u64, file_bytes: u64) -> Option<FileSlice> {
        let end = offset.checked_add(bytes)?;
        (end.0 <= file_bytes).then_some(FileSlice { offset, bytes })
    }

    /// Returns the first offset after the slice.
    pub fn end(self) -> FileOffset {
        FileOffset(self.offset.0.saturating_add(self.bytes))
    }

    /// Returns `inner`, whose offset counts from the start of `self`, as a slice of the
    /// file. `None` when it is not all in `self`.
    pub fn slice(self, inner: FileSlice) -> Option<FileSlice> {
        FileSlice::within(inner.offset, inner.bytes, self.bytes)?;
        Some(FileSlice {
            offset: self.offset.checked_add(inner.offset.0)?,
            bytes: inner.bytes,
        })
    }
}

/// A slice of another source, as a source of its own, such as the `.linux` in a UKI.
///
/// Offsets in its errors count from the start of the outer file.
pub struct SubSource<'a, R: ReadAt + ?Sized> {
    outer: &'a R,
    slice: FileSlice,
}

impl<'a, R: ReadAt + ?Sized> SubSource<'a, R> {
    pub fn new(outer: &'a R, slice: FileSlice) -> Self {
        SubSource { outer, slice }
    }
}

impl<R: ReadAt + ?Sized> ReadAt for SubSource<'_, R> {
    fn file_bytes(&self) -> u64 {
        self.slice.bytes
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        let inner = FileSlice {
            offset,
            bytes: as_u64(buf.len()),
        };
        match self.slice.slice(inner) {
            Some(slice) => self.outer.read_at(slice.offset, buf),
            None => Err(ReadError {
                offset: FileOffset(self.slice.offset.0.saturating_add(offset.0)),
                wanted_bytes: inner.bytes,
                kind: ReadErrorKind::Truncated,
            }),
        }
    }

    fn data_at(&self, offset: FileOffset) -> FileOffset {
        let FileSlice { offset: start, .. } = self.slice;
        let Some(outer) = start.checked_add(offset.0) else {
            return offset;
        };
        FileOffset(self.outer.data_at(outer).0.saturating_sub(start.0))
    }
}

/// Fills as much of `buf` as the source has from its start, and returns that part.
pub fn read_head<'b, R: ReadAt + ?Sized>(
    source: &R,
    buf: &'b mut [u8],
) -> Result<&'b [u8], ReadError> {
    let bytes = usize::try_from(source.file_bytes())
        .unwrap_or(usize::MAX)
        .min(buf.len());
    let head = buf.get_mut(..bytes).unwrap_or_default();
    source.read_at(FileOffset(0), head)?;
    Ok(head)
}

/// Reads a slice that is expected to be small (`.cmdline`, `.osrel`).
///
/// # Errors
/// [`ReadErrorKind::TooLarge`] above `max_bytes`, so that no image decides how much heap
/// is used.
pub fn read_small<R: ReadAt + ?Sized>(
    source: &R,
    slice: FileSlice,
    max_bytes: u64,
) -> Result<Vec<u8>, ReadError> {
    let too_large = ReadError {
        offset: slice.offset,
        wanted_bytes: slice.bytes,
        kind: ReadErrorKind::TooLarge { max_bytes },
    };
    if slice.bytes > max_bytes {
        return Err(too_large);
    }
    let mut bytes = vec![0; usize::try_from(slice.bytes).map_err(|_| too_large)?];
    source.read_at(slice.offset, &mut bytes)?;
    Ok(bytes)
}

/// Converts a size; nothing is lost on any target that Linux has.
pub(crate) fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
