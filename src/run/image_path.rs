// SPDX-License-Identifier: GPL-2.0-or-later
//! Loads the image that a path names, wherever it is. Layer: effects.

use alloc::vec::Vec;

use super::events::{Event, Events, Topic};
use super::found::Found;
use super::options::BootOptions;
use super::volume::{Volume, boots};
use super::volumes::{self, Place};
use super::{RunError, entry, load};
use crate::host::Host;
use crate::policy::plan::Profile;
use crate::sys::directory::Directory;
use crate::sys::file::{InputFile, OpenError};

/// Splits `PATH@PROFILE`.
fn split_profile(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = path.iter().rposition(|byte| *byte == b'@')?;
    let profile = path.get(at.saturating_add(1)..)?;
    let is_name = !profile.is_empty() && !profile.contains(&b'/');
    Some((path.get(..at)?, profile)).filter(|_| is_name)
}

/// Loads the image at a path on the first file system that has it; if none has, and the
/// user named no place, the file that has this path in the running system. Where no file has
/// the path, it may end with a profile, as in the list. Returns the command line.
///
/// # Errors
/// [`RunError`]; [`RunError::Boot`] if there is no such file.
pub fn load_path(
    path: &[u8],
    options: &BootOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    let profile = split_profile(path);
    let file_in = |root: &Directory| match profile {
        Some((image, _)) if !root.has_file(path) && root.has_file(image) => image,
        _ => path,
    };
    let is_wanted = |root: &Directory| root.has_file(file_in(root));
    let has = |volume: &Volume| is_wanted(&volume.root);
    let find_here = || match (InputFile::open(None, path), profile) {
        (Err(error), Some((image, _))) => match InputFile::open(None, image) {
            Ok(_) => Ok(image),
            Err(_) => Err(error),
        },
        (opened, _) => opened.map(|_| path),
    };
    let place = options.place;
    // That is the shell's word for a file that is here.
    let is_here = path.starts_with(b"./") || path.starts_with(b"../");
    let mut found = Found::default();
    let mut searched = Ok(());
    if !is_here || place != Place::Anywhere {
        searched = volumes::find(place, options.timeout_s, &is_wanted, &mut |all, is_last| {
            found = all;
            while !found.volumes.iter().any(has)
                && let Some(stage) = found.next_stage()
            {
                found.add(stage, &is_wanted);
            }
            let is_there = found.volumes.iter().any(has) || find_here().is_ok();
            if !is_there && !is_last {
                // They are mounted anew.
                found = Found::default();
            }
            is_there
        });
    }
    let Found { volumes, notes, .. } = &found;
    let volume = volumes.iter().find(|volume| has(volume));
    let image = match volume {
        Some(volume) => file_in(&volume.root),
        None => {
            let error = searched.err().unwrap_or_else(|| RunError::no_entry(path));
            match find_here() {
                _ if place != Place::Anywhere => return Err(error),
                Ok(image) => image,
                Err(here) if is_here || matches!(here, OpenError::NotAFile { .. }) => {
                    return Err(RunError::open(path, here));
                }
                Err(_) => return Err(error),
            }
        }
    };
    let mut common = options.of_load(host);
    if let Some((_, profile)) = profile.filter(|_| image != path) {
        common.wanted.profile = Profile::Named(profile.to_vec());
    }
    if let Some(volume) = volume {
        let on = &volume.name;
        events.tell(Event::Chosen {
            id: path,
            volume: on,
        });
        common = entry::options(volume.at(boot_of(volume, path)), common);
    }
    for note in notes {
        events.warn_of(Topic::Search, note);
    }
    common.image = image;
    load(&common, host, events)
}

/// Returns the /boot of a file system that a path leads into, if it has a boot loader's
/// directory, as for the entries there.
fn boot_of(volume: &Volume, path: &[u8]) -> &'static str {
    let parts = path.split(|byte| *byte == b'/');
    let parts = parts.filter(|part| !matches!(*part, b"" | b"."));
    let path = parts.collect::<Vec<_>>().join(&b'/');
    let has = |boot: &str, name: &str| volume.root.number([boot, name].concat().as_bytes());
    let is_in = |boot: &&str| {
        let is_loaders = || has(boot, "loader").or_else(|| has(boot, "EFI")).is_some();
        path.starts_with(boot.as_bytes()) && is_loaders()
    };
    boots(&volume.root).rev().find(is_in).unwrap_or_default()
}
