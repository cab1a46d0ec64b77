// SPDX-License-Identifier: GPL-2.0-or-later
//! Properties for arbitrary bytes: no panic, and no slice outside its file.
use super::signatures::signed_uki;
use crate::formats::image::authenticode;
use crate::formats::image::build::{CERTIFICATE_AT, bzimage, linux_image, pe, put32, uki, zboot};
use crate::formats::image::detect::{Image, detect, detect_linux};
use crate::formats::image::env_file;
use crate::formats::image::pe::Pe;
use crate::formats::image::pkcs7;
use crate::formats::image::uki::SectionKind;
use crate::formats::source::FileSlice;
use alloc::vec::Vec;
use proptest::prelude::*;

fn inside(file: &[u8], slice: FileSlice) -> bool {
    FileSlice::within(slice.offset, slice.bytes, file.len() as u64) == Some(slice)
}

/// Parses everything that `file` leads to, and checks every slice.
fn check(file: &[u8]) {
    let image = match detect(file) {
        Ok(image) => image,
        Err(error) => {
            assert!(!alloc::format!("{error}").contains('\n'));
            return;
        }
    };
    image.pe().into_iter().for_each(|pe| check_pe(file, pe));
    match &image {
        Image::Uki { uki, .. } => {
            for profile in 0..=uki.profile_count() {
                let Ok(selection) = uki.select(profile) else {
                    continue;
                };
                let linux = selection.linux().unwrap();
                let all = SectionKind::ALL
                    .iter()
                    .flat_map(|kind| selection.all(*kind));
                for section in all {
                    assert!(inside(file, section.slice));
                }
                let _ = detect_linux(file, linux);
            }
        }
        Image::Zboot { header, .. } => assert!(inside(file, header.payload)),
        Image::BzImage { header, .. } => {
            assert!(header.payload.is_none_or(|payload| inside(file, payload)));
        }
        Image::LinuxImage { .. } | Image::Addon { .. } | Image::Opaque { .. } => {}
    }
}

fn check_pe(file: &[u8], pe: &Pe) {
    assert!(pe.sections.iter().all(|s| inside(file, s.slice)));
    if let Ok(Some(table)) = pe.certificate_table {
        assert!(inside(file, table));
    }
    for signature in authenticode::examine(file, pe).signatures {
        if let Err(error) = signature {
            assert!(!alloc::format!("{error}").contains('\n'));
        }
    }
}

fn any_image() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(uki()),
        1 => Just(pe(&[(".linux", &bzimage()), (".profile", b"ID=a"), (".cmdline", b"b")])),
        1 => Just(pe(&[(".linux", &uki())])),
        1 => Just(pe(&[(".cmdline", b"addon")])),
        2 => Just(bzimage()),
        1 => Just(zboot("gzip")),
        1 => Just(linux_image(b"ARM\x64")),
    ]
}

/// Generates values at the limits that are checked.
fn any_field() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        0u32..0x1000,
        Just(u32::MAX),
        Just(u32::MAX - 1),
        Just(0x8000_0000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_bytes(file in proptest::collection::vec(any::<u8>(), 0..2048)) {
        check(&file);
    }

    #[test]
    fn mutated_images(
        mut file in any_image(),
        fields in proptest::collection::vec((0usize..0x400, any_field()), 0..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        for (at, value) in fields {
            let bytes = value.to_le_bytes();
            file.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = from);
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len() + 1));
        }
        check(&file);
    }

    /// Checks that a damaged signature leaves the image a UKI.
    #[test]
    fn mutated_signatures(
        fields in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        directory in proptest::option::of((any_field(), any_field())),
    ) {
        let mut file = signed_uki();
        let unsigned = uki().len();
        for (at, value) in fields {
            let at = unsigned + at.index(file.len() - unsigned);
            file[at] = value;
        }
        if let Some((offset, bytes)) = directory {
            put32(&mut file, CERTIFICATE_AT, offset);
            put32(&mut file, CERTIFICATE_AT + 4, bytes);
        }
        check(&file);
        let is_uki = matches!(detect(file.as_slice()), Ok(Image::Uki { .. }));
        prop_assert!(is_uki);
    }

    #[test]
    fn any_der(der in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = pkcs7::parse(&der);
    }

    #[test]
    fn any_text(text in proptest::collection::vec(any::<u8>(), 0..256)) {
        if let Some(value) = env_file::value(&text, "A") {
            prop_assert!(!value.contains(&0) && value.len() < text.len());
        }
    }

    #[test]
    fn quoted_text_comes_back(text in "[ -!#%-\\[\\]-_a-~]{1,40}") {
        let line = alloc::format!("A=\"{text}\"");
        prop_assert_eq!(env_file::value(line.as_bytes(), "A"), Some(text.into_bytes()));
    }
}
