// SPDX-License-Identifier: GPL-2.0-or-later
//! Thin images: what they name, and what is wrong with them.
use super::super::authenticode;
use super::super::detect::{Image, detect, detect_linux};
use super::super::error::ImageError;
use super::super::thin::{Reference, Thin, ThinError};
use super::super::uki::SectionKind;
use crate::diagnosis::{Diagnose, Exit};
use crate::formats::image::build;
use crate::formats::source::{FileOffset, FileSlice, SubSource};

const KERNEL: &[u8] = b"\\EFI\\nixos\\kernel-6.12-abc.efi";
const INITRD: &[u8] = b"\\EFI\\nixos\\initrd-6.12-abc.efi";
const ONES: [u8; 32] = [1; 32];
const TWOS: [u8; 32] = [2; 32];

/// The sections of a thin image in the order of lanzaboote's tool.
fn sections() -> Vec<(&'static str, &'static [u8])> {
    vec![
        (".text", b"stub"),
        (".osrel", b"ID=lanza\n"),
        (".cmdline", b"init=/nix/store/x/init quiet"),
        (".initrd", INITRD),
        (".linux", KERNEL),
        (".initrdh", &TWOS),
        (".linuxh", &ONES),
    ]
}

fn read(sections: &[(&str, &[u8])]) -> Result<Option<Thin>, ThinError> {
    match detect(build::pe(sections).as_slice()) {
        Ok(Image::Uki { thin, .. }) => Ok(thin),
        Err(ImageError::Thin(error)) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// Reads the image of [`sections`] with one section replaced, or left out.
fn with(name: &'static str, data: Option<&'static [u8]>) -> Result<Option<Thin>, ThinError> {
    let mut all = sections();
    all.retain(|section| section.0 != name);
    all.extend(data.map(|data| (name, data)));
    read(&all)
}

#[test]
fn the_paths_and_the_hashes_are_read() {
    let thin = read(&sections()).unwrap().unwrap();
    assert_eq!(thin.kernel.path, b"EFI/nixos/kernel-6.12-abc.efi");
    assert_eq!(thin.initrd.path, b"EFI/nixos/initrd-6.12-abc.efi");
    assert_eq!((thin.kernel.sha256, thin.initrd.sha256), (ONES, TWOS));
    let image = build::pe(&sections());
    let kind = detect(image.as_slice()).unwrap().kind_name();
    assert_eq!(kind, "a thin UKI (lanzaboote)");
    // A UKI is none, whatever its .linux holds.
    assert_eq!(read(&[(".linux", KERNEL), (".initrd", INITRD)]), Ok(None));
}

#[test]
fn a_path_has_either_slash_and_stays_below_the_root() {
    let section = SectionKind::Linux;
    let bad = |why| Err(ThinError::Path { section, why });
    let long: &'static [u8] = vec![b'a'; 1025].leak();
    let longest: &'static [u8] = vec![b'a'; 1024].leak();
    let kernel: &'static [u8] = build::bzimage().leak();
    for (text, wanted) in [
        (&b"\\EFI/a\\b"[..], Ok(&b"EFI/a/b"[..])),
        (b"k", Ok(b"k")),
        (b"//\\k", Ok(b"k")),
        (b"\\..k\\k..", Ok(b"..k/k..")),
        ("\\\u{fc}n\u{ef}".as_bytes(), Ok("\u{fc}n\u{ef}".as_bytes())),
        (longest, Ok(longest)),
        (b"", bad("is empty")),
        (b"\\/", bad("is empty")),
        (b"\\a\xff", bad("is not UTF-8")),
        // UTF-16 is valid UTF-8 with NULs between.
        (b"\\\0a\0", bad("has control characters")),
        (b"\\a\n", bad("has control characters")),
        (b"\\a\\..\\b", bad("has '..' in it")),
        (b"..", bad("has '..' in it")),
        (long, bad("is longer than 1024 bytes")),
        (kernel, bad("is longer than 1024 bytes")),
    ] {
        let found = with(".linux", Some(text));
        let found = found.map(|thin| thin.unwrap().kernel.path);
        assert_eq!(found, wanted.map(<[u8]>::to_vec), "{}", text.escape_ascii());
    }
    let section = SectionKind::Initrd;
    let why = "is empty";
    let found = with(".initrd", Some(b""));
    assert_eq!(found, Err(ThinError::Path { section, why }));
}

#[test]
fn all_four_sections_are_needed() {
    for name in [".linux", ".linuxh", ".initrd", ".initrdh"] {
        let error = ThinError::Missing { section: name };
        assert_eq!(with(name, None), Err(error.clone()));
        assert_eq!(error.to_string(), format!("a thin image without {name}"));
    }
    for bytes in [0, 31, 33, 64] {
        let data: &'static [u8] = vec![7; bytes].leak();
        for section in [".linuxh", ".initrdh"] {
            let bytes = bytes as u64;
            let error = ThinError::HashBytes { section, bytes };
            assert_eq!(with(section, Some(data)), Err(error));
        }
    }
    // Before 0.4 the sections had other names.
    let old = [
        (".kernelp", KERNEL),
        (".initrdp", INITRD),
        (".initrdh", &TWOS),
    ];
    let error = read(&old).unwrap_err();
    assert_eq!(error, ThinError::Missing { section: ".linux" });
    assert_eq!(error.diagnose().exit, Exit::BadImage);
}

#[test]
fn the_first_section_of_a_name_counts_and_profiles_are_refused() {
    let mut all = sections();
    all.push((".linux", b"\\other"));
    all.push((".linuxh", b"short"));
    assert_eq!(read(&all), read(&sections()));
    all.push((".profile", b"ID=a\n"));
    assert_eq!(read(&all), Err(ThinError::Profiles));
}

fn whole(bytes: &[u8]) -> FileSlice {
    FileSlice {
        offset: FileOffset(0),
        bytes: bytes.len() as u64,
    }
}

#[test]
fn a_thin_image_is_no_kernel_of_a_uki() {
    let thin = build::pe(&sections());
    let inner = detect_linux(thin.as_slice(), whole(&thin)).unwrap();
    assert!(!matches!(inner, Image::BzImage { .. }));
}

#[test]
fn the_hash_is_that_of_the_whole_file() {
    let mut kernel = read(&sections()).unwrap().unwrap().kernel;
    let contents = vec![5; 100_000];
    let check = |kernel: &Reference, bytes: &[u8]| {
        let source = SubSource::new(bytes, whole(bytes));
        kernel.check(authenticode::file_sha256(&source).unwrap())
    };
    let found = check(&kernel, &contents).unwrap_err();
    let ThinError::Differs { wanted, found, .. } = found else {
        panic!("{found:?}");
    };
    assert_eq!(wanted, ONES);
    kernel.sha256 = found;
    assert_eq!(check(&kernel, &contents), Ok(()));
    let longer = [&contents[..], b"\0"].concat();
    for changed in [&contents[1..], &longer] {
        let error = check(&kernel, changed).unwrap_err();
        assert_eq!(
            error.to_string(),
            "its SHA-256 is not the one that .linuxh demands"
        );
        // Each hash fits on a line of a console.
        let cause = error.diagnose().cause_text().to_owned();
        let words = cause.split_once(", ").unwrap();
        assert!(words.0.len() + "cause: ,".len() <= 80 && words.1.len() + "cause: ".len() <= 80);
    }
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cause = check(&kernel, b"").unwrap_err().diagnose();
    assert!(
        cause.cause_text().ends_with(empty),
        "{}",
        cause.cause_text()
    );
}
