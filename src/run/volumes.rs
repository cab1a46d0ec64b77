// SPDX-License-Identifier: GPL-2.0-or-later
//! Finds the file systems that have boot entries. Layer: effects.

use alloc::vec::Vec;

use super::RunError;
use super::found::Found;
pub use super::found::Place;
use super::search::Search;
use super::volume::Volume;
use crate::diagnosis::{Diagnose, Hint};
use crate::policy::boot::error::BootError;
use crate::sys::block::{self, Block};
use crate::sys::capability;
use crate::sys::directory::Directory;
use crate::sys::event::{now_us, pause_ms};

/// The pause between two looks for a new device.
const PAUSE_MS: u32 = 200;
/// The time after which the same devices are searched again: a device may be listed
/// before it can be opened. A search mounts file systems, which takes time and is logged.
const AGAIN_US: u64 = 2_000_000;

/// A function that takes the file systems that were found, and whether nothing more will be
/// waited for. Returns whether all that is looked for is there.
pub type Reader<'a> = &'a mut dyn FnMut(Found, bool) -> bool;

/// Finds and mounts the file systems in a place, and calls `read` with them. Anywhere, these
/// are all ESPs and XBOOTLDR partitions; if there are none, every other file system of which
/// `is_wanted` is true. Waits up to `timeout_s` seconds for their devices to appear, and
/// anywhere, for what `read` looks for.
///
/// # Errors
/// [`RunError::Boot`] when there are none.
pub fn find(
    place: Place<'_>,
    timeout_s: u32,
    is_wanted: &dyn Fn(&Directory) -> bool,
    read: Reader<'_>,
) -> Result<(), RunError> {
    if let Place::Root(path) = place {
        read(mounted(path)?, true);
        return Ok(());
    }
    if !block::are_listed() {
        return Err(BootError::NoSysfs.into());
    }
    let end_us = now_us().saturating_add(u64::from(timeout_s) * 1_000_000);
    loop {
        let search = Search::new(is_wanted);
        let waits = now_us() < end_us;
        let missing = match place {
            Place::Anywhere => search.missing(),
            _ => None,
        };
        // Another disk's entries would be another system's.
        if missing.is_none() || !waits {
            match search.find(place) {
                Err(error) if error.may_appear() && waits => {}
                Ok(mut found) => {
                    found.notes.extend(missing);
                    // A device that was named is there already.
                    let is_last = !waits || place != Place::Anywhere;
                    if read(found, is_last) || is_last {
                        return Ok(());
                    }
                }
                Err(error) => return Err(needs_root(error.into())),
            }
        }
        wait(&search.blocks, end_us);
    }
}

/// Returns a directory of the running system as a file system. EFI variables are about its
/// entries only if it is mounted from the disk that the firmware started from.
fn mounted(path: &[u8]) -> Result<Found, RunError> {
    let mut volume = Volume::of_directory(path)?;
    let search = Search::new(&|_| true);
    if let Some(number) = volume.root.mounted_from() {
        let mut blocks = search.blocks.iter();
        let block = blocks.find(|block| block.number().as_ref() == Some(&number));
        volume.disks = block.map_or(Vec::new(), Block::disks);
    }
    let is_known = search.are_known(&volume.disks);
    Ok(Found {
        is_known,
        is_foreign: !is_known,
        ..Found::one(volume)
    })
}

/// Says that root is needed, if that is why nothing was found.
pub fn needs_root(error: RunError) -> RunError {
    if capability::may_mount() {
        return error;
    }
    let found = error.diagnose();
    let found = found.because("only root may read disks and mount file systems");
    RunError::Diagnosed(found.with_hints(&[
        Hint::Text("run it as root"),
        Hint::Text("name a mounted one with --root DIR"),
    ]))
}

/// Waits until there are other devices than these, for a while at most.
fn wait(blocks: &[Block], end_us: u64) {
    let again_us = now_us().saturating_add(AGAIN_US).min(end_us);
    loop {
        pause_ms(PAUSE_MS);
        if now_us() >= again_us || block::all() != blocks {
            return;
        }
    }
}
