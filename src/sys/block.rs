// SPDX-License-Identifier: GPL-2.0-or-later
//! Block devices as /sys/class/block lists them, without udev; and partitions that the
//! kernel does not find by itself. Layer: effects.
#![allow(unsafe_code)]

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_longlong};
use core::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::{AsFd, AsRawFd};

use super::directory::{Directory, read_link};
use super::file::{InputFile, read_kernel_file};
use super::signals::Held;
use super::{SysError, last_errno};
use crate::formats::sort::sort;
use crate::formats::source::{FileOffset, FileSlice, ReadAt};

const CLASS: &str = "/sys/class/block";
/// sysfs counts sectors of 512 bytes, whatever sector size the device has.
const SYSFS_SECTOR_BYTES: u64 = 512;
/// Limit on the number of devices.
const DEVICES_MAX: usize = 1024;
/// Limit on devices that are made of others: LVM on LUKS on RAID is three.
const LAYERS_MAX: u32 = 8;
/// `BLKPG` and its operations (include/uapi/linux/blkpg.h), which libc lacks.
const BLKPG: libc::Ioctl = libc::_IO(0x12, 105);
const ADD_PARTITION: c_int = 1;
const DELETE_PARTITION: c_int = 2;

/// A block device with a size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The name in /sys/class/block.
    pub name: String,
    pub bytes: u64,
    /// The disk and the number of a partition; `None` for any other device.
    pub partition: Option<(String, u32)>,
}

fn attribute(name: &str, attribute: &str) -> Option<String> {
    let value = read_kernel_file(&[CLASS, "/", name, "/", attribute].concat(), 64)?;
    Some(String::from_utf8_lossy(&value).trim_ascii().to_string())
}

fn describe(name: &str) -> Option<Block> {
    let sectors: u64 = attribute(name, "size")?.parse().ok()?;
    let bytes = sectors
        .checked_mul(SYSFS_SECTOR_BYTES)
        .filter(|bytes| *bytes > 0)?;
    let number = attribute(name, "partition").and_then(|number| number.parse().ok());
    let partition = match number {
        Some(number) => Some((parent(name)?, number)),
        None => None,
    };
    Some(Block {
        name: name.into(),
        bytes,
        partition,
    })
}

/// Returns the disk of a partition, whose directory is inside the disk's.
fn parent(name: &str) -> Option<String> {
    let link = read_link(&[CLASS, "/", name].concat())?;
    let above = link.rsplit(|byte| *byte == b'/').nth(1)?;
    Some(core::str::from_utf8(above).ok()?.into())
}

/// Adds the disks that a device lies on, each once: its own, which may have partitions, and
/// those that it is made of. The kernel lists the parts of a RAID, an LV and the like.
fn add_disks(name: &str, layers: u32, disks: &mut Vec<String>) {
    let is_partition = attribute(name, "partition").is_some();
    let parent = is_partition.then(|| parent(name)).flatten();
    let name = parent.as_deref().unwrap_or(name);
    if layers == 0 || disks.iter().any(|disk| disk == name) {
        return;
    }
    disks.push(name.into());
    for part in names(&[CLASS, "/", name, "/slaves"].concat()) {
        add_disks(&part, layers.saturating_sub(1), disks);
    }
}

/// Returns the names in a directory of the kernel.
fn names(directory: &str) -> Vec<String> {
    let names = Directory::open(None, directory.as_bytes())
        .and_then(|directory| directory.names(b".", DEVICES_MAX, &|_| true));
    let names = names.unwrap_or_default().into_iter();
    names
        .filter_map(|name| String::from_utf8(name).ok())
        .collect()
}

/// Returns whether the kernel lists its block devices, which takes sysfs.
#[must_use]
pub fn are_listed() -> bool {
    Directory::open(None, CLASS.as_bytes()).is_ok()
}

/// Returns all block devices, sorted by name. Floppy drives are left out: querying an
/// empty one takes seconds.
#[must_use]
pub fn all() -> Vec<Block> {
    let mut names = names(CLASS);
    // Numeric order: vda9 before vda10.
    sort(&mut names, |a, b| {
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    });
    let names = names.iter().filter(|name| !name.starts_with("fd"));
    names.filter_map(|name| describe(name)).collect()
}

impl Block {
    /// Returns the path of the device's node, which devtmpfs creates.
    #[must_use]
    pub fn path(&self) -> String {
        // sysfs replaces a slash in a name by an exclamation mark: cciss!c0d0.
        ["/dev/", &self.name].concat().replace('!', "/")
    }

    /// Returns the disks that the device lies on: its own, then those of its parts.
    #[must_use]
    pub fn disks(&self) -> Vec<String> {
        let mut disks = Vec::new();
        add_disks(&self.name, LAYERS_MAX, &mut disks);
        disks
    }

    /// Opens the device for reading.
    ///
    /// # Errors
    /// The errors of open(2); ENOMEDIUM, EIO.
    pub fn open(&self) -> Result<InputFile, SysError> {
        InputFile::open_device(&self.path(), self.bytes)
    }

    /// Returns the size of a disk's sectors: its logical blocks.
    #[must_use]
    pub fn sector_bytes(&self) -> u64 {
        let bytes = attribute(&self.name, "queue/logical_block_size");
        bytes
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(SYSFS_SECTOR_BYTES)
    }

    /// Returns the device's number, MAJOR:MINOR.
    #[must_use]
    pub fn number(&self) -> Option<String> {
        attribute(&self.name, "dev")
    }
}

/// `struct blkpg_partition`.
#[repr(C)]
struct BlkpgPartition {
    start: c_longlong,
    length: c_longlong,
    number: c_int,
    names: [c_char; 128],
}

/// `struct blkpg_ioctl_arg`.
#[repr(C)]
struct BlkpgArgument<'data> {
    operation: c_int,
    flags: c_int,
    length: c_int,
    data: &'data mut BlkpgPartition,
}

fn blkpg(
    disk: &InputFile,
    operation: c_int,
    number: u32,
    slice: FileSlice,
) -> Result<(), SysError> {
    let signed = |bytes: u64| c_longlong::try_from(bytes).unwrap_or(c_longlong::MAX);
    let mut partition = BlkpgPartition {
        start: signed(slice.offset.0),
        length: signed(slice.bytes),
        number: c_int::try_from(number).unwrap_or(c_int::MAX),
        names: [0; 128],
    };
    let mut argument = BlkpgArgument {
        operation,
        flags: 0,
        length: c_int::try_from(size_of::<BlkpgPartition>()).unwrap_or(0),
        data: &mut partition,
    };
    let fd = disk.as_fd().as_raw_fd();
    // SAFETY: both structures have the kernel's layout and outlive the call.
    match unsafe { libc::ioctl(fd, BLKPG, &raw mut argument) } {
        0 => Ok(()),
        _ => Err(SysError::new("BLKPG", "", last_errno())),
    }
}

/// True once nothing may be added.
static IS_SEALED: AtomicBool = AtomicBool::new(false);

/// Keeps this program from adding partitions.
pub fn seal() {
    IS_SEALED.store(true, Ordering::Relaxed);
}

/// A partition that this program told the kernel about. Dropping it removes it from the
/// kernel again; nothing is written to the disk. Until then no signal but SIGKILL ends the
/// program.
pub struct AddedPartition {
    disk: InputFile,
    number: u32,
    _held: Held,
}

impl AddedPartition {
    /// Tells the kernel about a partition that only the second table lists, and returns it
    /// with the device, to which the kernel gives the name `name`.
    ///
    /// # Errors
    /// EBUSY when it overlaps another one; EACCES without CAP_SYS_ADMIN; EROFS after [`seal`].
    pub fn add(
        disk: &Block,
        name: &str,
        number: u32,
        slice: FileSlice,
    ) -> Result<(AddedPartition, Block), SysError> {
        if IS_SEALED.load(Ordering::Relaxed) {
            return Err(SysError::new("BLKPG", &disk.name, rustix::io::Errno::ROFS));
        }
        let file = disk.open()?;
        let held = Held::new();
        blkpg(&file, ADD_PARTITION, number, slice)?;
        let added = AddedPartition {
            disk: file,
            number,
            _held: held,
        };
        match describe(name) {
            Some(block) => Ok((added, block)),
            None => Err(SysError::new("BLKPG", name, rustix::io::Errno::NODEV)),
        }
    }
}

impl Drop for AddedPartition {
    fn drop(&mut self) {
        let nowhere = FileSlice {
            offset: FileOffset(0),
            bytes: self.disk.file_bytes().min(SYSFS_SECTOR_BYTES),
        };
        let _ = blkpg(&self.disk, DELETE_PARTITION, self.number, nowhere);
    }
}
