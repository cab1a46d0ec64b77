// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice between the two kinds of partition tables. Layer: pure.

use super::partition::{Table, TableError};
use super::{gpt, mbr};
use crate::formats::source::ReadAt;

/// Reads the table of a disk. As for firmware and the kernel, the MBR decides: if it has
/// partitions, and none that stands for a GPT, a GPT on the disk is a left-over.
///
/// # Errors
/// Fails if there is no table, or none that is sound, and if the disk cannot be read.
pub fn read<R: ReadAt + ?Sized>(disk: &R) -> Result<Table, TableError> {
    match mbr::read(disk)? {
        Some(table) => Ok(table),
        None => gpt::read(disk),
    }
}
