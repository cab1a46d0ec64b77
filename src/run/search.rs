// SPDX-License-Identifier: GPL-2.0-or-later
//! One search for file systems among the devices that exist. Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::device::{content, filesystem, is_called, is_other, of_disk, read, table};
use super::found::{Found, Others, Place};
use super::volume::Volume;
use crate::formats::disk::partition::{Partition, PartitionType};
use crate::formats::disk::superblock::{Content, Filesystem};
use crate::formats::entries::efi::LoaderVariables;
use crate::policy::boot::device::DeviceName;
use crate::policy::boot::error::BootError;
use crate::policy::boot::partitions::{self, Choice, Chosen, Disk, partition_name};
use crate::sys::block::{self, AddedPartition, Block};
use crate::sys::directory::Directory;
use crate::sys::file;

/// The devices that are searched.
pub struct Search<'caller> {
    pub blocks: Vec<Block>,
    pub is_wanted: &'caller dyn Fn(&Directory) -> bool,
}

impl Found {
    /// Adds all other file systems of which `is_wanted` is true, if they were not searched
    /// yet.
    pub fn search_others(&mut self, is_wanted: &dyn Fn(&Directory) -> bool) {
        let blocks = match core::mem::take(&mut self.others) {
            Others::None => Vec::new(),
            Others::OfDisk(disk) => of_disk(block::all(), &disk, true),
            Others::NotOfDisk(disk) => of_disk(block::all(), &disk, false),
            Others::All => block::all(),
        };
        if !blocks.is_empty() {
            let search = Search { blocks, is_wanted };
            let others = search.others();
            self.volumes.extend(others.volumes);
            self.notes.extend(others.notes);
        }
    }
}

impl Search<'_> {
    /// Returns the disk that has this partition.
    fn disk_with(&self, uuid: &str) -> Option<&Block> {
        self.disks().find(|disk| {
            let partitions = table(disk).map_or(Vec::new(), |table| table.partitions);
            let mut partitions = partitions.iter();
            partitions.any(|one| one.uuid.eq_ignore_ascii_case(uuid))
        })
    }

    /// Returns whether a boot loader would find what is wanted.
    fn has_wanted(&self, found: &Found) -> bool {
        let mut firsts = found.volumes.iter().take(found.firsts);
        firsts.any(|volume| (self.is_wanted)(&volume.root))
    }

    /// Adds the other file systems of the disk that the firmware started from: the boot loader
    /// there is grub, which reads those. Returns what is left to be searched.
    fn add_own(&self, disk: &Block, found: &mut Found) -> Others {
        let own = Search {
            blocks: of_disk(self.blocks.clone(), &disk.name, true),
            is_wanted: self.is_wanted,
        };
        let own = own.others().volumes;
        let (at, count) = (found.firsts, own.len());
        found.volumes.splice(at..at, own);
        found.firsts = at.saturating_add(count);
        Others::NotOfDisk(disk.name.clone())
    }

    /// Returns a note on the partition that the firmware started from, if it is not there.
    pub fn missing(&self, variables: &LoaderVariables) -> Option<String> {
        let uuid = variables.device_part_uuid.as_deref()?;
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
    pub fn find(&self, place: Place<'_>, variables: &LoaderVariables) -> Result<Found, BootError> {
        let Place::Device(wanted) = place else {
            return self.anywhere(variables.device_part_uuid.as_deref());
        };
        let name = DeviceName::parse(wanted);
        let Some(device) = self.blocks.iter().find(|block| self.is(block, &name)) else {
            return self.unlisted(&name, wanted);
        };
        let content = content(device);
        if device.partition.is_none() {
            // Before its partitions were made, the disk may have held something else, and
            // its mark may be left.
            let disk = [read(device)];
            match partitions::choose(&disk, None) {
                Err(_) if matches!(content, Ok(Some(_))) => {}
                choice => {
                    let mut found = choice.and_then(|choice| self.open_all(choice));
                    let others = Others::OfDisk(device.name.clone());
                    match &mut found {
                        Ok(found) => found.others = others,
                        Err(_) => {
                            let mut of_disk = Found {
                                others,
                                ..Found::default()
                            };
                            of_disk.search_others(self.is_wanted);
                            if !of_disk.volumes.is_empty() {
                                return Ok(of_disk);
                            }
                        }
                    }
                    return found;
                }
            }
        }
        Ok(Found::one(self.open_content(device, content?, None)?))
    }

    /// Opens the partition that the name describes and that the kernel did not find: it
    /// does not read the second table of a disk by itself.
    fn unlisted(&self, name: &DeviceName, wanted: &[u8]) -> Result<Found, BootError> {
        for disk in self.disks() {
            let partitions = table(disk).map_or(Vec::new(), |table| table.partitions);
            let mut partitions = partitions.iter();
            let is = |one: &&Partition| {
                self.block(&disk.name, one.number).is_none() && is_called(disk, one, name)
            };
            if let Some(partition) = partitions.find(is) {
                let disk = disk.name.as_str();
                let volume = self.open_partition(Chosen { disk, partition })?;
                return Ok(Found::one(volume));
            }
        }
        Err(BootError::NoDevice {
            wanted: String::from_utf8_lossy(wanted).into_owned(),
        })
    }

    /// Searches all disks.
    fn anywhere(&self, started_from: Option<&str>) -> Result<Found, BootError> {
        let disks: Vec<Disk> = self.disks().map(read).collect();
        let chosen = partitions::choose(&disks, started_from);
        match chosen.and_then(|choice| self.open_all(choice)) {
            Ok(mut found) => {
                let disk = started_from.and_then(|uuid| self.disk_with(uuid));
                found.others = match disk {
                    Some(disk) if !self.has_wanted(&found) => self.add_own(disk, &mut found),
                    _ => Others::All,
                };
                Ok(found)
            }
            Err(error) => {
                let others = self.others_of(&disks);
                match others.volumes.is_empty() {
                    true => Err(error.beside(&others.notes)),
                    false => Ok(others),
                }
            }
        }
    }

    /// Mounts all file systems that are neither on an ESP nor on an XBOOTLDR partition, and
    /// have what is wanted.
    pub fn others(&self) -> Found {
        let disks: Vec<Disk> = self.disks().map(read).collect();
        self.others_of(&disks)
    }

    /// Mounts all other file systems that have what is wanted. If none has, the notes say
    /// which devices have to be opened by other programs.
    fn others_of(&self, disks: &[Disk]) -> Found {
        let mut others = Found::default();
        for block in self.blocks.iter().filter(|block| is_other(block, disks)) {
            match content(block) {
                Ok(Some(Content::Filesystem(filesystem))) => {
                    let opened = self.open(block, &filesystem, None);
                    let opened = opened.ok().filter(|one| (self.is_wanted)(&one.root));
                    others.volumes.extend(opened);
                }
                Ok(Some(Content::Holder(holder))) if holder.hint().is_some() => {
                    others.notes.push(format!("{}: {holder}", block.name));
                }
                _ => {}
            }
        }
        if !others.volumes.is_empty() {
            others.notes.clear();
        }
        others
    }

    fn disks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.partition.is_none())
    }

    fn is(&self, block: &Block, name: &DeviceName) -> bool {
        match name {
            // A path may be a link, of which udev makes many.
            DeviceName::Path { path, stands_for } => {
                match (file::device_number(path), stands_for) {
                    (Some(number), _) => block.number() == Some(number),
                    (None, Some(name)) => self.is(block, name),
                    (None, None) => false,
                }
            }
            _ => name.describes(&|| self.listed(block), &|| filesystem(block)),
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

    /// Opens the chosen partitions. Fails only when none of them can be opened.
    fn open_all(&self, choice: Choice<'_>) -> Result<Found, BootError> {
        let mut found = Found {
            notes: choice.notes,
            ..Found::default()
        };
        let mut failed = None;
        for (number, one) in choice.partitions.into_iter().enumerate() {
            match self.open_partition(one) {
                Ok(volume) => {
                    found.volumes.push(volume);
                    if number < choice.firsts {
                        found.firsts = found.volumes.len();
                    }
                }
                Err(error) => {
                    found.notes.push(["skipped ", &error.to_string()].concat());
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if found.volumes.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    /// Adds a partition that the kernel did not find by itself.
    fn add(&self, disk: &str, partition: &Partition) -> Option<(AddedPartition, Block)> {
        let disk = self.disks().find(|one| one.name == disk)?;
        AddedPartition::add(disk, partition.number, partition.slice).ok()
    }

    fn open_partition(&self, chosen: Chosen<'_>) -> Result<Volume, BootError> {
        let Chosen { disk, partition } = chosen;
        let number = partition.number;
        let (block, added) = match self.block(disk, number) {
            Some(block) => (block, None),
            None => match self.add(disk, partition) {
                Some((added, block)) => (block, Some(added)),
                None => {
                    return Err(BootError::NoDevice {
                        wanted: partition_name(disk, number),
                    });
                }
            },
        };
        let content = content(&block)?;
        let mut volume = self.open_content(&block, content, added)?;
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
        let mut members = Vec::new();
        if filesystem.devices > 1 {
            let is_member = |block: &&Block| match self::filesystem(block) {
                Some(other) => other.name == filesystem.name && other.uuid == filesystem.uuid,
                None => false,
            };
            members.extend(self.blocks.iter().filter(is_member).map(Block::path));
            let present = members.len();
            if u64::try_from(present).unwrap_or(0) < filesystem.devices {
                return Err(BootError::MissingDevice {
                    device: block.path(),
                    filesystem: filesystem.name,
                    present,
                    devices: filesystem.devices,
                });
            }
        }
        Volume::open(block, filesystem, members, added, self.is_wanted)
    }
}
