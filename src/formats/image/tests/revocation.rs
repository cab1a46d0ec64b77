// SPDX-License-Identifier: GPL-2.0-or-later
//! Revocations by lists that are built here; `tests/vm/revoked.rs` has the firmware's.
use super::signatures::{certificate, digest, name, signed_uki};
use crate::formats::image::build::*;
use crate::formats::image::pe;
use crate::formats::image::revocation::*;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// GUIDs as they are in memory.
const SHA1: &[u8] = b"\x12\xa5\x6c\x82\x10\xcf\xc9\x4a\xb1\x87\xbe\x01\x49\x66\x31\xbd";
const SHA256: &[u8] = b"\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28";
const X509: &[u8] = b"\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72";
const X509_SHA256: &[u8] = b"\x92\xa4\xd2\x3b\xc0\x96\x79\x40\xb4\x20\xfc\xf9\x8e\xf1\x03\xed";

/// Builds a list of signatures of equal size, after a header of the list's own.
fn list(kind: &[u8], header: &[u8], signatures: &[&[u8]]) -> Vec<u8> {
    let entry_bytes = 16 + signatures.first().map_or(1, |data| data.len());
    let bytes = 28 + header.len() + entry_bytes * signatures.len();
    let mut list = kind.to_vec();
    for size in [bytes, header.len(), entry_bytes] {
        list.extend_from_slice(&(size as u32).to_le_bytes());
    }
    list.extend_from_slice(header);
    for data in signatures {
        list.extend_from_slice(&[0xee; 16]);
        list.extend_from_slice(data);
    }
    list
}

/// Returns the reasons why these values, given without attributes, revoke an image.
fn reasons(image: &[u8], dbx: &[u8], sbat_level: &[u8]) -> Vec<String> {
    let with_attributes = |value: &[u8]| match value {
        [] => Vec::new(),
        value => [b"\x27\0\0\0", value].concat(),
    };
    let revocations = Revocations {
        dbx: with_attributes(dbx),
        sbat_level: with_attributes(sbat_level),
    };
    let mut found = Vec::new();
    let pe = pe::parse(image).unwrap();
    revocations.check(image, &pe, &mut |revoked| found.push(format!("{revoked}")));
    found
}

const DIGEST: &str = "its digest is in dbx";
const CERTIFICATE: &str = "a certificate of its signature is in dbx";

#[test]
fn digests_are_found_in_any_list_and_place() {
    let (image, unsigned) = (signed_uki(), uki());
    let hash = digest(&unsigned);
    for dbx in [
        list(SHA256, b"", &[&hash]),
        list(SHA256, b"header", &[&[1; 32], &hash, &[2; 32]]),
        [list(SHA1, b"", &[&[1; 20]]), list(SHA256, b"", &[&hash])].concat(),
        [
            list(X509, b"", &[b"no certificate"]),
            list(SHA256, b"", &[]),
            list(SHA256, b"", &[&hash]),
        ]
        .concat(),
        // Damage after the list does not matter.
        [list(SHA256, b"", &[&hash]), vec![0xff; 40]].concat(),
    ] {
        assert_eq!(reasons(&image, &dbx, b""), [DIGEST]);
        assert_eq!(reasons(&unsigned, &dbx, b""), [DIGEST]);
    }
}

#[test]
fn certificates_are_found_by_themselves_and_by_their_hash() {
    let issuer = name(3, 12, b"Issuer");
    let certificate = certificate(7, &issuer, &name(3, 12, b"Signer"));
    // Without the outer SEQUENCE's header, which has 2 bytes because its length is below
    // 128.
    let tbs = &certificate[2..];
    let hash = Sha256::digest(tbs);
    let with_time = [&hash[..], &[0; 16]].concat();
    for dbx in [
        list(X509, b"", &[&certificate]),
        list(X509_SHA256, b"", &[&hash]),
        list(X509_SHA256, b"", &[&[1; 48], &with_time]),
    ] {
        assert_eq!(reasons(&signed_uki(), &dbx, b""), [CERTIFICATE]);
        assert!(reasons(&uki(), &dbx, b"").is_empty());
    }
    // The same bytes in another kind of list.
    for kind in [SHA256, SHA1, &[7; 16]] {
        let dbx = list(kind, b"", &[&hash]);
        assert!(reasons(&signed_uki(), &dbx, b"").is_empty());
    }
    let dbx = list(X509_SHA256, b"", &[&digest(&uki())]);
    assert!(reasons(&signed_uki(), &dbx, b"").is_empty());
}

#[test]
fn damaged_lists_revoke_nothing() {
    let image = signed_uki();
    let good = list(SHA256, b"", &[&digest(&uki())]);
    let patched = |at: usize, value: u32| {
        let mut list = good.clone();
        put32(&mut list, at, value);
        list
    };
    for dbx in [
        Vec::new(),
        good[..good.len() - 1].to_vec(),
        good[..27].to_vec(),
        patched(16, 0),
        patched(16, 27),
        patched(16, u32::MAX),
        patched(20, u32::MAX),
        patched(20, 49),
        patched(24, 0),
        patched(24, 16),
        patched(24, u32::MAX),
        [patched(16, 0), good.clone()].concat(),
    ] {
        assert!(reasons(&image, &dbx, b"").is_empty(), "{dbx:02x?}");
    }
    let short = Revocations {
        dbx: vec![1; 3],
        sbat_level: vec![1; 3],
    };
    let parsed = pe::parse(&image[..]).unwrap();
    short.check(&image[..], &parsed, &mut |revoked| panic!("{revoked}"));
}

/// Builds an image whose `.sbat` has this text.
fn with_sbat(text: &[u8]) -> Vec<u8> {
    pe(&[(".sbat", text), (".linux", b"kernel")])
}

#[test]
fn generations_are_compared_by_component() {
    const SBAT: &[u8] = b"sbat,1,SBAT Version,sbat,1,https://example.org\n\
        systemd-stub,1,The systemd Developers,systemd,257,https://systemd.io/\n\
        linux.test,3,Test,linux,6.12,https://example.org\n";
    let level = |text: &str| reasons(&with_sbat(SBAT), b"", text.as_bytes());
    for text in [
        "sbat,1,2022052400\nshim,2\ngrub,3\n",
        "sbat,1,2022052400\nsystemd-stub,1\nlinux.test,3",
        // Neither the end of a name nor a part of it counts.
        "systemd,9\nstub,9\nlinux,9\nLINUX.TEST,9\n",
        "",
        "linux.test\nlinux.test,\nlinux.test,x\n,9\n\n",
    ] {
        assert!(level(text).is_empty(), "{text}");
    }
    let demands = |component: &str, generation: u32, minimum: u32| {
        vec![format!(
            "its .sbat has {component},{generation}; SbatLevelRT demands {minimum}"
        )]
    };
    let stub = demands("systemd-stub", 1, 2);
    assert_eq!(level("sbat,1,2022052400\nsystemd-stub,2\n"), stub);
    assert_eq!(level("systemd-stub,2"), stub);
    assert_eq!(level("systemd-stub,1\r\nsystemd-stub,2\r\n"), stub);
    assert_eq!(level("systemd-stub,2,more\0\0"), stub);
    assert_eq!(level("sbat,2\nlinux.test,4\n"), demands("sbat", 1, 2));
    assert_eq!(
        level("linux.test,99999999999"),
        demands("linux.test", 3, u32::MAX)
    );
}

#[test]
fn a_section_that_is_odd_revokes_nothing_or_is_generation_0() {
    let level = b"grub,1\n";
    for text in [&b""[..], b"\n\n", b"\0\0", b"grub", b"grub,1", b"grub,2,"] {
        let odd = with_sbat(text);
        let wanted = if text == b"grub" { 1 } else { 0 };
        assert_eq!(reasons(&odd, b"", level).len(), wanted, "{text:?}");
    }
    let unreadable = with_sbat(&[b'x'; (8 << 10) + 1]);
    assert!(reasons(&unreadable, b"", level).is_empty());
    assert!(reasons(&uki(), b"", level).is_empty());
    // Nothing from the section reaches the terminal unescaped.
    assert_eq!(
        reasons(&with_sbat(b"a\x1b[2J,1"), b"", b"a\x1b[2J,2"),
        ["its .sbat has a\\u{1b}[2J,1; SbatLevelRT demands 2"]
    );
    // Each of the two variables gives a reason.
    let image = with_sbat(b"grub,0");
    let dbx = list(SHA256, b"", &[&digest(&image)]);
    assert_eq!(reasons(&image, &dbx, level).len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_variable_is_survived(dbx: Vec<u8>, sizes in any::<[u32; 3]>(), kind in 0usize..4) {
        let kind = [SHA1, SHA256, X509, X509_SHA256][kind];
        let sizes = sizes.map(|size| (size % 200).to_le_bytes()).concat();
        let dbx = [kind, &sizes, &dbx].concat();
        drop(reasons(&signed_uki(), &dbx, &dbx));
    }
}
