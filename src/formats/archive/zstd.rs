// SPDX-License-Identifier: GPL-2.0-or-later
//! zstd: a frame's header may state its size; if not, each block's header leads to the
//! next block, and a block holds at most 128 KiB. RFC 8878. Layer: pure.

use super::window::{Stop, Window};
use super::{Known, Walked};

const MAGIC: u32 = 0xfd2f_b528;
const BLOCK_MAX_BYTES: u64 = 128 << 10;
const BLOCK_HEADER_BYTES: u64 = 3;
/// The largest window of the kernel's decoder. zstd needs --long or --ultra for a larger one.
const WINDOW_MAX_BYTES: u64 = (128 << 20) + 1;

/// The frames of a walk.
pub struct Frames {
    pub walked: Walked,
    /// The offset of the first one whose window is larger than the kernel's decoder takes.
    pub large_window: Option<u64>,
}

/// Walks all frames in a row. The kernel knows no skippable frames.
pub fn walk(window: &mut Window<'_>, start: u64) -> Result<Frames, Stop> {
    let mut frames = Frames {
        walked: Walked {
            end: start,
            unpacked_bytes: 0,
            known: Known::Exact,
            memory_bytes: None,
        },
        large_window: None,
    };
    loop {
        frame(window, &mut frames)?;
        let end = frames.walked.end;
        let next = end.saturating_add(4) <= window.bytes();
        if !next || window.u32(end)? != MAGIC {
            return Ok(frames);
        }
    }
}

/// Returns the size that a byte in a frame's header states: an exponent and eighths.
fn window_bytes(descriptor: u8) -> u64 {
    let base = 1024u64 << (descriptor >> 3);
    base.saturating_add((base / 8).saturating_mul(u64::from(descriptor & 7)))
}

fn frame(window: &mut Window<'_>, frames: &mut Frames) -> Result<(), Stop> {
    let Frames {
        walked,
        large_window,
    } = frames;
    let start = walked.end;
    let mut at = start.saturating_add(4);
    let descriptor = window.byte(at)?;
    let single_segment = descriptor & 0x20 != 0;
    let dictionary_bytes = match descriptor & 3 {
        3 => 4,
        bytes => u64::from(bytes),
    };
    let own_window = match single_segment {
        true => None,
        false => Some(window_bytes(window.byte(at.saturating_add(1))?)),
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
    // In a single segment, all of the contents are the window.
    if own_window
        .or(size)
        .is_some_and(|bytes| bytes > WINDOW_MAX_BYTES)
    {
        large_window.get_or_insert(start);
    }
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
