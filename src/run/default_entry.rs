// SPDX-License-Identifier: GPL-2.0-or-later
//! The default entry, with the files of a thin image compared. A boot does that when it
//! loads them. Layer: effects.

use super::entries::BootEntries;
use super::entry;
use super::options::LoadOptions;
use super::text::unusable;
use super::{RunError, manifest, thin};
use crate::host::Host;
use crate::policy::boot::choose::DefaultSource;
use crate::policy::boot::entry::Kind;
use crate::sys::AsFd;

/// Limit on the entries whose files are read.
const CHECKED_MAX: usize = 16;

impl BootEntries {
    /// Returns the default entry's index and what chose it. The files of a thin image are
    /// compared with its hashes, and another entry is chosen if they differ.
    pub fn checked_default(&mut self, host: &Host) -> Option<(usize, DefaultSource)> {
        for _ in 0..CHECKED_MAX {
            let (index, _) = self.default()?;
            let Err(error) = self.check(index, host) else {
                break;
            };
            if let Some(entry) = self.entries.get_mut(index) {
                entry.problem = Some(unusable(&error));
            }
        }
        self.default()
    }

    /// Compares the files of an entry's image with its hashes, if it is a thin one.
    fn check(&self, index: usize, host: &Host) -> Result<(), RunError> {
        let entry = self.entries.get(index).ok_or(RunError::NoSuchInput)?;
        let volume = self.volumes.get(entry.volume);
        let image = match entry.kind {
            Kind::Type2 => entry::path_of(entry.kind, &entry.file_name),
            // A problem that has come up since then is the load's to report.
            Kind::Type1 => match self.reread(entry, &host.machine) {
                Ok(text) => text.image,
                Err(_) => return Ok(()),
            },
        };
        let options = LoadOptions {
            root: volume.map(|volume| volume.root.as_fd()),
            image: &image,
            ..LoadOptions::default()
        };
        let mut manifest = manifest::open(&options)?;
        thin::open(&mut manifest, &options)?;
        thin::check(&manifest)
    }
}
