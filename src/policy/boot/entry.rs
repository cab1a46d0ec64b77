// SPDX-License-Identifier: GPL-2.0-or-later
//! One entry as the list shows it, and the order of entries. Layer: pure.
//!
//! Spec: UAPI.1, "Sorting". Where systemd-boot differs from it, its order counts.

use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};

use super::error::Problem;
use crate::formats::entries::counter::{Counter, Name};
use crate::formats::entries::type1::Type1;
use crate::formats::entries::version;
use crate::formats::image::osrel::OsRelease;
use crate::formats::image::profile::ProfileText;

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
    /// The path of /boot in it, with a slash at its end; empty for its root.
    pub boot: &'static str,
    /// The place in the order of reading, which decides between equals.
    pub number: usize,
    pub file_name: Vec<u8>,
    /// The file's name without the counter, in lower case. A profile other than 0 adds
    /// `@` and its ID as it is written, or its number if it has none.
    pub id: Vec<u8>,
    /// The length of the id without the profile.
    image_id_bytes: usize,
    pub counter: Option<Counter>,
    pub title: Vec<u8>,
    pub version: Vec<u8>,
    /// An empty one is one, too.
    pub machine_id: Option<Vec<u8>>,
    /// An empty key is one, too.
    pub sort_key: Option<Vec<u8>>,
    pub profile: u32,
    /// The ID of a UKI's first profile, by which bootctl names it.
    first_id: Option<Vec<u8>>,
    /// True if boot loaders would not show the entry: a UKI that does not say what it is, or an
    /// entry whose image is elsewhere for them.
    pub is_hidden: bool,
    /// The reason why it cannot boot.
    pub problem: Option<Problem>,
    /// The reason why any entry without one is a better default.
    pub doubt: Option<Problem>,
    /// True if another one is the default because of `doubt`.
    pub is_skipped: bool,
    /// True if somebody was told why it does not boot.
    pub is_told: bool,
}

/// Cuts a text, but no character of UTF-8.
fn cut(mut text: Vec<u8>) -> Vec<u8> {
    let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
    let mut end = TEXT_MAX_BYTES;
    while text.get(end).is_some_and(is_inside) && end > 0 {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text.shrink_to_fit();
    text
}

impl Entry {
    /// Returns an entry for this file; `None` when the name is not that of an entry.
    #[must_use]
    pub fn of_file(kind: Kind, volume: usize, file_name: &[u8]) -> Option<Entry> {
        let name = Name::parse(file_name, kind.suffix())?;
        let id = name.id();
        if id.starts_with(b".") || id.starts_with(b"auto-") {
            return None;
        }
        Some(Entry {
            kind,
            volume,
            boot: "",
            number: 0,
            file_name: file_name.to_vec(),
            image_id_bytes: id.len(),
            id,
            counter: name.counter,
            title: Vec::new(),
            version: Vec::new(),
            machine_id: None,
            sort_key: None,
            profile: 0,
            first_id: None,
            is_hidden: false,
            problem: None,
            doubt: None,
            is_skipped: false,
            is_told: false,
        })
    }

    /// Copies the texts that the list shows from a type 1 entry.
    pub fn describe(&mut self, text: Type1) {
        self.title = cut(text.title);
        self.version = cut(text.version);
        self.machine_id = text.machine_id.map(cut);
        self.sort_key = text.sort_key.map(cut);
        self.profile = text.profile;
        self.is_hidden = text.is_misplaced;
        self.problem = text.problem.map(Problem::Entry);
        self.doubt = text.doubt.map(Problem::Entry);
    }

    /// Returns the entry of a UKI's profile, titled as boot loaders title it.
    #[must_use]
    pub fn of_profile(&self, system: &OsRelease, profile: u32, own: &ProfileText) -> Entry {
        let mut entry = self.clone();
        // The first that is set counts, even if it is empty.
        let text = |choices: &[&Option<Vec<u8>>]| {
            let found = choices.iter().find_map(|choice| choice.as_deref());
            found.map(|text| cut(text.to_vec()))
        };
        let OsRelease {
            id,
            name,
            pretty_name,
            version,
            version_id,
            image_id,
            image_version,
            build_id,
        } = system;
        let title = text(&[pretty_name, image_id, name, id]);
        entry.is_hidden = title.is_none();
        entry.title = title.unwrap_or_default();
        entry.version = text(&[image_version, version, version_id, build_id]).unwrap_or_default();
        entry.sort_key = text(&[image_id, id]);
        entry.profile = profile;
        let by_number = alloc::format!("{profile}").into_bytes();
        let name = own.id.as_ref().unwrap_or(&by_number);
        // The first profile is the image itself, unless it has a title.
        let title = own.title.as_ref().or((profile > 0).then_some(name));
        if let Some(title) = title {
            entry
                .title
                .extend_from_slice(&[b" (", title.as_slice(), b")"].concat());
            entry.title = cut(entry.title);
        }
        match profile {
            0 => entry.first_id = own.id.clone().map(cut),
            _ => {
                entry.id.push(b'@');
                entry.id.append(&mut cut(name.clone()));
            }
        }
        entry
    }

    /// Returns the reason why it is not booted as the default.
    #[must_use]
    pub fn why_skipped(&self) -> Option<&Problem> {
        let doubt = self.doubt.as_ref().filter(|_| self.is_skipped);
        self.problem.as_ref().or(doubt)
    }

    /// Returns whether it may be the default without a name: a boot loader would show it, and
    /// it can boot.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.problem.is_none() && !self.is_hidden && self.is_first_profile()
    }

    /// Returns whether it may be the default, and nothing speaks for another one.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.is_offered() && self.doubt.is_none()
    }

    /// Returns whether it is in this place: a file system, and the path of /boot in it.
    #[must_use]
    pub fn is_in(&self, place: (usize, &'static str)) -> bool {
        (self.volume, self.boot) == place
    }

    /// Returns whether all tries are used up.
    #[must_use]
    pub fn has_no_tries_left(&self) -> bool {
        self.counter.is_some_and(Counter::is_bad)
    }

    /// Returns whether the file's name, with or without the suffix, satisfies `is`. It means
    /// the first profile.
    #[must_use]
    pub fn has_file_name(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        let end = self.file_name.len().checked_sub(self.kind.suffix().len());
        let stem = end.and_then(|end| self.file_name.get(..end));
        self.is_first_profile() && (is(&self.file_name) || stem.is_some_and(is))
    }

    /// Returns whether the id with the profile's number satisfies `is`.
    #[must_use]
    pub fn has_number(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        let number = alloc::format!("@{}", self.profile);
        self.kind == Kind::Type2 && is(&[self.image_id(), number.as_bytes()].concat())
    }

    /// Returns whether the id with the ID of the first profile satisfies `is`. bootctl shows
    /// that name; to systemd-boot it means nothing.
    #[must_use]
    pub fn has_first_id(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        let id = self.first_id.as_deref();
        id.is_some_and(|id| is(&[self.image_id(), b"@", id].concat()))
    }

    /// Returns one of the entry's ids without the suffix, which stands before the profile.
    #[must_use]
    pub fn without_suffix(&self, id: &[u8]) -> Vec<u8> {
        let profile = id.get(self.image_id_bytes..).unwrap_or_default();
        [self.stem(), profile].concat()
    }

    /// Returns the id without the profile.
    #[must_use]
    pub fn image_id(&self) -> &[u8] {
        self.id.get(..self.image_id_bytes).unwrap_or_default()
    }

    /// Returns the id without profile and suffix.
    #[must_use]
    pub fn stem(&self) -> &[u8] {
        let end = self.image_id_bytes.checked_sub(self.kind.suffix().len());
        end.and_then(|end| self.id.get(..end)).unwrap_or_default()
    }

    /// Returns whether the id without a profile means this entry.
    #[must_use]
    pub fn is_first_profile(&self) -> bool {
        self.own_profile() == 0
    }

    /// Returns the profile that the entry stands for. What a type 1 entry names is part of
    /// the way it boots.
    fn own_profile(&self) -> u32 {
        match self.kind {
            Kind::Type1 => 0,
            Kind::Type2 => self.profile,
        }
    }

    /// Compares by systemd-boot's order: the best entry first, and those that cannot boot
    /// at all last.
    #[must_use]
    pub fn order(&self, other: &Entry) -> Ordering {
        let rank = |entry: &Entry| (entry.problem.is_some(), entry.is_hidden);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| self.order_in_menu(other))
    }

    /// Compares by the order of grub's menu, which knows names alone. Source:
    /// `grub-core/commands/blscfg.c` of Fedora and RHEL.
    #[must_use]
    pub fn order_in_grub(&self, other: &Entry) -> Ordering {
        fn name(entry: &Entry) -> &[u8] {
            let id = entry.image_id();
            id.strip_suffix(b".conf").unwrap_or(id)
        }
        version::compare(name(other), name(self))
    }

    /// Compares as a menu does that shows entries which cannot boot as others.
    fn order_in_menu(&self, other: &Entry) -> Ordering {
        let rank = |entry: &Entry| (entry.has_no_tries_left(), entry.sort_key.is_none());
        let mut order = rank(self).cmp(&rank(other));
        if self.sort_key.is_some() && other.sort_key.is_some() {
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
            // All first profiles come before the others, of which one may well be a
            // factory reset.
            .then_with(|| self.own_profile().cmp(&other.own_profile()))
            // With the suffix: arch.conf comes before arch-lts.conf.
            .then_with(|| version::compare(other.image_id(), self.image_id()))
            .then_with(|| tries(self).cmp(&tries(other)))
            // Equal: their names differ only in characters that are not compared. The first
            // in its directory comes first.
            .then_with(|| self.number.cmp(&other.number))
    }
}
