// SPDX-License-Identifier: GPL-2.0-or-later
//! The file system on a device, with its UUID and its label. Specs: Microsoft FAT
//! specification 1.03; Linux, fs/ext4/ext4.h. Layer: pure.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::gpt;
use crate::formats::field::{bytes_at, u16_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, read_small};

/// The superblock of ext4 begins at 1024; nothing after its label is read.
const HEAD_BYTES: u64 = 2048;
const EXT4_MAGIC: u16 = 0xef53;

/// A file system that may be mounted for its boot entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filesystem {
    /// The kernel's name for the file system.
    pub name: &'static str,
    /// The UUID, as blkid(8) shows it.
    pub uuid: String,
    pub label: Vec<u8>,
}

/// Recognises the file system on a device; returns `None` for any other content.
///
/// # Errors
/// [`ReadError`].
pub fn probe<R: ReadAt + ?Sized>(device: &R) -> Result<Option<Filesystem>, ReadError> {
    let Some(slice) = FileSlice::within(FileOffset(0), HEAD_BYTES, device.file_bytes()) else {
        return Ok(None);
    };
    let head = read_small(device, slice, HEAD_BYTES)?;
    Ok(ext4(&head).or_else(|| fat(&head)))
}

fn text(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.split(|byte| *byte == 0).next();
    text.unwrap_or_default().trim_ascii_end().to_vec()
}

fn ext4(head: &[u8]) -> Option<Filesystem> {
    let block = head.get(1024..)?;
    if u16_at(block, 0x38)? != EXT4_MAGIC {
        return None;
    }
    let mut uuid: [u8; 16] = bytes_at(block, 0x68)?;
    // ext4 stores it big-endian; partition tables have little-endian fields.
    for field in [0..4, 4..6, 6..8] {
        uuid.get_mut(field)?.reverse();
    }
    Some(Filesystem {
        name: "ext4",
        uuid: gpt::guid(uuid),
        label: text(block.get(0x78..0x88)?),
    })
}

fn fat(head: &[u8]) -> Option<Filesystem> {
    let sector = u16_at(head, 11)?;
    let sound = u16_at(head, 510)? == 0xaa55 && (512..=4096).contains(&sector);
    // FAT12 and FAT16 have the size of a FAT here, FAT32 has 0.
    let start = if u16_at(head, 22)? == 0 { 64 } else { 36 };
    let fields = head.get(start..)?;
    let is_fat = fields.get(18..)?.starts_with(b"FAT");
    if !sound || !sector.is_power_of_two() || !is_fat {
        return None;
    }
    let serial = u32_at(fields, 3)?;
    Some(Filesystem {
        name: "vfat",
        uuid: format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff),
        label: text(fields.get(7..18)?),
    })
}
