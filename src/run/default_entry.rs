// SPDX-License-Identifier: GPL-2.0-or-later
//! Loads of entries: their options, and the default entry, checked as far as a load that
//! changes nothing can. Layer: effects.

use alloc::vec::Vec;

use super::RunError;
use super::entries::BootEntries;
use super::entry;
use super::events::{Event, Events};
use super::load::prepare;
use super::options::LoadOptions;
use super::text::unusable;
use crate::formats::entries::loader_conf::Timeout;
use crate::formats::source::InputId;
use crate::host::Host;
use crate::policy::boot::choose::DefaultSource;
use crate::policy::boot::entry::{Entry, Kind};
use crate::policy::boot::error::{BootError, Problem};
use crate::policy::boot::menu::Answer;
use crate::policy::plan::{Options, Profile};
use crate::sys::AsFd;

/// Returns the problem of an entry whose load failed because of its files. Another entry
/// may have better ones. What the user or the machine is at fault for would fail with each
/// entry.
pub fn problem_of_load(error: &RunError) -> Option<Problem> {
    match error {
        RunError::Open { .. }
        | RunError::Image { .. }
        | RunError::FileChanged { .. }
        | RunError::Read { .. }
        | RunError::EmptyInitrd { .. }
        | RunError::CompanionName { .. }
        | RunError::CompanionPath { .. }
        | RunError::TooManyCompanions { .. } => Some(unusable(error)),
        // The entry shows the image's path already.
        RunError::Plan { error: plan, .. } if plan.is_of_files() => {
            Some(match plan.source() == InputId::IMAGE {
                true => unusable(&**plan),
                false => unusable(error),
            })
        }
        _ => None,
    }
}

/// Shows nothing.
struct Quiet;

impl Events for Quiet {
    fn tell(&mut self, _: Event<'_>) {}

    fn choose(&mut self, _: &BootEntries, _: usize, _: Timeout) -> Answer {
        Answer::Nobody
    }
}

impl BootEntries {
    /// Returns the default entry's index and what chose it. Its files are looked at as for a
    /// load, and another entry is chosen if that would fail because of them.
    pub fn checked_default(&mut self, host: &Host) -> Option<(usize, DefaultSource)> {
        loop {
            let (index, source) = self.default()?;
            let Some(error) = self.check(index, host) else {
                return Some((index, source));
            };
            // So that no entry comes up twice.
            self.pass_over(index, &error, host);
        }
    }

    /// Gives an entry the problem that its load had, and every other one of its file system
    /// that names the same bad initrd, which may have taken long to read.
    pub fn pass_over(&mut self, index: usize, error: &RunError, host: &Host) {
        let problem = problem_of_load(error);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let volume = entry.volume;
        entry.problem.clone_from(&problem);
        let initrd = match error {
            RunError::Plan { path, error } if error.source() != InputId::IMAGE => path,
            _ => return,
        };
        for index in 0..self.entries.len() {
            let is_same = |entry: &&Entry| {
                let is_like = entry.kind == Kind::Type1 && entry.volume == volume;
                let text = || self.reread(entry, &host.machine);
                is_like
                    && entry.problem.is_none()
                    && text().is_ok_and(|it| it.initrds.contains(initrd))
            };
            if self.entries.get(index).filter(is_same).is_some()
                && let Some(entry) = self.entries.get_mut(index)
            {
                entry.problem.clone_from(&problem);
            }
        }
    }

    /// Prepares the load of an entry without options of the user, and returns why that
    /// fails because of the entry's files.
    #[must_use]
    pub fn check(&self, index: usize, host: &Host) -> Option<RunError> {
        let entry = self.entries.get(index)?;
        let options = LoadOptions {
            extras: true,
            dry_run: true,
            ..LoadOptions::default()
        };
        let mut try_it = |options: &LoadOptions<'_>| {
            let prepared = prepare(options, host, &mut Quiet);
            prepared.map(|_| Vec::new())
        };
        let error = self.with_options(entry, options, host, &mut try_it).err()?;
        problem_of_load(&error).map(|_| error)
    }

    /// Calls `load` with the options to load an entry: `common`, and what the entry names.
    ///
    /// # Errors
    /// The errors of `load`, and [`BootError::Bad`] for an entry that has changed since it
    /// was listed.
    pub fn with_options(
        &self,
        entry: &Entry,
        common: LoadOptions<'_>,
        host: &Host,
        load: &mut dyn FnMut(&LoadOptions<'_>) -> Result<Vec<u8>, RunError>,
    ) -> Result<Vec<u8>, RunError> {
        let volume = self.volumes.get(entry.volume);
        let volume = volume.ok_or(RunError::NoSuchInput)?;
        let common = LoadOptions {
            root: Some(volume.root.as_fd()),
            extras_root: Some(volume.boot.as_bytes()).filter(|boot| !boot.is_empty()),
            ..common
        };
        if entry.kind == Kind::Type2 {
            return load(&LoadOptions {
                image: &volume.path_of(entry.kind, &entry.file_name),
                wanted: Options {
                    profile: Profile::Number(entry.profile),
                    ..common.wanted
                },
                ..common
            });
        }
        let bad = |problem| {
            let id = entry.id.clone();
            BootError::Bad { id, problem }
        };
        let text = self.reread(entry, &host.machine).map_err(bad)?;
        if let Some(error) = text.problem {
            return Err(bad(Problem::Entry(error)).into());
        }
        load(&LoadOptions {
            image: &text.image,
            initrds: text.initrds.iter().map(Vec::as_slice).collect(),
            entry_extras: text.extras.iter().map(Vec::as_slice).collect(),
            wanted: Options {
                entry_words: text.options.clone(),
                profile: entry::profile(&text),
                ..common.wanted
            },
            ..common
        })
    }
}
