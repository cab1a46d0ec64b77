// SPDX-License-Identifier: GPL-2.0-or-later
//! Writes cpio archives in newc format, the format of initrds. Layer: pure.
//!
//! Spec: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst; for the
//! rest, systemd-stub's choices: lower-case hex, mtime 0, owner 0, inode numbers from 1,
//! directories first.
//!
//! Members stay slices of their files; only headers become bytes.
use super::concat::{Part, zeros_to_align};
use crate::diagnosis::escape::escaped;
use crate::diagnosis::{Diagnose, Diagnosis};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

const S_IFDIR: u32 = 0o040_000;
const S_IFREG: u32 = 0o100_000;
/// The permission bits of the directories above the archive's own.
const PARENT_MODE: u16 = 0o555;
/// Limit on a name: the kernel skips members with longer ones (PATH_MAX, with its NUL).
const MAX_NAME_BYTES: usize = 4095;
/// The last member. All fields except link count and name size are 0. The one upper-case
/// digit is systemd-stub's: archives are measured into PCRs, so every byte counts.
const TRAILER: &[u8; 124] = b"070701000000000000000000000000000000000000000100000000\
    00000000000000000000000000000000000000000000000B00000000TRAILER!!!\0\0\0\0";

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NewcError {
    /// The name is empty, absolute or too long, has a NUL, or has a component that is
    /// empty, "." or "..".
    BadName {
        name: String,
    },
    /// The file's size does not fit into 32 bits.
    FileTooLarge {
        name: String,
        bytes: u64,
    },
    TooManyMembers,
}

impl fmt::Display for NewcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NewcError::BadName { name } => {
                write!(
                    f,
                    "\"{}\" cannot be a file name in an initrd",
                    escaped(name.as_bytes())
                )
            }
            NewcError::FileTooLarge { name, bytes } => {
                write!(
                    f,
                    "{name} has {bytes} bytes; a file in an initrd has at most 4 GiB"
                )
            }
            NewcError::TooManyMembers => f.write_str("too many files for one archive"),
        }
    }
}

impl Diagnose for NewcError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            NewcError::BadName { .. }
            | NewcError::FileTooLarge { .. }
            | NewcError::TooManyMembers => Diagnosis::bad_image(self),
        }
    }
}

/// An archive of files in one directory. Its parts are produced as files are added;
/// [`Archive::finish`] returns them.
pub struct Archive {
    directory: String,
    last_inode: u32,
    parts: Vec<Part>,
    /// Headers and padding that are not in a part yet.
    pending: Vec<u8>,
}

impl Archive {
    /// Begins an archive with `directory`, such as `.extra/credentials`, which gets the
    /// permission bits `mode`, and the directories above it, which get 0555.
    ///
    /// # Errors
    /// [`NewcError::BadName`]
    pub fn new(directory: &str, mode: u16) -> Result<Archive, NewcError> {
        check_name(directory)?;
        let mut archive = Archive {
            directory: String::from(directory),
            last_inode: 0,
            parts: Vec::new(),
            pending: Vec::new(),
        };
        for (end, _) in directory.match_indices('/') {
            let parent = directory.get(..end).unwrap_or_default();
            archive.header(parent, S_IFDIR | u32::from(PARENT_MODE), 0)?;
        }
        archive.header(directory, S_IFDIR | u32::from(mode), 0)?;
        Ok(archive)
    }

    /// Adds the file `name` with the permission bits `mode`.
    ///
    /// # Errors
    /// Any [`NewcError`].
    pub fn file(&mut self, name: &str, mode: u16, contents: Part) -> Result<(), NewcError> {
        let path = format!("{}/{name}", self.directory);
        check_name(&path)?;
        let bytes = contents.bytes();
        let Ok(size) = u32::try_from(bytes) else {
            return Err(NewcError::FileTooLarge { name: path, bytes });
        };
        self.header(&path, S_IFREG | u32::from(mode), size)?;
        match contents {
            Part::Blob(blob) => {
                self.pending.extend(blob);
                self.zeros(zeros_to_align(bytes));
            }
            Part::File { .. } if bytes == 0 => {}
            // The next part starts aligned, which pads the end of this file.
            file @ Part::File { .. } => {
                let before = core::mem::take(&mut self.pending);
                self.parts.push(Part::Blob(before));
                self.parts.push(file);
            }
        }
        Ok(())
    }

    /// Ends the archive and returns its parts. They form an archive only if each is put
    /// at a multiple of 4, as [`super::concat::ConcatPlan`] does.
    pub fn finish(mut self) -> Vec<Part> {
        self.pending.extend_from_slice(TRAILER);
        self.parts.push(Part::Blob(self.pending));
        self.parts
    }

    fn header(&mut self, path: &str, mode: u32, file_bytes: u32) -> Result<(), NewcError> {
        self.last_inode = self
            .last_inode
            .checked_add(1)
            .ok_or(NewcError::TooManyMembers)?;
        self.entry(self.last_inode, mode, file_bytes, path);
        Ok(())
    }

    fn entry(&mut self, inode: u32, mode: u32, file_bytes: u32, path: &str) {
        let name_bytes = path.len().saturating_add(1);
        // magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor,
        // devminor, rdevmajor, rdevminor, namesize, check
        let header = format!(
            "070701{inode:08x}{mode:08x}{0:08x}{0:08x}{1:08x}{0:08x}{file_bytes:08x}\
             {0:08x}{0:08x}{0:08x}{0:08x}{name_bytes:08x}{0:08x}{path}\0",
            0, 1
        );
        let padding = zeros_to_align(crate::formats::source::as_u64(header.len()));
        self.pending.extend(header.into_bytes());
        self.zeros(padding);
    }

    fn zeros(&mut self, count: u8) {
        self.pending
            .extend(core::iter::repeat_n(0, usize::from(count)));
    }
}

/// Checks that a name stays inside the initrd, below its root.
fn check_name(path: &str) -> Result<(), NewcError> {
    let bad_component = |part: &str| matches!(part, "" | "." | "..");
    let bad =
        path.len() > MAX_NAME_BYTES || path.contains('\0') || path.split('/').any(bad_component);
    match bad {
        true => Err(NewcError::BadName {
            name: String::from(path),
        }),
        false => Ok(()),
    }
}
