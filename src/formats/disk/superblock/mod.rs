// SPDX-License-Identifier: GPL-2.0-or-later
//! What a device holds: a file system with its UUID and its label, or something that has
//! to be opened first. Layer: pure.

mod fat;
mod holder;
mod unix;

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

pub use holder::Holder;

use super::gpt;
use crate::formats::field::bytes_at;
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, read_small};

/// Limit on one read. The longest is that of a FAT's root directory.
const READ_MAX_BYTES: u64 = 16 << 10;

/// The content of a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    Filesystem(Filesystem),
    /// Something that this program cannot mount.
    Holder(Holder),
}

/// A file system that may be mounted for its boot entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filesystem {
    /// The kernel's name for the file system.
    pub name: &'static str,
    /// The UUID, as blkid(8) shows it; empty for a file system without one.
    pub uuid: String,
    pub label: Vec<u8>,
    /// The number of devices that it is spread over.
    pub devices: u64,
    /// True if the device is one part of a RAID 1 that has the file system: firmware takes
    /// one for the whole, but the other parts must not be left behind by a write.
    pub is_part: bool,
}

impl Filesystem {
    fn new(name: &'static str, uuid: String, label: Vec<u8>) -> Filesystem {
        Filesystem {
            name,
            uuid,
            label,
            devices: 1,
            is_part: false,
        }
    }
}

/// Recognises what is on a device; returns `None` for any other content.
///
/// Some programs leave the marks of what was on the device before. What holds other
/// devices comes first; FAT, whose boot sector others leave alone, comes last.
///
/// # Errors
/// [`ReadError`], if nothing is recognised in what can be read: a bad sector elsewhere does
/// not keep a file system from being mounted.
pub fn probe<R: ReadAt + ?Sized>(device: &R) -> Result<Option<Content>, ReadError> {
    let device = Device {
        source: device,
        failed: Cell::new(None),
    };
    let filesystem = || unix::probe(&device).or_else(|| fat::probe(&device));
    let is_part = || holder::is_before_raid(&device);
    let found = match holder::probe(&device) {
        Some(holder) => Some(Content::Holder(holder)),
        None => match filesystem() {
            Some(found) => Some(Content::Filesystem(Filesystem {
                is_part: is_part(),
                ..found
            })),
            None => is_part().then_some(Content::Holder(Holder::Raid)),
        },
    };
    match (found, device.failed.get()) {
        (None, Some(error)) => Err(error),
        (found, _) => Ok(found),
    }
}

/// A device that is read in small pieces.
struct Device<'device, R: ReadAt + ?Sized> {
    source: &'device R,
    /// The first read that failed.
    failed: Cell<Option<ReadError>>,
}

impl<R: ReadAt + ?Sized> Device<'_, R> {
    /// Reads `bytes` bytes at `offset`; returns nothing when they are not all there, or
    /// cannot be read.
    fn read(&self, offset: u64, bytes: u64) -> Vec<u8> {
        let slice = FileSlice::within(FileOffset(offset), bytes, self.source.file_bytes());
        let Some(slice) = slice else {
            return Vec::new();
        };
        read_small(self.source, slice, READ_MAX_BYTES).unwrap_or_else(|error| {
            let first = self.failed.get().unwrap_or(error);
            self.failed.set(Some(first));
            Vec::new()
        })
    }
}

/// Returns a text that ends at the first NUL, without blanks at its end.
fn text(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.split(|byte| *byte == 0).next();
    text.unwrap_or_default().trim_ascii_end().to_vec()
}

/// Returns the text of a UUID that is stored with its first byte first, unlike those of
/// partition tables.
fn uuid(header: &[u8], offset: usize) -> Option<String> {
    let mut uuid: [u8; 16] = bytes_at(header, offset)?;
    for field in [0..4, 4..6, 6..8] {
        uuid.get_mut(field)?.reverse();
    }
    Some(gpt::guid(uuid))
}
