// SPDX-License-Identifier: GPL-2.0-or-later
//! lz4 in its legacy format: blocks of up to 8 MiB, each preceded by its packed size.
//! Source: lib/decompress_unlz4.c of Linux. Layer: pure.

use super::window::Window;
use super::{Known, Walked};
use crate::formats::source::ReadAt;

const MAGIC: u32 = 0x184c_2102;
const BLOCK_MAX_BYTES: u64 = 8 << 20;
/// The best possible ratio of LZ4.
const RATIO_MAX: u64 = 255;

pub fn walk<R: ReadAt + ?Sized>(window: &mut Window<'_, R>, start: u64) -> Option<Walked> {
    if window.u32(start)? != MAGIC {
        return None;
    }
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
        at = at.saturating_add(4).saturating_add(packed);
        if at > window.bytes() {
            return None;
        }
        let most = packed.saturating_mul(RATIO_MAX).min(BLOCK_MAX_BYTES);
        unpacked_bytes = unpacked_bytes.saturating_add(most);
    }
    Some(Walked {
        end: at,
        unpacked_bytes,
        known: Known::AtMost,
        memory_bytes: None,
    })
}
