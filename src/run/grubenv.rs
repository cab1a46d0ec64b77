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
    /// The path of /boot in it.
    pub boot: &'static str,
    path: Vec<u8>,
    text: Vec<u8>,
    pub variables: Grubenv,
}

/// Returns the environment blocks of a file system: those in grub's directory, in its root or
/// in a /boot below it, and that of a vendor on an ESP.
#[must_use]
pub fn find(volume: usize, on: &Volume) -> Vec<GrubFile> {
    let root = &on.root;
    let mut vendors = root
        .names(b"EFI", VENDORS_MAX, &|_| true)
        .unwrap_or_default();
    sort(&mut vendors, Ord::cmp);
    let read = |boot: &'static str, directory: Vec<u8>| {
        let path = [boot.as_bytes(), &directory, b"/grubenv"].concat();
        let text = read_text(root, &path).ok()?;
        let variables = Grubenv::parse(&text)?;
        Some(GrubFile {
            volume,
            boot,
            path,
            text,
            variables,
        })
    };
    let in_boot = |boot: &'static str| {
        let mut names = ["grub2", "grub"].into_iter();
        names.find_map(|name| read(boot, name.into()))
    };
    let mut found: Vec<GrubFile> = BOOTS.into_iter().filter_map(in_boot).collect();
    let mut vendors = vendors.iter().map(|name| [b"EFI/", &name[..]].concat());
    if found.first().is_none_or(|first| !first.boot.is_empty()) {
        found.extend(vendors.find_map(|directory| read("", directory)));
    }
    found
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
