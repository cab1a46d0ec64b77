// SPDX-License-Identifier: GPL-2.0-or-later
//! Formats of files, disks and texts: hostile bytes in, structure out, and back.
//! Layer: pure.
//!
//! Each module names its specification. They share positioned reads ([`source`]), fields
//! of headers ([`field`]), a checksum and a sort.

pub mod archive;
pub mod cmdline;
mod crc32;
pub mod disk;
pub mod entries;
mod field;
pub mod image;
pub mod initrd;
pub mod json;
pub mod object;
pub mod sort;
pub mod source;
