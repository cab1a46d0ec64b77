// SPDX-License-Identifier: GPL-2.0-or-later
//! Signatures built here byte by byte; `tests/cli/signature.rs` has real ones.
use crate::formats::image::authenticode::*;
use crate::formats::image::build::*;
use crate::formats::image::der::DerError;
use crate::formats::image::pe::{self, PeError};
use crate::formats::image::pkcs7::*;
use crate::formats::source::FileOffset;
use alloc::format;
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
const INDIRECT: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04";

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let mut out = vec![tag];
    match contents.len() {
        short @ 0..0x80 => out.push(short as u8),
        long @ 0x80..0x100 => out.extend_from_slice(&[0x81, long as u8]),
        long => out.extend_from_slice(&[0x82, (long >> 8) as u8, long as u8]),
    }
    out.extend_from_slice(&contents);
    out
}

fn seq(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, parts)
}

/// Builds a name with one attribute, whose type is id-at followed by `kind`.
pub(super) fn name(kind: u8, tag: u8, value: &[u8]) -> Vec<u8> {
    let attribute = seq(&[&der(6, &[&[0x55, 4, kind]]), &der(tag, &[value])]);
    seq(&[&der(0x31, &[&attribute])])
}

pub(super) fn certificate(serial: u8, issuer: &[u8], subject: &[u8]) -> Vec<u8> {
    seq(&[&seq(&[
        &der(0xa0, &[&der(2, &[&[2]])]),
        &der(2, &[&[serial]]),
        &seq(&[]),
        issuer,
        &seq(&[]),
        subject,
    ])])
}

fn signer(serial: u8, issuer: &[u8]) -> Vec<u8> {
    seq(&[
        &der(2, &[&[1]]),
        &seq(&[issuer, &der(2, &[&[serial]])]),
        &seq(&[]),
    ])
}

fn signed_data(indirect: &[u8], hash: &[u8], digest: &[u8], rest: &[&[u8]]) -> Vec<u8> {
    let info = seq(&[&seq(&[&der(6, &[hash])]), &der(4, &[digest])]);
    let content = seq(&[
        &der(6, &[indirect]),
        &der(0xa0, &[&seq(&[&seq(&[]), &info])]),
    ]);
    let mut parts = vec![der(2, &[&[1]]), der(0x31, &[]), content];
    parts.extend(rest.iter().map(|part| part.to_vec()));
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    seq(&[
        &der(6, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"]),
        &der(0xa0, &[&seq(&parts)]),
    ])
}

/// Builds a signature of `CN=Signer`, issued by `CN=Issuer`.
fn signature(hash: &[u8], digest: &[u8]) -> Vec<u8> {
    let issuer = name(3, 12, b"Issuer");
    let certificates = der(
        0xa0,
        &[
            &certificate(6, &issuer, &name(3, 12, b"Another")),
            &certificate(7, &issuer, &name(3, 12, b"Signer")),
        ],
    );
    let signers = der(0x31, &[&signer(7, &issuer)]);
    signed_data(INDIRECT, hash, digest, &[&certificates, &signers])
}

/// Returns the digest of a PE file without gaps and without signatures.
pub(super) fn digest(image: &[u8]) -> Vec<u8> {
    let checksum = OPTIONAL_HEADER + 64;
    let mut hash = Sha256::new();
    hash.update(&image[..checksum]);
    hash.update(&image[checksum + 4..CERTIFICATE_AT]);
    hash.update(&image[CERTIFICATE_AT + 8..]);
    hash.finalize().to_vec()
}

pub(crate) fn signed_uki() -> Vec<u8> {
    let mut image = uki();
    let signature = signature(SHA256, &digest(&image));
    add_certificates(&mut image, &[&signature]);
    image
}

fn examined(image: &[u8]) -> Examination {
    examine(image, &pe::parse(image).unwrap())
}

fn summaries(image: &[u8]) -> Vec<String> {
    let found = examined(image).summaries().into_iter();
    found.map(|line| String::from_utf8(line).unwrap()).collect()
}

#[test]
fn an_unsigned_image_has_nothing_to_say() {
    let found = examined(&uki());
    assert_eq!((found.signatures.len(), &found.sha256), (0, &None));
    assert!(!found.was_changed());
}

#[test]
fn the_digest_leaves_out_what_signing_changes() {
    let mut image = signed_uki();
    assert_eq!(
        summaries(&image),
        ["by CN=Signer; the sha256 digest matches"]
    );
    put32(&mut image, OPTIONAL_HEADER + 64, 0x1234_5678);
    assert_eq!(
        summaries(&image),
        ["by CN=Signer; the sha256 digest matches"]
    );
    assert!(!examined(&image).was_changed());
}

#[test]
fn the_digest_covers_all_else() {
    let image = signed_uki();
    for at in [
        2,
        OPTIONAL_HEADER + 68,
        SECTION_TABLE,
        0x600,
        uki().len() - 1,
    ] {
        let mut changed = image.clone();
        changed[at] ^= 1;
        let found = examined(&changed);
        assert!(found.was_changed(), "{at:#x}");
        let summaries = found.summaries();
        assert_eq!(
            summaries,
            [b"by CN=Signer; the sha256 digest differs"],
            "{at:#x}"
        );
    }
}

#[test]
fn each_of_several_signatures_is_shown_and_the_first_counts() {
    let mut image = uki();
    let right = signature(SHA256, &digest(&image));
    let wrong = signature(SHA256, &[0; 32]);
    let other = signature(SHA512, &[0; 64]);
    add_certificates(&mut image, &[&wrong, &right, &other, b"d\0amaged"]);
    assert_eq!(
        summaries(&image),
        [
            "by CN=Signer; the sha256 digest differs",
            "by CN=Signer; the sha256 digest matches",
            "by CN=Signer; the sha512 digest was not computed",
            "damaged: tag 0x64 where 0x30 belongs",
        ]
    );
    assert!(examined(&image).was_changed());
}

#[test]
fn names_are_shown_so_that_none_can_pose_as_another() {
    let text = |kind, tag, value: &[u8]| {
        let issuer = name(kind, tag, value);
        let signers = der(0x31, &[&signer(7, &issuer)]);
        let certificates = der(0xa0, &[&certificate(7, &issuer, &issuer)]);
        let bytes = signed_data(INDIRECT, SHA256, &[0; 32], &[&certificates, &signers]);
        let signers = parse(&bytes).unwrap().signers;
        String::from_utf8(signers.concat()).unwrap()
    };
    assert_eq!(text(10, 12, b"A, CN=B+C\\"), "O=A\\, CN\\=B\\+C\\\\");
    assert_eq!(
        text(3, 0x1e, b"\0G\0r\0\xfc\0n\xd8\0"),
        "CN=Gr\u{fc}n\u{fffd}"
    );
    assert_eq!(text(5, 19, b"1"), "?=1");
    let long = text(3, 12, &[b'x'; 300]);
    assert_eq!((long.len(), long.ends_with("xx...")), (203, true));
}

#[test]
fn a_signer_without_certificate_is_named_by_its_issuer() {
    let issuer = name(3, 12, b"Issuer");
    for (infos, expected) in [
        (
            der(0x31, &[&signer(8, &issuer)]),
            "by a certificate that is not included, of CN=Issuer; the sha256 digest differs",
        ),
        (der(0x31, &[]), "by nobody; the sha256 digest differs"),
    ] {
        let mut image = uki();
        let bytes = signed_data(INDIRECT, SHA256, &[0; 32], &[&infos]);
        add_certificates(&mut image, &[&bytes]);
        assert_eq!(summaries(&image), [expected]);
    }
}

#[test]
fn what_is_no_signature_of_a_pe_file_has_its_own_words() {
    let infos = der(0x31, &[&signer(1, &name(3, 12, b"x"))]);
    let many = der(0x31, &[signer(1, &name(3, 12, b"x")).as_slice(); 9]);
    let with = |kind: &[u8], infos: &[u8]| signed_data(kind, SHA256, &[0; 32], &[infos]);
    let good = with(INDIRECT, &infos);
    let padded = [&good[..], &[0; 7]].concat();
    assert!(parse(&padded).is_ok());
    let unexpected = |wanted, found| Pkcs7Error::Der(DerError::Unexpected { wanted, found });
    for (bytes, error) in [
        (with(b"\x2a", &infos), Pkcs7Error::NotAuthenticode),
        (with(INDIRECT, &many), Pkcs7Error::TooManySigners),
        (
            seq(&[&der(6, &[b"\x2a"]), &der(0xa0, &[])]),
            Pkcs7Error::NotSignedData,
        ),
        (
            [&good[..], &[0; 8]].concat(),
            Pkcs7Error::Der(DerError::Trailing { bytes: 8 }),
        ),
        (
            [&good[..], &[1]].concat(),
            Pkcs7Error::Der(DerError::Trailing { bytes: 1 }),
        ),
        (vec![], Pkcs7Error::Der(DerError::Truncated)),
        (vec![0x30, 5], Pkcs7Error::Der(DerError::Truncated)),
        (vec![0x3f, 0], Pkcs7Error::Der(DerError::LongTag)),
        (seq(&[&der(2, &[&[1]])]), unexpected(6, 2)),
        (
            vec![0x30, 0x80, 0, 0],
            Pkcs7Error::Der(DerError::Length { first: 0x80 }),
        ),
        (
            vec![0x30, 0x81, 1, 0],
            Pkcs7Error::Der(DerError::Length { first: 0x81 }),
        ),
        (
            vec![0x30, 0x82, 0, 0x80],
            Pkcs7Error::Der(DerError::Length { first: 0x82 }),
        ),
        (
            vec![0x30, 0x85, 1, 1, 1, 1, 1],
            Pkcs7Error::Der(DerError::Length { first: 0x85 }),
        ),
    ] {
        assert_eq!(parse(&bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn a_damaged_table_is_told_and_the_image_stays_readable() {
    let start = uki().len();
    let patched = |patch: &dyn Fn(&mut Vec<u8>)| {
        let mut image = signed_uki();
        patch(&mut image);
        examined(&image).signatures.pop().unwrap().unwrap_err()
    };
    let table_bytes = (signed_uki().len() - start) as u64;
    let length = |bytes| SignatureError::Table(PeError::CertificateLength { bytes, table_bytes });
    assert_eq!(patched(&|image| put32(image, start, 7)), length(7));
    assert_eq!(
        patched(&|image| put32(image, start, u32::MAX)),
        length(u64::from(u32::MAX))
    );
    assert_eq!(
        patched(&|image| put32(image, CERTIFICATE_AT + 4, 4)),
        SignatureError::Table(PeError::CertificateTableSize { bytes: 4 })
    );
    // The kernel does not look at a second entry.
    let second = patched(&|image| {
        put32(image, start, 16);
        put32(image, start + 16, 7);
    });
    let at = FileOffset(start as u64 + 16);
    assert_eq!(
        second,
        SignatureError::EntryOutOfTable {
            at,
            bytes: 7,
            left_bytes: table_bytes - 16
        }
    );
    assert_eq!(
        patched(&|image| put16(image, start + 6, 1)),
        SignatureError::OtherEntry {
            revision: 0x200,
            kind: 1
        }
    );
    assert!(matches!(
        patched(&|image| put32(image, CERTIFICATE_AT, u32::MAX)),
        SignatureError::Table(PeError::CertificateTableOutOfFile { .. })
    ));
    let mut image = uki();
    add_certificates(&mut image, &[&[0; 1 << 16]]);
    let bytes = (1 << 16) + 8;
    assert_eq!(
        examined(&image).signatures,
        [Err(SignatureError::EntryTooLarge { bytes })]
    );
    let mut image = uki();
    add_certificates(&mut image, &[&b""[..]; 9]);
    let found = examined(&image).signatures;
    assert_eq!(
        (found.len(), found.last()),
        (9, Some(&Err(SignatureError::TooManyEntries)))
    );
    assert_eq!(
        format!("{}", SignatureError::TooManyEntries),
        "more than 8 entries"
    );
}
