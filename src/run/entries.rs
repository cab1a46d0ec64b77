// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads the boot entries of the file systems that were found. Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::RunError;
use super::entry;
use super::grubenv::{self, GrubFile};
use super::text::read_text;
use super::volume::Volume;
use super::volumes::{self, Found, Place};
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
use crate::sys::AsFd;
use crate::sys::directory::Directory;
use crate::sys::efivar;

/// The paths of /boot in a root file system, where grub looks if it is no file system of its
/// own; the last two are those of subvolumes, below the top of a btrfs.
const BOOTS: [&str; 3] = ["boot/", "root/boot/", "@/boot/"];
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
    /// Variables of grub that entries use and nothing sets.
    unknown: Vec<Vec<u8>>,
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
    let is_wanted = |root: &Directory| {
        let mut boots = BOOTS.iter().filter_map(|path| below(root, path));
        has_entries(root) || boots.any(|root| has_entries(&root))
    };
    let can_boot = |root: &Directory| can_boot(root, host);
    let mut found = volumes::find(place, &variables, timeout_s, &is_wanted, &|root| {
        can_boot(root)
            || BOOTS
                .iter()
                .any(|path| below(root, path).is_some_and(|it| can_boot(&it)))
    })?;
    for volume in &mut found.volumes {
        if can_boot(&volume.root) {
            continue;
        }
        let has_none = !has_entries(&volume.root);
        let better = BOOTS.iter().find(|path| {
            let there = below(&volume.root, path);
            there.is_some_and(|there| can_boot(&there) || has_none && has_entries(&there))
        });
        if let Some(path) = better {
            volume.enter(path)?;
        }
    }
    read(found, variables, host)
}

fn read(found: Found, variables: LoaderVariables, host: &Host) -> Result<BootEntries, RunError> {
    let Found {
        volumes,
        firsts,
        notes,
    } = found;
    let numbered = || volumes.iter().enumerate();
    let mut entries = BootEntries {
        volumes: Vec::new(),
        entries: Vec::new(),
        conf: LoaderConf::default(),
        variables,
        grub_files: numbered()
            .filter_map(|(number, volume)| grubenv::find(number, volume))
            .collect(),
        grub: GrubChoices::default(),
        notes,
        unknown: Vec::new(),
    };
    let mut conf = None;
    for (number, volume) in numbered() {
        let root = &volume.root;
        for kind in Kind::ALL {
            entries.read_directory(root, number, kind, host);
        }
        // As in systemd-boot, that of the ESP counts, and no other if the ESP has entries.
        if conf.is_none() {
            let text = match read_text(root, LOADER_CONF) {
                Ok(text) => Some(text),
                Err(problem) => {
                    if !entry::is_absent(root, LOADER_CONF) {
                        let path = escaped(LOADER_CONF);
                        entries.notes.push(format!("{path} is ignored: {problem}"));
                    }
                    (!entries.entries.is_empty()).then(Vec::new)
                }
            };
            conf = text.map(|text| loader_conf::parse(&text));
        }
    }
    entries.conf = conf.unwrap_or_default();
    if entries.entries.is_empty() {
        let names: Vec<_> = volumes.iter().map(|volume| volume.name.as_str()).collect();
        return Err(BootError::NoEntries {
            places: names.join(", "),
            notes: entries.notes,
        }
        .into());
    }
    // They were read in the order of the file systems. Those that a boot loader would
    // show stay first.
    let is_first = |entry: &&Entry| entry.volume < firsts;
    let first_entries = entries.entries.iter().filter(is_first).count();
    if let Some((first, others)) = entries.entries.split_at_mut_checked(first_entries) {
        sort(first, Entry::order);
        sort(others, Entry::order);
    }
    let mut notes = core::mem::take(&mut entries.notes);
    if let Some(file) = entries.grub_files.first() {
        entries.grub = file.choices(&volumes, &mut |note| notes.push(note));
    }
    // With an environment block, a variable that it lacks is empty on purpose.
    let is_told = entries.grub_files.is_empty();
    for name in entries.unknown.iter().filter(|_| is_told) {
        let name = escaped(name);
        notes.push(format!(
            "variable ${name} of an entry: no grubenv here; it is left out"
        ));
    }
    entries.notes = notes;
    entries.volumes = volumes;
    Ok(entries)
}

fn below(root: &Directory, path: &str) -> Option<Directory> {
    Directory::open(Some(root.as_fd()), path.as_bytes()).ok()
}

/// Returns the entries of a file system by the names of their files, at most `max` of each
/// kind.
fn named(root: &Directory, max: usize) -> Vec<Entry> {
    let of_kind = |kind: Kind| {
        let entry = move |name: &[u8]| Entry::of_file(kind, 0, name);
        let names = root.names(kind.directory().as_bytes(), max, &|name| {
            entry(name).is_some()
        });
        names
            .unwrap_or_default()
            .into_iter()
            .filter_map(move |name| entry(&name))
    };
    Kind::ALL.into_iter().flat_map(of_kind).collect()
}

fn has_entries(root: &Directory) -> bool {
    !named(root, 1).is_empty()
}

/// Returns whether a file system has an entry that can boot.
fn can_boot(root: &Directory, host: &Host) -> bool {
    named(root, ENTRIES_MAX)
        .iter()
        .any(|entry| match entry.kind {
            Kind::Type1 => {
                entry::type1(root, &entry.file_name, &host.machine, None).is_ok_and(|text| {
                    text.problem.is_none() && entry::files_problem(root, &text, host).is_none()
                })
            }
            Kind::Type2 => entry::profiles(root, entry, host)
                .is_ok_and(|all| all.iter().any(|one| one.problem.is_none())),
        })
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
        let file = self.grub_files.first();
        let taken = file.map_or(Ok(()), |file| file.take_next(&self.volumes));
        taken.inspect_err(|_| self.grub.next = None)
    }

    /// Returns grub's variables for the entries of a file system: its own, or else those of
    /// another one.
    fn grub_variables(&self, volume: usize) -> Option<&Grubenv> {
        let own = self.grub_files.iter().find(|file| file.volume == volume);
        let file = own.or_else(|| self.grub_files.first())?;
        Some(&file.variables)
    }

    /// Reads a type 1 entry again.
    ///
    /// # Errors
    /// As for [`entry::type1`].
    pub fn reread(&self, entry: &Entry, machine: &str) -> Result<Type1, Problem> {
        let Some(volume) = self.volumes.get(entry.volume) else {
            return Err(Problem::Missing(entry.file_name.clone()));
        };
        let variables = self.grub_variables(entry.volume);
        entry::type1(&volume.root, &entry.file_name, machine, variables)
    }

    #[inline(never)]
    fn read_directory(&mut self, root: &Directory, volume: usize, kind: Kind, host: &Host) {
        let names = match root.names(kind.directory().as_bytes(), ENTRIES_MAX, &|_| true) {
            Ok(names) => names,
            Err(error) if error.errno.is_absent() => return,
            Err(error) => {
                self.notes
                    .push([kind.directory(), ": ", &error.to_string()].concat());
                return;
            }
        };
        if names.len() > ENTRIES_MAX {
            let note = [kind.directory(), ": too many files; some were not read"].concat();
            self.notes.push(note);
        }
        for name in names.iter().take(ENTRIES_MAX) {
            let Some(mut entry) = Entry::of_file(kind, volume, name) else {
                continue;
            };
            entry.number = self.entries.len();
            if kind == Kind::Type2 {
                match entry::profiles(root, &entry, host) {
                    Ok(mut profiles) => self.entries.append(&mut profiles),
                    Err(problem) => {
                        entry.problem = Some(problem);
                        self.entries.push(entry);
                    }
                }
                continue;
            }
            let variables = self.grub_variables(volume);
            match entry::type1(root, name, &host.machine, variables) {
                Ok(mut text) => {
                    self.note_unknown(core::mem::take(&mut text.unknown));
                    let unusable = entry::files_problem(root, &text, host);
                    entry.describe(text);
                    entry.problem = entry.problem.or(unusable);
                }
                Err(problem) => entry.problem = Some(problem),
            }
            self.entries.push(entry);
        }
    }

    fn note_unknown(&mut self, names: Vec<Vec<u8>>) {
        for name in names {
            if self.unknown.len() < UNKNOWN_TOLD && !self.unknown.contains(&name) {
                self.unknown.push(name);
            }
        }
    }
}
