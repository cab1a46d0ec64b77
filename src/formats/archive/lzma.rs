// SPDX-License-Identifier: GPL-2.0-or-later
//! lzma: the header may state the unpacked size. Layer: pure.

use super::window::{Stop, Window};
use super::{Known, Walked};

/// Reads the size in the header of a .lzma archive. The format has no end mark, so the
/// archive is assumed to reach the end of the slice.
pub fn walk(window: &mut Window<'_>, at: u64) -> Result<Walked, Stop> {
    let size = window.array::<8>(at.saturating_add(5))?;
    let unpacked_bytes = u64::from_le_bytes(size);
    let packed_bytes = window.bytes().saturating_sub(at);
    // All ones mean that the size is not known. A size that LZMA cannot reach is damage.
    if unpacked_bytes < packed_bytes || unpacked_bytes / 8192 > packed_bytes {
        return Err(Stop::Unknown);
    }
    Ok(Walked {
        end: window.bytes(),
        unpacked_bytes,
        known: Known::Exact,
        memory_bytes: None,
    })
}
