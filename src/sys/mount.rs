// SPDX-License-Identifier: GPL-2.0-or-later
//! File systems without a mount point: fsopen(2) and fsmount(2). Layer: effects.
//!
//! Such a mount is a descriptor. It needs no directory, nobody else sees it, and it ends
//! with the descriptor, however this program ends.
#![allow(unsafe_code)]

use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_reconfigure, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, fspick,
    open_tree,
};

use super::directory::{Directory, c_path};
use super::file::{read_anywhere, read_kernel_file};
use super::{SysError, last_errno};
use crate::host::mounts::{self, unescaped};

/// Limit on the size of the list of mounts, in bytes.
const MOUNTS_MAX_BYTES: usize = 256 << 10;

/// The access that a mount allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Reading only. Not even a journal is replayed, because the disk may belong to a
    /// system that is hibernated.
    ReadOnly,
    Write,
}

/// What is mounted, and with which driver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The kernel's name for the file system.
    pub filesystem: &'static str,
    /// The device's path; empty for a file system without a device.
    pub path: String,
    /// The paths of all devices of a btrfs that has several.
    pub members: Vec<String>,
    /// True for the top level of a btrfs, false for its default subvolume.
    pub is_top_level: bool,
}

impl Source {
    /// Returns a file system on one device, or on none.
    #[must_use]
    pub fn new(filesystem: &'static str, path: &str) -> Source {
        Source {
            filesystem,
            path: path.into(),
            members: Vec::new(),
            is_top_level: false,
        }
    }

    /// Returns the options that keep a read-only mount from replaying a log, which would
    /// write to the device.
    fn without_replay(&self) -> &'static [(&'static CStr, Option<&'static CStr>)] {
        match self.filesystem {
            "ext4" => &[(c"noload", None)],
            // nouuid: a copy of a disk that is mounted has the same UUID.
            "xfs" => &[(c"norecovery", None), (c"nouuid", None)],
            "btrfs" => &[(c"rescue", Some(c"nologreplay"))],
            "f2fs" => &[(c"norecovery", None)],
            _ => &[],
        }
    }
}

/// Mounts a file system.
///
/// # Errors
/// ENODEV if the kernel does not have the driver; EBUSY if the device is mounted
/// elsewhere with other access; EINVAL if the file system is damaged, or the kernel is too
/// old to mount it without replaying its log.
pub fn mount(source: &Source, access: Access) -> Result<Directory, SysError> {
    let mount = || -> rustix::io::Result<Directory> {
        let c_name = c_path(source.filesystem.as_bytes())?;
        let filesystem = fsopen(&*c_name, FsOpenFlags::FSOPEN_CLOEXEC)?;
        if !source.path.is_empty() {
            let path = c_path(source.path.as_bytes())?;
            fsconfig_set_string(&filesystem, c"source", &*path)?;
        }
        for member in &source.members {
            let member = c_path(member.as_bytes())?;
            fsconfig_set_string(&filesystem, c"device", &*member)?;
        }
        if source.is_top_level {
            fsconfig_set_string(&filesystem, c"subvolid", c"5")?;
        }
        if access == Access::ReadOnly {
            fsconfig_set_flag(&filesystem, c"ro")?;
            for (option, value) in source.without_replay() {
                match value {
                    Some(value) => fsconfig_set_string(&filesystem, *option, *value)?,
                    None => fsconfig_set_flag(&filesystem, *option)?,
                }
            }
        }
        Ok(finish(&filesystem)?.into())
    };
    mount().map_err(|errno| SysError::new("mount", &source.path, errno))
}

/// Creates and mounts a file system whose options are already set.
pub(super) fn finish(filesystem: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    fsconfig_create(filesystem)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    fsmount(filesystem, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Makes the file system of `root` writable or read-only.
///
/// # Errors
/// EROFS if the device cannot be written to; EPERM.
pub fn remount(root: &Directory, access: Access) -> Result<(), SysError> {
    let remount = || -> rustix::io::Result<()> {
        let flags = FsPickFlags::FSPICK_CLOEXEC | FsPickFlags::FSPICK_EMPTY_PATH;
        let picked = fspick(root.as_fd(), c"", flags)?;
        let flag = if access == Access::Write {
            c"rw"
        } else {
            c"ro"
        };
        fsconfig_set_flag(&picked, flag)?;
        fsconfig_reconfigure(&picked)
    };
    remount().map_err(|errno| SysError::new("remount", "", errno))
}

/// Clones the mount of `root`. Nobody else sees the clone. It is not read-only itself,
/// though its file system may be.
///
/// # Errors
/// EINVAL if that mount is attached nowhere and the kernel cannot clone such mounts;
/// EPERM.
pub fn writable_copy(root: &Directory) -> Result<Directory, SysError> {
    let copy = || -> rustix::io::Result<Directory> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH;
        let copy = open_tree(root.as_fd(), c"", flags)?;
        let attributes = libc::mount_attr {
            attr_set: 0,
            attr_clr: libc::MOUNT_ATTR_RDONLY,
            propagation: 0,
            userns_fd: 0,
        };
        // SAFETY: the descriptor, the path and the attributes outlive the call, and the
        // size passed is that of the attributes.
        let result = unsafe {
            libc::syscall(
                libc::SYS_mount_setattr,
                copy.as_raw_fd(),
                c"".as_ptr(),
                libc::AT_EMPTY_PATH,
                &raw const attributes,
                size_of::<libc::mount_attr>(),
            )
        };
        if result == 0 {
            Ok(copy.into())
        } else {
            Err(last_errno())
        }
    };
    copy().map_err(|errno| SysError::new("open_tree", "", errno))
}

/// Opens the places at which somebody else has mounted the device: by its number,
/// MAJOR:MINOR, as a whole; by its path any part of a file system, such as btrfs, whose
/// mounts have numbers of their own.
#[must_use]
pub fn mounted(number: &str, path: &str) -> Vec<Directory> {
    let mounts = read_kernel_file("/proc/self/mountinfo", MOUNTS_MAX_BYTES);
    let mounts = mounts.unwrap_or_default();
    let mounts = String::from_utf8_lossy(&mounts);
    // Fields: ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS... - TYPE DEVICE OPTIONS
    let places = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(2);
        let [device, root, place] = [fields.next()?, fields.next()?, fields.next()?];
        let is_whole = device == number && root == "/";
        let mut source = fields.skip_while(|field| *field != "-").skip(1);
        let is_part = source.next() == Some("btrfs") && source.next() == Some(path);
        if !is_whole && !is_part {
            return None;
        }
        Directory::open(None, unescaped(place).as_bytes()).ok()
    });
    places.collect()
}

/// Returns the file systems that are mounted for writing and outlive this system, as
/// process 1 sees them, or, without permission for that, this process. `None` if neither
/// list can be read.
#[must_use]
pub fn writable() -> Option<Vec<String>> {
    let list = |path| read_anywhere(path, MOUNTS_MAX_BYTES);
    let mounts = list("/proc/1/mountinfo").or_else(|| list("/proc/self/mountinfo"))?;
    Some(mounts::writable(&String::from_utf8_lossy(&mounts)))
}

/// Returns whether an error means that the file system is in use elsewhere.
#[must_use]
pub fn is_busy(error: &SysError) -> bool {
    error.errno.0 == Errno::BUSY.raw_os_error()
}
