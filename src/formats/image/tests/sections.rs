// SPDX-License-Identifier: GPL-2.0-or-later
//! The section table of a PE file: counts, places and names.
use super::pe::{FILE_BYTES, name, parse_with};
use crate::formats::image::build::*;
use crate::formats::image::pe::*;
use crate::formats::source::{FileOffset, FileSlice};
use alloc::vec;
use alloc::vec::Vec;

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
        Err(PeError::SectionTableOutOfHeaders {
            end,
            headers_bytes: 0x200
        })
    );
    // The largest number that is allowed, without bytes in the file.
    let sections = vec![(".x", &b""[..]); usize::from(MAX_SECTIONS)];
    let mut image = pe(&sections);
    image.push(0);
    assert_eq!(parse(image.as_slice()).unwrap().sections.len(), 1024);
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
    // The sum may exceed 32 bits, too.
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
    let headers_bytes = whole.headers_bytes;
    assert_eq!(
        parse(&image[..headers_bytes as usize]),
        Err(PeError::HeadersOutOfFile {
            headers_bytes,
            file_bytes: headers_bytes
        })
    );
    for section in &whole.sections[1..] {
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
    // Truncated in the last padding: no byte is missing that is used, but the file is
    // cut.
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
    // Neither the order in the table nor sections without bytes in the file matter.
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
