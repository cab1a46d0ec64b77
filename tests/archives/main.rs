// SPDX-License-Identifier: GPL-2.0-or-later
//! Archives of initrds, made by the real programs or with false headers: estimates of
//! unpacked sizes here, and in `faults` what the kernel cannot unpack.

mod cost;
mod faults;
mod inflate;

use std::io::Write;
use std::process::{Command, Stdio};

use kexec_bpf::parts::formats::{Archive, Depth, Format, Known, walk};
use kexec_bpf::parts::source::{FileOffset, FileSlice};
use proptest::prelude::*;

fn whole(file: &[u8]) -> Vec<Archive> {
    let slice = FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    };
    walk(file, slice, Depth::Sizes, true).unwrap().archives
}

fn one(file: &[u8]) -> Archive {
    let archives = whole(file);
    let [archive] = archives.as_slice() else {
        panic!("{} archives: {archives:?}", archives.len());
    };
    assert_eq!(archive.packed_bytes, file.len() as u64);
    *archive
}

/// Returns a cpio archive of files of these sizes.
fn cpio(sizes: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut member = |name: &str, bytes: usize| {
        let zeros = "00000000";
        let size = format!("{bytes:08x}");
        let name_bytes = format!("{:08x}", name.len() + 1);
        let fields = [zeros; 6].concat() + &size + &[zeros; 4].concat() + &name_bytes + zeros;
        out.extend(format!("070701{fields}{name}\0").bytes());
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend((0..bytes).map(|i| ((i * i) >> 7) as u8));
        out.resize(out.len().next_multiple_of(4), 0);
    };
    for (number, bytes) in sizes.iter().enumerate() {
        member(&format!("file{number}"), *bytes);
    }
    member("TRAILER!!!", 0);
    out
}

/// Returns `data` compressed by a program of this machine.
fn packed(command: &[&str], data: &[u8]) -> Vec<u8> {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .env_remove("LD_LIBRARY_PATH")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut input = child.stdin.take().unwrap();
    let data = data.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&data).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{command:?}");
    output.stdout
}

#[test]
fn cpio_is_counted_file_by_file() {
    let archive = one(&cpio(&[1, 4096, 4097, 0]));
    assert_eq!(archive.format, Format::Cpio);
    assert_eq!(archive.known, Known::Exact);
    assert_eq!(archive.memory_bytes, 4 * 4096 + 4 * 1024);
}

#[test]
fn real_programs_archives_tell_their_size() {
    let plain = cpio(&[300_000; 12]);
    let bytes = plain.len() as u64;
    let block = 128 << 10;
    for (command, format, most) in [
        (&["gzip", "-c"][..], Format::Gzip, bytes),
        (&["xz", "-c", "--check=crc32"], Format::Xz, bytes),
        (&["lzop", "-c"], Format::Lzop, bytes),
        (
            &["xz", "-c", "-0", "--block-size=262144"],
            Format::Xz,
            bytes,
        ),
        // zstd does not know the size of its input from a pipe, unless it is told.
        (&["zstd", "-q", "-c"], Format::Zstd, bytes + block),
        (
            &["zstd", "-q", "-c", "--stream-size=PLAIN"],
            Format::Zstd,
            bytes,
        ),
    ] {
        let size = format!("--stream-size={bytes}");
        let command: Vec<&str> = command
            .iter()
            .map(|word| {
                if word.ends_with("=PLAIN") {
                    size.as_str()
                } else {
                    word
                }
            })
            .collect();
        let archive = one(&packed(&command, &plain));
        assert_eq!(archive.format, format, "{command:?}");
        let found = archive.unpacked_bytes;
        assert!(
            (bytes..=most).contains(&found),
            "{command:?}: {found} of {bytes}"
        );
        let exact = most == bytes;
        assert_eq!(archive.known == Known::Exact, exact, "{command:?}");
    }
}

/// The file is made here, so that the test does not need the program lz4.
#[test]
fn lz4_blocks_are_counted() {
    let mut file = vec![0x02, 0x21, 0x4c, 0x18];
    for bytes in [100_000u32, 1000] {
        file.extend(bytes.to_le_bytes());
        file.resize(file.len() + bytes as usize, 0xff);
    }
    let archive = one(&file);
    assert_eq!(
        (archive.format, archive.known),
        (Format::Lz4, Known::AtMost)
    );
    assert_eq!(archive.unpacked_bytes, (8 << 20) + 255_000);
}

#[test]
fn archives_in_a_row_are_told_apart() {
    let plain = cpio(&[100_000; 3]);
    let bytes = plain.len() as u64;
    let gzip = packed(&["gzip", "-c"], &plain);
    let xz = packed(&["xz", "-c", "--check=crc32"], &plain);
    let zstd = packed(&["zstd", "-q", "-c"], &plain);
    let mut row = Vec::new();
    for archive in [&plain, &gzip, &gzip, &xz, &gzip, &zstd, &zstd, &plain] {
        row.extend(archive.iter());
        row.resize(row.len().next_multiple_of(4), 0);
    }
    row.resize(row.len() + 509, 0);
    let found = whole(&row);
    let formats: Vec<Format> = found.iter().map(|archive| archive.format).collect();
    use Format::*;
    assert_eq!(formats, [Cpio, Gzip, Gzip, Xz, Gzip, Zstd, Zstd, Cpio]);
    for archive in &found {
        let most = bytes + (128 << 10);
        assert!(
            (bytes..=most).contains(&archive.unpacked_bytes),
            "{archive:?}"
        );
        assert!(archive.known != Known::Guess, "{archive:?}");
    }
}

#[test]
fn what_does_not_tell_is_a_guess() {
    for (head, format) in [
        (&b"BZh9"[..], Format::Bzip2),
        (b"\x89LZO\0\r\n\x1a\n", Format::Lzop),
        (
            b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff",
            Format::Lzma,
        ),
        // gzip with an impossible size at its end, and a truncated zstd frame.
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", Format::Gzip),
        (b"\x28\xb5\x2f\xfd\x04\x58", Format::Zstd),
    ] {
        let mut file = head.to_vec();
        file.resize(1000, 0xa5);
        let archive = one(&file);
        assert_eq!((archive.format, archive.known), (format, Known::Guess));
        assert_eq!(archive.unpacked_bytes, 8000);
    }
    // The kernel stops at unknown data, so the rest takes no memory.
    let junk = one(b"junk and more of it");
    assert_eq!((junk.format, junk.unpacked_bytes), (Format::Unknown, 0));
}

/// Bytes after the trailer, or the trailer's that are missing, look like a huge size.
#[test]
fn an_unlikely_size_in_gzip_is_a_guess() {
    let mut plain = cpio(&[1]);
    plain.extend((0..100_000u32).flat_map(|it| it.wrapping_mul(it).to_le_bytes()));
    let gzip = packed(&["gzip", "-1", "-c"], &plain);
    assert_eq!(one(&gzip).known, Known::Exact);
    for file in [&gzip[..gzip.len() - 1], &[&gzip[..], b"\n"].concat()] {
        assert_eq!(one(file).known, Known::Guess, "{:?}", one(file));
    }
}

/// The header of lzma has the unpacked size.
#[test]
fn lzma_header() {
    let mut file = b"\x5d\0\0\x80\0".to_vec();
    file.extend(50_000u64.to_le_bytes());
    file.resize(9000, 0xa5);
    let archive = one(&file);
    assert_eq!(
        (archive.known, archive.unpacked_bytes),
        (Known::Exact, 50_000)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn any_bytes_are_walked(
        head in prop::sample::select(vec![
            &b"070701"[..], b"\x1f\x8b\x08", b"\xfd7zXZ\0\0\x01", b"\x28\xb5\x2f\xfd",
            b"\x02\x21\x4c\x18", b"\x5d\0\0", b"",
        ]),
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let file = [head, &rest].concat();
        let archives = whole(&file);
        let packed: u64 = archives.iter().map(|archive| archive.packed_bytes).sum();
        prop_assert!(packed <= file.len() as u64);
        prop_assert!(archives.len() <= 65);
    }
}
