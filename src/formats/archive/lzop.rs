// SPDX-License-Identifier: GPL-2.0-or-later
//! lzop: blocks of up to 256 KiB, each preceded by both of its sizes and one checksum; a
//! size of 0 ends them. Source: lib/decompress_unlzo.c of Linux. Layer: pure.

use super::fault::FaultKind;
use super::window::{Stop, Window};
use super::{Format, Known, Walked};

const MAGIC_BYTES: u64 = 9;
const BLOCK_MAX_BYTES: u32 = 256 << 10;
/// The first version whose header has a level and the high half of a time.
const WITH_LEVEL: u32 = 0x0940;
const FLAG_FILTER: u32 = 0x800;
/// Checksums of the unpacked and of the packed bytes of each block, of two kinds.
const CHECKSUMS: u32 = 0x303;

/// Walks to the end mark. The kernel skips one checksum for each block, and no other field,
/// whatever the flags say.
pub fn walk(window: &mut Window<'_>, start: u64) -> Result<Walked, Stop> {
    let (at, flags) = header(window, start)?;
    let has_one = (flags & CHECKSUMS).count_ones() == 1;
    blocks(window, at).map_err(|stop| match stop {
        Stop::Unknown => stop,
        _ if !has_one => Stop::At(start, FaultKind::Options(Format::Lzop)),
        Stop::Cut | Stop::At(..) => stop,
    })
}

fn blocks(window: &mut Window<'_>, mut at: u64) -> Result<Walked, Stop> {
    let mut unpacked_bytes = 0u64;
    loop {
        let unpacked = window.u32(at)?.swap_bytes();
        if unpacked == 0 {
            break;
        }
        let packed = window.u32(at.saturating_add(4))?.swap_bytes();
        if unpacked > BLOCK_MAX_BYTES || !(1..=unpacked).contains(&packed) {
            return Err(Stop::At(at, FaultKind::Damaged(Format::Lzop)));
        }
        at = at.saturating_add(12).saturating_add(u64::from(packed));
        window.reaches(at)?;
        unpacked_bytes = unpacked_bytes.saturating_add(u64::from(unpacked));
    }
    Ok(Walked {
        end: at.saturating_add(4),
        unpacked_bytes,
        known: Known::Exact,
        memory_bytes: None,
    })
}

/// Returns the offset of the first block, and the flags.
fn header(window: &mut Window<'_>, start: u64) -> Result<(u64, u32), Stop> {
    let mut at = start.saturating_add(MAGIC_BYTES);
    let has_level = window.u32(at)?.swap_bytes() >> 16 >= WITH_LEVEL;
    // Three versions, and the method.
    at = at.saturating_add(7).saturating_add(u64::from(has_level));
    let flags = window.u32(at)?.swap_bytes();
    let filter_bytes = if flags & FLAG_FILTER != 0 { 4 } else { 0 };
    let time_bytes = if has_level { 4 } else { 0 };
    // The flags, the mode, and the low half of the time.
    at = at
        .saturating_add(12)
        .saturating_add(filter_bytes)
        .saturating_add(time_bytes);
    let name_bytes = window.byte(at)?;
    // The name with its size, and the header's checksum.
    at = at.saturating_add(5).saturating_add(u64::from(name_bytes));
    Ok((at, flags))
}
