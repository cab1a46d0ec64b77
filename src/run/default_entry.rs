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
    /// load, and another entry is chosen if that would fail because of them; at last one of
    /// another file system.
    pub fn checked_default(&mut self, host: &Host) -> Option<(usize, DefaultSource)> {
        loop {
            let Some((index, source)) = self.next_default(host) else {
                if self.search_others(host) {
                    continue;
                }
                return None;
            };
            let Some(error) = self.check(index, host) else {
                return Some((index, source));
            };
            // So that no entry comes up twice.
            self.skip(index, &error);
        }
    }

    /// Returns the default among the entries that have no problem that is known already.
    pub fn next_default(&mut self, host: &Host) -> Option<(usize, DefaultSource)> {
        loop {
            let (index, source) = self.default()?;
            let entry = self.entries.get(index)?;
            match self.known_problem(entry, host) {
                Some(problem) => self.entries.get_mut(index)?.problem = Some(problem),
                None => return Some((index, source)),
            }
        }
    }

    /// Gives an entry the problem that its load had. If that is an initrd, no other entry of
    /// its file system has it read again, which may take long.
    pub fn skip(&mut self, index: usize, error: &RunError) {
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let problem = problem_of_load(error);
        if let RunError::Plan { path, error } = error
            && error.source() != InputId::IMAGE
            && let Some(problem) = &problem
        {
            let bad = (entry.volume, path.clone(), problem.clone());
            self.bad_initrds.push(bad);
        }
        entry.problem = problem;
    }

    /// Returns the problem of an entry with an initrd that another entry was skipped for.
    fn known_problem(&self, entry: &Entry, host: &Host) -> Option<Problem> {
        if self.bad_initrds.is_empty() || entry.kind != Kind::Type1 {
            return None;
        }
        let text = self.reread(entry, &host.machine).ok()?;
        let is_in = |path: &Vec<u8>| text.initrds.contains(path);
        let mut bad = self.bad_initrds.iter();
        let found = bad.find(|(volume, path, _)| *volume == entry.volume && is_in(path));
        found.map(|(_, _, problem)| problem.clone())
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
        let place = self.place(entry).ok_or(RunError::NoSuchInput)?;
        let common = entry::options(place, common);
        if entry.kind == Kind::Type2 {
            return load(&LoadOptions {
                image: &place.path_of(entry.kind, &entry.file_name),
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
