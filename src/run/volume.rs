// SPDX-License-Identifier: GPL-2.0-or-later
//! One mounted file system with boot entries. Layer: effects.

use alloc::string::String;
use alloc::vec::Vec;

use crate::diagnosis::errno::Errno;
use crate::formats::disk::superblock::Filesystem;
use crate::policy::boot::entry::Kind;
use crate::policy::boot::error::BootError;
use crate::sys::SysError;
use crate::sys::block::{AddedPartition, Block};
use crate::sys::directory::Directory;
use crate::sys::mount::{self, Access, Source};

/// The paths of /boot in a file system, each with a slash at its end. Where /boot is no
/// file system of its own, grub looks below the root of the system; the last two are
/// subvolumes, below the top of a btrfs.
const BOOTS: [&str; 4] = ["", "boot/", "root/boot/", "@/boot/"];

/// The number of a subvolume's root directory.
const SUBVOLUME: u64 = 256;

/// Returns the paths of /boot in a file system, each with a slash at its end; the root comes
/// first. Below a subvolume is a system, if it was copied, at least its /usr; root's home
/// directory is neither.
pub fn boots(root: &Directory) -> impl DoubleEndedIterator<Item = &'static str> {
    let top = root.number(b".").map(|(device, _)| device);
    let is_system = move |boot: &&str| {
        let system = boot.strip_suffix("boot/").unwrap_or_default();
        let number = |name| root.number([system, name].concat().as_bytes());
        system.is_empty()
            || matches!(number("."), Some((own, SUBVOLUME)) if Some(own) != top)
            || number("usr").is_some()
    };
    BOOTS.into_iter().filter(is_system)
}

/// A mounted file system. Fields are dropped in order, so that the file system is
/// unmounted before its partition is removed.
pub struct Volume {
    pub name: String,
    pub root: Directory,
    /// The names of the disks that it is on: a RAID is on several, a directory on none.
    pub disks: Vec<String>,
    /// True for an ESP.
    pub is_esp: bool,
    /// True for one part of a RAID 1, which must not be written to: the others would differ.
    pub is_part: bool,
    /// `None` when somebody else made the mount.
    source: Option<Source>,
    _added: Option<AddedPartition>,
}

impl Volume {
    /// Returns a directory of the running system as a file system.
    ///
    /// # Errors
    /// The errors of open(2).
    pub fn of_directory(path: &[u8]) -> Result<Volume, SysError> {
        Ok(Volume {
            name: String::from_utf8_lossy(path).into_owned(),
            root: Directory::open(None, path)?,
            disks: Vec::new(),
            is_esp: false,
            is_part: false,
            source: None,
            _added: None,
        })
    }

    /// Mounts a file system, or opens a mount that somebody else has made. `members` are
    /// all its devices, if there are several. Of the subvolumes of a btrfs,
    /// that is the default one, or else the top level if only that has what `is_wanted`
    /// looks for.
    ///
    /// # Errors
    /// [`BootError::Mount`].
    pub fn open(
        block: &Block,
        filesystem: &Filesystem,
        members: &[Block],
        added: Option<AddedPartition>,
        is_wanted: &dyn Fn(&Directory) -> bool,
    ) -> Result<Volume, BootError> {
        let mut source = Source {
            members: members.iter().map(Block::path).collect(),
            ..Source::new(filesystem.name, &block.path())
        };
        let name = block.name.clone();
        let devices = members.iter().chain(Some(block));
        let disks: Vec<String> = devices.flat_map(Block::disks).collect();
        let root = match mount::mount(&source, Access::ReadOnly) {
            Ok(root) => root,
            Err(error) => {
                let root = elsewhere(block, &error, is_wanted);
                let root = root.ok_or_else(|| BootError::Mount {
                    device: block.path(),
                    filesystem: filesystem.name,
                    errno: error.errno,
                })?;
                return Ok(Volume {
                    name,
                    root,
                    disks,
                    is_esp: false,
                    is_part: filesystem.is_part,
                    source: None,
                    _added: added,
                });
            }
        };
        let mut volume = Volume {
            name,
            root,
            disks,
            is_esp: false,
            is_part: filesystem.is_part,
            source: Some(source.clone()),
            _added: added,
        };
        if filesystem.name == "btrfs" && !is_wanted(&volume.root) {
            source.is_top_level = true;
            if let Ok(top) = mount::mount(&source, Access::ReadOnly)
                && is_wanted(&top)
            {
                volume.root = top;
                volume.source = Some(source);
            }
        }
        Ok(volume)
    }

    /// Returns a place in the file system; `boot` is one of [`BOOTS`].
    #[must_use]
    pub fn at(&self, boot: &'static str) -> BootPlace<'_> {
        BootPlace { volume: self, boot }
    }

    /// Returns whether somebody else has made the mount, so that a write to it is nothing
    /// new: this program's own mounts have not replayed a journal.
    #[must_use]
    pub fn is_mounted_elsewhere(&self) -> bool {
        self.source.is_none()
    }

    /// Renames the file `old` in `directory` to `new`. A file system that is mounted
    /// read-only becomes writable just for this. A mount that this program made is
    /// replaced by a writable one, so this consumes the volume.
    ///
    /// # Errors
    /// EROFS, ENOSPC, EEXIST, EIO, EBUSY.
    pub fn rename(self, directory: &[u8], old: &[u8], new: &[u8]) -> Result<(), SysError> {
        // Moved out of `self`, so that it is dropped before its partition.
        let mut root = self.root;
        if let Some(source) = &self.source {
            // A new mount replays the journal first; a remount does not.
            drop(root);
            match mount::mount(source, Access::Write) {
                // Somebody else has mounted it read-only.
                Err(error) if mount::is_busy(&error) => {
                    root = mount::mount(source, Access::ReadOnly)?;
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

/// A place in a file system that may have entries: its root, or a /boot below it.
#[derive(Clone, Copy)]
pub struct BootPlace<'a> {
    pub volume: &'a Volume,
    /// One of [`BOOTS`].
    pub boot: &'static str,
}

impl<'a> BootPlace<'a> {
    /// Returns a path below the place as one from the root of the file system.
    #[must_use]
    pub fn path(self, path: &[u8]) -> Vec<u8> {
        [self.boot.as_bytes(), path].concat()
    }

    /// Returns the path of an entry's file.
    #[must_use]
    pub fn path_of(self, kind: Kind, file_name: &[u8]) -> Vec<u8> {
        let directory = kind.directory().as_bytes();
        self.path(&[directory, b"/", file_name].concat())
    }

    /// Returns the directory that stands for the root of the file system; `None` for the
    /// root itself.
    #[must_use]
    pub fn extras_root(self) -> Option<&'static [u8]> {
        Some(self.boot.as_bytes()).filter(|boot| !boot.is_empty())
    }

    /// Returns the function that finds the files of the type 1 entry with this image. All
    /// their paths lead from one directory: the root of the system that has /boot, which may
    /// be a subvolume, or what is or was mounted on /boot, or, for a path that names its
    /// subvolume, the root of the file system. The first of these that has the image counts.
    pub fn finder(self, image: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> + use<'a> {
        let last = match is_from_top(image) {
            true => Way::Root,
            false => Way::System,
        };
        let is_way = |way: &Way| self.volume.root.has_file(&self.find(*way, image));
        let way = [Way::System, Way::Boot].into_iter().find(is_way);
        move |path| self.find(way.unwrap_or(last), path)
    }

    fn find(self, way: Way, path: &[u8]) -> Vec<u8> {
        let system = self.boot.strip_suffix("boot/").unwrap_or_default();
        match way {
            Way::Root => path.to_vec(),
            Way::System => [system.as_bytes(), path].concat(),
            Way::Boot => self.path(self.below_boot(path)),
        }
    }

    /// Returns a path without /boot at its beginning.
    fn below_boot(self, path: &[u8]) -> &[u8] {
        // A subvolume has /boot below its root, and what is mounted on /boot has not even
        // that; but of the place itself nothing else is known than where it was found.
        let prefixes: &[&str] = match (self.boot, self.volume.is_esp) {
            ("", true) => &["boot/"],
            ("" | "boot/", _) => &BOOTS,
            (own, _) => &[own, "boot/"],
        };
        let mut prefixes = prefixes.iter().rev().filter(|prefix| !prefix.is_empty());
        let rest = prefixes.find_map(|prefix| path.strip_prefix(prefix.as_bytes()));
        rest.unwrap_or(path)
    }
}

/// The directory that an entry's paths lead from.
#[derive(Clone, Copy)]
enum Way {
    System,
    Boot,
    Root,
}

/// Returns whether a path may begin with the name of a subvolume. What is in /boot or in the
/// root of another system is another system's.
fn is_from_top(path: &[u8]) -> bool {
    path.contains(&b'/') && !path.starts_with(b"boot/")
}

/// Opens a mount that somebody else has made, if that is why there was an error; among
/// several, one that has what `is_wanted` looks for.
fn elsewhere(
    block: &Block,
    error: &SysError,
    is_wanted: &dyn Fn(&Directory) -> bool,
) -> Option<Directory> {
    let number = block.number().filter(|_| mount::is_busy(error))?;
    let mut mounts = mount::mounted(&number, &block.path());
    let wanted = mounts.iter().position(is_wanted).unwrap_or(0);
    (wanted < mounts.len()).then(|| mounts.swap_remove(wanted))
}
