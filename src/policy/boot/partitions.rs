// SPDX-License-Identifier: GPL-2.0-or-later
//! The order of the partitions that boot entries are read from. Specs: UAPI.1, "The Partitions";
//! systemd.io/BOOT_LOADER_INTERFACE, LoaderDevicePartUUID. Layer: pure.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::error::BootError;
use crate::formats::disk::partition::{Partition, PartitionType, Table, TableError};

/// A disk and what was read from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disk {
    /// The disk's name in /sys/class/block.
    pub name: String,
    pub table: Result<Table, DiskError>,
}

impl Disk {
    /// Returns the partitions in its table; none if that cannot be read.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        let table = self.table.as_ref();
        table.map_or(&[], |table| &table.partitions)
    }

    /// Returns whether only its second table can be read; the kernel does not look at that.
    #[must_use]
    pub fn has_second_only(&self) -> bool {
        matches!(&self.table, Ok(table) if table.from_backup)
    }

    /// Returns whether it has the partition with this UUID.
    #[must_use]
    pub fn has(&self, uuid: &str) -> bool {
        self.partitions().iter().any(|one| one.is(uuid))
    }

    /// Takes the partition that the firmware started from for an ESP, whatever its type: a
    /// stick that was made by hand has another one.
    pub fn mark_esp(&mut self, started_from: &str) {
        let Ok(table) = &mut self.table else {
            return;
        };
        for one in &mut table.partitions {
            if one.is(started_from) && one.partition_type == PartitionType::Other {
                one.partition_type = PartitionType::Esp;
            }
        }
    }

    /// Returns the partitions in its table with its name.
    pub fn chosen(&self) -> impl DoubleEndedIterator<Item = Chosen<'_>> + Clone {
        self.partitions().iter().map(|partition| Chosen {
            disk: &self.name,
            partition,
        })
    }
}

/// A reason why a disk's partitions are not known: part of the cause of
/// [`BootError::NoEsp`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DiskError {
    /// The device cannot be opened, for the reason that the text gives.
    Open(String),
    Table(TableError),
}

impl fmt::Display for DiskError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskError::Open(why) => out.write_str(why),
            DiskError::Table(error) => error.fmt(out),
        }
    }
}

/// A partition that boot entries are read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chosen<'disks> {
    /// The name of the disk that has it.
    pub disk: &'disks str,
    pub partition: &'disks Partition,
}

/// The partitions that boot entries are read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice<'disks> {
    /// The ESP and the XBOOTLDR partition of one disk, of which a boot loader would read
    /// the entries, then all others. Never empty.
    pub partitions: Vec<Chosen<'disks>>,
    /// The number of partitions that a boot loader would read.
    pub firsts: usize,
    /// Warnings to show to the user.
    pub notes: Vec<String>,
}

/// Orders all ESPs and XBOOTLDR partitions. First come those that a boot loader would
/// read: an ESP and an XBOOTLDR partition of the disk with the partition that the firmware
/// started from, or else of the first disk that has an ESP, or else of the first that has
/// an XBOOTLDR partition. Of partitions of one type, that is the one that the firmware
/// started from, or else the first. Others of its disk come next. `started_from` is the UUID of
/// the firmware's partition, in upper or lower case.
///
/// # Errors
/// [`BootError::NoEsp`] when no disk has such a partition.
pub fn choose<'disks>(
    disks: &'disks [Disk],
    started_from: Option<&str>,
) -> Result<Choice<'disks>, BootError> {
    let firsts = || disks.iter().map(|disk| firsts(disk, started_from));
    let started = firsts().find(|all| {
        let mut all = all.iter();
        all.any(|one| is(one.partition, started_from))
    });
    let mark_esp = |all: &Vec<Chosen<'_>>| {
        let mut all = all.iter();
        all.any(|one| one.partition.partition_type == PartitionType::Esp)
    };
    let first = started.or_else(|| firsts().find(mark_esp));
    let first = first.or_else(|| firsts().find(|all| !all.is_empty()));
    let Some(mut partitions) = first else {
        return Err(BootError::NoEsp { seen: seen(disks) });
    };
    let firsts = partitions.len();
    let own = partitions.first().map(|one| one.disk);
    let mut add = |disk| {
        for wanted in TYPES {
            for one in of_type(disk, wanted) {
                if !partitions.contains(&one) {
                    partitions.push(one);
                }
            }
        }
    };
    // Those of the same disk come before those of others.
    disks
        .iter()
        .filter(|disk| own == Some(&disk.name))
        .for_each(&mut add);
    disks.iter().for_each(add);
    let mut notes = Vec::new();
    for disk in disks {
        if disk.has_second_only() {
            let name = &disk.name;
            notes.push(format!(
                "{name}: the first partition table is damaged; the second is used"
            ));
        }
    }
    Ok(Choice {
        partitions,
        firsts,
        notes,
    })
}

/// Returns the kernel's name for a partition, such as vda1 or nvme0n1p1.
#[must_use]
pub fn partition_name(disk: &str, number: u32) -> String {
    let is_digit = disk.as_bytes().last().is_some_and(u8::is_ascii_digit);
    let separator = if is_digit { "p" } else { "" };
    format!("{disk}{separator}{number}")
}

/// The types of partitions that have boot entries, in the order in which they are read.
const TYPES: [PartitionType; 2] = [PartitionType::Esp, PartitionType::Xbootldr];

fn of_type(
    disk: &Disk,
    wanted: PartitionType,
) -> impl DoubleEndedIterator<Item = Chosen<'_>> + Clone {
    disk.chosen()
        .filter(move |one| one.partition.partition_type == wanted)
}

/// Returns whether this is the partition that the firmware started from.
fn is(partition: &Partition, started_from: Option<&str>) -> bool {
    started_from.is_some_and(|uuid| partition.is(uuid))
}

/// Returns the ESP and the XBOOTLDR partition of a disk that a boot loader would read, as
/// far as it has them.
fn firsts<'disks>(disk: &'disks Disk, started_from: Option<&str>) -> Vec<Chosen<'disks>> {
    let mut partitions = Vec::new();
    for wanted in TYPES {
        let mut all = of_type(disk, wanted);
        // If two partitions have the same UUID, the last one counts.
        let started = all.clone().rfind(|one| is(one.partition, started_from));
        partitions.extend(started.or_else(|| all.next()));
    }
    partitions
}

/// Returns a description of what was seen instead of an ESP, disk by disk.
fn seen(disks: &[Disk]) -> String {
    let mut seen = Vec::new();
    for Disk { name, table } in disks {
        let why = match table {
            Ok(_) => "no ESP or XBOOTLDR".into(),
            Err(error) => error.to_string(),
        };
        seen.push([name, ": ", &why].concat());
    }
    if seen.is_empty() {
        return "the kernel knows no disk: its driver may be missing".into();
    }
    seen.join(", ")
}
