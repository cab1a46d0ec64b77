// SPDX-License-Identifier: GPL-2.0-or-later
//! The first bytes inside gzip are what gzip packed.
use kexec_bpf::parts::formats::{End, inflate};
use proptest::prelude::*;

use super::packed;

/// gzip's header without a name, and its trailer.
const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

fn deflated(level: &str, data: &[u8]) -> Vec<u8> {
    let file = packed(&["gzip", "-n", "-c", level], data);
    file[HEADER_BYTES..file.len() - TRAILER_BYTES].to_vec()
}

/// Bytes that repeat at many distances, and bytes that do not.
fn contents() -> Vec<(&'static str, Vec<u8>)> {
    let random = |count: usize| {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..count).map(|_| next()).collect::<Vec<u8>>()
    };
    let noise = random(70_000);
    let words: Vec<u8> = noise
        .chunks(2)
        .flat_map(|pair| noise[usize::from(pair[0]) * 97..][..usize::from(pair[1]) + 3].to_vec())
        .take(120_000)
        .collect();
    let few = noise.iter().map(|byte| byte & 3).collect();
    vec![
        ("nothing", Vec::new()),
        ("one", vec![7]),
        ("zeros", vec![0; 100_000]),
        ("noise", noise),
        ("words", words),
        ("few values", few),
        (
            "text",
            "one line, and another one\n".repeat(400).into_bytes(),
        ),
    ]
}

#[test]
fn gzip_comes_back() {
    for (name, data) in contents() {
        for level in ["-1", "-6", "-9"] {
            let stream = deflated(level, &data);
            let mut out = vec![0xee; data.len() + 10];
            let found = inflate(&stream, &mut out);
            assert_eq!(found, (data.len(), End::Done), "{name} {level}");
            assert!(out[..data.len()] == data[..], "{name} {level}");
            // With less room, or fewer packed bytes, the first bytes are the same.
            let mut small = vec![0xee; data.len() / 2];
            let (written, end) = inflate(&stream, &mut small);
            if !data.is_empty() {
                assert_eq!((written, end), (small.len(), End::Full), "{name} {level}");
            }
            assert!(small[..written] == data[..written], "{name} {level}");
            for packed_bytes in [0, 1, stream.len() / 2, stream.len() - 1] {
                let (written, end) = inflate(&stream[..packed_bytes], &mut out);
                assert_eq!(end, End::Input, "{name} {level} {packed_bytes}");
                assert!(out[..written] == data[..written], "{name} {level}");
            }
        }
    }
}

#[test]
fn damage_is_found() {
    for (stream, end) in [
        // A block of the reserved type.
        (&[0b111][..], End::Damaged),
        // A stored block whose size does not match its complement.
        (&[0b001, 1, 0, 1, 0, 0], End::Damaged),
        (&[0b001, 1, 0, 0xfe, 0xff], End::Input),
        (&[0b001, 1, 0, 0xfe, 0xff, 9], End::Done),
        // A distance before the first byte.
        (&[0b0000_0011, 0b0000_0010, 0, 0], End::Damaged),
        // A dynamic block with too many symbols.
        (&[0b1111_1101, 0xff, 0xff, 0xff], End::Damaged),
    ] {
        let mut out = [0; 100];
        assert_eq!(inflate(stream, &mut out).1, end, "{stream:02x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn any_bytes_are_unpacked(
        packed in proptest::collection::vec(any::<u8>(), 0..300),
        room in 0..600usize,
    ) {
        let mut out = vec![0; room];
        let (written, _) = inflate(&packed, &mut out);
        prop_assert!(written <= room);
    }
}
