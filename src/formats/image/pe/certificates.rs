// SPDX-License-Identifier: GPL-2.0-or-later
//! The place of the certificate table. Layer: pure.
//!
//! `image::authenticode` parses the table's entries. Only the length of the first entry
//! is checked here, because the kernel subtracts 8 from it without a check.
use super::headers::Headers;
use super::{PeError, Section};
use crate::formats::field::u32_at;
use crate::formats::source::{FileOffset, FileSlice, ReadAt};

/// Size of dwLength, wRevision and wCertificateType.
const ENTRY_HEADER_BYTES: u64 = 8;

/// Finds the certificate table. Returns `None` when either field of its directory entry
/// is 0: the kernel calls such a file unsigned, and so does this program.
pub fn find<R: ReadAt + ?Sized>(
    source: &R,
    headers: &Headers,
    sections: &[Section],
) -> Result<Option<FileSlice>, PeError> {
    let mut entry = [0; 8];
    source.read_at(headers.certificate_entry_at, &mut entry)?;
    // This directory is the only one whose address is a file offset.
    let offset = FileOffset(u64::from(u32_at(&entry, 0).unwrap_or_default()));
    let bytes = u64::from(u32_at(&entry, 4).unwrap_or_default());
    if offset.0 == 0 || bytes == 0 {
        return Ok(None);
    }
    let file_bytes = source.file_bytes();
    let table =
        FileSlice::within(offset, bytes, file_bytes).ok_or(PeError::CertificateTableOutOfFile {
            offset,
            end: offset.0.saturating_add(bytes),
            file_bytes,
        })?;
    if offset.0 < headers.headers_bytes {
        return Err(PeError::CertificateTableInHeaders {
            offset,
            headers_bytes: headers.headers_bytes,
        });
    }
    let overlaps = |section: &&Section| {
        let raw = section.raw();
        section.raw_bytes != 0 && raw.offset < table.end() && table.offset < raw.end()
    };
    if let Some(section) = sections.iter().find(overlaps) {
        return Err(PeError::CertificateTableOverlaps {
            offset,
            section: section.name,
        });
    }
    if bytes < ENTRY_HEADER_BYTES {
        return Err(PeError::CertificateTableSize { bytes });
    }
    let mut length = [0; 4];
    source.read_at(offset, &mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    if !(ENTRY_HEADER_BYTES..=bytes).contains(&length) {
        return Err(PeError::CertificateLength {
            bytes: length,
            table_bytes: bytes,
        });
    }
    Ok(Some(table))
}
