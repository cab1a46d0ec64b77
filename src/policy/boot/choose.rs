// SPDX-License-Identifier: GPL-2.0-or-later
//! Choice of the entry to boot. Spec: loader.conf(5) and
//! systemd.io/BOOT_LOADER_INTERFACE. Layer: pure.

use alloc::string::String;

use super::entry::Entry;
use super::error::BootError;
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::glob;
use crate::formats::entries::loader_conf::LoaderConf;

/// The source of the default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultSource {
    /// LoaderEntryOneShot, which counts once.
    OneShot,
    /// LoaderEntryDefault.
    Variable,
    /// `preferred` or `default` of loader.conf.
    LoaderConf,
    First,
}

/// Returns the default entry's index in the sorted `entries`; `None` when none can boot.
/// An entry whose boot counter is used up is chosen only when nothing else is left.
#[must_use]
pub fn default(
    entries: &[Entry],
    conf: &LoaderConf,
    variables: &LoaderVariables,
) -> Option<(usize, DefaultSource)> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let saved = text(&variables.last_booted);
    let one_shot = text(&variables.one_shot);
    let variable = text(&variables.default);
    let expand = |pattern: &[u8]| match pattern {
        b"@saved" => saved.as_bytes().to_vec(),
        _ => pattern.to_vec(),
    };
    let wishes = [
        (one_shot.into_bytes(), DefaultSource::OneShot),
        (expand(&conf.preferred), DefaultSource::LoaderConf),
        (expand(variable.as_bytes()), DefaultSource::Variable),
        (expand(&conf.default), DefaultSource::LoaderConf),
        (b"*".to_vec(), DefaultSource::First),
    ];
    [false, true].into_iter().find_map(|no_tries_left| {
        wishes.iter().find_map(|(pattern, because)| {
            // An empty pattern matches nothing, because every id ends in a suffix.
            let index = entries.iter().position(|entry| {
                let usable = entry.problem.is_none() && entry.has_no_tries_left() == no_tries_left;
                usable && glob::matches(pattern, &entry.id)
            })?;
            Some((index, *because))
        })
    })
}

/// Returns the index of the entry with this name: its id, with or without the suffix, or
/// its file's name.
///
/// # Errors
/// [`BootError::NoSuchEntry`].
pub fn by_name(entries: &[Entry], name: &[u8]) -> Result<usize, BootError> {
    let is = |text: &[u8]| text.eq_ignore_ascii_case(name);
    let found = entries.iter().position(|entry| {
        let stem = entry.id.len().checked_sub(entry.kind.suffix().len());
        let stem = stem.and_then(|end| entry.id.get(..end));
        is(&entry.id) || is(&entry.file_name) || (entry.profile == 0 && stem.is_some_and(is))
    });
    found.ok_or_else(|| BootError::NoSuchEntry {
        name: name.to_vec(),
    })
}

/// Returns the first entry after `index` that can boot.
///
/// # Errors
/// [`BootError::NothingLeft`].
pub fn next(entries: &[Entry], index: usize) -> Result<usize, BootError> {
    let following = entries.iter().enumerate().skip(index).skip(1);
    let mut usable = following.filter(|(_, entry)| entry.problem.is_none());
    match usable.next() {
        Some((next, _)) => Ok(next),
        None => Err(BootError::NothingLeft {
            after: entries.get(index).map(|entry| entry.id.clone()),
        }),
    }
}
