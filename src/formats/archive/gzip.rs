// SPDX-License-Identifier: GPL-2.0-or-later
//! gzip: deflate does not state its length, but each member ends with its unpacked size,
//! modulo 4 GiB. A member is assumed to end where the next archive begins. Layer: pure.

use super::window::{CHUNK_BYTES, Stop, Window};
use super::{Format, Known, Walked};

/// The number of bytes that an archive's start is recognised by.
const HEAD_BYTES: usize = 10;
/// The best possible ratio of deflate, which no initrd reaches.
const RATIO_MAX: u64 = 1032;
/// A ratio that hardly an initrd reaches. A larger one is that of other bytes, where the
/// archive is cut short or something follows it.
const RATIO_LIKELY: u64 = 100;
/// The size of the smallest header and of the trailer together.
const LEAST_BYTES: u64 = 18;

/// Walks one member; the caller continues with the next one.
pub fn walk(window: &mut Window<'_>, start: u64) -> Result<Walked, Stop> {
    let end = next_archive(window, start.saturating_add(LEAST_BYTES)).ok_or(Stop::Unknown)?;
    // Zeros between archives look like the high bytes of the size. So the trailer is
    // taken to end at the first place with a size that this many packed bytes can have.
    let packed_bytes = end.saturating_sub(start);
    for padding in 0..4 {
        let trailer = end.saturating_sub(4).saturating_sub(padding);
        let unpacked_bytes = u64::from(window.u32(trailer)?);
        let least = packed_bytes.saturating_sub(packed_bytes / 64);
        let fits = unpacked_bytes >= least.saturating_sub(LEAST_BYTES)
            && unpacked_bytes <= packed_bytes.saturating_mul(RATIO_MAX);
        if fits {
            return Ok(Walked {
                end,
                unpacked_bytes,
                known: match unpacked_bytes <= packed_bytes.saturating_mul(RATIO_LIKELY) {
                    true => Known::Exact,
                    false => Known::Guess,
                },
                memory_bytes: None,
            });
        }
        if padding > 0 && window.byte(trailer.saturating_add(4))? != 0 {
            break;
        }
    }
    Err(Stop::Unknown)
}

/// Returns the start of the next archive at or after `at`; the slice's end if there is
/// none.
fn next_archive(window: &mut Window<'_>, at: u64) -> Option<u64> {
    let mut chunk = [0; CHUNK_BYTES];
    let mut from = at;
    loop {
        let part = window.scan(from, &mut chunk)?;
        for (offset, head) in part.windows(HEAD_BYTES).enumerate() {
            let here = from.saturating_add(offset as u64);
            if starts_archive(head, here) {
                return Some(here);
            }
        }
        let Some(step) = part
            .len()
            .checked_sub(HEAD_BYTES - 1)
            .filter(|step| *step > 0)
        else {
            return Some(window.bytes());
        };
        if part.len() < CHUNK_BYTES {
            return Some(window.bytes());
        }
        from = from.saturating_add(step as u64);
    }
}

/// Returns whether an archive starts at `at`. The check is strict, because compressed
/// bytes may look like anything.
fn starts_archive(head: &[u8], at: u64) -> bool {
    let [a, b, c, d, .., extra, system] = head else {
        return false;
    };
    match (*a, *b) {
        // Deflate, no reserved flag, a known level and operating system.
        (0x1f, 0x8b) => {
            *c == 8
                && *d & 0xe0 == 0
                && matches!(extra, 0 | 2 | 4)
                && matches!(system, 0..=13 | 255)
        }
        (b'0', b'7') | (0xfd, b'7') => matches!(Format::of(head), Format::Cpio | Format::Xz),
        (0x28, 0xb5) | (0x02, 0x21) => {
            at.is_multiple_of(4) && (Format::of(head) == Format::Zstd || (*c == 0x4c && *d == 0x18))
        }
        _ => false,
    }
}
