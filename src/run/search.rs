// SPDX-License-Identifier: GPL-2.0-or-later
//! One search for file systems among the devices that exist. Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;

use super::device::{content, filesystem, is_called, is_other, members, read, skipped, table};
use super::found::{Devices, Found, Place, Stage};
use super::volume::Volume;
use crate::diagnosis::escape::printable;
use crate::formats::disk::partition::{Partition, PartitionType};
use crate::formats::disk::superblock::{Content, Filesystem, Holder};
use crate::formats::entries::efi::LoaderVariables;
use crate::policy::boot::device::DeviceName;
use crate::policy::boot::error::BootError;
use crate::policy::boot::partitions::{self, Choice, Chosen, Disk, partition_name};
use crate::sys::block::{self, AddedPartition, Block};
use crate::sys::directory::Directory;
use crate::sys::{efivar, file};

/// One look at the devices that exist.
pub struct Search<'caller> {
    pub blocks: Vec<Block>,
    /// Of this machine's boot loader.
    pub variables: LoaderVariables,
    is_wanted: &'caller dyn Fn(&Directory) -> bool,
    /// The tables of all disks, once they were read.
    tables: OnceCell<Vec<Disk>>,
}

impl Found {
    /// Adds the file systems of a stage; of other devices, those of which `is_wanted` is true.
    pub fn add(&mut self, stage: Stage, is_wanted: &dyn Fn(&Directory) -> bool) {
        match stage {
            Stage::Found(volumes) => self.volumes.extend(volumes),
            Stage::Devices(devices) => {
                let others = Search::new(is_wanted).others(&devices);
                self.volumes.extend(others.volumes);
                self.notes.extend(others.notes);
            }
        }
    }
}

impl<'caller> Search<'caller> {
    #[must_use]
    pub fn new(is_wanted: &'caller dyn Fn(&Directory) -> bool) -> Search<'caller> {
        Search {
            blocks: block::all(),
            variables: efivar::read(),
            is_wanted,
            tables: OnceCell::new(),
        }
    }

    fn tables(&self) -> &[Disk] {
        let read_all = || self.disks().map(|disk| self.table(disk)).collect();
        self.tables.get_or_init(read_all)
    }

    fn table(&self, disk: &Block) -> Disk {
        let mut disk = read(disk);
        if let Some(uuid) = &self.variables.device_part_uuid {
            disk.mark_esp(uuid);
        }
        disk
    }

    /// Returns the name of the disk that has this partition.
    fn disk_with(&self, uuid: &str) -> Option<&str> {
        let mut disks = self.tables().iter();
        let disk = disks.find(|disk| disk.has(uuid));
        disk.map(|disk| disk.name.as_str())
    }

    /// Returns a note on the partition that the firmware started from, if it is not there.
    pub fn missing(&self) -> Option<String> {
        let uuid = self.variables.device_part_uuid.as_deref()?;
        match self.disk_with(uuid) {
            Some(_) => None,
            None => Some(format!(
                "the partition that the firmware started from is not here: PARTUUID={uuid}"
            )),
        }
    }

    /// Finds and mounts the file systems in a place.
    ///
    /// # Errors
    /// [`BootError`] when there are none.
    pub fn find(&self, place: Place<'_>) -> Result<Found, BootError> {
        let Place::Device(wanted) = place else {
            return self.anywhere();
        };
        let name = DeviceName::parse(wanted);
        // The whole of a RAID 1 before its parts.
        let find = |parts| {
            self.blocks
                .iter()
                .find(|block| self.is(block, &name, parts))
        };
        let device = find(false).or_else(|| find(true));
        let (disks, mut found) = match device {
            Some(device) => (device.disks(), self.device(device)?),
            None => self.unlisted(&name, wanted)?,
        };
        found.is_known = self.are_known(&disks);
        found.is_foreign = self.variables.device_part_uuid.is_some() && !found.is_known;
        Ok(found)
    }

    /// Returns whether the firmware started from one of these disks.
    pub fn are_known(&self, disks: &[String]) -> bool {
        let uuid = self.variables.device_part_uuid.as_deref();
        let mut disks = self.disks().filter(|disk| disks.contains(&disk.name));
        uuid.is_some_and(|uuid| disks.any(|disk| read(disk).has(uuid)))
    }

    /// Finds and mounts the file systems of a device.
    fn device(&self, device: &Block) -> Result<Found, BootError> {
        let content = content(device);
        if device.partition.is_none() {
            // Before its partitions were made, the disk may have held something else, and
            // its mark may be left.
            let disk = [self.table(device)];
            let uuid = self.variables.device_part_uuid.as_deref();
            match partitions::choose(&disk, uuid) {
                // One at the end outlives a new table, too.
                Err(_)
                    if matches!(&content, Ok(Some(found)) if disk[0].table.is_err()
                        || *found != Content::Holder(Holder::Raid)) => {}
                choice => {
                    let choice = choice.and_then(|choice| self.open_all(choice));
                    return self.then(choice, &[Devices::Of(device.name.clone())]);
                }
            }
        }
        Ok(Found::one(self.open_content(device, content?, None)?))
    }

    /// Opens the partition that the name describes and that the kernel did not find: it
    /// does not read the second table of a disk by itself.
    fn unlisted(
        &self,
        name: &DeviceName,
        wanted: &[u8],
    ) -> Result<(Vec<String>, Found), BootError> {
        for disk in self.disks() {
            let partitions = table(disk).map_or(Vec::new(), |table| table.partitions);
            let mut partitions = partitions.iter();
            let is = |one: &&Partition| {
                self.block(&disk.name, one.number).is_none() && is_called(disk, one, name)
            };
            if let Some(partition) = partitions.find(is) {
                let disk = disk.name.as_str();
                let volume = self.open_partition(Chosen { disk, partition })?;
                return Ok((volume.disks.clone(), Found::one(volume)));
            }
        }
        Err(BootError::NoDevice {
            wanted: printable(wanted),
        })
    }

    /// Searches all disks. Where the firmware's disk is known and its boot loader finds
    /// nothing there, that is grub, which reads the rest of that disk.
    fn anywhere(&self) -> Result<Found, BootError> {
        let uuid = self.variables.device_part_uuid.as_deref();
        let chosen = partitions::choose(self.tables(), uuid);
        let chosen = chosen.and_then(|choice| self.open_all(choice));
        let Some(disk) = uuid.and_then(|uuid| self.disk_with(uuid)) else {
            return self.then(chosen, &[Devices::All]);
        };
        let (own, others) = (Devices::Of(disk.into()), Devices::NotOf(disk.into()));
        let mut found = self.then(chosen, &[own, others])?;
        found.is_known = true;
        Ok(found)
    }

    /// Returns what was found, with these devices to be searched after it, or else what they
    /// have.
    fn then(
        &self,
        found: Result<Found, BootError>,
        devices: &[Devices],
    ) -> Result<Found, BootError> {
        let error = match found {
            Ok(mut found) => {
                for devices in devices {
                    // The rest of a disk comes before other disks.
                    let at = match devices {
                        Devices::Of(_) => 0,
                        _ => found.stages.len(),
                    };
                    let stage = Stage::Devices(devices.clone());
                    found.stages.insert(at, stage);
                }
                return Ok(found);
            }
            Err(error) => error,
        };
        let mut all = Found::default();
        let mut is_empty = true;
        for devices in devices {
            let mut others = self.others(devices);
            is_empty &= others.volumes.is_empty();
            all.notes.append(&mut others.notes);
            all.stages.push(Stage::Found(others.volumes));
        }
        if is_empty {
            return Err(error.beside(&all.notes));
        }
        if !matches!(error, BootError::NoEsp { .. }) {
            all.notes.push(skipped(&error));
        }
        Ok(all)
    }

    /// Mounts all file systems of these devices that are neither on an ESP nor on an XBOOTLDR
    /// partition, and have what is wanted. If none has, the notes say which devices have to be
    /// opened by other programs.
    pub fn others(&self, devices: &Devices) -> Found {
        let mut others = Found::default();
        let mut holders = Vec::new();
        // A file system on several devices is found on each.
        let mut opened: Vec<String> = Vec::new();
        let disks = self.tables();
        let blocks = self.blocks.iter().filter(|block| devices.have(block));
        for block in blocks.filter(|block| is_other(block, disks)) {
            match content(block) {
                Ok(Some(Content::Filesystem(part))) if part.is_part => {
                    holders.push(format!("{}: {}", block.name, Holder::Raid));
                }
                Ok(Some(Content::Filesystem(filesystem))) => {
                    if filesystem.devices > 1 {
                        if opened.contains(&filesystem.uuid) {
                            continue;
                        }
                        opened.push(filesystem.uuid.clone());
                    }
                    self.add(&mut others, self.open(block, &filesystem, None));
                }
                Ok(Some(Content::Holder(holder))) if holder.hint().is_some() => {
                    holders.push(format!("{}: {holder}", block.name));
                }
                _ => {}
            }
        }
        for disk in disks.iter().filter(|disk| disk.has_second_only()) {
            for one in disk.chosen().filter(|one| self.is_unlisted(one, devices)) {
                self.add(&mut others, self.open_partition(one));
            }
        }
        if others.volumes.is_empty() {
            others.notes.append(&mut holders);
        }
        others
    }

    /// Adds a file system that has what is wanted, or a note on one that cannot be mounted.
    fn add(&self, found: &mut Found, opened: Result<Volume, BootError>) {
        match opened {
            Ok(volume) if (self.is_wanted)(&volume.root) => found.volumes.push(volume),
            Ok(_) => {}
            Err(error) => found.notes.push(skipped(&error)),
        }
    }

    /// Returns whether a partition is of these devices, of no type that is read first, and not
    /// known to the kernel.
    fn is_unlisted(&self, one: &Chosen<'_>, devices: &Devices) -> bool {
        let Chosen { disk, partition } = one;
        let mut disks = self.disks();
        partition.partition_type == PartitionType::Other
            && self.block(disk, partition.number).is_none()
            && disks.any(|block| block.name == *disk && devices.have(block))
    }

    fn disks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.partition.is_none())
    }

    fn is(&self, block: &Block, name: &DeviceName, parts: bool) -> bool {
        match name {
            // A path may be a link, of which udev makes many.
            DeviceName::Path { path, stands_for } => {
                match (file::device_number(path), stands_for) {
                    (Some(number), _) => block.number() == Some(number),
                    (None, Some(name)) => self.is(block, name, parts),
                    (None, None) => false,
                }
            }
            _ => name.describes(&|| self.listed(block), &|| {
                filesystem(block).filter(|found| parts || !found.is_part)
            }),
        }
    }

    /// Returns a partition as its disk's table lists it.
    fn listed(&self, block: &Block) -> Option<Partition> {
        let (disk, number) = block.partition.as_ref()?;
        let disk = self.disks().find(|one| one.name == *disk)?;
        let mut all = table(disk).ok()?.partitions.into_iter();
        all.find(|one| one.number == *number)
    }

    fn block(&self, disk: &str, number: u32) -> Option<Block> {
        let mut blocks = self.blocks.iter();
        let is = |block: &&Block| match &block.partition {
            Some((of, own)) => of == disk && *own == number,
            None => false,
        };
        blocks.find(is).cloned()
    }

    /// Opens the chosen partitions; those that a boot loader would not read are a stage. Fails
    /// only when none of them can be opened.
    fn open_all(&self, choice: Choice<'_>) -> Result<Found, BootError> {
        let mut found = Found {
            notes: choice.notes,
            ..Found::default()
        };
        let mut later = Vec::new();
        let mut failed = None;
        let uuid = self.variables.device_part_uuid.as_deref();
        for (number, one) in choice.partitions.into_iter().enumerate() {
            // The parts of a RAID and the whole may have one table.
            let is_same = uuid.is_some_and(|uuid| one.partition.is(uuid));
            let is_first = number < choice.firsts || is_same && found.volumes.is_empty();
            match self.open_partition(one) {
                Ok(volume) if is_first => found.volumes.push(volume),
                Ok(volume) => later.push(volume),
                Err(error) => {
                    found.notes.push(skipped(&error));
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if found.volumes.is_empty() && later.is_empty() => return Err(error),
            _ => found.stages.push(Stage::Found(later)),
        }
        Ok(found)
    }

    /// Adds a partition that the kernel did not find by itself.
    fn list(&self, disk: &str, partition: &Partition) -> Option<(AddedPartition, Block)> {
        let disk = self.disks().find(|one| one.name == disk)?;
        let Partition { number, slice, .. } = partition;
        let name = partition_name(&disk.name, *number);
        AddedPartition::add(disk, &name, *number, *slice).ok()
    }

    fn open_partition(&self, chosen: Chosen<'_>) -> Result<Volume, BootError> {
        let Chosen { disk, partition } = chosen;
        let number = partition.number;
        let (block, added) = match self.block(disk, number) {
            Some(block) => (block, None),
            None => match self.list(disk, partition) {
                Some((added, block)) => (block, Some(added)),
                None => {
                    return Err(BootError::NoDevice {
                        wanted: partition_name(disk, number),
                    });
                }
            },
        };
        let mut volume = self.open_content(&block, content(&block)?, added)?;
        volume.is_esp = partition.partition_type == PartitionType::Esp;
        Ok(volume)
    }

    /// Opens the file system on a device.
    fn open_content(
        &self,
        block: &Block,
        content: Option<Content>,
        added: Option<AddedPartition>,
    ) -> Result<Volume, BootError> {
        let device = block.path();
        match content {
            Some(Content::Filesystem(filesystem)) => self.open(block, &filesystem, added),
            Some(Content::Holder(holder)) => Err(BootError::Holder { device, holder }),
            None => Err(BootError::UnknownFilesystem { device }),
        }
    }

    fn open(
        &self,
        block: &Block,
        filesystem: &Filesystem,
        added: Option<AddedPartition>,
    ) -> Result<Volume, BootError> {
        let members = members(block, filesystem, &self.blocks)?;
        Volume::open(block, filesystem, &members, added, self.is_wanted)
    }
}
