// SPDX-License-Identifier: GPL-2.0-or-later
//! Finds the file systems that have boot entries. Layer: effects.

use super::RunError;
use super::found::Found;
pub use super::found::Place;
use super::search::Search;
use super::volume::Volume;
use crate::formats::entries::efi::LoaderVariables;
use crate::policy::boot::error::BootError;
use crate::sys::block::{self, Block};
use crate::sys::directory::Directory;
use crate::sys::event::{now_us, pause_ms};

/// The pause between two looks for a new device.
const PAUSE_MS: u32 = 200;
/// The time after which the same devices are searched again: a device may be listed
/// before it can be opened. A search mounts file systems, which takes time and is logged.
const AGAIN_US: u64 = 2_000_000;

/// Finds and mounts the file systems in a place. Anywhere, these are all ESPs and
/// XBOOTLDR partitions; if there are none, every other file system of which `is_wanted` is
/// true. Waits up to `timeout_s` seconds for their devices to appear.
///
/// # Errors
/// [`RunError::Boot`] when there are none.
pub fn find(
    place: Place<'_>,
    variables: &LoaderVariables,
    timeout_s: u32,
    is_wanted: &dyn Fn(&Directory) -> bool,
) -> Result<Found, RunError> {
    if let Place::Root(path) = place {
        return Ok(Found::one(Volume::of_directory(path)?));
    }
    if !block::are_listed() {
        return Err(BootError::NoSysfs.into());
    }
    let end_us = end_us(timeout_s);
    loop {
        let search = Search::new(is_wanted);
        let waits = now_us() < end_us;
        let missing = match place {
            Place::Anywhere => search.missing(variables),
            _ => None,
        };
        // Another disk's entries would be another system's.
        if missing.is_none() || !waits {
            match search.find(place, variables) {
                Err(error) if error.may_appear() && waits => {}
                Ok(mut found) => {
                    found.notes.extend(missing);
                    return Ok(found);
                }
                Err(error) => return Err(error.into()),
            }
        }
        wait(&search.blocks, end_us);
    }
}

/// Returns the time at which a wait of `timeout_s` seconds ends, in microseconds.
pub fn end_us(timeout_s: u32) -> u64 {
    now_us().saturating_add(u64::from(timeout_s) * 1_000_000)
}

/// Waits until there are other devices than these, for a while at most.
pub fn wait(blocks: &[Block], end_us: u64) {
    let again_us = now_us().saturating_add(AGAIN_US).min(end_us);
    loop {
        pause_ms(PAUSE_MS);
        if now_us() >= again_us || block::all() != blocks {
            return;
        }
    }
}
