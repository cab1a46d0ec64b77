// SPDX-License-Identifier: GPL-2.0-or-later
//! Partitions, as tables of both kinds list them. Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::formats::source::{FileSlice, ReadError};

/// The sector sizes that a GPT may have been made for, in bytes.
pub(super) const SECTORS: [u64; 2] = [512, 4096];

/// A partition's type. Boot entries are read from the first two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartitionType {
    Esp,
    Xbootldr,
    Other,
}

/// One partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partition {
    /// The number, counted from 1, as in the names of devices.
    pub number: u32,
    pub partition_type: PartitionType,
    /// The PARTUUID, in lower case.
    pub uuid: String,
    /// The PARTLABEL; an MBR has none.
    pub label: String,
    /// The partition's bytes on the disk.
    pub slice: FileSlice,
}

impl Partition {
    /// Returns whether it has this PARTUUID. Boot loaders write it in upper or lower case.
    #[must_use]
    pub fn is(&self, uuid: &str) -> bool {
        self.uuid.eq_ignore_ascii_case(uuid)
    }
}

/// The partitions of a disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    pub partitions: Vec<Partition>,
    /// True when the first table is damaged and this is the second.
    pub from_backup: bool,
}

/// A reason why a disk's table cannot be used. It is part of the cause of
/// `BootError::NoEsp`, which decides the exit code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableError {
    /// Nothing on the disk looks like a table.
    None,
    /// Both tables of a GPT are damaged.
    Damaged,
    Read(ReadError),
}

impl fmt::Display for TableError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::None => out.write_str("no partition table"),
            TableError::Damaged => out.write_str("both partition tables are damaged"),
            TableError::Read(error) => error.fmt(out),
        }
    }
}

impl From<ReadError> for TableError {
    fn from(error: ReadError) -> TableError {
        TableError::Read(error)
    }
}
