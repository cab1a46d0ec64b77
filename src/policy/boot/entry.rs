// SPDX-License-Identifier: GPL-2.0-or-later
//! One entry as the list shows it, and the order of entries. Spec: UAPI.1, "Sorting".
//! Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};

use super::error::Problem;
use crate::formats::entries::counter::{Counter, Name};
use crate::formats::entries::type1::Type1;
use crate::formats::entries::version;
use crate::formats::image::osrel::OsRelease;

/// Limit on each text that is kept, so that 5,000 entries fit into the memory of small
/// machines.
const TEXT_MAX_BYTES: usize = 256;

/// The two kinds of boot entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Type1,
    Type2,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::Type1, Kind::Type2];

    /// Returns the directory of its files, below the root of the file system.
    #[must_use]
    pub fn directory(self) -> &'static str {
        match self {
            Kind::Type1 => "loader/entries",
            Kind::Type2 => "EFI/Linux",
        }
    }

    /// Returns the suffix of its files' names.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Kind::Type1 => ".conf",
            Kind::Type2 => ".efi",
        }
    }
}

/// A boot entry; a text that it does not have is empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub kind: Kind,
    /// The number of the file system that it is on.
    pub volume: usize,
    pub file_name: Vec<u8>,
    /// The file's name without the counter, and with `@N` for a profile other than 0.
    pub id: Vec<u8>,
    pub counter: Option<Counter>,
    pub title: Vec<u8>,
    pub version: Vec<u8>,
    pub machine_id: Vec<u8>,
    pub sort_key: Vec<u8>,
    pub profile: u32,
    pub problem: Option<Problem>,
}

fn cut(mut text: Vec<u8>) -> Vec<u8> {
    text.truncate(TEXT_MAX_BYTES);
    text.shrink_to_fit();
    text
}

impl Entry {
    /// Returns an entry for this file; `None` when the name is not that of an entry.
    #[must_use]
    pub fn of_file(kind: Kind, volume: usize, file_name: &[u8]) -> Option<Entry> {
        let name = Name::parse(file_name, kind.suffix())?;
        if file_name.starts_with(b".") || file_name.starts_with(b"auto-") {
            return None;
        }
        Some(Entry {
            kind,
            volume,
            file_name: file_name.to_vec(),
            id: name.id(),
            counter: name.counter,
            title: Vec::new(),
            version: Vec::new(),
            machine_id: Vec::new(),
            sort_key: Vec::new(),
            profile: 0,
            problem: None,
        })
    }

    /// Copies the texts that the list shows from a type 1 entry.
    pub fn describe(&mut self, text: Type1) {
        self.title = cut(text.title);
        self.version = cut(text.version);
        self.machine_id = cut(text.machine_id);
        self.sort_key = cut(text.sort_key);
        self.problem = text.problem.map(Problem::Entry);
    }

    /// Returns the entry of a UKI's profile, titled as boot loaders title it.
    #[must_use]
    pub fn of_profile(&self, system: &OsRelease, profile: u32, title: Option<&str>) -> Entry {
        let mut entry = self.clone();
        let text = |choices: &[&Option<String>]| {
            let found = choices.iter().find_map(|choice| choice.as_deref());
            cut(found.unwrap_or_default().as_bytes().to_vec())
        };
        let OsRelease {
            id,
            name,
            pretty_name,
            version_id,
            image_id,
            ..
        } = system;
        entry.title = text(&[pretty_name, image_id, name, id]);
        entry.version = text(&[&system.image_version, &system.version, version_id]);
        entry.sort_key = text(&[image_id, id]);
        entry.profile = profile;
        if let Some(title) = title {
            entry
                .title
                .extend_from_slice(&[b" (", title.as_bytes(), b")"].concat());
            entry.title = cut(entry.title);
        }
        if profile > 0 {
            entry
                .id
                .extend_from_slice(alloc::format!("@{profile}").as_bytes());
        }
        entry
    }

    /// Returns whether all tries are used up.
    #[must_use]
    pub fn has_no_tries_left(&self) -> bool {
        self.counter.is_some_and(Counter::is_bad)
    }

    /// Returns the id without the suffix, by which entries without sort keys are sorted.
    fn stem(&self) -> &[u8] {
        match Name::parse(&self.file_name, self.kind.suffix()) {
            Some(name) => name.stem,
            None => &self.file_name,
        }
    }

    /// Compares by the specification's order: the best entry first, and those that cannot
    /// boot at all last.
    #[must_use]
    pub fn order(&self, other: &Entry) -> Ordering {
        let rank = |entry: &Entry| {
            (
                entry.problem.is_some(),
                entry.has_no_tries_left(),
                entry.sort_key.is_empty(),
            )
        };
        let mut order = rank(self).cmp(&rank(other));
        if !self.sort_key.is_empty() && !other.sort_key.is_empty() {
            order = order
                .then_with(|| self.sort_key.cmp(&other.sort_key))
                .then_with(|| self.machine_id.cmp(&other.machine_id))
                .then_with(|| version::compare(&other.version, &self.version));
        }
        let tries = |entry: &Entry| {
            let counter = entry.counter;
            counter.map(|counter| (Reverse(counter.left), counter.done))
        };
        order
            .then_with(|| version::compare(other.stem(), self.stem()))
            .then_with(|| self.profile.cmp(&other.profile))
            .then_with(|| tries(self).cmp(&tries(other)))
            // The specification treats these as equal; any stable order will do.
            .then_with(|| (self.volume, &self.id).cmp(&(other.volume, &other.id)))
    }
}
