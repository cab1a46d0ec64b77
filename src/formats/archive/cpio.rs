// SPDX-License-Identifier: GPL-2.0-or-later
//! A cpio archive in newc format, member by member. Layer: pure.

use super::window::Window;
use super::{Known, Walked};
use crate::formats::source::ReadAt;

const HEADER_BYTES: u64 = 110;
const NAME_MAX_BYTES: u64 = 4096;
const PAGE_BYTES: u64 = 4096;
/// The memory for an inode and a directory entry of tmpfs.
const INODE_BYTES: u64 = 1024;
const TRAILER: &[u8; 11] = b"TRAILER!!!\0";

/// Walks to the trailer, or to the end of the slice if there is none, as the kernel does.
pub fn walk<R: ReadAt + ?Sized>(window: &mut Window<'_, R>, start: u64) -> Option<Walked> {
    let mut at = start;
    let mut memory_bytes = 0u64;
    loop {
        let header = window.array::<110>(at)?;
        if !header.starts_with(b"07070") {
            return None;
        }
        let size = hex(&header, 54)?;
        let name_bytes = hex(&header, 94)?;
        let name_at = at.saturating_add(HEADER_BYTES);
        if name_bytes == 0 || name_bytes > NAME_MAX_BYTES {
            return None;
        }
        let data = aligned(name_at.saturating_add(name_bytes));
        let end = aligned(data.saturating_add(size));
        if name_bytes == TRAILER.len() as u64 && window.array::<11>(name_at)? == *TRAILER {
            at = end;
            break;
        }
        if data.saturating_add(size) > window.bytes() {
            return None;
        }
        let pages = size.div_ceil(PAGE_BYTES).saturating_mul(PAGE_BYTES);
        memory_bytes = memory_bytes
            .saturating_add(pages)
            .saturating_add(INODE_BYTES);
        at = end;
        if at >= window.bytes() {
            break;
        }
    }
    Some(Walked {
        end: at,
        unpacked_bytes: at.min(window.bytes()).saturating_sub(start),
        known: Known::Exact,
        memory_bytes: Some(memory_bytes),
    })
}

/// Rounds up to a multiple of 4. Archives start at such offsets of the whole initrd, and
/// members do, too.
fn aligned(at: u64) -> u64 {
    at.saturating_add(3) & !3
}

/// Reads eight hexadecimal digits.
fn hex(header: &[u8], at: usize) -> Option<u64> {
    let digits = header.get(at..at.saturating_add(8)).unwrap_or_default();
    let digits = core::str::from_utf8(digits).ok()?;
    u64::from_str_radix(digits, 16).ok()
}
