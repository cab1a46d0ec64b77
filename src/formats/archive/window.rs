// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads inside a slice, within a budget. Layer: pure.

use super::Depth;
use super::fault::FaultKind;
use crate::formats::source::{FileOffset, ReadAt, ReadError, as_u64};

/// The number of bytes that are searched at a time.
pub const CHUNK_BYTES: usize = 16 << 10;
/// The number of bytes that are read for a header, because the next one is often near.
const BUFFER_BYTES: usize = 1 << 10;
/// The number of bytes that the formats are recognised by.
pub const HEAD_BYTES: usize = 16;

/// The reason why a walk ends before the archive does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// Nobody knows what follows: a budget is used up, a read failed, or the headers are
    /// not understood.
    Unknown,
    /// The slice ends before what its headers describe.
    Cut,
    /// The kernel stops at this offset.
    At(u64, FaultKind),
}

/// A source with a budget. A read that fails is kept in `failed`.
pub struct Window<'source> {
    pub source: &'source dyn ReadAt,
    bytes: u64,
    reads_left: u32,
    scan_left: u64,
    zeros_left: u64,
    buffer: [u8; BUFFER_BYTES],
    buffer_at: u64,
    buffered: usize,
    pub failed: Option<ReadError>,
}

impl<'source> Window<'source> {
    /// Creates a window on the first `bytes` of a source, with the budgets of `depth`.
    pub fn new(source: &'source dyn ReadAt, bytes: u64, depth: Depth) -> Self {
        Window {
            source,
            bytes,
            reads_left: depth.reads_max(),
            scan_left: depth.scan_max_bytes(),
            zeros_left: depth.zeros_max_bytes(),
            buffer: [0; BUFFER_BYTES],
            buffer_at: 0,
            buffered: 0,
            failed: None,
        }
    }

    /// Returns the length of the source.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the N bytes at `at`.
    pub fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Stop> {
        let found = self.header(at, N)?;
        found.first_chunk().copied().ok_or(Stop::Unknown)
    }

    #[inline(never)]
    pub fn byte(&mut self, at: u64) -> Result<u8, Stop> {
        self.array::<1>(at).map(|[byte]| byte)
    }

    #[inline(never)]
    pub fn u32(&mut self, at: u64) -> Result<u32, Stop> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// Checks that the source does not end before `end`.
    pub fn reaches(&self, end: u64) -> Result<(), Stop> {
        match end <= self.bytes {
            true => Ok(()),
            false => Err(Stop::Cut),
        }
    }

    /// Returns `count` bytes at `at`, from the buffer if they are there. Not inlined,
    /// because each format reads in many places.
    #[inline(never)]
    fn header(&mut self, at: u64, count: usize) -> Result<&[u8], Stop> {
        self.reaches(at.saturating_add(as_u64(count)))?;
        let within = |window: &Window<'_>| {
            let start = usize::try_from(at.checked_sub(window.buffer_at)?).ok()?;
            let end = start.checked_add(count)?;
            (end <= window.buffered).then_some(start..end)
        };
        if within(self).is_none() {
            self.reads_left = self.reads_left.checked_sub(1).ok_or(Stop::Unknown)?;
            self.buffered = 0;
            let mut buffer = [0; BUFFER_BYTES];
            let found = self.fill(at, &mut buffer).ok_or(Stop::Unknown)?;
            self.buffered = found.len();
            self.buffer = buffer;
            self.buffer_at = at;
        }
        let range = within(self).ok_or(Stop::Unknown)?;
        self.buffer.get(range).ok_or(Stop::Unknown)
    }

    /// Returns the first bytes of an archive, with zeros in place of those beyond the
    /// source's end.
    pub fn head(&mut self, at: u64) -> Result<[u8; HEAD_BYTES], Stop> {
        let left = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut head = [0; HEAD_BYTES];
        let found = self.header(at, left.min(HEAD_BYTES))?;
        head.iter_mut()
            .zip(found)
            .for_each(|(to, from)| *to = *from);
        Ok(head)
    }

    /// Fills `chunk` from `at`, as far as the source goes, and returns the filled part.
    pub fn scan<'chunk>(&mut self, at: u64, chunk: &'chunk mut [u8]) -> Option<&'chunk [u8]> {
        self.scan_left = self.scan_left.checked_sub(as_u64(chunk.len()))?;
        self.fill(at, chunk)
    }

    #[inline(never)]
    fn fill<'chunk>(&mut self, at: u64, chunk: &'chunk mut [u8]) -> Option<&'chunk [u8]> {
        let left = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let chunk = chunk.get_mut(..left.min(chunk.len()))?;
        // A read beyond the end would be an error.
        if !chunk.is_empty()
            && let Err(error) = self.source.read_at(FileOffset(at), chunk)
        {
            self.failed = Some(error);
            return None;
        }
        Some(chunk)
    }

    /// Returns the offset of the first byte at or after `at` that is not zero, or the
    /// end.
    pub fn skip_zeros(&mut self, mut at: u64) -> Option<u64> {
        // Mostly there are none, or a few.
        let mut chunk = [0; CHUNK_BYTES];
        let mut step = 64;
        while at < self.bytes {
            self.zeros_left = self.zeros_left.checked_sub(as_u64(step))?;
            let part = self.fill(at, chunk.get_mut(..step)?)?;
            let zeros = leading_zeros(part);
            at = at.saturating_add(as_u64(zeros));
            if zeros < part.len() {
                break;
            }
            step = CHUNK_BYTES;
            // A hole costs no read.
            at = self.source.data_at(FileOffset(at)).0.max(at);
        }
        Some(at.min(self.bytes))
    }
}

/// Counts the zeros at the start, 16 at a time.
fn leading_zeros(part: &[u8]) -> usize {
    let (blocks, _) = part.as_chunks::<16>();
    let zeros = blocks
        .iter()
        .take_while(|block| u128::from_ne_bytes(**block) == 0);
    let skipped = zeros.count().saturating_mul(16);
    let rest = part.get(skipped..).unwrap_or_default();
    skipped.saturating_add(rest.iter().take_while(|byte| **byte == 0).count())
}
