// SPDX-License-Identifier: GPL-2.0-or-later
//! Superblocks of Linux's own file systems. Specs: Linux, fs/ext4/ext4.h,
//! fs/xfs/libxfs/xfs_format.h, fs/btrfs/accessors.h, include/linux/f2fs_fs.h,
//! fs/erofs/erofs_fs.h, fs/squashfs/squashfs_fs.h. Layer: pure.

use alloc::string::String;

use super::{Device, Filesystem, text, uuid};
use crate::formats::disk::gpt;
use crate::formats::field::{u32_at, u64_at};
use crate::formats::source::ReadAt;

/// The bytes that are read of a superblock: up to the end of F2FS's label.
const BLOCK_BYTES: u64 = 124 + 1024;
/// In ext4's field of incompatible features: the device has only a journal.
const EXT4_JOURNAL_DEVICE: u32 = 8;

/// The places in a superblock, in bytes from its start.
struct Layout {
    name: &'static str,
    /// The superblock's offset on the device.
    start: u64,
    magic: (usize, &'static [u8]),
    uuid: Option<usize>,
    label: core::ops::Range<usize>,
}

const LAYOUTS: [Layout; 6] = [
    Layout {
        name: "xfs",
        start: 0,
        magic: (0, b"XFSB"),
        uuid: Some(32),
        label: 108..120,
    },
    Layout {
        name: "squashfs",
        start: 0,
        magic: (0, b"hsqs"),
        uuid: None,
        label: 0..0,
    },
    Layout {
        name: "ext4",
        start: 1024,
        magic: (0x38, b"\x53\xef"),
        uuid: Some(0x68),
        label: 0x78..0x88,
    },
    Layout {
        name: "f2fs",
        start: 1024,
        magic: (0, b"\x10\x20\xf5\xf2"),
        uuid: Some(108),
        label: 124..1148,
    },
    Layout {
        name: "erofs",
        start: 1024,
        magic: (0, b"\xe2\xe1\xf5\xe0"),
        uuid: Some(48),
        label: 64..80,
    },
    Layout {
        name: "btrfs",
        start: 64 << 10,
        magic: (0x40, b"_BHRfS_M"),
        uuid: Some(0x20),
        label: 0x12b..0x22b,
    },
];

/// Recognises a file system.
pub(super) fn probe<R: ReadAt + ?Sized>(device: &Device<'_, R>) -> Option<Filesystem> {
    let mut layouts = LAYOUTS.iter();
    layouts.find_map(|layout| layout.read(&device.read(layout.start, BLOCK_BYTES)))
}

impl Layout {
    /// Reads a superblock; returns `None` if it is another one, or of a device that has
    /// only a journal.
    fn read(&self, block: &[u8]) -> Option<Filesystem> {
        let (at, magic) = self.magic;
        if !block.get(at..)?.starts_with(magic) {
            return None;
        }
        let label = block.get(self.label.clone())?;
        let uuid = match self.uuid {
            Some(at) => uuid(block, at)?,
            None => String::new(),
        };
        let mut found = Filesystem::new(self.name, uuid, text(label));
        match self.name {
            "ext4" if u32_at(block, 0x60)? & EXT4_JOURNAL_DEVICE != 0 => return None,
            "f2fs" => found.label = gpt::utf16(label).into_bytes(),
            "btrfs" => found.devices = u64_at(block, 0x88)?,
            _ => {}
        }
        Some(found)
    }
}
