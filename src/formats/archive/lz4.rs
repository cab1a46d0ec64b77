// SPDX-License-Identifier: GPL-2.0-or-later
//! lz4 in its legacy format: blocks of up to 8 MiB, each preceded by its packed size.
//! Source: lib/decompress_unlz4.c of Linux. Layer: pure.

use super::fault::FaultKind;
use super::window::{Stop, Window};
use super::{Format, Known, Walked};

const MAGIC: u32 = 0x184c_2102;
const BLOCK_MAX_BYTES: u64 = 8 << 20;
/// The best possible ratio of LZ4.
const RATIO_MAX: u64 = 255;

/// The largest packed size of a block.
const PACKED_MAX_BYTES: u64 = BLOCK_MAX_BYTES + BLOCK_MAX_BYTES / 255 + 16;

pub fn walk(window: &mut Window<'_>, start: u64) -> Result<Walked, Stop> {
    let mut at = start.saturating_add(4);
    let mut unpacked_bytes = 0u64;
    while at.saturating_add(4) <= window.bytes() {
        let packed = u64::from(window.u32(at)?);
        // Another lz4 archive, or the padding after this one.
        if packed == u64::from(MAGIC) {
            at = at.saturating_add(4);
            continue;
        }
        if packed == 0 {
            break;
        }
        if packed > PACKED_MAX_BYTES {
            // The kernel takes the next archive's magic number, with too few zeros before
            // it, for a size.
            let head = window.head(at)?;
            let zeros = head.iter().take_while(|byte| **byte == 0).count();
            let next = Format::of(head.get(zeros..).unwrap_or_default());
            return Err(Stop::At(
                at,
                match next {
                    Format::Unknown => FaultKind::Damaged(Format::Lz4),
                    _ => FaultKind::AfterLz4,
                },
            ));
        }
        at = at.saturating_add(4).saturating_add(packed);
        window.reaches(at)?;
        let most = packed.saturating_mul(RATIO_MAX).min(BLOCK_MAX_BYTES);
        unpacked_bytes = unpacked_bytes.saturating_add(most);
    }
    // No block: only the magic number is left of it.
    if unpacked_bytes == 0 {
        window.reaches(at.saturating_add(4))?;
    }
    Ok(Walked {
        end: at,
        unpacked_bytes,
        known: Known::AtMost,
        memory_bytes: None,
    })
}
