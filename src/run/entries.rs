// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads the boot entries of the file systems that were found. Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::RunError;
use super::entry;
use super::grubenv::GrubFiles;
use super::seen::Seen;
use super::text::read_text;
use super::volume::{BOOTS, BootPlace, Volume};
use super::volumes::{self, Found, Place};
use crate::diagnosis::errno::Errno;
use crate::diagnosis::escape::escaped;
use crate::formats::entries::ENTRIES_MAX;
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::grubenv::Grubenv;
use crate::formats::entries::loader_conf::{self, LoaderConf};
use crate::formats::entries::type1::Type1;
use crate::formats::sort::sort;
use crate::host::Host;
use crate::policy::boot::choose::{self, DefaultSource, GrubChoices, Missed, Sources};
use crate::policy::boot::entry::{Entry, Kind};
use crate::policy::boot::error::{BootError, Problem};
use crate::sys::directory::Directory;
use crate::sys::efivar;

const LOADER_CONF: &[u8] = b"loader/loader.conf";
/// Limit on the unknown variables that are reported.
const UNKNOWN_TOLD: usize = 4;

/// All boot entries, and what decides which one is the default.
#[derive(Default)]
pub struct BootEntries {
    pub volumes: Vec<Volume>,
    /// The entries, sorted: those that a boot loader would show, then others, then those of
    /// file systems that were searched last.
    pub entries: Vec<Entry>,
    pub conf: LoaderConf,
    pub variables: LoaderVariables,
    /// grub's environment blocks.
    grub_files: GrubFiles,
    pub grub: GrubChoices,
    pub notes: Vec<String>,
    pub seen: Seen,
    has_conf: bool,
    /// File systems that were not read yet.
    rest: Found,
}

/// Finds the file systems and reads their entries, for the machine and the kernel of
/// `host`. Waits `timeout_s` seconds for a device.
///
/// # Errors
/// [`BootError::NoEntries`], and those of [`volumes::find`].
pub fn find(place: Place<'_>, timeout_s: u32, host: &Host) -> Result<BootEntries, RunError> {
    let variables = match place {
        // With --root the entries may be another system's, so this machine's EFI
        // variables are ignored.
        Place::Root(_) => LoaderVariables::default(),
        Place::Anywhere | Place::Device(_) => efivar::read(),
    };
    let rest = volumes::find(place, &variables, timeout_s, &has_entries)?;
    let mut all = BootEntries {
        variables,
        rest,
        ..Default::default()
    };
    all.read(host);
    if !all.can_boot() {
        all.search_others(host);
    }
    if all.entries.is_empty() {
        let names = all.volumes.iter().map(|volume| volume.name.as_str());
        return Err(BootError::NoEntries {
            places: names.collect::<Vec<_>>().join(", "),
            notes: all.notes,
        }
        .into());
    }
    Ok(all)
}

/// Returns whether a file system has entries, in its root or in a /boot below it.
fn has_entries(root: &Directory) -> bool {
    let mut places = BOOTS
        .iter()
        .flat_map(|boot| Kind::ALL.into_iter().map(move |kind| (*boot, kind)));
    places.any(|(boot, kind)| {
        let directory = [boot, kind.directory()].concat();
        let is_entry = |name: &[u8]| Entry::of_file(kind, 0, name).is_some();
        let names = root.names(directory.as_bytes(), 1, &is_entry);
        names.is_ok_and(|names| !names.is_empty())
    })
}

/// Returns the places of a file system that may have entries, each once.
fn places(volume: &Volume) -> Vec<&'static str> {
    let mut seen = Vec::new();
    let mut places = Vec::new();
    for boot in BOOTS {
        let number = match boot {
            "" => volume.root.number(b"."),
            _ => volume.root.number(boot.as_bytes()),
        };
        if boot.is_empty() || number.is_some_and(|number| !seen.contains(&number)) {
            seen.extend(number);
            places.push(boot);
        }
    }
    places
}

/// The entries of one place.
#[derive(Default)]
struct Reading {
    entries: Vec<Entry>,
    notes: Vec<String>,
    /// Variables of grub that entries use and nothing sets.
    unknown: Vec<Vec<u8>>,
}

impl BootEntries {
    /// Reads the file systems that were found since the last time, and takes grub's choices.
    fn read(&mut self, host: &Host) {
        let firsts = self.rest.firsts;
        let volumes = core::mem::take(&mut self.rest.volumes);
        self.notes.append(&mut self.rest.notes);
        let is_first_time = self.volumes.is_empty();
        let could_boot = self.can_boot();
        // All of them first: an entry may need the variables of another file system.
        for volume in &volumes {
            self.grub_files.read(volume);
        }
        let (mut first, mut others) = (Reading::default(), Reading::default());
        for volume in volumes {
            let number = self.volumes.len();
            for boot in places(&volume) {
                let is_first = is_first_time && number < firsts && boot.is_empty();
                let reading = if is_first { &mut first } else { &mut others };
                let variables = self.grub_variables(number, boot);
                reading.read(volume.at(boot), number, host, variables, &self.seen);
                self.read_conf(volume.at(boot));
            }
            // No boot loader looks further.
            self.has_conf |= !(first.entries.is_empty() && others.entries.is_empty());
            self.volumes.push(volume);
        }
        for mut reading in [first, others] {
            for entry in &mut reading.entries {
                entry.number = entry.number.saturating_add(self.entries.len());
            }
            sort(&mut reading.entries, Entry::order);
            self.entries.append(&mut reading.entries);
            self.notes.append(&mut reading.notes);
            self.tell_unknown(reading.unknown);
        }
        // What was searched last decides nothing, unless all else cannot boot.
        if !could_boot && !self.entries.is_empty() {
            let mut notes = Vec::new();
            let choices = self.grub_files.of_entries(&self.entries);
            let choices = choices.map(|(file, place)| {
                let note = &mut |note| notes.push(note);
                file.choices(place, &self.volumes, note)
            });
            self.grub = choices.unwrap_or_default();
            self.notes.append(&mut notes);
        }
    }

    fn can_boot(&self) -> bool {
        self.entries.iter().any(|entry| entry.problem.is_none())
    }

    /// Searches all other file systems, once. Returns whether they have entries.
    pub fn search_others(&mut self, host: &Host) -> bool {
        let before = self.entries.len();
        self.rest.search_others(&has_entries);
        self.read(host);
        self.entries.len() > before
    }

    /// Returns the place of an entry.
    #[must_use]
    pub fn place(&self, entry: &Entry) -> Option<BootPlace<'_>> {
        let volume = self.volumes.get(entry.volume)?;
        Some(volume.at(entry.boot))
    }

    /// Reads loader.conf. systemd-boot reads that of its ESP and no other; without an ESP,
    /// the first one counts.
    fn read_conf(&mut self, place: BootPlace<'_>) {
        if self.has_conf || self.volumes.first().is_some_and(|first| first.is_esp) {
            return;
        }
        let (root, path) = (&place.volume.root, place.path(LOADER_CONF));
        match read_text(root, &path) {
            Ok(text) => (self.conf, self.has_conf) = (loader_conf::parse(&text), true),
            Err(problem) => {
                if !entry::is_absent(root, &path) {
                    let path = escaped(&path);
                    self.notes.push(format!("{path} is ignored: {problem}"));
                }
            }
        }
    }

    fn tell_unknown(&mut self, unknown: Vec<Vec<u8>>) {
        let mut told: Vec<Vec<u8>> = Vec::new();
        for name in unknown {
            if told.len() < UNKNOWN_TOLD && !told.contains(&name) {
                let shown = escaped(&name);
                self.notes.push(format!(
                    "variable ${shown} of an entry: no grubenv here; it is left out"
                ));
                told.push(name);
            }
        }
    }

    /// Returns grub's variables for the entries of a place.
    fn grub_variables(&self, volume: usize, boot: &str) -> Option<&Grubenv> {
        let file = self.grub_files.of(volume, boot);
        file.map(|file| &file.variables)
    }
}

impl Reading {
    /// Reads the entries of a place in the file system with this number.
    fn read(
        &mut self,
        place: BootPlace<'_>,
        number: usize,
        host: &Host,
        variables: Option<&Grubenv>,
        seen: &Seen,
    ) {
        for kind in Kind::ALL {
            for mut entry in self.read_directory(place, number, kind, host, variables, seen) {
                entry.boot = place.boot;
                entry.number = self.entries.len();
                self.entries.push(entry);
            }
        }
    }

    #[inline(never)]
    fn read_directory(
        &mut self,
        place: BootPlace<'_>,
        number: usize,
        kind: Kind,
        host: &Host,
        variables: Option<&Grubenv>,
        seen: &Seen,
    ) -> Vec<Entry> {
        let mut entries = Vec::new();
        let path = place.path(kind.directory().as_bytes());
        let is_entry = |name: &[u8]| Entry::of_file(kind, number, name).is_some();
        let root = &place.volume.root;
        let names = match root.names(&path, ENTRIES_MAX, &is_entry) {
            Ok(names) => names,
            Err(error) if error.errno == Errno::ENOENT => return entries,
            Err(error) => {
                let path = escaped(&path);
                self.notes.push(format!("{path}: {error}"));
                return entries;
            }
        };
        for name in &names {
            // An image may have many profiles.
            if entries.len() >= ENTRIES_MAX {
                let path = escaped(&path);
                self.notes
                    .push(format!("{path}: too many entries; some were not read"));
                break;
            }
            let Some(mut entry) = Entry::of_file(kind, number, name) else {
                continue;
            };
            if kind == Kind::Type2 {
                match entry::profiles(place, &entry, host, seen) {
                    Ok(mut profiles) => entries.append(&mut profiles),
                    Err(problem) => {
                        entry.problem = Some(problem);
                        entries.push(entry);
                    }
                }
                continue;
            }
            match entry::type1(place, name, &host.machine, variables) {
                Ok(mut text) => {
                    let unknown = core::mem::take(&mut text.unknown);
                    // With an environment block, a variable that it lacks is empty on
                    // purpose.
                    if variables.is_none() && self.unknown.len() < UNKNOWN_TOLD {
                        self.unknown.extend(unknown);
                    }
                    let unusable = entry::files_problem(place, &text, host, seen);
                    entry.describe(text);
                    entry.problem = entry.problem.or(unusable);
                }
                Err(problem) => entry.problem = Some(problem),
            }
            entries.push(entry);
        }
        entries
    }
}

impl BootEntries {
    /// Returns what names the default.
    fn sources(&self) -> Sources<'_> {
        Sources {
            conf: &self.conf,
            variables: &self.variables,
            grub: &self.grub,
        }
    }

    /// Returns the index of the default entry, and the source that chose it.
    #[must_use]
    pub fn default(&self) -> Option<(usize, DefaultSource)> {
        choose::default(&self.entries, self.sources())
    }

    /// Returns the wishes for a default that are not granted.
    #[must_use]
    pub fn missed(&self) -> Vec<Missed> {
        choose::missed(&self.entries, self.sources())
    }

    /// Takes back grub's choice for the next boot. If that fails, it does not count.
    ///
    /// # Errors
    /// The reason as a text.
    pub fn take_next_entry(&mut self) -> Result<(), String> {
        if self.grub.next.is_none() {
            return Ok(());
        }
        let file = self.grub_files.of_entries(&self.entries);
        let taken = file.map_or(Ok(()), |(file, _)| file.take_next(&self.volumes));
        taken.inspect_err(|_| self.grub.next = None)
    }

    /// Reads a type 1 entry again.
    ///
    /// # Errors
    /// As for [`entry::type1`].
    pub fn reread(&self, entry: &Entry, machine: &str) -> Result<Type1, Problem> {
        let Some(place) = self.place(entry) else {
            return Err(Problem::Missing(entry.file_name.clone()));
        };
        let variables = self.grub_variables(entry.volume, entry.boot);
        entry::type1(place, &entry.file_name, machine, variables)
    }
}
