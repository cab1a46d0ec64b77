// SPDX-License-Identifier: GPL-2.0-or-later
//! xz: blocks of LZMA2 chunks; the header of each chunk states both of its sizes. Source:
//! the .xz file format 1.2, lib/xz/xz_dec_lzma2.c of Linux. Layer: pure.

use super::window::{Stop, Window};
use super::{Known, Walked};

const STREAM_HEADER_BYTES: u64 = 12;
const FOOTER_BYTES: u64 = 12;
/// Bit positions of the bytes of a number in the index; it has at most 9 bytes.
const NUMBER_SHIFTS: [u32; 9] = [0, 7, 14, 21, 28, 35, 42, 49, 56];

/// Returns whether the kernel computes the stream's check. It has no CRC64, the default of
/// xz, and no SHA-256.
pub fn has_known_check(window: &mut Window<'_>, start: u64) -> Result<bool, Stop> {
    let check = window.byte(start.saturating_add(7))?;
    Ok(matches!(check, 0 | 1))
}

/// Returns whether the kernel has the filters of the stream's first block: LZMA2, after at
/// most one of those for machine code, without options.
#[inline(never)]
pub fn has_known_filters(window: &mut Window<'_>, start: u64) -> Result<bool, Stop> {
    const LZMA2: u64 = 0x21;
    let mut at = start.saturating_add(STREAM_HEADER_BYTES);
    if window.byte(at)? == 0 {
        return Ok(true);
    }
    let flags = window.byte(at.saturating_add(1))?;
    at = at.saturating_add(2);
    for has_size in [0x40, 0x80] {
        if flags & has_size != 0 {
            number(window, &mut at)?;
        }
    }
    for left in (0..=flags & 3).rev() {
        let id = number(window, &mut at)?;
        let option_bytes = number(window, &mut at)?;
        let is_known = match left {
            0 => id == LZMA2,
            1 => (4..=11).contains(&id) && option_bytes == 0,
            _ => false,
        };
        if !is_known {
            return Ok(false);
        }
        at = at.saturating_add(option_bytes);
    }
    Ok(true)
}

/// Walks one stream.
pub fn walk(window: &mut Window<'_>, start: u64) -> Result<Walked, Stop> {
    let check_bytes = match window.byte(start.saturating_add(7))? & 0xf {
        0 => 0,
        1 => 4,
        4 => 8,
        10 => 32,
        _ => return Err(Stop::Unknown),
    };
    let mut at = start.saturating_add(STREAM_HEADER_BYTES);
    let mut unpacked_bytes = 0u64;
    loop {
        // The size of the block's header; 0 starts the index.
        let size = u64::from(window.byte(at)?);
        if size == 0 {
            break;
        }
        at = at.saturating_add(size.saturating_add(1).saturating_mul(4));
        at = chunks(window, at, &mut unpacked_bytes)?;
        let padding = at.wrapping_sub(start).wrapping_neg() & 3;
        at = at.saturating_add(padding).saturating_add(check_bytes);
    }
    let end = index(window, start, at)?.saturating_add(FOOTER_BYTES);
    window.reaches(end)?;
    Ok(Walked {
        end,
        unpacked_bytes,
        known: Known::Exact,
        memory_bytes: None,
    })
}

fn chunks(window: &mut Window<'_>, mut at: u64, unpacked_bytes: &mut u64) -> Result<u64, Stop> {
    loop {
        let control = window.byte(at)?;
        if control == 0 {
            return Ok(at.saturating_add(1));
        }
        let [high, low] = window.array(at.saturating_add(1))?;
        let size = u64::from(u16::from_be_bytes([high, low]));
        let (unpacked, chunk) = match control {
            1 | 2 => (size.saturating_add(1), size.saturating_add(4)),
            0x80.. => {
                let packed = u16::from_be_bytes(window.array(at.saturating_add(3))?);
                let high_bits = u64::from(control & 0x1f) << 16;
                // From 0xc0 on, a byte of properties precedes the data.
                let header = if control >= 0xc0 { 7 } else { 6 };
                (
                    (high_bits | size).saturating_add(1),
                    u64::from(packed).saturating_add(header),
                )
            }
            _ => return Err(Stop::Unknown),
        };
        at = at.saturating_add(chunk);
        *unpacked_bytes = unpacked_bytes.saturating_add(unpacked);
    }
}

/// Returns the end of the index: a count of records, the records of two numbers each,
/// padding, and a checksum.
fn index(window: &mut Window<'_>, start: u64, at: u64) -> Result<u64, Stop> {
    let mut at = at.saturating_add(1);
    let records = number(window, &mut at)?;
    for _ in 0..records.saturating_mul(2) {
        number(window, &mut at)?;
    }
    let padding = at.wrapping_sub(start).wrapping_neg() & 3;
    Ok(at.saturating_add(padding).saturating_add(4))
}

/// Reads a number with seven bits in each byte, low ones first; the high bit says that
/// another byte follows.
#[inline(never)]
fn number(window: &mut Window<'_>, at: &mut u64) -> Result<u64, Stop> {
    let mut value = 0u64;
    for shift in NUMBER_SHIFTS {
        let byte = window.byte(*at)?;
        *at = at.saturating_add(1);
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Stop::Unknown)
}
