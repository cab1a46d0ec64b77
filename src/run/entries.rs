// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads the boot entries of the file systems that were found. Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::RunError;
use super::entry;
use super::found::{Found, Stage};
use super::grubenv::GrubFiles;
use super::reading::{Reading, UNKNOWN_TOLD, has_entries, places};
use super::seen::Seen;
use super::text::read_text;
use super::volume::{BootPlace, Volume};
use super::volumes::{self, Place};
use crate::diagnosis::escape::escaped;
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::loader_conf::{self, LoaderConf};
use crate::formats::entries::type1::Type1;
use crate::formats::sort::sort;
use crate::host::Host;
use crate::policy::boot::choose::{self, DefaultSource, GrubChoices, Missed, Sources};
use crate::policy::boot::entry::Entry;
use crate::policy::boot::error::{BootError, Problem};
use crate::sys::efivar;

const LOADER_CONF: &[u8] = b"loader/loader.conf";

/// All boot entries, and what decides which one is the default.
#[derive(Default)]
pub struct BootEntries {
    pub volumes: Vec<Volume>,
    /// The entries, sorted: those that a boot loader would show, then others, then those of
    /// file systems that were searched last.
    pub entries: Vec<Entry>,
    pub conf: LoaderConf,
    pub variables: LoaderVariables,
    grub_files: GrubFiles,
    /// grub's choices among the entries of each place.
    pub grub: Vec<GrubChoices>,
    pub notes: Vec<String>,
    pub seen: Seen,
    has_conf: bool,
    /// True if a directory may not be read.
    is_denied: bool,
    /// The number of entries of the boot loader's disk; they come first.
    pub own: usize,
    /// True if nothing of the boot loader's disk can boot, and something there has to be
    /// opened first.
    is_closed: bool,
    /// File systems that were not read yet.
    rest: Found,
}

/// Finds the file systems and reads their entries, for the machine and the kernel of
/// `host`. Waits `timeout_s` seconds for a device, also for one that has an entry of this
/// name.
///
/// # Errors
/// [`BootError::NoEntries`], and those of [`volumes::find`].
pub fn find(
    place: Place<'_>,
    timeout_s: u32,
    name: Option<&[u8]>,
    host: &Host,
) -> Result<BootEntries, RunError> {
    let mut all: BootEntries = Default::default();
    volumes::find(place, timeout_s, &has_entries, &mut |rest, is_last| {
        let is_there = all.read_all(rest, name, host);
        if !is_there && !is_last {
            // They are mounted anew.
            all = Default::default();
        }
        is_there
    })?;
    if all.entries.is_empty() {
        let names = all.volumes.iter().map(|volume| volume.name.as_str());
        let error = BootError::NoEntries {
            places: names.collect::<Vec<_>>().join(", "),
            notes: all.notes,
        };
        return Err(match all.is_denied {
            true => volumes::needs_root(error.into()),
            false => error.into(),
        });
    }
    Ok(all)
}

impl BootEntries {
    /// Reads the file systems that were found, and searches others as far as no entry has the
    /// name or can boot. Returns whether one does.
    fn read_all(&mut self, found: Found, name: Option<&[u8]>, host: &Host) -> bool {
        self.variables = efivar::read();
        if found.is_foreign {
            self.variables.forget_loader();
        }
        self.grub_files.is_known = found.is_known;
        self.rest = found;
        self.read(host, true, 0);
        self.own = self.entries.len();
        for stage in core::mem::take(&mut self.rest.stages) {
            let is_enough = self.can_boot() && self.has(name);
            if is_enough && matches!(stage, Stage::Devices(_)) {
                self.rest.stages.push(stage);
            } else {
                self.search(stage, host);
            }
        }
        self.read_grub();
        // Another disk's entries would be another system's.
        !self.is_closed
            && match name {
                Some(_) => !self.entries.is_empty() && self.has(name),
                None => self.can_boot(),
            }
    }

    /// Reads the file systems that were found since the last time, disk by disk. The entries
    /// of those that are `first` come before those of a /boot there; all come at index `at`.
    fn read(&mut self, host: &Host, first: bool, at: usize) {
        let volumes = core::mem::take(&mut self.rest.volumes);
        self.notes.append(&mut self.rest.notes);
        // All of them first: an entry may need the variables of another file system.
        for volume in &volumes {
            self.grub_files.read(volume, &mut self.notes);
        }
        let mut readings: Vec<Reading> = Vec::new();
        for volume in volumes {
            let number = self.volumes.len();
            for boot in places(&volume) {
                let group = (volume.disks.first().cloned(), first && !boot.is_empty());
                if !readings.iter().any(|known| known.group == group) {
                    readings.push(Reading::of(group.clone()));
                }
                let mut known = readings.iter_mut();
                let Some(reading) = known.find(|known| known.group == group) else {
                    continue;
                };
                let variables = self.grub_files.variables(number, boot);
                reading.read(
                    volume.at(boot),
                    number,
                    host,
                    variables.as_ref(),
                    &self.seen,
                );
                self.read_conf(volume.at(boot));
            }
            // No boot loader looks further.
            let has_offered = |one: &Reading| one.entries.iter().any(Entry::is_offered);
            self.has_conf |= readings.iter().any(has_offered);
            self.volumes.push(volume);
        }
        let mut after = self.entries.split_off(at);
        for mut reading in readings {
            for entry in &mut reading.entries {
                entry.number = entry.number.saturating_add(self.entries.len());
            }
            sort(&mut reading.entries, Entry::order);
            self.entries.append(&mut reading.entries);
            self.notes.append(&mut reading.notes);
            self.is_denied |= reading.is_denied;
            self.tell_unknown(reading.unknown);
        }
        self.entries.append(&mut after);
    }

    /// Takes grub's choices among the entries. Where systemd-boot has started the machine, a
    /// grubenv on its disk may be left of a boot loader that is gone.
    fn read_grub(&mut self) {
        let variables = &self.variables;
        let is_unknown = variables.device_part_uuid.is_none();
        // The first file system is the boot loader's, or else on its disk.
        let is_gone = |volume: usize| {
            variables.is_systemd_boot && (is_unknown || self.grub_files.share_a_disk(0, volume))
        };
        let mut notes = Vec::new();
        let all = self.grub_files.of_entries(&self.entries).into_iter();
        let all = all.filter(|(_, (volume, _))| !is_gone(*volume));
        let choices = all.map(|(file, place)| {
            let note = &mut |note| {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            };
            file.choices(place, &self.entries, &self.volumes, note)
        });
        self.grub = choices.collect();
        self.notes.append(&mut notes);
    }

    /// Returns whether the name means an entry, or may mean several. A number is one of the
    /// list, whatever else there is.
    fn has(&self, name: Option<&[u8]>) -> bool {
        let is_missing = |name: &[u8]| {
            let found = choose::by_name(&self.entries, name);
            let is_number = name.iter().all(u8::is_ascii_digit);
            !is_number && matches!(found, Err(BootError::NoSuchEntry { .. }))
        };
        !name.is_some_and(is_missing)
    }

    fn can_boot(&self) -> bool {
        self.entries.iter().any(Entry::is_offered)
    }

    /// Searches other file systems, each once. Returns whether they have entries.
    pub fn search_others(&mut self, host: &Host) -> bool {
        let before = self.entries.len();
        while self.entries.len() == before {
            let Some(stage) = self.rest.next_stage() else {
                return false;
            };
            self.search(stage, host);
        }
        self.read_grub();
        true
    }

    /// Searches the rest of the boot loader's disk, if nothing that it would read can boot.
    pub fn search_own_disk(&mut self, host: &Host) {
        let mut own = self.entries.iter().take(self.own);
        if own.any(Entry::is_sound) {
            return;
        }
        if let Some(at) = self.rest.stages.iter().position(Stage::is_of_disk) {
            let stage = self.rest.stages.remove(at);
            self.search(stage, host);
            self.read_grub();
        }
    }

    /// Reads a stage. The rest of the boot loader's disk comes before other disks.
    fn search(&mut self, stage: Stage, host: &Host) {
        let is_own = stage.is_of_disk();
        self.rest.add(stage, &has_entries);
        if !is_own {
            self.read(host, false, self.entries.len());
            return;
        }
        let before = self.entries.len();
        self.is_closed = !self.rest.notes.is_empty();
        self.read(host, false, self.own);
        self.is_closed &= !self.can_boot();
        let added = self.entries.len().saturating_sub(before);
        self.own = self.own.saturating_add(added);
    }

    /// Returns whether another place of the same file system has an entry with the same id.
    #[must_use]
    pub fn has_namesake(&self, entry: &Entry) -> bool {
        self.entries.iter().any(|other| {
            (other.volume, &other.id) == (entry.volume, &entry.id) && other.boot != entry.boot
        })
    }

    /// Returns the place of an entry.
    #[must_use]
    pub fn place(&self, entry: &Entry) -> Option<BootPlace<'_>> {
        let volume = self.volumes.get(entry.volume)?;
        Some(volume.at(entry.boot))
    }

    /// Reads loader.conf. systemd-boot reads that of its ESP and no other, which is the first
    /// with entries; without an ESP, the one beside the first entries counts.
    fn read_conf(&mut self, place: BootPlace<'_>) {
        let has_esp = self.volumes.first().is_some_and(|first| first.is_esp);
        let is_read = !place.volume.is_esp || place.boot.is_empty();
        if self.has_conf || has_esp && !place.volume.is_esp || !is_read {
            return;
        }
        let (root, path) = (&place.volume.root, place.path(LOADER_CONF));
        match read_text(root, &path) {
            Ok(text) => self.conf = loader_conf::parse(&text),
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
                    "variable ${shown} of an entry: no grubenv here sets it; it is left out"
                ));
                told.push(name);
            }
        }
    }
}

impl BootEntries {
    /// Returns what names the default.
    fn sources(&self) -> Sources<'_> {
        Sources {
            own: match self.grub_files.is_known {
                true => self.own,
                false => self.entries.len(),
            },
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

    /// Takes back grub's choices for the next boot, up to the one that is granted. One with
    /// which that fails does not count, and `warn` is told why.
    pub fn take_next_entry(&mut self, warn: &mut dyn FnMut(String)) {
        let granted = match self.default() {
            Some((index, DefaultSource::NextEntry)) => self.entries.get(index),
            _ => None,
        };
        let granted = granted.map(|entry| (entry.volume, entry.boot));
        let files = self.grub_files.of_entries(&self.entries);
        for choices in &mut self.grub {
            let mut files = files.iter();
            let file = files.find(|(_, place)| *place == choices.place);
            if let (Some((file, _)), Some(_)) = (file, &choices.next) {
                if let Err(why) = file.take_next(&self.volumes) {
                    choices.next = None;
                    warn(why);
                } else if granted == Some(choices.place) {
                    break;
                }
            }
        }
    }

    /// Reads a type 1 entry again.
    ///
    /// # Errors
    /// As for [`entry::type1`].
    pub fn reread(&self, entry: &Entry, machine: &str) -> Result<Type1, Problem> {
        let Some(place) = self.place(entry) else {
            return Err(Problem::Missing(entry.file_name.clone()));
        };
        let variables = self.grub_files.variables(entry.volume, entry.boot);
        entry::type1(place, &entry.file_name, machine, variables.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::volume::Volume;

    /// The choice of a disk does not hang on names and versions.
    #[test]
    fn entries_of_one_disk_stay_together() {
        let all = std::env::temp_dir().join(std::format!("disks-{}", std::process::id()));
        let volume = |disk: &str, names: &[&str]| {
            let root = all.join(disk);
            let entries = root.join("loader/entries");
            std::fs::create_dir_all(&entries).unwrap();
            for name in names {
                std::fs::write(entries.join(name), "linux /gone\n").unwrap();
            }
            let mut volume = Volume::of_directory(root.to_str().unwrap().as_bytes()).unwrap();
            volume.disks = std::vec![disk.into()];
            volume
        };
        let first = volume("vda", &["a1.conf", "a2.conf"]);
        let second = volume("vdb", &["b1.conf", "b2.conf"]);
        let mut again = volume("again", &["a3.conf"]);
        again.disks.clone_from(&first.disks);
        let found = Found {
            stages: std::vec![Stage::Found(std::vec![first, second, again])],
            ..Found::default()
        };
        let mut read: BootEntries = Default::default();
        assert!(!read.read_all(found, None, &Host::default()));
        let ids = read.entries.iter().map(|entry| entry.id.as_slice());
        let ids: Vec<_> = ids.map(String::from_utf8_lossy).collect();
        assert_eq!(ids, ["a3.conf", "a2.conf", "a1.conf", "b2.conf", "b1.conf"]);
        std::fs::remove_dir_all(&all).unwrap();
    }
}
