// SPDX-License-Identifier: GPL-2.0-or-later
//! What `list`, `boot` and the menu share: where entries are looked for, and how
//! one is shown.

use alloc::format;
use alloc::string::String;

use super::parse::Parsed;
use super::table::Id;
use crate::boot::choose::{self, Because};
use crate::boot::efi::LoaderVariables;
use crate::escape::printable;
use crate::facts::Facts;
use crate::run::RunError;
use crate::run::boot::{self, Catalogue};
use crate::run::discover::{self, Place};
use crate::sys::efivar;

/// Where `--root` and `--device` say to look.
pub fn place<'arg>(parsed: &Parsed<'arg>) -> Place<'arg> {
    match (parsed.value(Id::Root), parsed.value(Id::Device)) {
        (Some(root), _) => Place::Root(root),
        (None, Some(device)) => Place::Device(device),
        (None, None) => Place::Anywhere,
    }
}

/// Finds and reads the entries; tells `warn` what a person should know of that.
pub fn catalogue(
    place: Place<'_>,
    timeout_s: u32,
    facts: &Facts,
    warn: &mut dyn FnMut(&str),
) -> Result<Catalogue, RunError> {
    let variables = match place {
        // Another system's, perhaps.
        Place::Root(_) => LoaderVariables::default(),
        _ => efivar::read(),
    };
    let found = discover::find(place, &variables, timeout_s)?;
    let catalogue = boot::read(found, variables, facts)?;
    for note in &catalogue.notes {
        warn(note);
    }
    Ok(catalogue)
}

impl Catalogue {
    /// The default entry, and why it is.
    pub fn default(&self) -> Option<(usize, Because)> {
        choose::default(&self.entries, &self.conf, &self.variables)
    }
}

/// Mark and number, and what the entry is.
pub fn line(
    catalogue: &Catalogue,
    index: usize,
    default: Option<(usize, Because)>,
) -> (String, String) {
    let why = default.filter(|(default, _)| *default == index);
    let mark = if why.is_some() { '*' } else { ' ' };
    let label = format!("{mark}{:>4}  ", index.saturating_add(1));
    let Some(entry) = catalogue.entries.get(index) else {
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
    if catalogue.volumes.len() > 1
        && let Some(volume) = catalogue.volumes.get(entry.volume)
    {
        add(", on ", volume.name.as_bytes());
    }
    match entry.counter.map(|counter| counter.left) {
        Some(0) => text.push_str(", bad: no try left"),
        Some(left) => text.push_str(&format!(", tries left: {left}")),
        None => {}
    }
    if let Some((_, because)) = why {
        text.push_str(match because {
            Because::OneShot => ", the default once (LoaderEntryOneShot)",
            Because::Variable => ", the default (LoaderEntryDefault)",
            Because::LoaderConf => ", the default (loader.conf)",
            Because::First => ", the default",
        });
    }
    (label, text)
}
