// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice of the ESP and the XBOOTLDR partition. Specs: UAPI.1, "The Partitions";
//! systemd.io/BOOT_LOADER_INTERFACE, LoaderDevicePartUUID. Layer: pure.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::error::BootError;
use crate::formats::disk::gpt::{GptError, Partition, PartitionType, Table};

/// A disk and what was read from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disk {
    /// The disk's name in /sys/class/block.
    pub name: String,
    pub table: Result<Table, DiskError>,
}

/// A reason why a disk's partitions are not known: part of the cause of
/// [`BootError::NoEsp`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DiskError {
    /// The device cannot be opened, for the reason that the text gives.
    Open(String),
    Gpt(GptError),
}

impl fmt::Display for DiskError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskError::Open(why) => out.write_str(why),
            DiskError::Gpt(error) => error.fmt(out),
        }
    }
}

/// The partitions that boot entries are read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice<'disks> {
    /// The name of the disk that has them.
    pub disk: &'disks str,
    /// The ESP, if there is one, before the XBOOTLDR partition, if there is one.
    /// Never empty.
    pub partitions: Vec<&'disks Partition>,
    /// Warnings to show to the user.
    pub notes: Vec<String>,
}

/// The partitions of one disk that may be chosen.
struct Candidate<'disks> {
    disk: &'disks str,
    partitions: Vec<&'disks Partition>,
    /// True when the firmware started from one of them.
    is_started_from: bool,
}

/// Chooses one disk, and its ESP and its XBOOTLDR partition. The disk is the one with
/// the partition that the firmware started from, or else the first that has an ESP or
/// an XBOOTLDR partition. Among partitions of one type, the one that the firmware
/// started from is chosen, or else the first. `started_from` is the UUID of the
/// firmware's partition, in upper or lower case.
///
/// # Errors
/// [`BootError::NoEsp`] when no disk has such a partition.
pub fn choose<'disks>(
    disks: &'disks [Disk],
    started_from: Option<&str>,
) -> Result<Choice<'disks>, BootError> {
    let mut candidates = disks
        .iter()
        .filter_map(|disk| candidate(disk, started_from));
    let started = candidates.clone().find(|one| one.is_started_from);
    let Some(chosen) = started.or_else(|| candidates.next()) else {
        return Err(BootError::NoEsp { seen: seen(disks) });
    };
    let mut notes = Vec::new();
    for disk in disks {
        if matches!(&disk.table, Ok(table) if table.from_backup) {
            let name = &disk.name;
            notes.push(format!(
                "{name}: the first partition table is damaged; the second is used"
            ));
        }
    }
    if !chosen.is_started_from {
        notes.extend(several_esps(disks, &chosen));
    }
    Ok(Choice {
        disk: chosen.disk,
        partitions: chosen.partitions,
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

fn of_type(
    disk: &Disk,
    wanted: PartitionType,
) -> impl DoubleEndedIterator<Item = &Partition> + Clone {
    let table = disk.table.as_ref().ok();
    let partitions = table.map_or(&[][..], |table| &table.partitions);
    partitions
        .iter()
        .filter(move |one| one.partition_type == wanted)
}

/// Returns the disk's ESP and XBOOTLDR partition; `None` when it has neither.
fn candidate<'disks>(disk: &'disks Disk, started_from: Option<&str>) -> Option<Candidate<'disks>> {
    // Boot loaders write the UUID in upper or lower case.
    let is_started_from = |partition: &Partition| {
        started_from.is_some_and(|uuid| partition.uuid.eq_ignore_ascii_case(uuid))
    };
    let mut partitions = Vec::new();
    for wanted in [PartitionType::Esp, PartitionType::Xbootldr] {
        let mut all = of_type(disk, wanted);
        // If two partitions have the same UUID, the last one counts.
        let started = all.clone().rfind(|one| is_started_from(one));
        partitions.extend(started.or_else(|| all.next()));
    }
    if partitions.is_empty() {
        return None;
    }
    Some(Candidate {
        disk: &disk.name,
        is_started_from: partitions.iter().any(|one| is_started_from(one)),
        partitions,
    })
}

/// Returns a note when the choice was between several ESPs.
fn several_esps(disks: &[Disk], chosen: &Candidate<'_>) -> Option<String> {
    let mut esps = Vec::new();
    for disk in disks {
        for esp in of_type(disk, PartitionType::Esp) {
            esps.push(partition_name(&disk.name, esp.number));
        }
    }
    let taken = chosen.partitions.first().filter(|_| esps.len() > 1)?;
    let taken = partition_name(chosen.disk, taken.number);
    let esps = esps.join(", ");
    Some(format!(
        "more than one ESP: {esps}; using {taken}; --device selects another"
    ))
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
        return "no disk".into();
    }
    seen.join(", ")
}
