// SPDX-License-Identifier: GPL-2.0-or-later
//! The default entry, with the files of a thin image compared. A boot does that when it
//! loads them. Layer: effects.

use super::entries::BootEntries;
use super::error::RunError;
use super::options::LoadOptions;
use super::text::unusable;
use super::{manifest, thin};
use crate::host::Host;
use crate::policy::boot::choose::DefaultSource;
use crate::policy::boot::entry::Kind;
use crate::policy::boot::error::Problem;
use crate::sys::AsFd;

/// Returns the problem of an entry whose load failed because of its files. Another entry
/// may have better ones.
pub fn problem_of_load(error: &RunError) -> Option<Problem> {
    match error {
        RunError::Open { .. }
        | RunError::Image { .. }
        | RunError::FileChanged { .. }
        | RunError::Read { .. } => Some(unusable(error)),
        _ => None,
    }
}

impl BootEntries {
    /// Returns the default entry's index and what chose it. The files of a thin image are
    /// compared with its hashes, and another entry is chosen if they differ.
    pub fn checked_default(&mut self, host: &Host) -> Option<(usize, DefaultSource)> {
        loop {
            let (index, source) = self.default()?;
            let error = self.check(index, host).err();
            let Some(problem) = error.as_ref().and_then(problem_of_load) else {
                return Some((index, source));
            };
            // So that no entry comes up twice.
            self.entries.get_mut(index)?.problem = Some(problem);
        }
    }

    /// Compares the files of an entry's image with its hashes, if it is a thin one.
    fn check(&self, index: usize, host: &Host) -> Result<(), RunError> {
        let entry = self.entries.get(index).ok_or(RunError::NoSuchInput)?;
        let volume = self.volumes.get(entry.volume);
        let volume = volume.ok_or(RunError::NoSuchInput)?;
        let image = match entry.kind {
            Kind::Type2 => volume.path_of(entry.kind, &entry.file_name),
            // A problem that has come up since then is the load's to report.
            Kind::Type1 => match self.reread(entry, &host.machine) {
                Ok(text) => text.image,
                Err(_) => return Ok(()),
            },
        };
        let options = LoadOptions {
            root: Some(volume.root.as_fd()),
            image: &image,
            ..LoadOptions::default()
        };
        let mut manifest = manifest::open(&options)?;
        thin::open(&mut manifest, &options)?;
        thin::check(&manifest)
    }
}
