// SPDX-License-Identifier: GPL-2.0-or-later
//! A cpio archive in newc format, member by member. Layer: pure.

use super::fault::FaultKind;
use super::window::{Stop, Window};
use super::{Format, Known, Walked};

const HEADER_BYTES: u64 = 110;
const NAME_MAX_BYTES: u64 = 4096;
const PAGE_BYTES: u64 = 4096;
/// The memory for an inode and a directory entry of tmpfs.
const INODE_BYTES: u64 = 1024;
const TRAILER: &[u8; 11] = b"TRAILER!!!\0";

/// One member of an archive.
struct Member {
    /// The size of the file.
    bytes: u64,
    end: u64,
    is_trailer: bool,
}

/// Walks to the trailer, or to where no member follows: the kernel needs no trailer.
pub fn walk(window: &mut Window<'_>, start: u64) -> Result<Walked, Stop> {
    let mut at = start;
    let mut memory_bytes = 0u64;
    loop {
        let member = member(window, at).map_err(|stop| match stop {
            Stop::Cut => Stop::At(at, FaultKind::Cut(Format::Cpio)),
            other => other,
        })?;
        at = member.end;
        if member.is_trailer {
            break;
        }
        let pages = member.bytes.div_ceil(PAGE_BYTES).saturating_mul(PAGE_BYTES);
        memory_bytes = memory_bytes
            .saturating_add(pages)
            .saturating_add(INODE_BYTES);
        if at >= window.bytes() || Format::of(&window.head(at)?) != Format::Cpio {
            break;
        }
    }
    Ok(Walked {
        end: at,
        unpacked_bytes: at.min(window.bytes()).saturating_sub(start),
        known: Known::Exact,
        memory_bytes: Some(memory_bytes),
    })
}

fn member(window: &mut Window<'_>, at: u64) -> Result<Member, Stop> {
    let header = window.array::<110>(at)?;
    let damaged = Stop::At(at, FaultKind::Damaged(Format::Cpio));
    let bytes = hex(&header, 54).ok_or(damaged)?;
    let name_bytes = hex(&header, 94).ok_or(damaged)?;
    let name_at = at.saturating_add(HEADER_BYTES);
    let data = aligned(name_at.saturating_add(name_bytes));
    let data_end = data.saturating_add(bytes);
    // The trailer's padding may be missing.
    let is_trailer = name_bytes == TRAILER.len() as u64 && window.array::<11>(name_at)? == *TRAILER;
    if !is_trailer {
        window.reaches(data_end)?;
        // The kernel skips a member whose name is longer, or has no bytes.
        if (1..=NAME_MAX_BYTES).contains(&name_bytes)
            && window.byte(last_of_name(name_at, name_bytes))? != 0
        {
            return Err(damaged);
        }
    }
    Ok(Member {
        bytes,
        end: aligned(data_end),
        is_trailer,
    })
}

/// Returns the offset of a name's last byte, which is its NUL.
fn last_of_name(name_at: u64, name_bytes: u64) -> u64 {
    name_at.saturating_add(name_bytes).saturating_sub(1)
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
