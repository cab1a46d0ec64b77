// SPDX-License-Identifier: GPL-2.0-or-later
//! Finds and mounts the file systems that have boot entries. Layer: effects.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::RunError;
use crate::diagnosis::Diagnose;
use crate::diagnosis::errno::Errno;
use crate::formats::disk::gpt::{self, Partition, Table};
use crate::formats::disk::superblock::{self, Filesystem};
use crate::formats::entries::efi::LoaderVariables;
use crate::policy::boot::error::BootError;
use crate::policy::boot::partitions::{self, Choice, Disk, DiskError, partition_name};
use crate::sys::block::{self, AddedPartition, Block};
use crate::sys::directory::Directory;
use crate::sys::event::{now_us, pause_ms};
use crate::sys::mount::{self, Access};
use crate::sys::{SysError, file};

/// The pause between two searches for a device.
const PAUSE_MS: u32 = 200;

/// The place in which to look for file systems.
#[derive(Clone, Copy, Debug)]
pub enum Place<'arg> {
    Anywhere,
    Root(&'arg [u8]),
    Device(&'arg [u8]),
}

/// A mounted file system. Fields are dropped in order, so that the file system is
/// unmounted before its partition is removed.
pub struct Volume {
    pub name: String,
    pub root: Directory,
    /// `None` when somebody else made the mount.
    source: Option<Source>,
    _added: Option<AddedPartition>,
}

/// The file system and the device of a mount that this program made.
struct Source {
    filesystem: &'static str,
    path: String,
}

/// The file systems that were found, the ESP first, and warnings to show to the user.
pub struct Found {
    pub volumes: Vec<Volume>,
    pub notes: Vec<String>,
}

impl Volume {
    /// Renames the file `old` in `directory` to `new`. A file system that is mounted
    /// read-only becomes writable just for this. A mount that this program made is
    /// replaced by a writable one, so this consumes the volume.
    ///
    /// # Errors
    /// EROFS, ENOSPC, EEXIST, EIO, EBUSY.
    pub fn rename(self, directory: &[u8], old: &[u8], new: &[u8]) -> Result<(), SysError> {
        // Moved out of `self`, so that it is dropped before its partition.
        let mut root = self.root;
        if let Some(Source { filesystem, path }) = &self.source {
            // A new mount replays the journal first; a remount does not.
            drop(root);
            match mount::mount(filesystem, path, Access::Write) {
                // Somebody else has mounted it read-only.
                Err(error) if mount::is_busy(&error) => {
                    root = mount::mount(filesystem, path, Access::ReadOnly)?;
                }
                result => return result?.rename(directory, old, new),
            }
        }
        let is_read_only = |result: &Result<(), SysError>| matches!(result, Err(error) if error.errno == Errno::EROFS);
        let mut renamed = root.rename(directory, old, new);
        if !is_read_only(&renamed) {
            return renamed;
        }
        // Either the mount is read-only or its file system is. A mount made by somebody
        // else can be cloned, and the clone is writable. Not every kernel can clone a
        // mount made by this program, but such a mount is never itself read-only.
        let copy = mount::writable_copy(&root).ok();
        let root = copy.as_ref().unwrap_or(&root);
        renamed = root.rename(directory, old, new);
        if is_read_only(&renamed) {
            mount::remount(root, Access::Write)?;
            renamed = root.rename(directory, old, new);
            mount::remount(root, Access::ReadOnly)?;
        }
        renamed
    }
}

/// Finds and mounts the file systems. Waits up to `timeout_s` seconds for their devices
/// to appear.
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
        let search = Search {
            blocks: block::all(),
        };
        match search.find(place, variables) {
            Err(error) if error.may_appear() && now_us() < end_us => pause_ms(PAUSE_MS),
            result => return Ok(result?),
        }
    }
}

/// One search among the devices that exist.
struct Search {
    blocks: Vec<Block>,
}

fn table(disk: &Block) -> Result<Table, DiskError> {
    let file = disk.open();
    let file = file.map_err(|error| DiskError::Open(error.to_string()))?;
    gpt::read(&file).map_err(DiskError::Gpt)
}

fn read(disk: &Block) -> Disk {
    Disk {
        name: disk.name.clone(),
        table: table(disk),
    }
}

/// Recognises the file system on a device; returns `None` for any other content.
fn filesystem(block: &Block) -> Result<Option<Filesystem>, BootError> {
    let device = block.open();
    let device = device.map_err(|error| BootError::Device(error.diagnose()))?;
    superblock::probe(&device)
        .map_err(|error| BootError::Device(error.diagnose().within(&block.path())))
}

/// Returns whether the device has a file system for which `is` returns true.
fn has(block: &Block, is: impl Fn(&Filesystem) -> bool) -> bool {
    filesystem(block).is_ok_and(|found| found.is_some_and(|found| is(&found)))
}

impl Search {
    fn find(&self, place: Place<'_>, variables: &LoaderVariables) -> Result<Found, BootError> {
        let Place::Device(wanted) = place else {
            let disks: Vec<Disk> = self.disks().map(read).collect();
            let started_from = variables.device_part_uuid.as_deref();
            return self.open_all(partitions::choose(&disks, started_from)?);
        };
        let device = self.device(wanted)?;
        match filesystem(&device) {
            Ok(Some(filesystem)) => Ok(Found {
                volumes: alloc::vec![open(&device, &filesystem, None)?],
                notes: Vec::new(),
            }),
            _ if device.partition.is_none() => {
                self.open_all(partitions::choose(&[read(&device)], None)?)
            }
            Ok(None) => Err(BootError::UnknownFilesystem {
                device: device.path(),
            }),
            Err(error) => Err(error),
        }
    }

    fn disks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.partition.is_none())
    }

    fn disk(&self, name: &str) -> Option<&Block> {
        self.disks().find(|disk| disk.name == name)
    }

    /// Returns the block device that `wanted` describes.
    fn device(&self, wanted: &[u8]) -> Result<Block, BootError> {
        let wanted = String::from_utf8_lossy(wanted).into_owned();
        let (key, value) = wanted.split_once('=').unwrap_or(("", &wanted));
        // A path may be a link, of which udev makes many.
        let number = file::device_number(&wanted);
        for block in &self.blocks {
            let is = match key {
                "PARTUUID" => self.part_uuid(block).eq_ignore_ascii_case(value),
                "UUID" => has(block, |it| it.uuid.eq_ignore_ascii_case(value)),
                "LABEL" => has(block, |it| it.label == value.as_bytes()),
                _ => number.is_some() && block.number() == number,
            };
            if is && !value.is_empty() {
                return Ok(block.clone());
            }
        }
        Err(BootError::NoDevice { wanted })
    }

    /// Returns a partition's PARTUUID; an empty text if no GPT lists the partition.
    fn part_uuid(&self, block: &Block) -> String {
        let Some((disk, number)) = &block.partition else {
            return String::new();
        };
        let table = self.disk(disk).and_then(|disk| table(disk).ok());
        let all = table.map(|table| table.partitions).unwrap_or_default();
        let own = all.into_iter().find(|one| one.number == *number);
        own.map(|own| own.uuid).unwrap_or_default()
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
            volumes: Vec::new(),
            notes: choice.notes,
        };
        let mut failed = None;
        for partition in choice.partitions {
            match self.open_partition(choice.disk, partition) {
                Ok(volume) => found.volumes.push(volume),
                Err(error) => {
                    found.notes.push(error.to_string());
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
        AddedPartition::add(self.disk(disk)?, partition.number, partition.slice).ok()
    }

    fn open_partition(&self, disk: &str, partition: &Partition) -> Result<Volume, BootError> {
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
        match filesystem(&block)? {
            Some(filesystem) => open(&block, &filesystem, added),
            None => Err(BootError::UnknownFilesystem {
                device: block.path(),
            }),
        }
    }
}

/// Mounts the file system, or opens the mount that somebody else has made.
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
