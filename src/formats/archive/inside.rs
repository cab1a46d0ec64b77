// SPDX-License-Identifier: GPL-2.0-or-later
//! The first bytes inside a gzip archive. Layer: pure.

use super::fault::FaultKind;
use super::foreign::{Foreign, LOOK_BYTES, of_head};
use super::inflate::{End, inflate};
use super::window::{Stop, Window};
use super::{Advice, Format};

/// The number of packed bytes that are looked at.
const PACKED_BYTES: usize = 4 << 10;
const HEADER_BYTES: usize = 10;
const FLAG_NAME: u8 = 8;
/// Flags of fields that the kernel does not skip: a checksum of the header, extra fields, a
/// comment.
const FLAGS_OTHER: u8 = 2 | 4 | 16;

/// Checks that a gzip archive begins with a cpio archive, or, behind another one, with zeros,
/// as far as its first bytes show. Sources: lib/decompress_inflate.c and init/initramfs.c of
/// Linux.
pub fn check(window: &mut Window<'_>, start: u64, is_first: bool) -> Result<(), Stop> {
    let mut buffer = [0; PACKED_BYTES];
    let packed = window.scan(start, &mut buffer).ok_or(Stop::Unknown)?;
    let is_whole = packed.len() < PACKED_BYTES;
    let Some((header, data)) = packed.split_at_checked(HEADER_BYTES) else {
        return Err(Stop::Cut);
    };
    let flags = header.get(3).copied().unwrap_or_default();
    let stop = |kind| {
        let kind = match flags & FLAGS_OTHER {
            0 => kind,
            _ => FaultKind::Options(Format::Gzip),
        };
        Err(Stop::At(start, kind))
    };
    // The kernel skips the name, and no other field.
    let data = match flags & FLAG_NAME {
        0 => Some(data),
        _ => data
            .iter()
            .position(|byte| *byte == 0)
            .and_then(|nul| data.get(nul.saturating_add(1)..)),
    };
    let Some(data) = data else {
        return match is_whole {
            true => stop(FaultKind::Cut(Format::Gzip)),
            false => Err(Stop::Unknown),
        };
    };
    let mut out = [0; LOOK_BYTES];
    let (written, end) = inflate(data, &mut out);
    let head = out.get(..written).unwrap_or_default();
    match end {
        End::Done | End::Full => {}
        End::Input if is_whole => return stop(FaultKind::Cut(Format::Gzip)),
        End::Input => {}
        End::Damaged => return stop(FaultKind::Damaged(Format::Gzip)),
    }
    let begins = head.iter().position(|byte| *byte != 0);
    if is_first && written == 0 && end == End::Done {
        return stop(FaultKind::Empty(Format::Gzip));
    }
    if is_first && begins.is_none_or(|begins| begins > 0) {
        return stop(FaultKind::ZerosFirst);
    }
    let Some(begins) = begins else {
        return Ok(());
    };
    let first = head.get(begins..).unwrap_or_default();
    // Of fewer bytes, nothing can be said.
    if first.len() < 6 && end != End::Done || Format::of(first) == Format::Cpio {
        return Ok(());
    }
    stop(FaultKind::Gzipped(of_head(head).unwrap_or(Foreign {
        name: "unknown data",
        advice: Advice::None,
    })))
}
