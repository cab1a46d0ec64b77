// SPDX-License-Identifier: GPL-2.0-or-later
//! A load reads little of its initrds before it calls the kernel.
use std::cell::Cell;

use kexec_bpf::parts::formats::{Depth, walk};
use kexec_bpf::parts::source::{FileOffset, FileSlice, ReadAt, ReadError};

use super::{cpio, packed};

/// A file that counts how often and how much is read.
struct Counted<'a> {
    file: &'a [u8],
    reads: Cell<u64>,
    bytes: Cell<u64>,
}

impl ReadAt for Counted<'_> {
    fn file_bytes(&self) -> u64 {
        self.file.file_bytes()
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + buf.len() as u64);
        self.file.read_at(offset, buf)
    }
}

#[track_caller]
fn cost(file: &[u8]) -> (u64, u64) {
    let counted = Counted {
        file,
        reads: Cell::new(0),
        bytes: Cell::new(0),
    };
    let slice = FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    };
    let walk = walk(&counted, slice, Depth::Faults, true).unwrap();
    assert_eq!(walk.fault, None);
    (counted.reads.get(), counted.bytes.get())
}

/// A load is not slower because of the look: it reads headers, and not the contents.
#[test]
fn few_bytes_are_read() {
    let plain = cpio(&[100_000; 400]);
    let megabytes = |bytes: u64| bytes >> 20;
    for (command, reads_max, bytes_max) in [
        (&["gzip", "-1", "-c"][..], 5, 8 << 10),
        (&["bzip2", "-1", "-c"], 5, 8 << 10),
        (&["zstd", "-1", "-q", "-c"], 400, 400 << 10),
        (&["xz", "-0", "-c", "--check=crc32"], 900, 900 << 10),
        (&["lz4", "-l", "-c"], 20, 20 << 10),
    ] {
        let file = packed(command, &plain);
        let (reads, bytes) = cost(&file);
        println!(
            "{command:?}: {reads} reads, {bytes} of {} bytes",
            file.len()
        );
        assert!(
            reads <= reads_max && bytes <= bytes_max,
            "{command:?}: {reads}, {bytes}"
        );
    }
    let (reads, bytes) = cost(&plain);
    println!("newc: {reads} reads, {bytes} of {} bytes", plain.len());
    assert!(reads <= 405 && bytes <= 405 << 10, "{reads}, {bytes}");
    // 64 MB of files of one byte: 540,000 members.
    let tiny = cpio(&vec![1; 520_000]);
    let start = std::time::Instant::now();
    let (reads, bytes) = cost(&tiny);
    println!(
        "tiny files: {reads} reads, {bytes} of {} bytes, {:?}",
        tiny.len(),
        start.elapsed()
    );
    assert!(
        megabytes(bytes) <= megabytes(tiny.len() as u64) * 9 / 8,
        "{bytes}"
    );
    assert!(reads <= 80_000, "{reads}");
}
