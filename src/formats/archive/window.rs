// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads inside a slice, within a budget. Layer: pure.

use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, SubSource};

/// Budget for reads of headers: an initrd of 100 000 files, or 50 GB of zstd blocks.
const READS_MAX: u32 = 400_000;
/// Budget for bytes that are searched for the next archive, or skipped as zeros.
const SCANNED_MAX_BYTES: u64 = 1 << 30;
/// The number of bytes that are searched at a time.
pub const CHUNK_BYTES: usize = 16 << 10;

/// A slice with a budget. Its methods return `None` beyond the end, over the budget, or
/// after a read that failed, whose error is kept.
pub struct Window<'source, R: ReadAt + ?Sized> {
    source: SubSource<'source, R>,
    bytes: u64,
    reads_left: u32,
    scan_left: u64,
    pub failed: Option<ReadError>,
}

impl<'source, R: ReadAt + ?Sized> Window<'source, R> {
    pub fn new(source: &'source R, slice: FileSlice) -> Self {
        Window {
            source: SubSource::new(source, slice),
            bytes: slice.bytes,
            reads_left: READS_MAX,
            scan_left: SCANNED_MAX_BYTES,
            failed: None,
        }
    }

    /// Returns the length of the slice.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads N bytes at `at`.
    pub fn array<const N: usize>(&mut self, at: u64) -> Option<[u8; N]> {
        self.reads_left = self.reads_left.checked_sub(1)?;
        let mut array = [0; N];
        let found = self.fill(at, &mut array)?;
        (found.len() == N).then_some(array)
    }

    pub fn byte(&mut self, at: u64) -> Option<u8> {
        self.array::<1>(at).map(|[byte]| byte)
    }

    pub fn u32(&mut self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// Reads the first bytes of an archive, with zeros in place of those beyond the
    /// slice's end.
    pub fn head(&mut self, at: u64) -> Option<[u8; 6]> {
        let mut head = [0; 6];
        self.fill(at, &mut head)?;
        Some(head)
    }

    /// Fills `chunk` from `at`, as far as the slice goes, and returns the filled part.
    pub fn scan<'chunk>(&mut self, at: u64, chunk: &'chunk mut [u8]) -> Option<&'chunk [u8]> {
        let wanted = u64::try_from(chunk.len()).ok()?;
        self.scan_left = self.scan_left.checked_sub(wanted)?;
        self.fill(at, chunk)
    }

    /// Reads into `chunk`. Not inlined, because each format reads in many places.
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
        let mut chunk = [0; 512];
        while at < self.bytes {
            let part = self.scan(at, &mut chunk)?;
            let zeros = part.iter().take_while(|byte| **byte == 0).count();
            at = at.saturating_add(u64::try_from(zeros).ok()?);
            if zeros < part.len() {
                break;
            }
        }
        Some(at)
    }
}
