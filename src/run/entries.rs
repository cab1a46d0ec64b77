// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads the boot entries of the file systems that were found. Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::RunError;
use super::entry;
use super::grubenv::{self, GrubFile};
use super::text::read_text;
use super::volume::{BOOTS, Volume};
use super::volumes::{self, Place};
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
pub struct BootEntries {
    pub volumes: Vec<Volume>,
    /// The entries, sorted.
    pub entries: Vec<Entry>,
    pub conf: LoaderConf,
    pub variables: LoaderVariables,
    /// grub's environment blocks, at most one for each file system.
    grub_files: Vec<GrubFile>,
    pub grub: GrubChoices,
    pub notes: Vec<String>,
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
    let mut found = volumes::find(place, &variables, timeout_s, &has_entries)?;
    let mut all = Reader::default();
    for volume in found.volumes.drain(..) {
        all.read(volume, host);
    }
    if !can_boot(&all.entries) {
        found.search_others(&has_entries);
        for volume in found.volumes.drain(..) {
            all.read(volume, host);
        }
    }
    all.notes.splice(0..0, found.notes);
    all.finish(found.firsts, variables)
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

fn can_boot(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| entry.problem.is_none())
}

/// What was read up to now.
#[derive(Default)]
struct Reader {
    volumes: Vec<Volume>,
    entries: Vec<Entry>,
    conf: Option<LoaderConf>,
    grub_files: Vec<GrubFile>,
    notes: Vec<String>,
    /// Variables of grub that entries use and nothing sets.
    unknown: Vec<Vec<u8>>,
}

/// The entries of one place.
#[derive(Default)]
struct Reading {
    entries: Vec<Entry>,
    notes: Vec<String>,
    unknown: Vec<Vec<u8>>,
}

/// Returns grub's variables for the entries of a file system: its own, or else those of
/// another one.
fn grub_variables(files: &[GrubFile], volume: usize) -> Option<&Grubenv> {
    let own = files.iter().find(|file| file.volume == volume);
    own.or_else(|| files.first()).map(|file| &file.variables)
}

impl Reader {
    /// Reads the entries of a file system: in its root, or in that /boot below it which has
    /// one that can boot.
    fn read(&mut self, mut volume: Volume, host: &Host) {
        let number = self.volumes.len();
        self.grub_files.extend(grubenv::find(number, &volume));
        let variables = grub_variables(&self.grub_files, number);
        let mut best = Reading::default();
        let mut place = volume.boot;
        for boot in BOOTS {
            volume.boot = boot;
            let reading = Reading::of(&volume, number, host, variables);
            let is_last = can_boot(&reading.entries);
            if is_last || boot.is_empty() || best.entries.is_empty() && !reading.entries.is_empty()
            {
                (best, place) = (reading, boot);
            }
            if is_last {
                break;
            }
        }
        volume.boot = place;
        for mut entry in best.entries {
            entry.number = self.entries.len();
            self.entries.push(entry);
        }
        self.notes.append(&mut best.notes);
        self.unknown.append(&mut best.unknown);
        self.read_conf(&volume);
        self.volumes.push(volume);
    }

    /// Reads loader.conf. systemd-boot reads that of its ESP and no other; without an ESP,
    /// the first one counts.
    fn read_conf(&mut self, volume: &Volume) {
        if self.conf.is_some() || self.volumes.first().is_some_and(|first| first.is_esp) {
            return;
        }
        let (root, path) = (&volume.root, volume.in_boot(LOADER_CONF));
        match read_text(root, &path) {
            Ok(text) => self.conf = Some(loader_conf::parse(&text)),
            Err(problem) => {
                if !entry::is_absent(root, &path) {
                    let path = escaped(&path);
                    self.notes.push(format!("{path} is ignored: {problem}"));
                }
                if !self.entries.is_empty() {
                    self.conf = Some(LoaderConf::default());
                }
            }
        }
    }

    /// Sorts the entries, and takes grub's choices. The first file systems are those that a
    /// boot loader would read.
    fn finish(
        mut self,
        firsts: usize,
        variables: LoaderVariables,
    ) -> Result<BootEntries, RunError> {
        if self.entries.is_empty() {
            let names = self.volumes.iter().map(|volume| volume.name.as_str());
            return Err(BootError::NoEntries {
                places: names.collect::<Vec<_>>().join(", "),
                notes: self.notes,
            }
            .into());
        }
        // They were read in the order of the file systems. Those that a boot loader would
        // show stay first.
        let is_first = |entry: &&Entry| entry.volume < firsts;
        let first_entries = self.entries.iter().filter(is_first).count();
        if let Some((first, others)) = self.entries.split_at_mut_checked(first_entries) {
            sort(first, Entry::order);
            sort(others, Entry::order);
        }
        let mut all = BootEntries {
            volumes: self.volumes,
            entries: self.entries,
            conf: self.conf.unwrap_or_default(),
            variables,
            grub_files: self.grub_files,
            grub: GrubChoices::default(),
            notes: self.notes,
        };
        let mut notes = Vec::new();
        if let Some(file) = all.grub_file() {
            all.grub = file.choices(&all.volumes, &mut |note| notes.push(note));
        } else {
            // With an environment block, a variable that it lacks is empty on purpose.
            let mut told: Vec<Vec<u8>> = Vec::new();
            for name in self.unknown {
                if told.len() < UNKNOWN_TOLD && !told.contains(&name) {
                    let shown = escaped(&name);
                    notes.push(format!(
                        "variable ${shown} of an entry: no grubenv here; it is left out"
                    ));
                    told.push(name);
                }
            }
        }
        all.notes.append(&mut notes);
        Ok(all)
    }
}

impl Reading {
    /// Reads the entries in /boot of a file system, which has this number.
    fn of(volume: &Volume, number: usize, host: &Host, variables: Option<&Grubenv>) -> Reading {
        let mut reading = Reading::default();
        for kind in Kind::ALL {
            reading.read_directory(volume, number, kind, host, variables);
        }
        reading
    }

    #[inline(never)]
    fn read_directory(
        &mut self,
        volume: &Volume,
        number: usize,
        kind: Kind,
        host: &Host,
        variables: Option<&Grubenv>,
    ) {
        let path = volume.in_boot(kind.directory().as_bytes());
        let is_entry = |name: &[u8]| Entry::of_file(kind, number, name).is_some();
        let names = match volume.root.names(&path, ENTRIES_MAX, &is_entry) {
            Ok(names) => names,
            Err(error) if error.errno == Errno::ENOENT => return,
            Err(error) => {
                let path = escaped(&path);
                self.notes.push(format!("{path}: {error}"));
                return;
            }
        };
        if names.len() > ENTRIES_MAX {
            let path = escaped(&path);
            self.notes
                .push(format!("{path}: too many files; some were not read"));
        }
        for name in names.iter().take(ENTRIES_MAX) {
            let Some(mut entry) = Entry::of_file(kind, number, name) else {
                continue;
            };
            if kind == Kind::Type2 {
                match entry::profiles(volume, &entry, host) {
                    Ok(mut profiles) => self.entries.append(&mut profiles),
                    Err(problem) => {
                        entry.problem = Some(problem);
                        self.entries.push(entry);
                    }
                }
                continue;
            }
            match entry::type1(volume, name, &host.machine, variables) {
                Ok(mut text) => {
                    let unknown = core::mem::take(&mut text.unknown);
                    if self.unknown.len() < UNKNOWN_TOLD {
                        self.unknown.extend(unknown);
                    }
                    let unusable = entry::files_problem(volume, &text, host);
                    entry.describe(text);
                    entry.problem = entry.problem.or(unusable);
                }
                Err(problem) => entry.problem = Some(problem),
            }
            self.entries.push(entry);
        }
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
        let taken = self
            .grub_file()
            .map_or(Ok(()), |file| file.take_next(&self.volumes));
        taken.inspect_err(|_| self.grub.next = None)
    }

    /// Returns the environment block whose choices count: the first on a file system that
    /// has entries, or else the first.
    fn grub_file(&self) -> Option<&GrubFile> {
        let has_entries =
            |file: &&GrubFile| self.entries.iter().any(|one| one.volume == file.volume);
        let mut files = self.grub_files.iter();
        files.find(has_entries).or_else(|| self.grub_files.first())
    }

    /// Reads a type 1 entry again.
    ///
    /// # Errors
    /// As for [`entry::type1`].
    pub fn reread(&self, entry: &Entry, machine: &str) -> Result<Type1, Problem> {
        let Some(volume) = self.volumes.get(entry.volume) else {
            return Err(Problem::Missing(entry.file_name.clone()));
        };
        let variables = grub_variables(&self.grub_files, entry.volume);
        entry::type1(volume, &entry.file_name, machine, variables)
    }
}
