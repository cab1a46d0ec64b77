// SPDX-License-Identifier: GPL-2.0-or-later
//! Finds grub's environment block on a file system, and takes `next_entry` out of it.
//! Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::text::read_text;
use super::volume::{BOOTS, Volume};
use crate::diagnosis::escape::escaped;
use crate::formats::entries::grubenv::{self, Grubenv};
use crate::formats::sort::sort;
use crate::policy::boot::choose::GrubChoices;

/// Limit on the directories in EFI that are looked into.
const VENDORS_MAX: usize = 64;
/// The entry for the next boot only.
const NEXT: &[u8] = b"next_entry";

/// An environment block and its place.
pub struct GrubFile {
    /// The number of its file system.
    pub volume: usize,
    path: Vec<u8>,
    text: Vec<u8>,
    pub variables: Grubenv,
}

/// Returns the environment block of a file system: in grub's directory in /boot, or in that
/// of a vendor on an ESP.
#[must_use]
pub fn find(volume: usize, on: &Volume) -> Option<GrubFile> {
    let root = &on.root;
    let mut vendors = root
        .names(b"EFI", VENDORS_MAX, &|_| true)
        .unwrap_or_default();
    sort(&mut vendors, Ord::cmp);
    let vendors = vendors.iter().map(|name| [b"EFI/", &name[..]].concat());
    let in_boot = |boot: &str| ["grub2", "grub"].map(|name| [boot, name].concat().into_bytes());
    let mut directories = BOOTS.into_iter().flat_map(in_boot).chain(vendors);
    directories.find_map(|directory| {
        let path = [&directory[..], b"/grubenv"].concat();
        let text = read_text(root, &path).ok()?;
        let variables = Grubenv::parse(&text)?;
        Some(GrubFile {
            volume,
            path,
            text,
            variables,
        })
    })
}

impl GrubFile {
    /// Returns the choices in the block. `next_entry` counts only if it can be taken out:
    /// else it would be booted again and again. If not, `note` is told why.
    pub fn choices(&self, volumes: &[Volume], note: &mut dyn FnMut(String)) -> GrubChoices {
        let owned = |name| self.variables.set(name).map(<[u8]>::to_vec);
        let mut next = owned(NEXT);
        if let Some(name) = &next
            && let Err(why) = self.write(volumes, b"")
        {
            let (path, name) = (escaped(&self.path), escaped(name));
            note(format!("{path}: next_entry={name} is ignored: {why}"));
            next = None;
        }
        GrubChoices {
            next,
            saved: owned(b"saved_entry"),
        }
    }

    /// Takes `next_entry` out of the block.
    ///
    /// # Errors
    /// The reason as a text.
    pub fn take_next(&self, volumes: &[Volume]) -> Result<(), String> {
        match grubenv::without(&self.text, NEXT) {
            Some(text) => self.write(volumes, &text),
            None => Ok(()),
        }
    }

    /// Overwrites the block, but only where its file system was writable before this program
    /// came.
    fn write(&self, volumes: &[Volume], text: &[u8]) -> Result<(), String> {
        let volume = volumes.get(self.volume);
        match volume.filter(|volume| volume.is_mounted_elsewhere()) {
            Some(volume) => volume
                .root
                .overwrite(&self.path, text)
                .map_err(|error| format!("it cannot be taken back: {error}")),
            None => Err("it cannot be taken back: nobody has mounted the file system".into()),
        }
    }
}
