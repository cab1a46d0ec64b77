// SPDX-License-Identifier: GPL-2.0-or-later
//! Disks: partition tables and the file systems on them. Layer: pure.

pub mod gpt;
pub mod mbr;
pub mod partition;
pub mod superblock;
pub mod table;

#[cfg(test)]
pub(crate) mod tests;
