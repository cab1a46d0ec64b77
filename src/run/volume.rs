// SPDX-License-Identifier: GPL-2.0-or-later
//! One mounted file system with boot entries. Layer: effects.

use alloc::string::String;
use alloc::vec::Vec;

use crate::diagnosis::errno::Errno;
use crate::formats::disk::superblock::Filesystem;
use crate::policy::boot::error::BootError;
use crate::sys::block::{AddedPartition, Block};
use crate::sys::directory::Directory;
use crate::sys::mount::{self, Access, Source};
use crate::sys::{AsFd, SysError};

/// A mounted file system. Fields are dropped in order, so that the file system is
/// unmounted before its partition is removed.
pub struct Volume {
    pub name: String,
    pub root: Directory,
    /// The path of `root` in the file system, with a slash at its end; empty for its root.
    inside: &'static str,
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
            inside: "",
            source: None,
            _added: None,
        })
    }

    /// Mounts a file system, or opens a mount that somebody else has made. `members` are
    /// the paths of all its devices, if there are several. Of the subvolumes of a btrfs,
    /// that is the default one, or else the top level if only that has what `is_wanted`
    /// looks for.
    ///
    /// # Errors
    /// [`BootError::Mount`].
    pub fn open(
        block: &Block,
        filesystem: &Filesystem,
        members: Vec<String>,
        added: Option<AddedPartition>,
        is_wanted: &dyn Fn(&Directory) -> bool,
    ) -> Result<Volume, BootError> {
        let mut source = Source {
            members,
            ..Source::new(filesystem.name, &block.path())
        };
        let name = block.name.clone();
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
                    inside: "",
                    source: None,
                    _added: added,
                });
            }
        };
        let mut volume = Volume {
            name,
            root,
            inside: "",
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

    /// Takes a directory for the root; `path` has a slash at its end.
    ///
    /// # Errors
    /// The errors of open(2).
    pub fn enter(&mut self, path: &'static str) -> Result<(), SysError> {
        self.root = Directory::open(Some(self.root.as_fd()), path.as_bytes())?;
        self.inside = path;
        Ok(())
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
        let whole = [self.inside.as_bytes(), directory].concat();
        let mut directory = directory;
        if let Some(source) = &self.source {
            // A new mount replays the journal first; a remount does not.
            drop(root);
            directory = &whole;
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
