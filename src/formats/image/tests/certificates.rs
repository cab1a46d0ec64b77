// SPDX-License-Identifier: GPL-2.0-or-later
//! Places of a certificate table, and the length of its first entry.
use super::pe::{FILE_BYTES, name, parse_with};
use crate::formats::image::build::*;
use crate::formats::image::pe::PeError;
use crate::formats::source::{FileOffset, FileSlice};

/// Parses the image with 16 bytes appended and a table whose first entry states a length
/// of `length`.
fn with_table(offset: u32, bytes: u32, length: u32) -> Result<Option<FileSlice>, PeError> {
    let pe = parse_with(|image| {
        image.extend_from_slice(&[0; 16]);
        put32(image, CERTIFICATE_AT, offset);
        put32(image, CERTIFICATE_AT + 4, bytes);
        // Nothing is written into the headers: a table there is refused earlier.
        if (0x200..image.len() - 3).contains(&(offset as usize)) {
            put32(image, offset as usize, length);
        }
    });
    pe.unwrap().certificate_table
}

#[test]
fn certificate_table() {
    const END: u32 = FILE_BYTES as u32;
    for (offset, bytes) in [(END, 16), (END, 8), (END + 8, 8), (END + 1, 15)] {
        let slice = FileSlice {
            offset: FileOffset(offset.into()),
            bytes: bytes.into(),
        };
        assert_eq!(with_table(offset, bytes, 8), Ok(Some(slice)));
    }
    for (offset, bytes) in [(0, 0), (0, 9), (END, 0), (u32::MAX, 0)] {
        assert_eq!(with_table(offset, bytes, 8), Ok(None));
    }
    for (offset, bytes) in [
        (END, 17),
        (END + 9, 8),
        (END, 0x8000_0000),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX),
    ] {
        assert_eq!(
            with_table(offset, bytes, 8),
            Err(PeError::CertificateTableOutOfFile {
                offset: FileOffset(offset.into()),
                end: u64::from(offset) + u64::from(bytes),
                file_bytes: FILE_BYTES + 16
            })
        );
    }
    for bytes in 1..8 {
        assert_eq!(
            with_table(END, bytes, 8),
            Err(PeError::CertificateTableSize {
                bytes: bytes.into()
            })
        );
    }
}

#[test]
fn a_certificate_table_shares_no_bytes() {
    // Such a table would be hashed with the headers, or with a section.
    for offset in [1, SECTION_TABLE as u32, 0x1ff] {
        assert_eq!(
            with_table(offset, 16, 16),
            Err(PeError::CertificateTableInHeaders {
                offset: FileOffset(offset.into()),
                headers_bytes: 0x200
            })
        );
    }
    for (offset, bytes, section) in [
        (0x200, 8, ".one"),
        (0x3ff, 8, ".one"),
        (0x400, 8, ".two"),
        (0x5ff, 16, ".two"),
        (0x200, 0x400, ".one"),
    ] {
        assert_eq!(
            with_table(offset, bytes, 8),
            Err(PeError::CertificateTableOverlaps {
                offset: FileOffset(offset.into()),
                section: name(section)
            })
        );
    }
    // A table between two sections is allowed.
    let between = parse_with(|image| {
        put32(image, section_field(0, 16), 0x100);
        put32(image, CERTIFICATE_AT, 0x300);
        put32(image, CERTIFICATE_AT + 4, 0x100);
        put32(image, 0x300, 0x100);
    });
    let table = between.unwrap().certificate_table.unwrap().unwrap();
    assert_eq!(table.offset, FileOffset(0x300));
}

#[test]
fn the_first_certificate_fits_its_table() {
    const END: u32 = FILE_BYTES as u32;
    for length in [8, 9, 15, 16] {
        assert!(matches!(with_table(END, 16, length), Ok(Some(_))));
    }
    for length in [0, 1, 7, 17, 0x8000_0000, u32::MAX] {
        assert_eq!(
            with_table(END, 16, length),
            Err(PeError::CertificateLength {
                bytes: length.into(),
                table_bytes: 16
            })
        );
    }
}

#[test]
fn each_message_fits_a_console() {
    let image = name("12345678");
    let (at, most) = (FileOffset(0xffff_ffff), u64::from(u32::MAX));
    for error in [
        PeError::TooLarge {
            file_bytes: u64::MAX,
        },
        PeError::DirectoryCount { count: u32::MAX },
        PeError::OptionalHeaderSize {
            bytes: u16::MAX,
            wanted: 240,
        },
        PeError::HeadersOutOfFile {
            headers_bytes: most,
            file_bytes: most,
        },
        PeError::SectionTableOutOfHeaders {
            end: at,
            headers_bytes: most,
        },
        PeError::SectionInHeaders {
            name: image,
            offset: at,
            headers_bytes: most,
        },
        PeError::CertificateTableOutOfFile {
            offset: at,
            end: 2 * most,
            file_bytes: most,
        },
        PeError::CertificateTableInHeaders {
            offset: at,
            headers_bytes: most,
        },
        PeError::CertificateTableOverlaps {
            offset: at,
            section: image,
        },
        PeError::CertificateTableSize { bytes: 7 },
        PeError::CertificateLength {
            bytes: most,
            table_bytes: most,
        },
    ] {
        let text = alloc::format!("{error}");
        assert!(text.len() <= 80, "{text}");
    }
}
