// SPDX-License-Identifier: GPL-2.0-or-later
//! Where the certificate table is.
//!
//! Layer: pure. Its entries are `image::authenticode`'s matter, but for the
//! length of the first: the kernel takes 8 from it and does not look back.
use super::headers::Headers;
use super::{PeError, Section};
use crate::field::u32_at;
use crate::source::{FileOffset, FileSlice, ReadAt};

/// dwLength, wRevision, wCertificateType.
const ENTRY_HEADER_BYTES: u64 = 8;

/// `None` when one of the directory's fields is 0: the kernel then calls the
/// file unsigned, and so does this program.
pub fn find<R: ReadAt + ?Sized>(
    source: &R,
    headers: &Headers,
    sections: &[Section],
) -> Result<Option<FileSlice>, PeError> {
    let mut entry = [0; 8];
    source.read_at(headers.certificate_entry_at, &mut entry)?;
    // The one directory whose address is a file offset.
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
