// SPDX-License-Identifier: GPL-2.0-or-later
//! Kinds of files, and the messages for those that are not an image.
use crate::diagnosis::{Diagnose, Exit, Hint};
use crate::formats::image::build::{self, bzimage, linux_image, pe, put32, uki, zboot};
use crate::formats::image::bzimage::BzImageError;
use crate::formats::image::detect::{Image, detect, detect_linux};
use crate::formats::image::error::{ImageError, LooksLike};
use crate::formats::image::pe::PeError;
use crate::formats::image::uki::{EfiProgram, SectionKind, UkiError};
use crate::formats::source::FileOffset;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

fn error(image: &[u8]) -> ImageError {
    detect(image).unwrap_err()
}

fn looks_like(image: &[u8]) -> LooksLike {
    match error(image) {
        ImageError::Unrecognized { looks_like, .. } => looks_like,
        other => panic!("{other:?}"),
    }
}

/// Recognises the `.linux` of a UKI with these bytes in that section.
fn in_linux(linux: &[u8]) -> Result<Image, ImageError> {
    let image = pe(&[(".cmdline", b"x"), (".linux", linux)]);
    let Ok(Image::Uki { uki, .. }) = detect(image.as_slice()) else {
        panic!("not a UKI");
    };
    let slice = uki.select(0).unwrap().linux().unwrap();
    detect_linux(image.as_slice(), slice)
}

#[test]
fn each_kind_is_recognised() {
    assert!(matches!(detect(uki().as_slice()), Ok(Image::Uki { .. })));
    assert!(matches!(
        detect(bzimage().as_slice()),
        Ok(Image::BzImage { pe: None, .. })
    ));
    assert!(matches!(
        detect(zboot("zstd").as_slice()),
        Ok(Image::Zboot { pe: Some(_), .. })
    ));
    assert!(matches!(
        detect(linux_image(b"RSC\x05").as_slice()),
        Ok(Image::LinuxImage { .. })
    ));
    let addon = pe(&[(".cmdline", b"more")]);
    assert!(matches!(detect(addon.as_slice()), Ok(Image::Addon { .. })));
}

#[test]
fn a_kernel_with_an_efi_stub_is_a_kernel() {
    // The PE header is after the setup header, as in real kernels.
    let mut image = bzimage();
    let stub = pe(&[(".text", b"")]);
    image[..2].copy_from_slice(b"MZ");
    put32(&mut image, build::E_LFANEW_AT, 0x40);
    let headers = &stub[build::NT_HEADER..build::SECTION_TABLE + 40];
    image[0x40..0x40 + headers.len()].copy_from_slice(headers);
    let Ok(Image::BzImage { pe: Some(pe), .. }) = detect(image.as_slice()) else {
        panic!("no EFI stub seen");
    };
    assert_eq!(pe.sections.len(), 1);
    // The kernel's signature check would read the same headers.
    image[0x40 + 6] = 2;
    put32(&mut image, 0x40 + 24 + 60, 0x180);
    let two_sections = PeError::SectionTableOutOfHeaders {
        end: FileOffset(0x198),
        headers_bytes: 0x180,
    };
    assert_eq!(error(&image), ImageError::Pe(two_sections));
    image[0x40] = 0;
    let no_signature = PeError::NoPeSignature {
        at: FileOffset(0x40),
        found: 0x4500,
    };
    assert_eq!(error(&image), ImageError::Pe(no_signature));
    // A kernel that firmware cannot start has no such headers.
    image[0] = 0;
    assert!(matches!(
        detect(image.as_slice()),
        Ok(Image::BzImage { pe: None, .. })
    ));
    for mut image in [
        zboot("zstd"),
        linux_image(b"ARM\x64"),
        linux_image(b"RSC\x05"),
    ] {
        image[..2].copy_from_slice(b"MZ");
        put32(&mut image, build::E_LFANEW_AT, 0x10);
        let inside = PeError::HeaderInsideDosHeader { e_lfanew: 0x10 };
        assert_eq!(error(&image), ImageError::Pe(inside));
    }
}

#[test]
fn files_that_are_no_image() {
    assert_eq!(error(b""), ImageError::Empty);
    assert_eq!(
        error(b"\x01 2345678\xff"),
        ImageError::TooShort { file_bytes: 10 }
    );
    assert_eq!(
        error(b"MZ23456789"),
        ImageError::Pe(PeError::TooShort { file_bytes: 10 })
    );
    let cases: &[(&[u8], LooksLike)] = &[
        (b"\x1f\x8b\x08", LooksLike::Gzip),
        (b"\x28\xb5\x2f\xfd", LooksLike::Zstd),
        (b"\xfd7zXZ\0", LooksLike::Xz),
        (b"\x02\x21\x4c\x18", LooksLike::Lz4),
        (b"BZh9", LooksLike::Bzip2),
        (b"\x7fELF\x02", LooksLike::Elf),
        (b"070701000", LooksLike::Cpio),
        (b"hsqs", LooksLike::Squashfs),
        (b"#!/bin/sh", LooksLike::Script),
        (b"menuentry 'Linux'\n", LooksLike::Text),
        (&[0; 512], LooksLike::Zeros),
        (&[0xa5; 512], LooksLike::Nothing),
    ];
    for (image, expected) in cases {
        assert_eq!(looks_like(image), *expected);
    }
}

#[test]
fn other_efi_programs() {
    let grub = pe(&[(".text", b"x"), ("mods", b"y")]);
    assert_eq!(error(&grub), ImageError::Uki(UkiError::NoLinux));
    for (name, program) in [
        ("systemd-addon", EfiProgram::Addon),
        ("systemd-stub", EfiProgram::Stub),
        ("systemd-boot", EfiProgram::BootLoader),
    ] {
        let magic = format!("#### LoaderInfo: {name} 262-1 ####\0");
        let image = pe(&[(".text", b"x"), (".sdmagic", magic.as_bytes())]);
        assert_eq!(error(&image), ImageError::Uki(UkiError::Bare(program)));
    }
    // A name of somebody else's, and a section too large for a name.
    for magic in [&b"#### LoaderInfo: grub 2 ####"[..], &[b' '; 4096]] {
        let image = pe(&[(".text", b"x"), (".sdmagic", magic)]);
        assert_eq!(error(&image), ImageError::Uki(UkiError::NoLinux));
    }
}

#[test]
fn the_kernel_inside() {
    assert!(matches!(in_linux(&bzimage()), Ok(Image::BzImage { .. })));
    assert!(matches!(in_linux(&uki()), Ok(Image::Uki { .. })));
    let inner = |error| Err(ImageError::InLinux(Box::new(error)));
    assert_eq!(
        in_linux(b"not a kernel"),
        inner(ImageError::Unrecognized {
            looks_like: LooksLike::Text,
            first_bytes: *b"not a ke"
        })
    );
    assert_eq!(
        in_linux(&pe(&[(".initrd", b"x")])),
        inner(ImageError::Uki(UkiError::IsAddon {
            first: SectionKind::Initrd
        }))
    );
    // The kernel is longer than its section, although the file continues.
    let mut kernel = bzimage();
    kernel.truncate(0x5f0);
    assert_eq!(
        in_linux(&kernel),
        inner(ImageError::BzImage(BzImageError::KernelOutOfFile {
            end: FileOffset(0x600),
            file_bytes: 0x5f0
        }))
    );
}

/// Checks that every message fits a rescue shell: one line, printable, at most 100
/// columns with a path before it; cause and hint fit into 80 with their labels.
#[test]
fn messages_fit() {
    let mut long_name = uki();
    let at = build::section_field(3, 0);
    long_name[at..at + 8].fill(0x1b);
    put32(&mut long_name, build::section_field(3, 20), u32::MAX);
    let images: Vec<Vec<u8>> = [
        Vec::new(),
        alloc::vec![0xff; 600],
        alloc::vec![0; 600],
        b"\x1f\x8b".to_vec(),
        b"\x7fELF".to_vec(),
        b"0707010".to_vec(),
        uki()[..0x700].to_vec(),
        pe(&[(".text", b"x")]),
        long_name,
        zboot("unknown!unknown!"),
        bzimage()[..0x5ff].to_vec(),
    ]
    .into();
    for image in images {
        let error = error(&image);
        let wrapped = ImageError::InLinux(Box::new(error.clone()));
        for error in [error, wrapped] {
            let what = format!("{error}");
            assert!(what.len() <= 100 && is_line(&what), "{what}");
            let found = error.diagnose();
            assert_eq!(found.exit, Exit::BadImage, "{what}");
            let hints = found.hints.iter().filter_map(words).map(String::from);
            for line in found
                .cause
                .iter()
                .map(|cause| cause.text.clone())
                .chain(hints)
            {
                assert!(line.len() <= 73 && is_line(&line), "{line}");
            }
        }
    }
}

/// Returns the text of a hint that has one.
fn words(hint: &Hint) -> Option<&'static str> {
    match hint {
        Hint::Text(words) => Some(words),
        _ => None,
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
}

#[test]
fn three_lines_of_a_report() {
    let report = |error: ImageError| -> String {
        let found = error.diagnose();
        let cause = found.cause.clone().unwrap();
        let certain = if cause.is_certain { "" } else { "possibly " };
        let hints: Vec<_> = found.hints.iter().filter_map(words).collect();
        format!("{error}\n{certain}{}\n{}", cause.text, hints.concat())
    };
    assert_eq!(
        report(error(b"0707010000")),
        "not a boot image: a cpio archive\n\
         cpio archives are initrds\n\
         give the kernel first, then --initrd with this file"
    );
    assert_eq!(
        report(error(&uki()[..0x700])),
        "section .osrel at 0x600 ends at 0x800, file at 0x700\n\
         possibly cut short when it was copied or downloaded\n\
         compare its size and checksum with the original's"
    );
}
