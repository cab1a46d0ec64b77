// SPDX-License-Identifier: GPL-2.0-or-later
//! The file systems that a search found, and where it looked. Layer: effects.

use alloc::string::String;
use alloc::vec::Vec;

use super::volume::Volume;
use crate::sys::block::Block;

/// The place in which to look for file systems.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'arg> {
    Anywhere,
    Root(&'arg [u8]),
    Device(&'arg [u8]),
}

/// The file systems that were found, and what comes after them.
#[derive(Default)]
pub struct Found {
    /// The file systems; first those that a boot loader would read, the ESP before all others.
    pub volumes: Vec<Volume>,
    /// Warnings to show to the user.
    pub notes: Vec<String>,
    /// The file systems that come after them, in this order.
    pub stages: Vec<Stage>,
    /// True if they are on the disk that the firmware started from, as far as they are first.
    pub is_known: bool,
    /// True if they are another boot loader's than that which the firmware started: its EFI
    /// variables are not about them.
    pub is_foreign: bool,
}

/// File systems that come after others.
pub enum Stage {
    /// Other ESPs and XBOOTLDR partitions.
    Found(Vec<Volume>),
    /// The file systems of these devices, which were not searched yet.
    Devices(Devices),
}

/// Devices that may be searched. A disk has its partitions, and what is made of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Devices {
    Of(String),
    NotOf(String),
    All,
}

impl Found {
    pub fn one(volume: Volume) -> Found {
        Found {
            volumes: alloc::vec![volume],
            ..Found::default()
        }
    }

    /// Returns the next stage.
    pub fn next_stage(&mut self) -> Option<Stage> {
        (!self.stages.is_empty()).then(|| self.stages.remove(0))
    }
}

impl Stage {
    /// Returns whether it is the rest of a disk, which was not searched yet.
    pub fn is_of_disk(&self) -> bool {
        matches!(self, Stage::Devices(Devices::Of(_)))
    }
}

impl Devices {
    /// Returns whether these are among them.
    pub fn have(&self, block: &Block) -> bool {
        let is_on = |disk: &String| block.disks().contains(disk);
        match self {
            Devices::Of(disk) => is_on(disk),
            Devices::NotOf(disk) => !is_on(disk),
            Devices::All => true,
        }
    }
}
