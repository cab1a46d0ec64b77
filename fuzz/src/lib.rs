// SPDX-License-Identifier: GPL-2.0-or-later
//! Assertions, disks and models that the fuzz targets share.

pub mod disk;
pub mod image;
pub mod initramfs;

use kexec_bpf::parts::source::{FileOffset, FileSlice};

/// Panics unless the slice is inside the file.
pub fn inside(file: &[u8], slice: FileSlice) {
    inside_bytes(file.len() as u64, slice);
}

/// Panics unless the slice is inside a file of this size.
pub fn inside_bytes(file_bytes: u64, slice: FileSlice) {
    let found = FileSlice::within(slice.offset, slice.bytes, file_bytes);
    assert_eq!(found, Some(slice), "in a file of {file_bytes} bytes");
}

/// Returns a slice of the whole file.
pub fn whole(file: &[u8]) -> FileSlice {
    FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    }
}

/// Returns the checksum that GPTs have.
pub fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    !crc
}
