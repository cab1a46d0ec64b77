// SPDX-License-Identifier: GPL-2.0-or-later
//! Loads of entries: their options, and the default entry, checked as far as a load that
//! changes nothing can. Layer: effects.

use alloc::vec::Vec;

use super::entries::BootEntries;
use super::entry;
use super::events::{Event, Events};
use super::load::prepare;
use super::options::LoadOptions;
use super::text::{refused, unusable};
use super::{RunError, manifest, prepared, thin};
use crate::diagnosis::Exit;
use crate::formats::entries::loader_conf::Timeout;
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
        // Another one has another signature.
        RunError::Kernel { diagnosis, .. } if diagnosis.signature.is_some() => {
            Some(refused(diagnosis))
        }
        RunError::Plan { error: plan, .. } if plan.is_of_files() => Some(entry::problem_of(error)),
        _ => None,
    }
}

/// Looks for what other entries have shown of the files, and reads none again.
fn known(options: &LoadOptions<'_>, host: &Host) -> Result<(), RunError> {
    let mut manifest = manifest::open(options)?;
    thin::open(&mut manifest, options)?;
    thin::check_known(&manifest, options.seen)?;
    prepared::plan(options, &manifest, host, None).map(|_| ())
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
        let mut takes_any = false;
        loop {
            self.search_own_disk(host);
            let Some((index, source)) = self.default() else {
                if takes_any {
                    return None;
                }
                // What was better failed.
                for entry in &mut self.entries {
                    entry.is_skipped = false;
                }
                takes_any = true;
                continue;
            };
            match self
                .try_out(index, host, &known)
                .as_ref()
                .and_then(problem_of_load)
            {
                Some(problem) => self.entries.get_mut(index)?.problem = Some(problem),
                None if !takes_any && self.has_better(index, source) => {
                    self.entries.get_mut(index)?.is_skipped = true;
                }
                None => return Some((index, source)),
            }
        }
    }

    /// Returns whether there is doubt about a default, and none about another entry of the same
    /// disk or search. What somebody chose is right, unless this machine refuses it.
    fn has_better(&self, index: usize, source: DefaultSource) -> bool {
        let is_doubtful = |entry: &Entry| match entry.doubt {
            Some(Problem::Entry(_)) => source == DefaultSource::First,
            Some(_) => true,
            None => false,
        };
        let mut all = self.entries.iter().enumerate();
        self.entries.get(index).is_some_and(is_doubtful)
            && all.any(|(other, entry)| {
                let is_near = (other < self.own) == (index < self.own);
                is_near && entry.is_sound() && !entry.has_no_tries_left()
            })
    }

    /// Returns the error of the first entry whose image this machine refuses: it says what to
    /// do.
    pub fn refused(&self) -> Option<RunError> {
        let is_refused = |problem: &&Problem| match problem {
            Problem::File(found) => found.exit == Exit::Refused,
            _ => false,
        };
        self.entries.iter().find_map(|entry| {
            let problem = entry.problem.as_ref().filter(is_refused)?.clone();
            let id = entry.id.clone();
            Some(BootError::Bad { id, problem }.into())
        })
    }

    /// Gives an entry the problem that its load had.
    pub fn skip(&mut self, index: usize, error: &RunError) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.problem = problem_of_load(error);
        }
    }

    /// Prepares the load of an entry without options of the user, and returns why that
    /// fails because of the entry's files.
    #[must_use]
    pub fn check(&self, index: usize, host: &Host) -> Option<RunError> {
        self.try_out(index, host, &|options, host| {
            prepare(options, host, &mut Quiet).map(|_| ())
        })
    }

    /// Tries something out with the options of an entry, and returns why that fails because
    /// of the entry's files.
    fn try_out(
        &self,
        index: usize,
        host: &Host,
        what: &dyn Fn(&LoadOptions<'_>, &Host) -> Result<(), RunError>,
    ) -> Option<RunError> {
        let entry = self.entries.get(index)?;
        let options = LoadOptions {
            extras: true,
            dry_run: true,
            ..LoadOptions::default()
        };
        let mut try_it = |options: &LoadOptions<'_>| what(options, host).map(|()| Vec::new());
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
        let common = LoadOptions {
            seen: Some(&self.seen),
            ..entry::options(place, common)
        };
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
