// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads and slices, at their ends and beyond.
use super::*;
use crate::diagnosis::Exit;
use crate::formats::image::error::ImageError;

fn slice(offset: u64, bytes: u64) -> FileSlice {
    FileSlice {
        offset: FileOffset(offset),
        bytes,
    }
}

fn truncated(offset: u64, wanted_bytes: u64) -> ReadError {
    ReadError {
        offset: FileOffset(offset),
        wanted_bytes,
        kind: ReadErrorKind::Truncated,
    }
}

#[test]
fn slices_end_inside_the_file() {
    let within = |offset, bytes| FileSlice::within(FileOffset(offset), bytes, 10);
    assert_eq!(within(0, 10), Some(slice(0, 10)));
    assert_eq!(within(10, 0), Some(slice(10, 0)));
    assert_eq!(within(1, 10), None);
    assert_eq!(within(11, 0), None);
    assert_eq!(within(u64::MAX, 2), None);
}

#[test]
fn slices_of_slices_count_from_the_file() {
    assert_eq!(slice(4, 6).slice(slice(2, 4)), Some(slice(6, 4)));
    assert_eq!(slice(4, 6).slice(slice(2, 5)), None);
}

#[test]
fn a_sub_source_ends_where_its_slice_does() {
    let file: &[u8] = b"0123456789";
    let sub = SubSource::new(file, slice(4, 3));
    let mut buf = [0; 2];
    assert_eq!(sub.file_bytes(), 3);
    assert_eq!(sub.read_at(FileOffset(1), &mut buf), Ok(()));
    assert_eq!(&buf, b"56");
    // The file continues after the slice; the offset in the error is the file's.
    assert_eq!(sub.read_at(FileOffset(2), &mut buf), Err(truncated(6, 2)));
}

/// A file that shrank after its size was read.
struct Shrunk;

impl ReadAt for Shrunk {
    fn file_bytes(&self) -> u64 {
        4096
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        Err(truncated(offset.0, buf.len() as u64))
    }
}

/// A disk that fails.
struct Broken;

impl ReadAt for Broken {
    fn file_bytes(&self) -> u64 {
        4096
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        Err(ReadError {
            kind: ReadErrorKind::Io(Errno::EIO),
            ..truncated(offset.0, buf.len() as u64)
        })
    }
}

#[test]
fn shrinking_and_failing_files_are_told_apart() {
    let shrunk = crate::formats::image::detect::detect(&Shrunk).unwrap_err();
    assert_eq!(shrunk, ImageError::Read(truncated(0, 0x206)));
    let found = shrunk.diagnose();
    assert_eq!(
        found.cause_text(),
        "the file shrank while it was being read"
    );
    assert_eq!(found.exit, Exit::BadImage);
    let broken = crate::formats::image::detect::detect(&Broken).unwrap_err();
    assert_eq!(
        alloc::format!("{broken}"),
        "reading 518 bytes at 0x0 failed: EIO (5)"
    );
    let found = broken.diagnose();
    assert_eq!(found.cause_text(), "input/output error");
    assert_eq!(found.exit, Exit::Failed);
    assert_eq!(found.hints.first(), Some(&Hint::Dmesg));
}

#[test]
fn small_reads_are_bounded() {
    let file: &[u8] = b"0123456789";
    assert_eq!(read_small(file, slice(8, 2), 2), Ok(b"89".to_vec()));
    assert_eq!(
        read_small(file, slice(0, 3), 2),
        Err(ReadError {
            kind: ReadErrorKind::TooLarge { max_bytes: 2 },
            ..truncated(0, 3)
        })
    );
    assert_eq!(read_small(file, slice(9, 2), 2), Err(truncated(9, 2)));
}
