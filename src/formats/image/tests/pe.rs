// SPDX-License-Identifier: GPL-2.0-or-later
//! PE headers, with one field wrong at a time.
use crate::formats::image::build::*;
use crate::formats::image::pe::*;
use crate::formats::source::{FileOffset, ReadAt, ReadError};
use alloc::vec::Vec;

/// The size of [`two_sections`].
pub(super) const FILE_BYTES: u64 = 0x600;

pub(super) fn two_sections() -> Vec<u8> {
    pe(&[(".one", b"1"), (".two", b"22")])
}

pub(super) fn name(text: &str) -> SectionName {
    let mut name = [0; 8];
    name[..text.len()].copy_from_slice(text.as_bytes());
    SectionName(name)
}

pub(super) fn parse_with(patch: impl FnOnce(&mut Vec<u8>)) -> Result<Pe, PeError> {
    let mut image = two_sections();
    patch(&mut image);
    parse(image.as_slice())
}

#[test]
fn reads_what_is_there() {
    let image = two_sections();
    assert_eq!(image.len() as u64, FILE_BYTES);
    let pe = parse(image.as_slice()).unwrap();
    assert_eq!(pe.machine, Machine::X86_64);
    assert_eq!(pe.subsystem, 10);
    assert_eq!(pe.certificate_table, Ok(None));
    let two = pe.sections.iter().find(|s| s.name == name(".two")).unwrap();
    assert_eq!(two.slice.bytes, 2);
    assert_eq!(two.raw_bytes, 0x200);
    assert_eq!(alloc::format!("{}", two.name), ".two");
}

#[test]
fn too_short_for_a_dos_header() {
    for file_bytes in [0, 2, 10, 63, 64] {
        let image = &two_sections()[..file_bytes];
        let file_bytes = file_bytes as u64;
        assert_eq!(parse(image), Err(PeError::TooShort { file_bytes }));
    }
    let one_more = parse(&two_sections()[..65]);
    assert!(matches!(one_more, Err(PeError::HeaderOutOfFile { .. })));
}

/// The image followed by zeros, up to a size that no test could keep in memory.
struct Sparse(Vec<u8>, u64);

impl ReadAt for Sparse {
    fn file_bytes(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        buf.fill(0);
        let from = self.0.iter().skip(offset.0 as usize);
        buf.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

#[test]
fn sizes_around_2_and_4_gib() {
    for bytes in [0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff] {
        assert!(parse(&Sparse(two_sections(), bytes)).is_ok(), "{bytes:#x}");
    }
    for file_bytes in [1 << 32, (1 << 32) + FILE_BYTES, u64::MAX] {
        assert_eq!(
            parse(&Sparse(two_sections(), file_bytes)),
            Err(PeError::TooLarge { file_bytes })
        );
    }
    // A section and a table that end with such a file, and ones that end a byte later.
    let with = |size: u32, end: u32| {
        let mut image = two_sections();
        put32(&mut image, section_field(1, 20), end - size);
        put32(&mut image, section_field(1, 16), size);
        parse(&Sparse(image, u64::from(end)))
    };
    assert!(with(0x7fff_0000, 0x8000_0000).is_ok());
    assert!(with(0xffff_f000, 0xffff_ffff).is_ok());
    let mut image = two_sections();
    put32(&mut image, section_field(1, 20), u32::MAX);
    put32(&mut image, section_field(1, 16), 1);
    assert!(matches!(
        parse(&Sparse(image, 0xffff_ffff)),
        Err(PeError::SectionOutOfFile {
            end: 0x1_0000_0000,
            ..
        })
    ));
}

#[test]
fn dos_header() {
    assert_eq!(
        parse_with(|image| image[0] = b'X'),
        Err(PeError::NoMz { found: *b"XZ" })
    );
    assert_eq!(
        parse_with(|image| put32(image, E_LFANEW_AT, 0x10)),
        Err(PeError::HeaderInsideDosHeader { e_lfanew: 0x10 })
    );
    for e_lfanew in [0x5e9, FILE_BYTES as u32, u32::MAX] {
        assert_eq!(
            parse_with(|image| put32(image, E_LFANEW_AT, e_lfanew)),
            Err(PeError::HeaderOutOfFile {
                e_lfanew,
                file_bytes: FILE_BYTES
            })
        );
    }
}

#[test]
fn headers() {
    assert_eq!(
        parse_with(|image| image[NT_HEADER + 3] = 1),
        Err(PeError::NoPeSignature {
            at: FileOffset(0x80),
            found: 0x0100_4550
        })
    );
    let cut = |file_bytes: usize| parse_with(|image| image.truncate(file_bytes));
    let out_of_file = |end: usize, file_bytes: usize| {
        Err(PeError::OptionalHeaderOutOfFile {
            end: FileOffset(end as u64),
            file_bytes: file_bytes as u64,
        })
    };
    let fixed_end = OPTIONAL_HEADER + 112;
    assert_eq!(cut(fixed_end - 1), out_of_file(fixed_end, fixed_end - 1));
    assert_eq!(
        cut(OPTIONAL_HEADER + 1),
        out_of_file(OPTIONAL_HEADER + 2, OPTIONAL_HEADER + 1)
    );
    assert!(matches!(
        cut(fixed_end),
        Err(PeError::HeadersOutOfFile { .. })
    ));
    for found in [0, 0x107, 0x10a, 0x10c, 0x20a, 0x20c] {
        assert_eq!(
            parse_with(|image| put16(image, OPTIONAL_HEADER, found)),
            Err(PeError::OptionalHeaderMagic { found })
        );
    }
}

/// Builds the image with `count` directories, and moves its section table accordingly.
fn with_directories(count: u32) -> Vec<u8> {
    let mut image = two_sections();
    let table = image[SECTION_TABLE..SECTION_TABLE + 80].to_vec();
    let bytes = 112 + 8 * count as usize;
    put32(&mut image, DIRECTORY_COUNT_AT, count);
    put16(&mut image, OPTIONAL_BYTES_AT, bytes as u16);
    let at = OPTIONAL_HEADER + bytes;
    image[SECTION_TABLE..SECTION_TABLE + 80].fill(0);
    image[at..at + 80].copy_from_slice(&table);
    image
}

#[test]
fn directories() {
    for count in [0, 1, 4, 17, 20] {
        assert_eq!(
            parse(with_directories(count).as_slice()),
            Err(PeError::DirectoryCount { count })
        );
    }
    for count in [0x2000_0005, u32::MAX] {
        assert_eq!(
            parse_with(|image| put32(image, DIRECTORY_COUNT_AT, count)),
            Err(PeError::DirectoryCount { count })
        );
    }
    for count in 5..=16 {
        let read = parse(with_directories(count).as_slice());
        assert_eq!(
            read.map(|pe| pe.sections),
            parse(two_sections().as_slice()).map(|pe| pe.sections)
        );
    }
}

#[test]
fn an_optional_header_is_as_long_as_its_fields() {
    for bytes in [0, 1, 2, 100, 112, 232, 239, 241, 248, u16::MAX] {
        assert_eq!(
            parse_with(|image| put16(image, OPTIONAL_BYTES_AT, bytes)),
            Err(PeError::OptionalHeaderSize { bytes, wanted: 240 })
        );
    }
    // A second table, at the place where readers look that use the header's size.
    let mut image = two_sections();
    let table = image[SECTION_TABLE..SECTION_TABLE + 80].to_vec();
    image[SECTION_TABLE + 8..SECTION_TABLE + 88].copy_from_slice(&table);
    put16(&mut image, OPTIONAL_BYTES_AT, OPTIONAL_BYTES as u16 + 8);
    assert_eq!(
        parse(image.as_slice()),
        Err(PeError::OptionalHeaderSize {
            bytes: 248,
            wanted: 240
        })
    );
    // A second table, at the place where the kernel's check looks, which uses the number
    // of directories.
    assert_eq!(
        parse_with(|image| put32(image, DIRECTORY_COUNT_AT, 15)),
        Err(PeError::OptionalHeaderSize {
            bytes: 240,
            wanted: 232
        })
    );
}

#[test]
fn size_of_headers() {
    let with = |bytes| parse_with(|image| put32(image, HEADERS_BYTES_AT, bytes));
    let table_end = (SECTION_TABLE + 80) as u32;
    for bytes in [FILE_BYTES as u32, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        assert_eq!(
            with(bytes),
            Err(PeError::HeadersOutOfFile {
                headers_bytes: bytes.into(),
                file_bytes: FILE_BYTES
            })
        );
    }
    for bytes in [0, 1, CERTIFICATE_AT as u32, table_end - 1] {
        assert_eq!(
            with(bytes),
            Err(PeError::SectionTableOutOfHeaders {
                end: FileOffset(table_end.into()),
                headers_bytes: bytes.into()
            })
        );
    }
    for bytes in [table_end, 0x200] {
        assert_eq!(with(bytes).unwrap().headers_bytes, u64::from(bytes));
    }
    for headers_bytes in [0x201, 0x5ff] {
        assert_eq!(
            with(headers_bytes),
            Err(PeError::SectionInHeaders {
                name: name(".one"),
                offset: FileOffset(0x200),
                headers_bytes: headers_bytes.into()
            })
        );
    }
}

#[test]
fn pe32_has_its_own_layout() {
    let mut image = two_sections();
    let from = OPTIONAL_HEADER + 108;
    let directories = image[from..from + 132].to_vec();
    let table = image[SECTION_TABLE..SECTION_TABLE + 80].to_vec();
    put16(&mut image, OPTIONAL_HEADER, 0x10b);
    put16(&mut image, OPTIONAL_BYTES_AT, OPTIONAL_BYTES as u16 - 16);
    put16(&mut image, NT_HEADER + 4, 0x14c);
    image[from - 16..from + 116].copy_from_slice(&directories);
    image[SECTION_TABLE - 16..SECTION_TABLE + 64].copy_from_slice(&table);
    let pe = parse(image.as_slice()).unwrap();
    assert_eq!(pe.machine, Machine::X86);
    assert_eq!(pe.sections.len(), 2);
}
