// SPDX-License-Identifier: GPL-2.0-or-later
//! A boot from its options to the jump: chooses an entry, loads it, counts the try.
//! Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::entries::{self, BootEntries};
use super::events::{Event, Events};
use super::options::{BootOptions, LoadOptions};
use super::volume::Volume;
use super::volumes;
use super::{RunError, exec, load, unload};
use crate::diagnosis::Diagnose;
use crate::diagnosis::escape::printable;
use crate::formats::entries::counter::Name;
use crate::formats::entries::loader_conf::MenuTime;
use crate::formats::entries::type1::EntryKind;
use crate::host::Host;
use crate::policy::boot::choose::{self, DefaultSource};
use crate::policy::boot::entry::{Entry, Kind};
use crate::policy::boot::error::{BootError, Problem};
use crate::policy::plan::{Fast, Options, Profile};
use crate::sys::directory::Directory;
use crate::sys::{AsFd, efivar, host};

/// Limit on the reports about entries that cannot boot.
const UNBOOTABLE_TOLD: usize = 4;

/// Boots; returns only if that fails, or after a dry run.
///
/// # Errors
/// [`RunError`]; nothing stays loaded then.
pub fn boot(
    options: &BootOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<(), RunError> {
    let name = options.name.filter(|name| !name.is_empty());
    let loaded = match name.filter(|name| name.contains(&b'/')) {
        Some(path) => load_path(path, options, host, events),
        None => load_entry(name, options, host, events),
    };
    // The path is relative to a file system that is mounted nowhere, so a hint with it
    // would not work in a shell.
    let cmdline = loaded.map_err(|error| RunError::Diagnosed(error.diagnose().about(b"")))?;
    if options.dry_run {
        return Ok(());
    }
    // Everything is unmounted by now.
    let result = exec(options.sync, &host::read(), &cmdline, events);
    // The jump failed. Unload the image, so that no later command boots it.
    let _ = unload(false, host);
    result
}

/// Loads the image at a path on the first file system that has it.
fn load_path(
    path: &[u8],
    options: &BootOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    let is_wanted = |root: &Directory| root.has_file(path);
    let variables = efivar::read();
    let found = volumes::find(options.place, &variables, options.timeout_s, &is_wanted)?;
    for note in &found.notes {
        events.warn(note);
    }
    let has = |volume: &&Volume| volume.root.has_file(path);
    let volume = found.volumes.iter().find(has);
    let volume = volume.ok_or_else(|| no_entry(path))?;
    let image = LoadOptions {
        image: path,
        wanted: wanted(options, host),
        ..load_options(options, volume)
    };
    load(&image, host, events)
}

fn no_entry(name: &[u8]) -> RunError {
    let name = name.to_vec();
    BootError::NoSuchEntry { name }.into()
}

/// Returns the options that are the same for all images of a file system.
fn load_options<'a>(options: &BootOptions<'_>, volume: &'a Volume) -> LoadOptions<'a> {
    LoadOptions {
        root: Some(volume.root.as_fd()),
        extras: true,
        dry_run: options.dry_run,
        ..LoadOptions::default()
    }
}

/// Returns the options that are the same for all images. In an initramfs, where nothing
/// runs yet that still writes to memory, a load is fast by default.
fn wanted(options: &BootOptions<'_>, host: &Host) -> Options {
    let by_host = match host.in_initramfs {
        true => Fast::ByDefault,
        false => Fast::No,
    };
    Options {
        fast: options.fast.unwrap_or(by_host),
        unpack: options.unpack,
        route: options.route,
        append: options.append.clone(),
        mark_chained: options.mark_chained,
        ..Options::default()
    }
}

/// Chooses an entry, loads it, and counts the try.
fn load_entry(
    name: Option<&[u8]>,
    options: &BootOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    let mut found = entries::find(options.place, options.timeout_s, host)?;
    for note in &found.notes {
        events.warn(note);
    }
    if name.is_none() && options.menu.is_none() {
        // Report them, because one of them may have been meant as the default. A menu
        // shows them anyway.
        let all = found.entries.iter().enumerate();
        let unbootable = all.filter(|(_, entry)| entry.problem.is_some());
        for (index, _) in unbootable.take(UNBOOTABLE_TOLD) {
            let entries = &found;
            events.tell(Event::Unbootable { entries, index });
        }
    }
    let index = chosen(name, options, &found, events)?;
    // Drop the other entries.
    let entry = found.entries.swap_remove(index);
    let Some(volume) = found.volumes.get(entry.volume) else {
        return Err(no_entry(&entry.id));
    };
    events.tell(Event::Chosen {
        entry: &entry,
        volume: &volume.name,
    });
    let Entry { id, problem, .. } = &entry;
    if let Some(problem) = problem.clone() {
        let id = id.clone();
        return Err(BootError::Bad { id, problem }.into());
    }
    let cmdline = load_chosen(&entry, volume, options, host, events)?;
    if !options.dry_run {
        let volume = found.volumes.swap_remove(entry.volume);
        if let Err(warning) = count(&entry, volume) {
            events.warn(&warning);
        }
    }
    Ok(cmdline)
}

/// Returns the index of the requested entry, or of the one that the user chooses.
fn chosen(
    name: Option<&[u8]>,
    options: &BootOptions<'_>,
    found: &BootEntries,
    events: &mut dyn Events,
) -> Result<usize, RunError> {
    let mut index = match (name, found.default()) {
        (Some(name), _) => choose::by_name(&found.entries, name)?,
        (None, Some((index, because))) => {
            // LoaderEntryOneShot counts once, even if the entry cannot be loaded.
            if because == DefaultSource::OneShot
                && !options.dry_run
                && let Err(error) = efivar::delete_one_shot()
            {
                events.warn(&format!("LoaderEntryOneShot was not deleted: {error}"));
            }
            index
        }
        (None, None) => return Err(BootError::NothingLeft { after: None }.into()),
    };
    if options.next {
        index = choose::next(&found.entries, index)?;
    }
    let timeout = match options.menu {
        Some(MenuTime::Auto) => found.conf.timeout,
        Some(MenuTime::Given(timeout)) => timeout,
        None => return Ok(index),
    };
    let chosen = events.choose(found, index, timeout);
    chosen.ok_or_else(|| BootError::Cancelled.into())
}

fn load_chosen(
    entry: &Entry,
    volume: &Volume,
    options: &BootOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    let common = load_options(options, volume);
    if entry.kind == Kind::Type2 {
        let image = LoadOptions {
            image: &entries::path_of(entry.kind, &entry.file_name),
            wanted: Options {
                profile: Profile::Number(entry.profile),
                ..wanted(options, host)
            },
            ..common
        };
        return load(&image, host, events);
    }
    // The entry may have changed since it was listed.
    let bad = |problem| {
        let id = entry.id.clone();
        BootError::Bad { id, problem }
    };
    let text = entries::type1(&volume.root, &entry.file_name, &host.machine).map_err(bad)?;
    if let Some(error) = text.problem {
        return Err(bad(Problem::Entry(error)).into());
    }
    let words = match text.kind {
        EntryKind::Linux => Options {
            entry_words: text.options,
            ..wanted(options, host)
        },
        EntryKind::Program => Options {
            command_line: Some(text.options).filter(|words| !words.is_empty()),
            profile: Profile::Number(text.profile),
            ..wanted(options, host)
        },
    };
    let image = LoadOptions {
        image: &text.image,
        initrds: text.initrds.iter().map(Vec::as_slice).collect(),
        wanted: words,
        ..common
    };
    load(&image, host, events)
}

/// Counts the try in the entry's name. If it cannot be counted, the boot goes on, as in
/// boot loaders.
fn count(entry: &Entry, volume: Volume) -> Result<(), String> {
    let name = Name::parse(&entry.file_name, entry.kind.suffix());
    let Some(new) = name.and_then(|name| name.tried()) else {
        return Ok(());
    };
    let directory = entry.kind.directory().as_bytes();
    let renamed = volume.rename(directory, &entry.file_name, &new);
    renamed.map_err(|error| {
        let id = printable(&entry.id);
        format!("{id}: the try was not counted: {error}")
    })
}
