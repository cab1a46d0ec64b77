// SPDX-License-Identifier: GPL-2.0-or-later
//! Choice of the entry to boot. Specs: loader.conf(5), systemd.io/BOOT_LOADER_INTERFACE;
//! grub's `saved_entry` and `next_entry`. Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;

use super::entry::{Entry, Kind};
use super::error::BootError;
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::glob;
use crate::formats::entries::loader_conf::{LoaderConf, SAVED};
use crate::formats::sort::sort;

/// Limit on the entries that an error about an ambiguous name lists.
const AMBIGUOUS_SHOWN: usize = 4;

/// The source of the default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultSource {
    /// LoaderEntryOneShot, which counts once.
    OneShot,
    /// `next_entry` of grubenv, which counts once.
    NextEntry,
    /// LoaderEntryPreferred.
    Preferred,
    /// LoaderEntryDefault.
    Variable,
    /// `preferred` or `default` of loader.conf.
    LoaderConf,
    /// `saved_entry` of grubenv.
    SavedEntry,
    First,
}

impl DefaultSource {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DefaultSource::OneShot => "LoaderEntryOneShot",
            DefaultSource::NextEntry => "next_entry of grubenv",
            DefaultSource::Preferred => "LoaderEntryPreferred",
            DefaultSource::SavedEntry => "saved_entry of grubenv",
            DefaultSource::Variable => "LoaderEntryDefault",
            DefaultSource::LoaderConf => "loader.conf",
            DefaultSource::First => "first",
        }
    }
}

/// A file system and the path of /boot in it, as entries have them.
pub type GrubPlace = (usize, &'static str);

/// A choice of grub: what it names, and the index of the entry that has this number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrubChoice {
    pub name: Vec<u8>,
    number: Option<usize>,
}

/// The choices in the environment block of grub, which are about the entries of one place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GrubChoices {
    /// The entry for the next boot only. `None` if it could not be taken back.
    pub next: Option<GrubChoice>,
    pub saved: Option<GrubChoice>,
    pub place: GrubPlace,
}

impl GrubChoice {
    /// Returns the choice of one of these entries. A number counts grub's menu, which has all
    /// type 1 entries of one place, also those that cannot boot, in the order of their names.
    #[must_use]
    pub fn new(name: &[u8], place: GrubPlace, entries: &[Entry]) -> GrubChoice {
        let number = core::str::from_utf8(name).ok();
        let number: Option<usize> = number.and_then(|number| number.parse().ok());
        let entry = |number: usize| {
            let menu = entries.iter().enumerate();
            let menu = menu.filter(|(_, entry)| entry.kind == Kind::Type1 && entry.is_in(place));
            let mut menu: Vec<_> = menu.collect();
            sort(&mut menu, |a, b| a.1.order_in_grub(b.1));
            menu.get(number).map(|(index, _)| *index)
        };
        GrubChoice {
            name: name.to_vec(),
            number: number.and_then(entry),
        }
    }
}

/// Everything that names a default.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The number of entries of the boot loader's disk. They come first, and while one of them
    /// can boot, what systemd-boot is told means no other: NVRAM keeps the names of old disks.
    pub own: usize,
    pub conf: &'a LoaderConf,
    pub variables: &'a LoaderVariables,
    /// The choices of grub in each place, in the order of the list.
    pub grub: &'a [GrubChoices],
}

/// Limit on the names of entries: one of a file has 255 bytes, an ID of a profile a little
/// more. Longer patterns would take long, and mean nothing.
const NAME_MAX_BYTES: usize = 1024;

/// One thing that names a default.
struct Wish {
    name: Vec<u8>,
    source: DefaultSource,
    /// True if an entry without tries left does not count.
    respects_counter: bool,
    /// The place whose entries a choice of grub means.
    place: Option<GrubPlace>,
    /// The entry that grub's number means.
    number: Option<usize>,
}

/// A wish that is not granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    pub name: Vec<u8>,
    pub source: DefaultSource,
    /// The entry that was meant, if there is one: it cannot boot.
    pub index: Option<usize>,
}

impl Sources<'_> {
    /// Returns the wishes in systemd-boot's order, with grub's where they do the least harm:
    /// `next_entry` was set for this boot, and `saved_entry` counts only without
    /// loader.conf's.
    fn wishes(&self) -> Vec<Wish> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default().into_bytes();
        let saved = text(&self.variables.last_booted);
        let expand = |pattern: Vec<u8>| match pattern.eq_ignore_ascii_case(SAVED) {
            true => saved.clone(),
            false => pattern,
        };
        let wish = |name: Vec<u8>, source, respects_counter| Wish {
            name: match name.len() <= NAME_MAX_BYTES {
                true => name,
                false => Vec::new(),
            },
            source,
            respects_counter,
            place: None,
            number: None,
        };
        let of_grub = |choice: &Option<GrubChoice>, place, source| {
            let choice = choice.as_ref()?;
            Some(Wish {
                place: Some(place),
                number: choice.number,
                ..wish(choice.name.clone(), source, false)
            })
        };
        let next = |grub: &GrubChoices| of_grub(&grub.next, grub.place, DefaultSource::NextEntry);
        let saved =
            |grub: &GrubChoices| of_grub(&grub.saved, grub.place, DefaultSource::SavedEntry);
        let LoaderConf {
            default, preferred, ..
        } = self.conf;
        let variables = self.variables;
        let (one_shot, first) = (text(&variables.one_shot), b"*".to_vec());
        let mut wishes = alloc::vec![wish(one_shot, DefaultSource::OneShot, false)];
        wishes.extend(self.grub.iter().filter_map(next));
        for (name, source, respects_counter) in [
            (text(&variables.preferred), DefaultSource::Preferred, true),
            (preferred.clone(), DefaultSource::LoaderConf, true),
            (text(&variables.default), DefaultSource::Variable, false),
            (default.clone(), DefaultSource::LoaderConf, false),
        ] {
            wishes.push(wish(expand(name), source, respects_counter));
        }
        if default.is_empty() && preferred.is_empty() {
            wishes.extend(self.grub.iter().filter_map(saved));
        }
        wishes.push(wish(first, DefaultSource::First, false));
        wishes
    }
}

impl Wish {
    /// Returns whether the entry has this name, or with `by_number` one with the number of
    /// its profile.
    fn is_named(&self, entry: &Entry, by_number: bool) -> bool {
        let is = |text: &[u8]| text.eq_ignore_ascii_case(&self.name);
        let matches = |name: &[u8]| match self.source {
            DefaultSource::NextEntry | DefaultSource::SavedEntry => is(name),
            // An empty pattern matches nothing, because every id ends in a suffix.
            _ => glob::matches(&self.name, name),
        };
        let by_grub = || is(&entry.title) || is(entry.stem());
        match (by_number, self.source) {
            (true, _) => entry.has_number(matches),
            (false, DefaultSource::NextEntry | DefaultSource::SavedEntry) => {
                matches(&entry.id) || by_grub()
            }
            (false, _) => matches(&entry.id),
        }
    }

    /// Returns the first entry that is meant, among those that can boot or those that
    /// cannot. What the list shows as a name comes before other names.
    fn find(&self, all: &[Entry], own: usize, can_boot: bool) -> Option<usize> {
        if self.name.is_empty() {
            return None;
        }
        let own = all.get(..own).unwrap_or_default();
        let is_own = self.place.is_none() && self.source != DefaultSource::First;
        let entries = match is_own && own.iter().any(Entry::is_offered) {
            true => own,
            false => all,
        };
        if let Some(index) = self.number {
            let entry = entries.get(index)?;
            return (entry.why_skipped().is_none() == can_boot).then_some(index);
        }
        let by = |by_number, is_shown: bool| {
            let mut all = entries.iter().enumerate();
            // systemd-boot's names do not mean what it would not show, and that is the default
            // only if there is nothing else.
            let is_hidden = |entry: &Entry| is_shown && entry.is_hidden;
            let found = all.find(|(_, entry)| {
                let is_counted_out = self.respects_counter && entry.has_no_tries_left();
                // Another profile may well reset the machine, so it has to be named.
                let is_unnamed = self.source == DefaultSource::First && !entry.is_first_profile();
                let is_elsewhere = self.place.is_some_and(|place| !entry.is_in(place));
                entry.why_skipped().is_none() == can_boot
                    && !is_elsewhere
                    && !is_counted_out
                    && !is_unnamed
                    && !is_hidden(entry)
                    && self.is_named(entry, by_number)
            });
            found.map(|(index, _)| index)
        };
        let shown = || by(false, true).or_else(|| by(true, true));
        let any = || by(false, false).or_else(|| by(true, false));
        match (self.source, self.place) {
            (DefaultSource::First, _) => shown().or_else(any),
            (_, Some(_)) => any(),
            (_, None) => shown(),
        }
    }
}

/// Returns the default entry's index in the sorted `entries`; `None` when none can boot.
#[must_use]
pub fn default(entries: &[Entry], sources: Sources<'_>) -> Option<(usize, DefaultSource)> {
    let wishes = sources.wishes();
    let mut found = wishes
        .iter()
        .filter_map(|wish| Some((wish.find(entries, sources.own, true)?, wish.source)));
    found.next()
}

/// Returns the wishes that come before the default and are not granted: the entry is not
/// there, or cannot boot.
#[must_use]
pub fn missed(entries: &[Entry], sources: Sources<'_>) -> Vec<Missed> {
    let mut missed = Vec::new();
    for wish in sources.wishes() {
        if wish.find(entries, sources.own, true).is_some() {
            if wish.source == DefaultSource::SavedEntry {
                // Another place's, which is no news.
                missed.retain(|missed: &Missed| missed.source != DefaultSource::SavedEntry);
            }
            break;
        }
        let index = wish.find(entries, sources.own, false);
        let Wish { name, source, .. } = wish;
        if source != DefaultSource::First && !name.is_empty() {
            missed.push(Missed {
                name,
                source,
                index,
            });
        }
    }
    missed
}

/// Returns the name of the entry whose file has this path in the root of its file system; any
/// other word as it is.
#[must_use]
pub fn of_entry_file(word: &[u8]) -> &[u8] {
    let path = word.strip_prefix(b"/").unwrap_or(word);
    let name = path.strip_prefix(Kind::Type1.directory().as_bytes());
    let name = name.and_then(|rest| rest.strip_prefix(b"/"));
    name.filter(|name| name.ends_with(Kind::Type1.suffix().as_bytes()) && !name.contains(&b'/'))
        .unwrap_or(word)
}

/// Returns whether a word that names an image or an entry is a path. The ID of a profile may
/// have a slash, too.
#[must_use]
pub fn is_path(word: &[u8]) -> bool {
    let entry = word.iter().position(|byte| matches!(byte, b'/' | b'@'));
    let is_profile = entry.is_some_and(|at| at > 0 && word.get(at) == Some(&b'@'));
    word.contains(&b'/') && !is_profile
}

/// A way in which a name may mean the entry with an index.
type Rule<'a> = &'a dyn Fn(usize, &Entry) -> bool;

/// Returns the index of the entry with this name: its id or its file's name, either without
/// the suffix, its number in the list, or the beginning of its id. A profile may be named by
/// its number. The same id elsewhere is a copy, of which the first that can boot is meant.
///
/// # Errors
/// [`BootError::NoSuchEntry`], [`BootError::Ambiguous`].
pub fn by_name(entries: &[Entry], name: &[u8]) -> Result<usize, BootError> {
    let is = |text: &[u8]| text.eq_ignore_ascii_case(name);
    let begins = |text: &[u8]| !name.is_empty() && text.get(..name.len()).is_some_and(is);
    let number = core::str::from_utf8(name).ok();
    let number: Option<usize> = number.and_then(|text| text.parse().ok());
    let rules: [Rule<'_>; 7] = [
        &|_, entry| entry.is_first_profile() && entry.file_name == name,
        &|_, entry| is(&entry.id),
        &|_, entry| entry.has_file_name(is) || is(&entry.without_suffix(&entry.id)),
        &|_, entry| entry.has_number(|id| is(id) || is(&entry.without_suffix(id))),
        &|_, entry| entry.has_first_id(|id| is(id) || is(&entry.without_suffix(id))),
        &|index, _| number.and_then(|number| number.checked_sub(1)) == Some(index),
        &|_, entry| {
            let begins = |id: &[u8]| begins(id) || begins(&entry.without_suffix(id));
            begins(&entry.id) || entry.has_first_id(begins)
        },
    ];
    // The profiles of an image do not make its name ambiguous: it means the first one.
    let meant = |entry: &Entry| match begins(entry.image_id()) {
        true => entry.image_id().to_vec(),
        false => entry.id.clone(),
    };
    let mut named = Vec::new();
    for rule in rules {
        let all = entries.iter().enumerate();
        named.extend(all.filter(|(index, entry)| rule(*index, entry)));
        if !named.is_empty() {
            break;
        }
    }
    let mut ids: Vec<Vec<u8>> = Vec::new();
    for id in named.iter().map(|(_, entry)| meant(entry)) {
        if ids.len() < AMBIGUOUS_SHOWN && !ids.contains(&id) {
            ids.push(id);
        }
    }
    let name = name.to_vec();
    if ids.len() > 1 {
        return Err(BootError::Ambiguous { name, ids });
    }
    let best = named.iter().min_by_key(|(_, entry)| {
        let is_other_profile = !entry.is_first_profile();
        (is_other_profile, entry.problem.is_some())
    });
    best.map(|(index, _)| *index)
        .ok_or(BootError::NoSuchEntry { name })
}

/// Returns the first entry after `index` that can boot. After a first profile, that is one,
/// too: another profile may reset the machine, so it has to be named.
///
/// # Errors
/// [`BootError::NothingLeft`].
pub fn next(entries: &[Entry], index: usize) -> Result<usize, BootError> {
    let following = entries.iter().enumerate().skip(index).skip(1);
    let after_first = entries.get(index).is_some_and(Entry::is_first_profile);
    let mut usable = following
        .filter(|(_, entry)| entry.problem.is_none() && (entry.is_first_profile() || !after_first));
    match usable.next() {
        Some((next, _)) => Ok(next),
        None => Err(BootError::NothingLeft {
            after: entries.get(index).map(|entry| entry.id.clone()),
        }),
    }
}
