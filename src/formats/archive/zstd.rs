// SPDX-License-Identifier: GPL-2.0-or-later
//! zstd: a frame's header may state its size; if not, each block's header leads to the
//! next block, and a block holds at most 128 KiB. RFC 8878. Layer: pure.

use super::window::{Stop, Window};
use super::{Known, Walked};

const MAGIC: u32 = 0xfd2f_b528;
const BLOCK_MAX_BYTES: u64 = 128 << 10;
const BLOCK_HEADER_BYTES: u64 = 3;

/// Walks all frames in a row. The kernel knows no skippable frames.
pub fn walk(window: &mut Window<'_>, start: u64) -> Result<Walked, Stop> {
    let mut walked = Walked {
        end: start,
        unpacked_bytes: 0,
        known: Known::Exact,
        memory_bytes: None,
    };
    loop {
        frame(window, &mut walked)?;
        let next = walked.end.saturating_add(4) <= window.bytes();
        if !next || window.u32(walked.end)? != MAGIC {
            return Ok(walked);
        }
    }
}

fn frame(window: &mut Window<'_>, walked: &mut Walked) -> Result<(), Stop> {
    let mut at = walked.end.saturating_add(4);
    let descriptor = window.byte(at)?;
    let single_segment = descriptor & 0x20 != 0;
    let dictionary_bytes = match descriptor & 3 {
        3 => 4,
        bytes => u64::from(bytes),
    };
    at = at
        .saturating_add(1)
        .saturating_add(u64::from(!single_segment))
        .saturating_add(dictionary_bytes);
    let (size, size_bytes) = match (descriptor >> 6, single_segment) {
        (0, false) => (None, 0),
        (0, true) => (Some(u64::from(window.byte(at)?)), 1),
        (1, _) => {
            let size = u16::from_le_bytes(window.array(at)?);
            (Some(u64::from(size).saturating_add(256)), 2)
        }
        (2, _) => (Some(u64::from(window.u32(at)?)), 4),
        _ => (Some(u64::from_le_bytes(window.array(at)?)), 8),
    };
    at = at.saturating_add(size_bytes);
    let mut sum = 0u64;
    loop {
        let [a, b, c] = window.array(at)?;
        let header = u64::from(u32::from_le_bytes([a, b, c, 0]));
        let bytes = header >> 3;
        at = at.saturating_add(BLOCK_HEADER_BYTES);
        let (packed, unpacked) = match (header >> 1) & 3 {
            0 => (bytes, bytes),
            1 => (1, bytes),
            2 => (bytes, BLOCK_MAX_BYTES),
            _ => return Err(Stop::Unknown),
        };
        at = at.saturating_add(packed);
        sum = sum.saturating_add(unpacked);
        if header & 1 != 0 {
            break;
        }
    }
    let checksum_bytes = if descriptor & 4 != 0 { 4 } else { 0 };
    walked.end = at.saturating_add(checksum_bytes);
    window.reaches(walked.end)?;
    // A size that the blocks cannot reach is ignored.
    let size = size.filter(|size| *size <= sum);
    if size.is_none() {
        walked.known = Known::AtMost;
    }
    walked.unpacked_bytes = walked.unpacked_bytes.saturating_add(size.unwrap_or(sum));
    Ok(())
}
