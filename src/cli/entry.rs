// SPDX-License-Identifier: GPL-2.0-or-later
//! A boot entry in one line, for the list and the menu. Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};

use crate::diagnosis::escape::printable;
use crate::formats::json::Json;
use crate::policy::boot::choose::DefaultSource;
use crate::policy::boot::entry::Kind;
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
    let volume = found.volumes.get(entry.volume);
    let volume = volume.filter(|_| found.volumes.len() > 1);
    let volume = volume.map_or(&[][..], |volume| volume.name.as_bytes());
    let mut add = |what: &str, bytes: &[u8]| {
        if !bytes.is_empty() {
            text.push_str(what);
            text.push_str(&printable(bytes));
        }
    };
    let skipped = entry.why_skipped();
    if skipped.is_none() {
        add(": ", &entry.title);
        add(", ", &entry.version);
    }
    add(", on ", volume);
    if !entry.boot.is_empty() && found.has_namesake(entry) {
        add(", in /", entry.boot.trim_end_matches('/').as_bytes());
    }
    if let Some(problem) = skipped {
        text.push_str(&format!(": skipped: {problem}"));
        return (label, text);
    }
    match entry.counter.map(|counter| counter.left) {
        Some(0) => text.push_str(", bad: no tries left"),
        Some(left) => text.push_str(&format!(", tries left: {left}")),
        None => {}
    }
    if let Some((_, because)) = why {
        text.push_str(match because {
            DefaultSource::OneShot | DefaultSource::NextEntry => ", the default for this boot",
            _ => ", the default",
        });
        if because != DefaultSource::First {
            text.push_str(&format!(" ({})", because.name()));
        }
    }
    (label, text)
}

/// Adds an entry, with bootctl's names where it has the same.
pub fn object(
    json: &mut Json,
    found: &BootEntries,
    index: usize,
    default: Option<(usize, DefaultSource)>,
) {
    let Some(entry) = found.entries.get(index) else {
        return;
    };
    let directory = entry.kind.directory().as_bytes();
    let kind = match entry.kind {
        Kind::Type1 => "type1",
        Kind::Type2 => "type2",
    };
    json.object("");
    json.text("type", kind.as_bytes());
    json.text("id", &entry.id);
    if let Some(volume) = found.volumes.get(entry.volume) {
        json.text("volume", volume.name.as_bytes());
        json.text("directory", &volume.at(entry.boot).path(directory));
    }
    json.text("file", &entry.file_name);
    json.some("title", &entry.title);
    json.some("version", &entry.version);
    json.some("sortKey", entry.sort_key.as_deref().unwrap_or_default());
    json.some("machineId", entry.machine_id.as_deref().unwrap_or_default());
    if let Some(problem) = entry.why_skipped() {
        json.text("problem", problem.to_string().as_bytes());
    }
    json.count("profile", entry.profile.into());
    if let Some(counter) = entry.counter {
        json.count("triesLeft", counter.left.into());
        json.count("triesDone", counter.done.into());
    }
    let why = default.filter(|(default, _)| *default == index);
    json.flag("isDefault", Some(why.is_some()));
    if let Some((_, because)) = why {
        json.text("defaultSource", because.name().as_bytes());
    }
    json.end();
}
