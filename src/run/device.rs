// SPDX-License-Identifier: GPL-2.0-or-later
//! What is on a device: a partition table, or a file system. Layer: effects.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::diagnosis::Diagnose;
use crate::formats::disk::partition::{Partition, PartitionType, Table};
use crate::formats::disk::superblock::{self, Content, Filesystem};
use crate::formats::disk::table;
use crate::formats::source::SubSource;
use crate::policy::boot::device::DeviceName;
use crate::policy::boot::error::BootError;
use crate::policy::boot::partitions::{Disk, DiskError, partition_name};
use crate::sys::block::Block;

/// Reads the partition table of a disk.
///
/// # Errors
/// [`DiskError`].
pub fn table(disk: &Block) -> Result<Table, DiskError> {
    let file = disk.open();
    let file = file.map_err(|error| DiskError::Open(error.to_string()))?;
    table::read(&file, disk.sector_bytes()).map_err(DiskError::Table)
}

/// Returns the note on a file system that was found and cannot be read.
pub fn skipped(error: &BootError) -> String {
    ["skipped ", &error.to_string()].concat()
}

/// Returns a disk with its partition table, or the reason why there is none.
pub fn read(disk: &Block) -> Disk {
    Disk {
        name: disk.name.clone(),
        table: table(disk),
    }
}

/// Recognises what is on a device; returns `None` for any other content.
///
/// # Errors
/// [`BootError::Device`] for a device that cannot be read.
pub fn content(block: &Block) -> Result<Option<Content>, BootError> {
    let device = block.open();
    let device = device.map_err(|error| BootError::Device(error.diagnose()))?;
    superblock::probe(&device)
        .map_err(|error| BootError::Device(error.diagnose().within(&block.path())))
}

/// Returns the file system on a device, if it can be read and has one.
pub fn filesystem(block: &Block) -> Option<Filesystem> {
    match content(block) {
        Ok(Some(Content::Filesystem(found))) => Some(found),
        _ => None,
    }
}

/// Returns whether a partition that has no device of its own has this name.
pub fn is_called(disk: &Block, partition: &Partition, name: &DeviceName) -> bool {
    match name {
        DeviceName::Path { path, stands_for } => match stands_for {
            Some(name) => is_called(disk, partition, name),
            None => {
                path.strip_prefix("/dev/") == Some(&partition_name(&disk.name, partition.number))
            }
        },
        _ => name.describes(&|| Some(partition.clone()), &|| {
            let file = disk.open().ok()?;
            match superblock::probe(&SubSource::new(&file, partition.slice)) {
                Ok(Some(Content::Filesystem(found))) => Some(found),
                _ => None,
            }
        }),
    }
}

/// Returns whether a device is neither a disk with a partition table nor one of the
/// partitions that are read first.
pub fn is_other(block: &Block, disks: &[Disk]) -> bool {
    let disk = |name: &str| disks.iter().find(|disk| disk.name == name);
    let Some((on, number)) = &block.partition else {
        // Memory, and files of the running system.
        let is_virtual = ["loop", "ram", "zram", "sr", "nbd"];
        let is_virtual = is_virtual.iter().any(|kind| block.name.starts_with(kind));
        return !is_virtual && disk(&block.name).is_none_or(|disk| disk.table.is_err());
    };
    let mut partitions = disk(on).map_or(&[][..], Disk::partitions).iter();
    let listed = partitions.find(|one| one.number == *number);
    listed.is_none_or(|one| one.partition_type == PartitionType::Other)
}

/// Returns all devices of the file system on `block`, if it has several.
///
/// # Errors
/// [`BootError::MissingDevice`].
pub fn members(
    block: &Block,
    wanted: &Filesystem,
    blocks: &[Block],
) -> Result<Vec<Block>, BootError> {
    if wanted.devices < 2 {
        return Ok(Vec::new());
    }
    let is_member = |block: &&Block| match filesystem(block) {
        Some(other) => other.name == wanted.name && other.uuid == wanted.uuid,
        None => false,
    };
    let members: Vec<Block> = blocks.iter().filter(is_member).cloned().collect();
    let present = members.len();
    if u64::try_from(present).unwrap_or(0) < wanted.devices {
        return Err(BootError::MissingDevice {
            device: block.path(),
            filesystem: wanted.name,
            present,
            devices: wanted.devices,
        });
    }
    Ok(members)
}
