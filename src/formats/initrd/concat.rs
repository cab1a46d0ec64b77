// SPDX-License-Identifier: GPL-2.0-or-later
//! Several initrds joined into one.
//!
//! Layer: pure. Spec: Documentation/driver-api/early-userspace/buffer-format.rst of the
//! kernel: archives follow each other, each at a multiple of 4, with zeros in between.
//! There are at least 4 zeros, because the kernel's lz4 decoder has no end mark: it takes
//! the next 4 bytes for a chunk's size, and ends at 0.
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::source::{FileSlice, InputId, as_u64};
use alloc::vec::Vec;
use core::fmt;

/// The kernel looks for the next archive at multiples of 4.
pub const ALIGNMENT_BYTES: u64 = 4;

/// Zeros between archives, before alignment. bpf/kmod/initrd.c has the same number.
const GAP_BYTES: u64 = 4;

/// A piece of an initrd.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A slice of an open file, which is copied without being examined.
    File {
        /// The caller's number for the file.
        source: InputId,
        slice: FileSlice,
    },
    /// Bytes made by this program.
    Blob(Vec<u8>),
}

impl Part {
    /// Returns the length of the part.
    pub fn bytes(&self) -> u64 {
        match self {
            Part::File { slice, .. } => slice.bytes,
            Part::Blob(blob) => as_u64(blob.len()),
        }
    }
}

/// A part and the zeros that are written before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    /// Number of zeros, 0 to 7.
    pub zeros_before: u8,
    pub part: Part,
}

/// The parts of the joined initrd, in the order in which they are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConcatPlan {
    pub parts: Vec<Placed>,
    pub total_bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConcatError {
    /// The sum does not fit a 63-bit file size.
    TooLarge,
}

impl fmt::Display for ConcatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("initrds are larger together than any file can be")
    }
}

impl Diagnose for ConcatError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            ConcatError::TooLarge => Diagnosis::bad_image(self),
        }
    }
}

impl ConcatPlan {
    /// Adds one archive; an empty one is skipped.
    ///
    /// # Errors
    /// [`ConcatError::TooLarge`]
    pub fn push(&mut self, part: Part) -> Result<(), ConcatError> {
        let gap = if self.total_bytes == 0 { 0 } else { GAP_BYTES };
        self.add(part, gap)
    }

    /// Adds one archive in the parts that [`super::newc`] makes of it.
    ///
    /// # Errors
    /// [`ConcatError::TooLarge`]
    pub fn push_archive(&mut self, parts: Vec<Part>) -> Result<(), ConcatError> {
        let mut parts = parts.into_iter();
        parts.next().map_or(Ok(()), |first| self.push(first))?;
        parts.try_for_each(|part| self.add(part, 0))
    }

    fn add(&mut self, part: Part, gap: u64) -> Result<(), ConcatError> {
        let bytes = part.bytes();
        if bytes == 0 {
            return Ok(());
        }
        let zeros = gap.saturating_add(u64::from(zeros_to_align(self.total_bytes)));
        self.total_bytes = self
            .total_bytes
            .checked_add(zeros)
            .and_then(|sum| sum.checked_add(bytes))
            .filter(|sum| i64::try_from(*sum).is_ok())
            .ok_or(ConcatError::TooLarge)?;
        self.parts.push(Placed {
            zeros_before: u8::try_from(zeros).unwrap_or(u8::MAX),
            part,
        });
        Ok(())
    }

    /// Returns the file slice that is the whole initrd, if there is only one. When it is
    /// a whole file, the kernel can be given its descriptor and nothing needs copying.
    pub fn single_file(&self) -> Option<(InputId, FileSlice)> {
        match self.parts.as_slice() {
            [
                Placed {
                    part: Part::File { source, slice },
                    ..
                },
            ] => Some((*source, *slice)),
            _ => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// Returns the number of zeros that bring `bytes` to a multiple of 4: 0 to 3.
pub(super) fn zeros_to_align(bytes: u64) -> u8 {
    match bytes % ALIGNMENT_BYTES {
        1 => 3,
        2 => 2,
        3 => 1,
        _ => 0,
    }
}
