// SPDX-License-Identifier: GPL-2.0-or-later
//! Assertions that the fuzz targets share.

use kexec_bpf::parts::source::{FileOffset, FileSlice};

/// Panics unless the slice is inside the file.
pub fn inside(file: &[u8], slice: FileSlice) {
    let file_bytes = file.len() as u64;
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
