// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Finds and mounts the file systems that have boot entries.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::RunError;
use crate::boot::efi::LoaderVariables;
use crate::boot::error::BootError;
use crate::boot::gpt::{self, Partition, PartitionType, Table};
use crate::boot::superblock::{self, Filesystem};
use crate::errno::Errno;
use crate::sys::block::{self, AddedPartition, Block};
use crate::sys::directory::Directory;
use crate::sys::event::{now_us, pause_ms};
use crate::sys::mount::{self, Access};
use crate::sys::{SysError, file};

/// Between two looks for a device.
const PAUSE_MS: u32 = 200;

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub enum Place<'arg> {
    Anywhere,
    Root(&'arg [u8]),
    Device(&'arg [u8]),
}

/// A mounted file system. Fields are dropped in their order: first the mount.
pub struct Volume {
    pub name: String,
    pub root: Directory,
    source: Option<Source>,
    _added: Option<AddedPartition>,
}

/// What this program mounted.
struct Source {
    filesystem: &'static str,
    path: String,
}

/// File systems, the ESP first, and what a person should know of the search.
pub struct Found {
    pub volumes: Vec<Volume>,
    pub notes: Vec<String>,
}

impl Volume {
    /// Renames a file in the directory `folder`. What is mounted read-only is
    /// written to for that alone; what this program mounted is unmounted then, so
    /// that this is the last that is done with a volume.
    ///
    /// # Errors
    /// EROFS, ENOSPC, EEXIST, EIO, EBUSY.
    pub fn rename(self, folder: &[u8], old: &[u8], new: &[u8]) -> Result<(), SysError> {
        // Out of it: dropped before the partition that it is on.
        let mut root = self.root;
        if let Some(Source { filesystem, path }) = &self.source {
            // Anew and not by a remount, so that a journal is replayed first.
            drop(root);
            match mount::mount(filesystem, path, Access::Write) {
                // Somebody else has it mounted read-only.
                Err(error) if mount::is_busy(&error) => {
                    root = mount::mount(filesystem, path, Access::ReadOnly)?;
                }
                result => return result?.rename(folder, old, new),
            }
        }
        let is_read_only = |result: &Result<(), SysError>| matches!(result, Err(error) if error.errno == Errno::EROFS);
        let mut renamed = root.rename(folder, old, new);
        if !is_read_only(&renamed) {
            return renamed;
        }
        // The mount may be read-only by itself; then a copy of it is not. Of
        // what this program mounted there is no copy, and it is not.
        let copy = mount::writable_copy(&root).ok();
        let root = copy.as_ref().unwrap_or(&root);
        renamed = root.rename(folder, old, new);
        if is_read_only(&renamed) {
            mount::remount(root, Access::Write)?;
            renamed = root.rename(folder, old, new);
            mount::remount(root, Access::ReadOnly)?;
        }
        renamed
    }
}

/// Finds the file systems, and waits for them to appear for `timeout_s`.
///
/// # Errors
/// [`RunError::Boot`] when there are none.
pub fn find(
    place: Place<'_>,
    variables: &LoaderVariables,
    timeout_s: u32,
) -> Result<Found, RunError> {
    if let Place::Root(path) = place {
        let root = Directory::open(None, path)?;
        let name = String::from_utf8_lossy(path).into_owned();
        let volumes = alloc::vec![Volume {
            name,
            root,
            source: None,
            _added: None
        }];
        return Ok(Found {
            volumes,
            notes: Vec::new(),
        });
    }
    let end_us = now_us().saturating_add(u64::from(timeout_s) * 1_000_000);
    loop {
        let mut search = Search {
            blocks: block::all(),
            notes: Vec::new(),
        };
        match search.volumes(place, variables) {
            Err(error) if error.may_appear() && now_us() < end_us => pause_ms(PAUSE_MS),
            Err(error) => return Err(error.into()),
            Ok(volumes) => {
                return Ok(Found {
                    volumes,
                    notes: search.notes,
                });
            }
        }
    }
}

/// One look at all devices.
struct Search {
    blocks: Vec<Block>,
    notes: Vec<String>,
}

/// Adds to a list for people.
fn add(list: &mut String, name: &str, what: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(name);
    if !what.is_empty() {
        list.push_str(": ");
        list.push_str(what);
    }
}

fn table(disk: &Block) -> Result<Table, String> {
    let file = disk.open().map_err(|error| error.to_string())?;
    gpt::read(&file).map_err(|error| error.to_string())
}

fn filesystem(block: &Block) -> Option<Filesystem> {
    superblock::probe(&block.open().ok()?).ok().flatten()
}

impl Search {
    fn volumes(
        &mut self,
        place: Place<'_>,
        variables: &LoaderVariables,
    ) -> Result<Vec<Volume>, BootError> {
        let Place::Device(wanted) = place else {
            let disks: Vec<Block> = self.disks().cloned().collect();
            return self.boot_partitions(&disks, variables.device_part_uuid.as_deref());
        };
        let device = self.device(wanted)?;
        if let Some(filesystem) = filesystem(&device) {
            return Ok(alloc::vec![open(&device, &filesystem, None)?]);
        }
        if device.partition.is_none() {
            return self.boot_partitions(&[device], None);
        }
        Err(BootError::UnknownFilesystem {
            device: device.path(),
        })
    }

    fn disks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.partition.is_none())
    }

    /// The block device that `wanted` describes.
    fn device(&self, wanted: &[u8]) -> Result<Block, BootError> {
        let wanted = String::from_utf8_lossy(wanted).into_owned();
        let (key, value) = wanted.split_once('=').unwrap_or(("", &wanted));
        // Through links, of which udev makes many.
        let number = file::device_number(&wanted);
        for block in &self.blocks {
            let is = match key {
                "PARTUUID" => self.part_uuid(block).eq_ignore_ascii_case(value),
                "UUID" => filesystem(block).is_some_and(|it| it.uuid.eq_ignore_ascii_case(value)),
                "LABEL" => filesystem(block).is_some_and(|it| it.label == value.as_bytes()),
                _ => number.is_some() && block.number() == number,
            };
            if is && !value.is_empty() {
                return Ok(block.clone());
            }
        }
        Err(BootError::NoDevice { wanted })
    }

    /// Empty for what is no partition of a GPT.
    fn part_uuid(&self, block: &Block) -> String {
        let Some((disk, number)) = &block.partition else {
            return String::new();
        };
        let disk = self.disks().find(|one| one.name == *disk);
        let table = disk.and_then(|disk| table(disk).ok());
        let all = table.map(|table| table.partitions).unwrap_or_default();
        let own = all.into_iter().find(|one| one.number == *number);
        own.map(|own| own.uuid).unwrap_or_default()
    }

    fn block(&self, disk: &Block, number: u32) -> Option<Block> {
        let mut blocks = self.blocks.iter();
        let is = |block: &&Block| match &block.partition {
            Some((of, own)) => *of == disk.name && *own == number,
            None => false,
        };
        blocks.find(is).cloned()
    }

    /// The ESP and the XBOOTLDR partition of one disk: the one that has the
    /// partition `uuid`, which the firmware started from, else the first.
    fn boot_partitions(
        &mut self,
        disks: &[Block],
        uuid: Option<&str>,
    ) -> Result<Vec<Volume>, BootError> {
        let mut seen = String::new();
        let mut esps = String::new();
        // The disk, and its ESP before its XBOOTLDR partition.
        let mut chosen: Option<(&Block, Vec<Partition>)> = None;
        let mut is_started = false;
        let mut esp_count = 0u32;
        for disk in disks {
            let table = match table(disk) {
                Ok(table) => table,
                Err(why) => {
                    add(&mut seen, &disk.name, &why);
                    continue;
                }
            };
            if table.from_backup {
                let name = &disk.name;
                self.notes.push(format!(
                    "{name}: the first partition table is damaged; the second one is used"
                ));
            }
            add(&mut seen, &disk.name, "no such partition");
            let mut mine = Vec::new();
            let mut started = false;
            for wanted in [PartitionType::Esp, PartitionType::Xbootldr] {
                let mut taken = false;
                for partition in table
                    .partitions
                    .iter()
                    .filter(|one| one.partition_type == wanted)
                {
                    // Boot loaders differ in upper and lower case.
                    let hit = uuid.is_some_and(|uuid| partition.uuid.eq_ignore_ascii_case(uuid));
                    if wanted == PartitionType::Esp {
                        add(&mut esps, &name(disk, partition.number), "");
                        esp_count = esp_count.saturating_add(1);
                    }
                    if hit && taken {
                        mine.pop();
                    }
                    if hit || !taken {
                        mine.push(partition.clone());
                    }
                    taken = true;
                    started |= hit;
                }
            }
            if !mine.is_empty() && (chosen.is_none() || (started && !is_started)) {
                chosen = Some((disk, mine));
                is_started = started;
            }
        }
        let Some((disk, wanted)) = chosen else {
            if seen.is_empty() {
                seen.push_str("no disk");
            }
            return Err(BootError::NoEsp { seen });
        };
        if esp_count > 1 && !is_started {
            let taken = name(disk, wanted.first().map_or(0, |one| one.number));
            self.notes.push(format!(
                "more than one ESP: {esps}; taking {taken}; --device takes another"
            ));
        }
        self.open_all(disk, &wanted)
    }

    /// Opens what can be opened; fails when that is nothing.
    fn open_all(&mut self, disk: &Block, wanted: &[Partition]) -> Result<Vec<Volume>, BootError> {
        let mut volumes = Vec::new();
        let mut failed = None;
        for partition in wanted {
            match self.open_partition(disk, partition) {
                Ok(volume) => volumes.push(volume),
                Err(error) => {
                    self.notes.push(error.to_string());
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if volumes.is_empty() => {
                self.notes.clear();
                Err(error)
            }
            _ => Ok(volumes),
        }
    }

    fn open_partition(&self, disk: &Block, partition: &Partition) -> Result<Volume, BootError> {
        let number = partition.number;
        let (block, added) = match self.block(disk, number) {
            Some(block) => (block, None),
            None => match AddedPartition::add(disk, number, partition.slice) {
                Ok((added, block)) => (block, Some(added)),
                Err(_) => {
                    return Err(BootError::NoDevice {
                        wanted: name(disk, number),
                    });
                }
            },
        };
        match filesystem(&block) {
            Some(filesystem) => open(&block, &filesystem, added),
            None => Err(BootError::UnknownFilesystem {
                device: block.path(),
            }),
        }
    }
}

/// As the kernel names partitions.
fn name(disk: &Block, number: u32) -> String {
    let is_digit = disk.name.as_bytes().last().is_some_and(u8::is_ascii_digit);
    let separator = if is_digit { "p" } else { "" };
    format!("{}{separator}{number}", disk.name)
}

/// Mounts it, or takes it where it is mounted.
fn open(
    block: &Block,
    filesystem: &Filesystem,
    added: Option<AddedPartition>,
) -> Result<Volume, BootError> {
    let path = block.path();
    let mounted = |error: &SysError| {
        let number = block.number().filter(|_| mount::is_busy(error))?;
        mount::mounted(&number)
    };
    let (root, source) = match mount::mount(filesystem.name, &path, Access::ReadOnly) {
        Ok(root) => (
            root,
            Some(Source {
                filesystem: filesystem.name,
                path,
            }),
        ),
        Err(error) => match mounted(&error) {
            Some(root) => (root, None),
            None => {
                return Err(BootError::Mount {
                    device: path,
                    filesystem: filesystem.name,
                    errno: error.errno,
                });
            }
        },
    };
    Ok(Volume {
        name: block.name.clone(),
        root,
        source,
        _added: added,
    })
}
