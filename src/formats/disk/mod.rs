// SPDX-License-Identifier: GPL-2.0-or-later
//! Disks: partition tables and the file systems on them. Layer: pure.

pub mod gpt;
pub mod superblock;

#[cfg(test)]
pub(crate) mod tests;
