// SPDX-License-Identifier: GPL-2.0-or-later
//! A boot entry in one line, for the list and the menu. Layer: effects.

use alloc::format;
use alloc::string::String;

use crate::diagnosis::escape::printable;
use crate::policy::boot::choose::DefaultSource;
use crate::run::entries::BootEntries;

/// Returns two texts: mark and number, and the entry's description.
pub fn line(
    found: &BootEntries,
    index: usize,
    default: Option<(usize, DefaultSource)>,
) -> (String, String) {
    let why = default.filter(|(default, _)| *default == index);
    let mark = if why.is_some() { '*' } else { ' ' };
    let label = format!("{mark}{:>4}  ", index.saturating_add(1));
    let Some(entry) = found.entries.get(index) else {
        return (label, String::new());
    };
    let mut text = printable(&entry.id);
    if let Some(problem) = &entry.problem {
        text.push_str(&format!(": skipped: {problem}"));
        return (label, text);
    }
    let mut add = |what: &str, bytes: &[u8]| {
        if !bytes.is_empty() {
            text.push_str(what);
            text.push_str(&printable(bytes));
        }
    };
    add(": ", &entry.title);
    add(", ", &entry.version);
    if found.volumes.len() > 1
        && let Some(volume) = found.volumes.get(entry.volume)
    {
        add(", on ", volume.name.as_bytes());
    }
    match entry.counter.map(|counter| counter.left) {
        Some(0) => text.push_str(", bad: no tries left"),
        Some(left) => text.push_str(&format!(", tries left: {left}")),
        None => {}
    }
    if let Some((_, because)) = why {
        text.push_str(match because {
            DefaultSource::OneShot => ", the default for this boot (LoaderEntryOneShot)",
            DefaultSource::NextEntry => ", the default for this boot (next_entry of grubenv)",
            DefaultSource::Preferred => ", the default (LoaderEntryPreferred)",
            DefaultSource::SavedEntry => ", the default (saved_entry of grubenv)",
            DefaultSource::Variable => ", the default (LoaderEntryDefault)",
            DefaultSource::LoaderConf => ", the default (loader.conf)",
            DefaultSource::First => ", the default",
        });
    }
    (label, text)
}
