// SPDX-License-Identifier: GPL-2.0-or-later
//! PE headers and the section table, each field wrong in turn.
use crate::image::build::*;
use crate::image::pe::*;
use crate::image::source::{FileOffset, FileSlice};
use alloc::vec::Vec;

/// Of [`two_sections`].
const FILE_BYTES: u64 = 0x600;

fn two_sections() -> Vec<u8> {
    pe(&[(".one", b"1"), (".two", b"22")])
}

fn name(text: &str) -> SectionName {
    let mut name = [0; 8];
    name[..text.len()].copy_from_slice(text.as_bytes());
    SectionName(name)
}

fn parse_with(patch: impl FnOnce(&mut Vec<u8>)) -> Result<Pe, PeError> {
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
    let two = pe.section(&name(".two")).unwrap();
    assert_eq!(two.slice.bytes, 2);
    assert_eq!(two.raw_bytes, 0x200);
    assert_eq!(alloc::format!("{}", two.name), ".two");
}

#[test]
fn too_short_for_a_dos_header() {
    for file_bytes in [0, 2, 10, 63] {
        let image = &two_sections()[..file_bytes];
        let file_bytes = file_bytes as u64;
        assert_eq!(parse(image), Err(PeError::TooShort { file_bytes }));
    }
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
    assert_eq!(
        parse_with(|image| image.truncate(SECTION_TABLE - 1)),
        Err(PeError::OptionalHeaderOutOfFile {
            end: FileOffset(SECTION_TABLE as u64),
            file_bytes: SECTION_TABLE as u64 - 1
        })
    );
    assert_eq!(
        parse_with(|image| put16(image, OPTIONAL_HEADER, 0x107)),
        Err(PeError::OptionalHeaderMagic { found: 0x107 })
    );
    for bytes in [0, 1, 2, 100, 239] {
        assert_eq!(
            parse_with(|image| put16(image, OPTIONAL_BYTES_AT, bytes)),
            Err(PeError::OptionalHeaderSize { bytes })
        );
    }
    // More directories than the format has.
    assert_eq!(
        parse_with(|image| put32(image, DIRECTORY_COUNT_AT, u32::MAX)),
        Err(PeError::OptionalHeaderSize { bytes: 240 })
    );
}

#[test]
fn an_optional_header_may_be_longer_than_its_fields() {
    let mut image = two_sections();
    let table = image[SECTION_TABLE..SECTION_TABLE + 80].to_vec();
    image[SECTION_TABLE..SECTION_TABLE + 8].fill(0xff);
    image[SECTION_TABLE + 8..SECTION_TABLE + 88].copy_from_slice(&table);
    put16(&mut image, OPTIONAL_BYTES_AT, OPTIONAL_BYTES as u16 + 8);
    assert_eq!(parse(image.as_slice()), parse(two_sections().as_slice()));
}

#[test]
fn pe32_has_its_own_layout() {
    let mut image = two_sections();
    let from = OPTIONAL_HEADER + 108;
    let directories = image[from..from + 132].to_vec();
    put16(&mut image, OPTIONAL_HEADER, 0x10b);
    put16(&mut image, NT_HEADER + 4, 0x14c);
    image[from - 16..from + 116].copy_from_slice(&directories);
    let pe = parse(image.as_slice()).unwrap();
    assert_eq!(pe.machine, Machine::X86);
    assert_eq!(pe.sections.len(), 2);
}

#[test]
fn section_count() {
    assert_eq!(
        parse_with(|image| put16(image, SECTION_COUNT_AT, 0)),
        Err(PeError::NoSections)
    );
    for count in [MAX_SECTIONS + 1, u16::MAX] {
        assert_eq!(
            parse_with(|image| put16(image, SECTION_COUNT_AT, count)),
            Err(PeError::TooManySections { count })
        );
    }
    let end = FileOffset((SECTION_TABLE + 40 * usize::from(MAX_SECTIONS)) as u64);
    assert_eq!(
        parse_with(|image| put16(image, SECTION_COUNT_AT, MAX_SECTIONS)),
        Err(PeError::SectionTableOutOfFile {
            end,
            file_bytes: FILE_BYTES
        })
    );
}

#[test]
fn section_past_the_end() {
    let out_of_file = |offset: u64, end| PeError::SectionOutOfFile {
        name: name(".two"),
        offset: FileOffset(offset),
        end,
        file_bytes: FILE_BYTES,
    };
    assert_eq!(
        parse_with(|image| put32(image, section_field(1, 20), 0x401)),
        Err(out_of_file(0x401, 0x601))
    );
    assert_eq!(
        parse_with(|image| put32(image, section_field(1, 16), 0x201)),
        Err(out_of_file(0x400, 0x601))
    );
    // Also when the sum does not fit 32 bits.
    let both_max = parse_with(|image| {
        put32(image, section_field(1, 16), u32::MAX);
        put32(image, section_field(1, 20), u32::MAX);
    });
    assert_eq!(both_max, Err(out_of_file(0xffff_ffff, 0x1_ffff_fffe)));
}

#[test]
fn cut_at_every_section_boundary() {
    let image = uki();
    let whole = parse(image.as_slice()).unwrap();
    for section in &whole.sections {
        let start = section.slice.offset;
        let cut = &image[..start.0 as usize];
        assert_eq!(
            parse(cut),
            Err(PeError::SectionOutOfFile {
                name: section.name,
                offset: start,
                end: start.0 + u64::from(section.raw_bytes),
                file_bytes: start.0
            })
        );
    }
    // In the last padding: nothing that is used is missing, but it was cut.
    let cut = &image[..image.len() - 1];
    assert!(matches!(parse(cut), Err(PeError::SectionOutOfFile { .. })));
}

#[test]
fn overlapping_sections() {
    assert_eq!(
        parse_with(|image| put32(image, section_field(1, 20), 0x3ff)),
        Err(PeError::SectionsOverlap {
            first: name(".one"),
            second: name(".two"),
            at: FileOffset(0x3ff)
        })
    );
    // Table order does not matter, nor do sections without bytes in the file.
    assert_eq!(
        parse_with(|image| put32(image, section_field(0, 20), 0x400)),
        Err(PeError::SectionsOverlap {
            first: name(".one"),
            second: name(".two"),
            at: FileOffset(0x400)
        })
    );
    let empty = parse_with(|image| {
        put32(image, section_field(1, 16), 0);
        put32(image, section_field(1, 20), 0x201);
    });
    assert_eq!(empty.unwrap().sections[1].slice.bytes, 0);
}

#[test]
fn contents_are_the_smaller_of_virtual_and_raw() {
    let slice = |virtual_bytes, raw_bytes| {
        let pe = parse_with(|image| {
            put32(image, section_field(1, 8), virtual_bytes);
            put32(image, section_field(1, 16), raw_bytes);
        });
        pe.unwrap().sections[1].slice
    };
    let at_two = |bytes| FileSlice {
        offset: FileOffset(0x400),
        bytes,
    };
    assert_eq!(slice(3, 0x200), at_two(3));
    assert_eq!(slice(0x1000, 0x200), at_two(0x200));
    assert_eq!(slice(0, 0x200), at_two(0));
}

#[test]
fn certificate_table() {
    let with_table = |offset, bytes| {
        parse_with(|image| {
            put32(image, CERTIFICATE_AT, offset);
            put32(image, CERTIFICATE_AT + 4, bytes);
            image.extend_from_slice(&[0; 8]);
        })
    };
    let slice = FileSlice {
        offset: FileOffset(FILE_BYTES),
        bytes: 8,
    };
    assert_eq!(
        with_table(FILE_BYTES as u32, 8).unwrap().certificate_table,
        Ok(Some(slice))
    );
    assert_eq!(with_table(u32::MAX, 0).unwrap().certificate_table, Ok(None));
    assert_eq!(
        with_table(FILE_BYTES as u32, 9).unwrap().certificate_table,
        Err(PeError::CertificateTableOutOfFile {
            offset: FileOffset(FILE_BYTES),
            end: FILE_BYTES + 9,
            file_bytes: FILE_BYTES + 8
        })
    );
}

#[test]
fn coff_string_table_names_are_only_bytes() {
    let pe = parse_with(|image| {
        let at = section_field(0, 0);
        image[at..at + 8].copy_from_slice(b"//AAAAAA");
        image[at + 40..at + 48].copy_from_slice(b"/\xff\x1b[0;1m");
    });
    let names: Vec<_> = pe.unwrap().sections.iter().map(|s| s.name).collect();
    assert_eq!(alloc::format!("{}", names[1]), "/??[0;1m");
    assert_eq!(
        alloc::format!("{names:?}"),
        r#"["//AAAAAA", "/\xff\x1b[0;1m"]"#
    );
}
