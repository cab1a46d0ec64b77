// SPDX-License-Identifier: GPL-2.0-or-later
//! The pure layers, compiled from their own source files.
//!
//! They need nothing below them, so fuzzing does not build the runtime.
//! [`inside`] is what the targets assert.
extern crate alloc;

#[path = "../../src/abi.rs"]
pub mod abi;
#[path = "../../src/kdump/archive/mod.rs"]
pub mod archive;
#[path = "../../src/boot/mod.rs"]
pub mod boot;
#[path = "../../src/cmdline/mod.rs"]
pub mod cmdline;
#[path = "../../src/companion/mod.rs"]
pub mod companion;
#[path = "../../src/crc32.rs"]
pub mod crc32;
#[path = "../../src/diagnosis.rs"]
pub mod diagnosis;
#[path = "../../src/errno.rs"]
pub mod errno;
#[path = "../../src/escape.rs"]
pub mod escape;
#[path = "../../src/explain/mod.rs"]
pub mod explain;
#[path = "../../src/facts/mod.rs"]
pub mod facts;
#[path = "../../src/field.rs"]
pub mod field;
#[path = "../../src/image/mod.rs"]
pub mod image;
#[path = "../../src/initrd/mod.rs"]
pub mod initrd;
#[path = "../../src/object/mod.rs"]
pub mod object;
#[path = "../../src/size.rs"]
pub mod size;
#[path = "../../src/sort.rs"]
pub mod sort;
#[path = "../../src/source.rs"]
pub mod source;

use source::{FileOffset, FileSlice};

/// Panics unless the slice is inside the file.
pub fn inside(file: &[u8], slice: FileSlice) {
    let file_bytes = file.len() as u64;
    let found = FileSlice::within(slice.offset, slice.bytes, file_bytes);
    assert_eq!(found, Some(slice), "in a file of {file_bytes} bytes");
}

/// All of the file as a slice.
pub fn whole(file: &[u8]) -> FileSlice {
    FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    }
}
