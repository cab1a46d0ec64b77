// SPDX-License-Identifier: GPL-2.0-or-later
//! Joined initrds and archives, read back by a small reader that follows the kernel's
//! rules.
use super::concat::{ConcatError, ConcatPlan, Part, Placed};
use super::newc::{Archive, NewcError};
use crate::formats::source::{FileOffset, FileSlice, InputId, KERNEL_READS_MAX_BYTES};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

/// Returns the bytes of a test file: byte n of file s is s + n.
fn contents(source: InputId, slice: FileSlice) -> Vec<u8> {
    (slice.offset.0..slice.end().0)
        .map(|n| (u64::from(source.0) + n) as u8)
        .collect()
}

fn file(number: u32, offset: u64, bytes: u64) -> Part {
    Part::File {
        source: InputId(number),
        slice: FileSlice {
            offset: FileOffset(offset),
            bytes,
        },
    }
}

/// Returns the bytes that `run` would write.
fn write(plan: &ConcatPlan) -> Vec<u8> {
    let mut out = Vec::new();
    for Placed { zeros_before, part } in &plan.parts {
        out.extend(vec![0; usize::from(*zeros_before)]);
        match part {
            Part::File { source, slice } => out.extend(contents(*source, *slice)),
            Part::Blob(blob) => out.extend(blob),
        }
    }
    out
}

/// Plans an initrd with one archive.
fn one(archive: Archive) -> ConcatPlan {
    let mut plan = ConcatPlan::default();
    plan.push_archive(archive.finish()).unwrap();
    plan
}

fn joined(archives: impl IntoIterator<Item = Part>) -> Result<ConcatPlan, ConcatError> {
    let mut plan = ConcatPlan::default();
    archives.into_iter().try_for_each(|part| plan.push(part))?;
    Ok(plan)
}

/// Returns the offset at which an archive begins after `at` bytes.
fn next(at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    (at + 4).next_multiple_of(4)
}

#[test]
fn each_archive_starts_aligned_after_4_zeros() {
    let plan = joined([
        file(0, 7, 5),
        Part::Blob(Vec::new()),
        file(1, 0, 0),
        Part::Blob(b"abc".to_vec()),
        file(2, 1, 4),
    ])
    .unwrap();
    let zeros: Vec<_> = plan.parts.iter().map(|p| p.zeros_before).collect();
    assert_eq!(zeros, [0, 7, 5]);
    assert_eq!(plan.total_bytes, 24);
    assert_eq!(write(&plan).len(), 24);
    assert_eq!(plan.single_file(), None);
}

#[test]
fn a_single_file_is_known_as_such() {
    let plan = joined([Part::Blob(Vec::new()), file(3, 8, 5)]).unwrap();
    let slice = FileSlice {
        offset: FileOffset(8),
        bytes: 5,
    };
    assert_eq!(plan.single_file(), Some((InputId(3), slice)));
    assert!(!plan.is_empty());
    let none = joined([]).unwrap();
    assert!(none.is_empty());
    assert_eq!(none.single_file(), None);
}

#[test]
fn sums_do_not_wrap() {
    for more in [u64::MAX, u64::MAX / 2 + 1, KERNEL_READS_MAX_BYTES - 7] {
        let bytes = more.saturating_add(8);
        let source = InputId(1);
        assert_eq!(
            joined([file(0, 0, 1), file(1, 0, more)]),
            Err(ConcatError::TooLarge { source, bytes })
        );
    }
    assert!(joined([file(0, 0, 1), file(1, 0, KERNEL_READS_MAX_BYTES - 8)]).is_ok());
}

/// A member as the kernel would unpack it.
#[derive(Debug, PartialEq)]
struct Member {
    name: String,
    inode: u32,
    mode: u32,
    contents: Vec<u8>,
}

/// Reads one archive; returns its members and its length.
fn read(archive: &[u8]) -> (Vec<Member>, usize) {
    let mut members = Vec::new();
    let mut at = 0;
    loop {
        assert_eq!(at % 4, 0);
        assert_eq!(&archive[at..at + 6], b"070701");
        let field = |n: usize| {
            let hex = &archive[at + 6 + 8 * n..at + 14 + 8 * n];
            u32::from_str_radix(core::str::from_utf8(hex).unwrap(), 16).unwrap()
        };
        let (size, name_bytes) = (field(6) as usize, field(11) as usize);
        let name = &archive[at + 110..at + 110 + name_bytes];
        let (nul, name) = name.split_last().unwrap();
        assert_eq!(*nul, 0);
        assert_eq!(field(4), 1, "link count");
        for zero in [2, 3, 5, 7, 8, 9, 10, 12] {
            assert_eq!(field(zero), 0, "field {zero}");
        }
        let start = (at + 110 + name_bytes).next_multiple_of(4);
        let end = start + size;
        if name == b"TRAILER!!!" {
            return (members, end);
        }
        members.push(Member {
            name: core::str::from_utf8(name).unwrap().to_string(),
            inode: field(0),
            mode: field(1),
            contents: archive[start..end].to_vec(),
        });
        at = end.next_multiple_of(4);
    }
}

#[test]
fn an_archive_of_credentials() {
    let mut archive = Archive::new(".extra/credentials", 0o500).unwrap();
    archive.file("a.cred", 0o400, file(1, 0, 6)).unwrap();
    archive.file("b.cred", 0o400, file(1, 3, 0)).unwrap();
    archive
        .file("c.cred", 0o400, Part::Blob(b"hello".to_vec()))
        .unwrap();
    let plan = one(archive);
    let bytes = write(&plan);
    let (members, end) = read(&bytes);
    assert_eq!(end, bytes.len());
    assert_eq!(plan.total_bytes, bytes.len() as u64);
    let expected = [
        (".extra", 0o040_555, &[][..]),
        (".extra/credentials", 0o040_500, &[]),
        (".extra/credentials/a.cred", 0o100_400, &[1, 2, 3, 4, 5, 6]),
        (".extra/credentials/b.cred", 0o100_400, &[]),
        (".extra/credentials/c.cred", 0o100_400, b"hello"),
    ];
    for (index, (name, mode, contents)) in expected.into_iter().enumerate() {
        let expected = Member {
            name: name.to_string(),
            inode: index as u32 + 1,
            mode,
            contents: contents.to_vec(),
        };
        assert_eq!(members[index], expected);
    }
    assert_eq!(members.len(), 5);
}

/// Compares every byte with what systemd-stub generates, because PCRs depend on it.
#[test]
#[rustfmt::skip]
fn bytes_are_the_stubs() {
    let mut archive = Archive::new(".extra", 0o555).unwrap();
    archive
        .file("profile", 0o444, Part::Blob(b"ID=a\n".to_vec()))
        .unwrap();
    let bytes = write(&one(archive));
    let expected = [
        // magic, inode, mode; owner, group, links, mtime; size; devices; name
        "070701", "00000001", "0000416d",
        "00000000", "00000000", "00000001", "00000000", "00000000",
        "00000000", "00000000", "00000000", "00000000", "00000007", "00000000",
        ".extra\0\0\0\0",
        "070701", "00000002", "00008124",
        "00000000", "00000000", "00000001", "00000000", "00000005",
        "00000000", "00000000", "00000000", "00000000", "0000000f", "00000000",
        ".extra/profile\0\0\0\0",
        "ID=a\n\0\0\0",
        "070701", "00000000", "00000000",
        "00000000", "00000000", "00000001", "00000000", "00000000",
        "00000000", "00000000", "00000000", "00000000", "0000000B", "00000000",
        "TRAILER!!!\0\0\0\0",
    ]
    .concat();
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn names_stay_inside_the_initrd() {
    let bad = |name: &str| {
        Err(NewcError::BadName {
            name: name.to_string(),
        })
    };
    for name in ["", "/etc", "a/../b", "..", "a//b", ".", "a/", "a\0b"] {
        assert_eq!(Archive::new(name, 0o555).map(|_| ()), bad(name));
    }
    let mut archive = Archive::new("d", 0o555).unwrap();
    for name in ["", "../x", "/x", "\0"] {
        let path = format!("d/{name}");
        assert_eq!(archive.file(name, 0o444, file(0, 0, 1)), bad(&path));
    }
    let long = "x".repeat(4096);
    assert!(archive.file(&long, 0o444, file(0, 0, 1)).is_err());
}

#[test]
fn sizes_have_32_bits() {
    let mut archive = Archive::new("d", 0o555).unwrap();
    let bytes = u64::from(u32::MAX);
    assert_eq!(archive.file("a", 0o444, file(0, 0, bytes)), Ok(()));
    assert_eq!(
        archive.file("b", 0o444, file(0, 0, bytes + 1)),
        Err(NewcError::FileTooLarge {
            name: "d/b".to_string(),
            bytes: bytes + 1
        })
    );
}

fn any_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        (0u32..3, 0u64..100, 0u64..50).prop_map(|(s, o, b)| file(s, o, b)),
        proptest::collection::vec(any::<u8>(), 0..50).prop_map(Part::Blob),
    ]
}

fn bytes_of(part: &Part) -> Vec<u8> {
    match part {
        Part::File { source, slice } => contents(*source, *slice),
        Part::Blob(blob) => blob.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn joined_parts_are_aligned_and_whole(parts in proptest::collection::vec(any_part(), 0..8)) {
        let plan = joined(parts.clone()).unwrap();
        let out = write(&plan);
        prop_assert_eq!(out.len() as u64, plan.total_bytes);
        let mut at = 0usize;
        for part in parts.iter().filter(|p| p.bytes() != 0) {
            at = next(at);
            let bytes = bytes_of(part);
            prop_assert_eq!(&out[at..at + bytes.len()], &bytes[..]);
            at += bytes.len();
        }
        prop_assert_eq!(at, out.len());
    }

    #[test]
    fn archives_come_back(
        before in any_part(),
        files in proptest::collection::vec(("[a-z]{1,12}", 0u16..0o1000, any_part()), 0..6),
    ) {
        let mut archive = Archive::new("x/y", 0o500).unwrap();
        for (name, mode, part) in &files {
            archive.file(name, *mode, part.clone()).unwrap();
        }
        // The same after another archive of any length.
        let mut plan = joined([before.clone()]).unwrap();
        plan.push_archive(archive.finish()).unwrap();
        let out = write(&plan);
        let start = next(before.bytes() as usize);
        let (members, end) = read(&out[start..]);
        prop_assert_eq!(start + end, out.len());
        prop_assert_eq!(members.len(), files.len() + 2);
        for ((name, mode, part), member) in files.iter().zip(&members[2..]) {
            prop_assert_eq!(&member.name, &format!("x/y/{name}"));
            prop_assert_eq!(member.mode, 0o100_000 | u32::from(*mode));
            prop_assert_eq!(&member.contents, &bytes_of(part));
        }
    }
}
