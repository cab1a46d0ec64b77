// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads the entries of one place. Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::entry;
use super::seen::Seen;
use super::volume::{BootPlace, Volume, boots};
use crate::diagnosis::errno::Errno;
use crate::diagnosis::escape::escaped;
use crate::formats::entries::ENTRIES_MAX;
use crate::formats::entries::grubenv::Grubenv;
use crate::host::Host;
use crate::policy::boot::entry::{Entry, Kind};
use crate::sys::directory::Directory;

/// Limit on the unknown variables that are reported.
pub const UNKNOWN_TOLD: usize = 4;

/// The disk of entries, and whether those of the root of a file system there come first.
pub type Group = (Option<String>, bool);

/// The entries of a disk, in the order of reading.
#[derive(Default)]
pub struct Reading {
    pub group: Group,
    pub entries: Vec<Entry>,
    pub notes: Vec<String>,
    /// True if a directory may not be read.
    pub is_denied: bool,
    /// Variables of grub that entries use and nothing sets.
    pub unknown: Vec<Vec<u8>>,
}

/// Returns whether a file system has entries, in its root or in a /boot below it.
pub fn has_entries(root: &Directory) -> bool {
    boots(root).any(|boot| {
        Kind::ALL.into_iter().any(|kind| {
            let directory = [boot, kind.directory()].concat();
            let is_entry = |name: &[u8]| Entry::of_file(kind, 0, name).is_some();
            let names = root.names(directory.as_bytes(), 1, &is_entry);
            names.is_ok_and(|names| !names.is_empty())
        })
    })
}

/// Returns the places of a file system that may have entries, each once.
pub fn places(volume: &Volume) -> Vec<&'static str> {
    let mut seen = Vec::new();
    let mut places = Vec::new();
    for boot in boots(&volume.root) {
        let number = match boot {
            "" => volume.root.number(b"."),
            _ => volume.root.number(boot.as_bytes()),
        };
        if boot.is_empty() || number.is_some_and(|number| !seen.contains(&number)) {
            seen.extend(number);
            places.push(boot);
        }
    }
    places
}

impl Reading {
    #[must_use]
    pub fn of(group: Group) -> Reading {
        Reading {
            group,
            ..Reading::default()
        }
    }

    /// Reads the entries of a place in the file system with this number.
    pub fn read(
        &mut self,
        place: BootPlace<'_>,
        number: usize,
        host: &Host,
        variables: Option<&Grubenv>,
        seen: &Seen,
    ) {
        for kind in Kind::ALL {
            for mut entry in self.read_directory(place, number, kind, host, variables, seen) {
                entry.boot = place.boot;
                entry.number = self.entries.len();
                self.entries.push(entry);
            }
        }
    }

    #[inline(never)]
    fn read_directory(
        &mut self,
        place: BootPlace<'_>,
        number: usize,
        kind: Kind,
        host: &Host,
        variables: Option<&Grubenv>,
        seen: &Seen,
    ) -> Vec<Entry> {
        let mut entries = Vec::new();
        let path = place.path(kind.directory().as_bytes());
        let is_entry = |name: &[u8]| Entry::of_file(kind, number, name).is_some();
        let root = &place.volume.root;
        let names = match root.names(&path, ENTRIES_MAX, &is_entry) {
            Ok(names) => names,
            Err(error) if error.errno == Errno::ENOENT => return entries,
            Err(error) => {
                self.is_denied |= error.errno == Errno::EACCES;
                let path = escaped(&path);
                self.notes.push(format!("{path}: {error}"));
                return entries;
            }
        };
        for name in &names {
            // An image may have many profiles.
            if entries.len() >= ENTRIES_MAX {
                let path = escaped(&path);
                self.notes
                    .push(format!("{path}: too many entries; some were not read"));
                break;
            }
            let Some(mut entry) = Entry::of_file(kind, number, name) else {
                continue;
            };
            if kind == Kind::Type2 {
                match entry::profiles(place, &entry, host, seen) {
                    Ok(mut profiles) => entries.append(&mut profiles),
                    Err(problem) => {
                        entry.problem = Some(problem);
                        entries.push(entry);
                    }
                }
                continue;
            }
            match entry::type1(place, name, &host.machine, variables) {
                Ok(mut text) => {
                    let unknown = core::mem::take(&mut text.unknown);
                    // With an environment block, a variable that it lacks is empty on
                    // purpose.
                    if variables.is_none() && self.unknown.len() < UNKNOWN_TOLD {
                        self.unknown.extend(unknown);
                    }
                    let files = entry::check_files(place, &text, host, seen);
                    entry.describe(text);
                    match files {
                        Ok(doubt) => entry.doubt = entry.doubt.or(doubt),
                        Err(problem) => entry.problem = entry.problem.or(Some(problem)),
                    }
                }
                Err(problem) => entry.problem = Some(problem),
            }
            entries.push(entry);
        }
        entries
    }
}
