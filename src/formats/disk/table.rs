// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice between the two kinds of partition tables. Layer: pure.

use super::partition::{Table, TableError};
use super::{gpt, mbr, superblock};
use crate::formats::source::ReadAt;

/// Reads the table of a disk. As for firmware and the kernel, the MBR decides: if it has
/// partitions, and none that stands for a GPT, a GPT on the disk is a left-over. So is one
/// without such an MBR on a disk that holds a file system, or is a part of something larger:
/// mkfs.fat, for one, leaves the second table alone. `sector_bytes` is the size of the disk's
/// sectors; a GPT may have been made for a disk with others.
///
/// # Errors
/// Fails if there is no table, or none that is sound, and if the disk cannot be read.
pub fn read<R: ReadAt + ?Sized>(disk: &R, sector_bytes: u64) -> Result<Table, TableError> {
    if let Some(table) = mbr::read(disk, sector_bytes)? {
        return Ok(table);
    }
    let is_whole = || matches!(superblock::probe(disk), Ok(Some(_)));
    if !mbr::stands_for_gpt(disk)? && is_whole() {
        return Err(TableError::None);
    }
    gpt::read(disk)
}
