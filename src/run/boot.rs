// SPDX-License-Identifier: GPL-2.0-or-later
//! A boot from its options to the jump: chooses an entry, loads it, counts the try.
//! Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::default_entry::problem_of_load;
use super::entries::{self, BootEntries};
use super::events::{Event, Events, Topic};
use super::exec::may_end;
use super::options::{BootOptions, LoadOptions};
use super::volume::Volume;
use super::{RunError, exec, image_path, load, unload};
use crate::diagnosis::Diagnose;
use crate::diagnosis::escape::escaped;
use crate::formats::entries::counter::Name;
use crate::formats::entries::loader_conf::{MenuTime, Timeout};
use crate::host::Host;
use crate::policy::boot::choose::{self, DefaultSource, Missed};
use crate::policy::boot::entry::Entry;
use crate::policy::boot::error::{BootError, Problem};
use crate::policy::boot::hook;
use crate::policy::boot::menu::Answer;
use crate::sys::{efivar, host, mount};

/// Limit on the reports about entries that cannot boot.
const UNBOOTABLE_TOLD: usize = 4;

/// Boots; returns only if that fails, or after a dry run.
///
/// # Errors
/// [`RunError`]; nothing stays loaded then. A dry run has the errors of a boot that is known to
/// fail.
pub fn boot(
    options: &BootOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<(), RunError> {
    // Without the capability, the load is refused for that.
    let mut running = None;
    if host.cap_sys_boot {
        let mounts = mount::writable();
        running = may_end(options.exec.force, host, mounts.as_deref(), "boot").err();
    }
    if let Some(found) = running.take_if(|_| !options.dry_run) {
        return Err(RunError::Diagnosed(found));
    }
    if let Some(found) = &running {
        events.tell(Event::WouldFail(found));
    }
    let name = options.name.filter(|name| !name.is_empty());
    let name = name.map(choose::of_entry_file);
    let loaded = match name.filter(|name| choose::is_path(name)) {
        Some(path) => image_path::load_path(path, options, host, events),
        None => load_entry(name, options, host, events),
    };
    // The path is relative to a file system that is mounted nowhere, so a hint with it
    // would not work in a shell.
    let loaded = loaded.map_err(|error| RunError::Diagnosed(error.diagnose().about(b"")));
    if let Some(found) = running {
        // The boot does not come to this.
        if let Err(error) = &loaded {
            events.tell(Event::WouldFail(&error.diagnose()));
        }
        return Err(RunError::Diagnosed(found));
    }
    let cmdline = loaded?;
    if options.dry_run {
        return Ok(());
    }
    // Everything is unmounted by now.
    let result = exec(&options.exec, &host::read(), &cmdline, events);
    // The jump failed. Unload the image, so that no later command boots it.
    events.tell(Event::JumpFailed(unload(false, host)));
    result
}

/// Chooses an entry, loads it, and counts the try.
fn load_entry(
    name: Option<&[u8]>,
    options: &BootOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    let mut found = entries::find(options.place, options.timeout_s, name, host)?;
    // What follows the default is not the default itself, and a number is one of the list,
    // which looks at the default as well.
    let is_number = name.is_some_and(|name| name.iter().all(u8::is_ascii_digit));
    if options.next || is_number {
        let _ = found.checked_default(host);
    }
    tell_notes(&mut found, events);
    let mut menu = options.menu.map(|time| match time {
        MenuTime::Auto => found.conf.timeout,
        MenuTime::Given(timeout) => timeout,
    });
    if name.is_none() {
        announce(options.dry_run, is_shown(menu), &mut found, events);
    }
    let (entry, cmdline) = loop {
        let index = chosen(name, options.next, &mut menu, &mut found, host, events);
        let index = index.map_err(|error| match error {
            RunError::Boot(BootError::NothingLeft { .. }) => found.refused().unwrap_or(error),
            _ => error,
        })?;
        let Some(entry) = found.entries.get(index).cloned() else {
            return Err(BootError::NothingLeft { after: None }.into());
        };
        let Some(volume) = found.volumes.get(entry.volume) else {
            return Err(RunError::no_entry(&entry.id));
        };
        events.tell(Event::Chosen {
            id: &entry.id,
            volume: &volume.name,
        });
        if let Some(doubt @ Problem::Entry(_)) = &entry.doubt {
            let text = format!("{}: {doubt}", escaped(&entry.id));
            events.warn_of(Topic::Default, &text);
        }
        if let Some(problem) = entry.problem {
            let id = entry.id;
            return Err(BootError::Bad { id, problem }.into());
        }
        // Other file systems may have been searched since.
        let is_next = matches!(found.default(), Some((_, DefaultSource::NextEntry)));
        if name.is_none() && is_next && !options.dry_run {
            take_next_entry(&mut found, events);
        }
        let common = options.of_load(host);
        let mut load_it = |options: &LoadOptions<'_>| load(options, host, events);
        let error = match found.with_options(&entry, common, host, &mut load_it) {
            Ok(cmdline) => break (entry, cmdline),
            Err(error) => error,
        };
        // The companion files, and the hashes of thin images, are not looked at before,
        // because reading the files of all entries would take long.
        let goes_on = name.is_none() || options.next || menu == Some(Timeout::Forever);
        // The user's words may be too many only for an entry that has too many itself.
        let without_words = match problem_of_load(&error) {
            None if !options.append.is_empty() => found.check(index, host),
            _ => None,
        };
        let error = without_words.unwrap_or(error);
        if !goes_on || problem_of_load(&error).is_none() {
            return Err(error);
        }
        found.skip(index, &error);
        tell_unbootable(&mut found, index, events);
    };
    if !options.dry_run {
        let line = host.running_cmdline.as_deref().unwrap_or_default();
        let hibernated = (host.in_initramfs || options.mark_chained)
            && (found.variables.hibernated || hook::resumes(line));
        let volume = found.volumes.swap_remove(entry.volume);
        if let Err(warning) = count(&entry, volume, hibernated) {
            events.warn_of(Topic::NotCounted, &warning);
        }
    }
    Ok(cmdline)
}

fn tell_notes(found: &mut BootEntries, events: &mut dyn Events) {
    for note in core::mem::take(&mut found.notes) {
        events.warn_of(Topic::Search, &note);
    }
}

/// Returns whether there is a menu, which shows what cannot boot.
fn is_shown(menu: Option<Timeout>) -> bool {
    menu.is_some_and(|timeout| timeout != Timeout::Hidden)
}

/// Reports an entry that does not boot.
fn tell_unbootable(found: &mut BootEntries, index: usize, events: &mut dyn Events) {
    if let Some(entry) = found.entries.get_mut(index) {
        entry.is_told = true;
    }
    let entries = &*found;
    events.tell(Event::Unbootable { entries, index });
}

/// Reports the entries that are skipped and not told yet.
fn tell_skipped(found: &mut BootEntries, events: &mut dyn Events) {
    let mut told = 0;
    for index in 0..found.entries.len() {
        let entry = found.entries.get(index);
        let is_new = entry.is_some_and(|entry| entry.why_skipped().is_some() && !entry.is_told);
        if is_new && told < UNBOOTABLE_TOLD {
            told = told.saturating_add(1);
            tell_unbootable(found, index, events);
        }
    }
}

/// Returns the index of the requested entry, also of another file system, or of the one that
/// the user chooses. If that one fails, the menu comes again, and waits.
fn chosen(
    name: Option<&[u8]>,
    next: bool,
    menu: &mut Option<Timeout>,
    found: &mut BootEntries,
    host: &Host,
    events: &mut dyn Events,
) -> Result<usize, RunError> {
    let find = |found: &mut BootEntries| {
        let nothing = || BootError::NothingLeft { after: None };
        let index = match name {
            Some(name) => choose::by_name(&found.entries, name)?,
            None => found.next_default(host).ok_or_else(nothing)?.0,
        };
        match next {
            true => choose::next(&found.entries, index),
            false => Ok(index),
        }
    };
    let mut index = find(found);
    // A number counts what the list shows, and nothing comes after its end.
    let may_be_elsewhere = |index: &Result<usize, BootError>| match index {
        Err(BootError::NoSuchEntry { name }) => !name.iter().all(u8::is_ascii_digit),
        Err(BootError::NothingLeft { after }) => after.is_none(),
        _ => false,
    };
    while may_be_elsewhere(&index) && found.search_others(host) {
        tell_notes(found, events);
        index = find(found);
    }
    if name.is_none() && !is_shown(*menu) {
        tell_skipped(found, events);
    }
    let mut index = index?;
    // Another disk's entry with this name may be another system.
    let id = found.entries.get(index).map(|entry| entry.id.clone());
    for (before, entry) in found.entries.iter().enumerate().take(index) {
        if name.is_some() && entry.problem.is_some() && Some(&entry.id) == id.as_ref() {
            events.tell(Event::Unbootable {
                entries: found,
                index: before,
            });
        }
    }
    while let Some(timeout) = menu {
        index = match events.choose(found, index, *timeout) {
            Answer::Chosen(index) => index,
            Answer::Nobody => return Ok(index),
            Answer::Cancelled => return Err(BootError::Cancelled.into()),
        };
        *timeout = Timeout::Forever;
        let entry = found.entries.get(index);
        if entry.is_none_or(|entry| entry.problem.is_none()) {
            break;
        }
        events.tell(Event::Unbootable {
            entries: found,
            index,
        });
    }
    Ok(index)
}

fn take_next_entry(found: &mut BootEntries, events: &mut dyn Events) {
    found.take_next_entry(&mut |why| {
        let text = format!("next_entry of grubenv is ignored: {why}");
        events.warn_of(Topic::Default, &text);
    });
}

/// Takes back what names an entry for one boot, and reports what might have been meant
/// instead of the default.
fn announce(dry_run: bool, has_menu: bool, found: &mut BootEntries, events: &mut dyn Events) {
    // What names an entry for one boot counts once, whatever it names.
    if !dry_run {
        if found.variables.one_shot.is_some() {
            if let Err(error) = efivar::delete_one_shot() {
                let text = format!("LoaderEntryOneShot was not deleted: {error}");
                events.warn_of(Topic::Default, &text);
            }
        } else {
            take_next_entry(found, events);
        }
    }
    let missed = found.missed();
    for Missed {
        name,
        source,
        index,
    } in &missed
    {
        let is_once = matches!(source, DefaultSource::OneShot | DefaultSource::NextEntry);
        let why = match index {
            None => "is not here",
            Some(_) => "cannot boot",
        };
        // What cannot boot is told below, with the reason.
        if is_once || index.is_none() {
            let (variable, name) = (source.name(), escaped(name));
            let text = format!("{variable} names {name}, which {why}");
            events.warn_of(Topic::Default, &text);
        }
        if let Some(index) = *index {
            tell_unbootable(found, index, events);
        }
    }
    if !has_menu {
        tell_skipped(found, events);
    }
}

/// Counts the try in the entry's name. If it cannot be counted, the boot goes on, as in
/// boot loaders. A system that is hibernated may have mounted the file system.
fn count(entry: &Entry, volume: Volume, hibernated: bool) -> Result<(), String> {
    let name = Name::parse(&entry.file_name, entry.kind.suffix());
    let Some(new) = name.and_then(|name| name.tried()) else {
        return Ok(());
    };
    if hibernated {
        let id = escaped(&entry.id);
        return Err(format!(
            "{id}: the try was not counted: a hibernated system may use the disk"
        ));
    }
    if volume.is_part {
        let id = escaped(&entry.id);
        return Err(format!(
            "{id}: the try was not counted: a RAID is written to as a whole"
        ));
    }
    let directory = volume
        .at(entry.boot)
        .path(entry.kind.directory().as_bytes());
    let renamed = volume.rename(&directory, &entry.file_name, &new);
    renamed.map_err(|error| {
        let id = escaped(&entry.id);
        format!("{id}: the try was not counted: {error}")
    })
}
