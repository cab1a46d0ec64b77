// SPDX-License-Identifier: GPL-2.0-or-later
//! Sections by profile, and PE files that are not UKIs.
use crate::formats::image::build::{self, bzimage};
use crate::formats::image::pe::{self, Pe, SectionName};
use crate::formats::image::uki::*;
use crate::formats::source::FileSlice;
use alloc::vec::Vec;

fn pe(sections: &[(&str, &[u8])]) -> Pe {
    pe::parse(build::pe(sections).as_slice()).unwrap()
}

/// Returns the contents of the selected section of this kind.
fn text(image: &[u8], selection: &Selection, kind: SectionKind) -> Vec<u8> {
    let FileSlice { offset, bytes } = selection.get(kind).unwrap();
    let start = offset.0 as usize;
    image[start..start + bytes as usize].to_vec()
}

#[test]
fn names_are_unique_and_whole() {
    for kind in SectionKind::ALL {
        let mut raw = [0; 8];
        raw[..kind.name().len()].copy_from_slice(kind.name().as_bytes());
        assert_eq!(SectionKind::from_name(&SectionName(raw)), Some(*kind));
    }
    for other in [*b".linuxrc", *b".dtbauto", *b".profil\0", *b"\0linux\0\0"] {
        let expected = (other == *b".dtbauto").then_some(SectionKind::DtbAuto);
        assert_eq!(SectionKind::from_name(&SectionName(other)), expected);
    }
}

#[test]
fn first_match_wins() {
    let image = build::pe(&[
        (".cmdline", b"first"),
        (".linux", &bzimage()),
        (".cmdline", b"second"),
    ]);
    let uki = Uki::from_pe(&pe::parse(image.as_slice()).unwrap()).unwrap();
    let selection = uki.select(0).unwrap();
    assert_eq!(text(&image, &selection, SectionKind::Cmdline), b"first");
    assert_eq!(selection.get(SectionKind::Initrd), None);
}

#[test]
fn profiles_override_the_base() {
    let image = build::pe(&[
        (".linux", &bzimage()),
        (".cmdline", b"base"),
        (".osrel", b"ID=x"),
        (".profile", b"ID=zero"),
        (".profile", b"ID=one"),
        (".cmdline", b"one"),
        (".cmdline", b"not this"),
    ]);
    let uki = Uki::from_pe(&pe::parse(image.as_slice()).unwrap()).unwrap();
    assert_eq!(uki.profile_count(), 2);
    let zero = uki.select(0).unwrap();
    let one = uki.select(1).unwrap();
    assert_eq!(text(&image, &zero, SectionKind::Cmdline), b"base");
    assert_eq!(text(&image, &zero, SectionKind::Profile), b"ID=zero");
    assert_eq!(text(&image, &one, SectionKind::Cmdline), b"one");
    assert_eq!(text(&image, &one, SectionKind::Profile), b"ID=one");
    assert_eq!(text(&image, &one, SectionKind::Osrel), b"ID=x");

    let suppliers: Vec<_> = SectionKind::ALL
        .iter()
        .flat_map(|kind| one.all(*kind))
        .map(|section| (section.kind, uki.profiles[1].contains(section)))
        .collect();
    let expected = [
        (SectionKind::Linux, false),
        (SectionKind::Osrel, false),
        (SectionKind::Cmdline, true),
        (SectionKind::Profile, true),
    ];
    assert_eq!(suppliers, expected);
    assert_eq!(
        uki.select(2),
        Err(UkiError::NoSuchProfile {
            wanted: 2,
            count: 2
        })
    );
}

#[test]
fn without_profiles_only_0_exists() {
    let uki = Uki::from_pe(&pe(&[(".linux", &bzimage())])).unwrap();
    assert_eq!(uki.profile_count(), 0);
    assert!(uki.select(0).is_ok());
    assert_eq!(
        uki.select(1),
        Err(UkiError::NoSuchProfile {
            wanted: 1,
            count: 0
        })
    );
}

#[test]
fn all_device_trees_are_kept_the_profiles_first() {
    let pe = pe(&[
        (".linux", &bzimage()),
        (".dtbauto", b"base 1"),
        (".dtbauto", b"base 2"),
        (".dtb", b"base"),
        (".profile", b""),
        (".dtbauto", b"own"),
        (".dtb", b"own"),
    ]);
    let uki = Uki::from_pe(&pe).unwrap();
    let selection = uki.select(0).unwrap();
    let chosen: Vec<_> = selection.all(SectionKind::DtbAuto).collect();
    let expected = [&uki.profiles[0][1], &uki.base[1], &uki.base[2]];
    assert_eq!(chosen, expected);
    assert_eq!(selection.all(SectionKind::Dtb).count(), 1);
}

#[test]
fn no_kernel() {
    assert_eq!(
        Uki::from_pe(&pe(&[(".text", b"a"), (".osrel", b"b")])),
        Err(UkiError::NoLinux)
    );
    let uki = Uki::from_pe(&pe(&[(".text", b"a"), (".linux", b"")])).unwrap();
    assert_eq!(uki.select(0), Err(UkiError::EmptyLinux));
    // The kernel of another profile does not count.
    let uki = Uki::from_pe(&pe(&[
        (".profile", b""),
        (".profile", b""),
        (".linux", &bzimage()),
    ]))
    .unwrap();
    assert_eq!(uki.select(0), Err(UkiError::NoLinux));
    assert!(uki.select(1).is_ok());
}

#[test]
fn addons() {
    for kind in [
        SectionKind::Cmdline,
        SectionKind::Dtb,
        SectionKind::DtbAuto,
        SectionKind::Initrd,
        SectionKind::Ucode,
    ] {
        let pe = pe(&[(".uname", b"6.12"), (kind.name(), b"x")]);
        assert_eq!(Uki::from_pe(&pe), Err(UkiError::IsAddon { first: kind }));
    }
}
