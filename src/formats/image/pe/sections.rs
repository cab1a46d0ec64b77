// SPDX-License-Identifier: GPL-2.0-or-later
//! The section table. Each section's bytes are in the file, after the headers, and belong
//! to no other section. Layer: pure.
use super::headers::Headers;
use super::{MAX_SECTIONS, PeError, Section, SectionName, in_file_order};
use crate::formats::field::{bytes_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, as_u64};
use alloc::vec;
use alloc::vec::Vec;

/// The size of a table entry and the offsets of its fields, in bytes.
const ENTRY_BYTES: usize = 40;
const VIRTUAL_BYTES_AT: usize = 8;
const RAW_BYTES_AT: usize = 16;
const RAW_OFFSET_AT: usize = 20;

/// Reads the section table and checks every section's place.
pub fn read<R: ReadAt + ?Sized>(source: &R, headers: &Headers) -> Result<Vec<Section>, PeError> {
    let count = headers.section_count;
    match count {
        0 => return Err(PeError::NoSections),
        1..=MAX_SECTIONS => {}
        _ => return Err(PeError::TooManySections { count }),
    }
    let bytes = usize::from(count).saturating_mul(ENTRY_BYTES);
    let end = headers.section_table.0.saturating_add(as_u64(bytes));
    if end > headers.headers_bytes {
        return Err(PeError::SectionTableOutOfHeaders {
            end: FileOffset(end),
            headers_bytes: headers.headers_bytes,
        });
    }
    let mut table = vec![0; bytes];
    source.read_at(headers.section_table, &mut table)?;
    let sections = table
        .chunks_exact(ENTRY_BYTES)
        .map(|entry| section(entry, headers, source.file_bytes()))
        .collect::<Result<Vec<_>, _>>()?;
    reject_overlaps(&sections)?;
    Ok(sections)
}

/// Parses one entry and checks that its bytes are in the file and after the headers.
fn section(entry: &[u8], headers: &Headers, file_bytes: u64) -> Result<Section, PeError> {
    let long = |at| u32_at(entry, at).unwrap_or_default();
    let name = SectionName(bytes_at(entry, 0).unwrap_or_default());
    let raw_bytes = long(RAW_BYTES_AT);
    let virtual_bytes = long(VIRTUAL_BYTES_AT);
    // Without bytes in the file, the pointer has no meaning.
    let offset = match raw_bytes {
        0 => FileOffset(0),
        _ => FileOffset(u64::from(long(RAW_OFFSET_AT))),
    };
    // All raw bytes must be in the file, not only those that are used: a file that is
    // missing a part of its last padding has been truncated all the same.
    let raw = FileSlice::within(offset, u64::from(raw_bytes), file_bytes).ok_or(
        PeError::SectionOutOfFile {
            name,
            offset,
            end: offset.0.saturating_add(u64::from(raw_bytes)),
            file_bytes,
        },
    )?;
    if raw_bytes != 0 && offset.0 < headers.headers_bytes {
        return Err(PeError::SectionInHeaders {
            name,
            offset,
            headers_bytes: headers.headers_bytes,
        });
    }
    Ok(Section {
        name,
        slice: FileSlice {
            offset: raw.offset,
            bytes: u64::from(raw_bytes.min(virtual_bytes)),
        },
        raw_bytes,
        virtual_bytes,
    })
}

/// Refuses sections that share bytes in the file: such a file is broken, or an attempt to
/// give one signature two meanings. No tool generates them.
fn reject_overlaps(sections: &[Section]) -> Result<(), PeError> {
    for pair in in_file_order(sections).windows(2) {
        if let [first, second] = pair
            && second.slice.offset < first.raw().end()
        {
            return Err(PeError::SectionsOverlap {
                first: first.name,
                second: second.name,
                at: second.slice.offset,
            });
        }
    }
    Ok(())
}
