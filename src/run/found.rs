// SPDX-License-Identifier: GPL-2.0-or-later
//! The file systems that a search found, and where it looked. Layer: effects.

use alloc::string::String;
use alloc::vec::Vec;

use super::volume::Volume;

/// The place in which to look for file systems.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'arg> {
    Anywhere,
    Root(&'arg [u8]),
    Device(&'arg [u8]),
}

/// The file systems that were found.
#[derive(Default)]
pub struct Found {
    /// The file systems; first those that a boot loader would read, the ESP before all others.
    pub volumes: Vec<Volume>,
    /// The number of those that a boot loader would read.
    pub firsts: usize,
    /// Warnings to show to the user.
    pub notes: Vec<String>,
    /// The devices that may have others, because they were not searched.
    pub others: Others,
}

/// The devices that were not searched yet.
#[derive(Default)]
pub enum Others {
    #[default]
    None,
    /// The partitions of this disk.
    OfDisk(String),
    /// All but the partitions of this disk.
    NotOfDisk(String),
    All,
}

impl Found {
    pub fn one(volume: Volume) -> Found {
        Found {
            volumes: alloc::vec![volume],
            firsts: 1,
            ..Found::default()
        }
    }
}
