// SPDX-License-Identifier: GPL-2.0-or-later
//! One initrd made of several.
//!
//! Layer: pure. Spec: Documentation/driver-api/early-userspace/buffer-format.rst
//! of the kernel: archives follow each other, each at a multiple of 4, with
//! zeros in between.
use crate::image::source::{FileOffset, FileSlice, as_u64};
use alloc::vec::Vec;
use core::fmt;

/// The kernel looks for the next archive at multiples of 4.
pub const ALIGNMENT_BYTES: u64 = 4;

/// A piece of an initrd.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A slice of an open file, to be moved without a look at it.
    File {
        /// The caller's number for the file.
        source: u32,
        slice: FileSlice,
    },
    /// Bytes made here.
    Blob(Vec<u8>),
}

impl Part {
    pub fn bytes(&self) -> u64 {
        match self {
            Part::File { slice, .. } => slice.bytes,
            Part::Blob(blob) => as_u64(blob.len()),
        }
    }
}

/// A part and the zeros that go before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    /// 0 to 3.
    pub zeros_before: u8,
    pub part: Part,
}

/// What to write, in order, to get the joined initrd.
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

impl ConcatPlan {
    /// Joins archives. Each starts 4-byte aligned; empty ones are skipped.
    pub fn new<I: IntoIterator<Item = Part>>(archives: I) -> Result<ConcatPlan, ConcatError> {
        let mut plan = ConcatPlan::default();
        for part in archives {
            plan.push(part)?;
        }
        Ok(plan)
    }

    /// Adds one archive, or one part of an archive from [`super::newc`]: its
    /// parts want the same alignment.
    pub fn push(&mut self, part: Part) -> Result<(), ConcatError> {
        let bytes = part.bytes();
        if bytes == 0 {
            return Ok(());
        }
        let padding = zeros_to_align(self.total_bytes);
        self.total_bytes = self
            .total_bytes
            .checked_add(u64::from(padding))
            .and_then(|sum| sum.checked_add(bytes))
            .filter(|sum| i64::try_from(*sum).is_ok())
            .ok_or(ConcatError::TooLarge)?;
        self.parts.push(Placed {
            zeros_before: padding,
            part,
        });
        Ok(())
    }

    /// The one file slice that is the whole initrd: when it is a whole file,
    /// its descriptor can be handed over and nothing needs copying.
    pub fn single_file(&self) -> Option<(u32, FileSlice)> {
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

    /// Where each part starts in the joined initrd, in the order of `parts`.
    pub fn starts(&self) -> impl Iterator<Item = FileOffset> {
        let mut end = 0u64;
        self.parts.iter().map(move |placed| {
            let start = end.saturating_add(u64::from(placed.zeros_before));
            end = start.saturating_add(placed.part.bytes());
            FileOffset(start)
        })
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// How many zeros bring `bytes` to a multiple of 4: 0 to 3.
pub(super) fn zeros_to_align(bytes: u64) -> u8 {
    match bytes % ALIGNMENT_BYTES {
        1 => 3,
        2 => 2,
        3 => 1,
        _ => 0,
    }
}
