// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads the boot entries of the file systems that were found. Layer: effects.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::RunError;
use super::volume::Volume;
use super::volumes::{self, Found, Place};
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::error::EntryError;
use crate::formats::entries::loader_conf::{self, LoaderConf};
use crate::formats::entries::type1::Type1;
use crate::formats::entries::{ENTRIES_MAX, FILE_MAX_BYTES};
use crate::formats::image::detect::{self, Image};
use crate::formats::image::uki::{SectionKind, Uki};
use crate::formats::image::{env_file, osrel, profile};
use crate::formats::sort::sort;
use crate::formats::source::{FileOffset, FileSlice, ReadAt, read_small};
use crate::host::Host;
use crate::policy::boot::choose::{self, DefaultSource};
use crate::policy::boot::entry::{Entry, Kind};
use crate::policy::boot::error::{BootError, Problem};
use crate::policy::explain::Rule;
use crate::sys::directory::Directory;
use crate::sys::file::InputFile;
use crate::sys::{AsFd, efivar};

/// All boot entries, and what decides which one is the default.
pub struct BootEntries {
    pub volumes: Vec<Volume>,
    /// The entries, sorted.
    pub entries: Vec<Entry>,
    pub conf: LoaderConf,
    pub variables: LoaderVariables,
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
    let found = volumes::find(place, &variables, timeout_s, &has_entries)?;
    read(found, variables, host)
}

fn read(found: Found, variables: LoaderVariables, host: &Host) -> Result<BootEntries, RunError> {
    let mut entries = BootEntries {
        volumes: Vec::new(),
        entries: Vec::new(),
        conf: LoaderConf::default(),
        variables,
        notes: found.notes,
    };
    for (number, volume) in found.volumes.iter().enumerate() {
        let root = &volume.root;
        for kind in Kind::ALL {
            entries.read_directory(root, number, kind, host);
        }
        if entries.conf == LoaderConf::default()
            && let Ok(text) = read_text(root, b"loader/loader.conf")
        {
            entries.conf = loader_conf::parse(&text);
        }
    }
    if entries.entries.is_empty() {
        let names: Vec<_> = found
            .volumes
            .iter()
            .map(|volume| volume.name.as_str())
            .collect();
        return Err(BootError::NoEntries {
            places: names.join(", "),
            notes: entries.notes,
        }
        .into());
    }
    // They were read in the order of the file systems. Those that a boot loader would
    // show stay first.
    let is_first = |entry: &&Entry| entry.volume < found.firsts;
    let firsts = entries.entries.iter().filter(is_first).count();
    if let Some((first, others)) = entries.entries.split_at_mut_checked(firsts) {
        sort(first, Entry::order);
        sort(others, Entry::order);
    }
    entries.volumes = found.volumes;
    Ok(entries)
}

/// Returns whether a file system has files that are boot entries by their names.
fn has_entries(root: &Directory) -> bool {
    Kind::ALL.iter().any(|kind| {
        let is_entry = |name: &[u8]| Entry::of_file(*kind, 0, name).is_some();
        let names = root.names(kind.directory().as_bytes(), 1, &is_entry);
        names.is_ok_and(|names| !names.is_empty())
    })
}

/// Returns a file's path on its file system.
#[must_use]
pub fn path_of(kind: Kind, file_name: &[u8]) -> Vec<u8> {
    [kind.directory().as_bytes(), b"/", file_name].concat()
}

/// Reads and parses a type 1 entry.
///
/// # Errors
/// The problem of the entry's file. A problem in its text is in the returned value.
pub fn type1(root: &Directory, file_name: &[u8], machine: &str) -> Result<Type1, Problem> {
    let text = read_text(root, &path_of(Kind::Type1, file_name))?;
    Ok(Type1::parse(&text, machine))
}

fn unusable(error: &dyn Diagnose) -> Problem {
    Problem::File(error.diagnose())
}

fn open(root: &Directory, path: &[u8]) -> Result<InputFile, Problem> {
    InputFile::open(Some(root.as_fd()), path).map_err(|error| unusable(&error))
}

fn read_text(root: &Directory, path: &[u8]) -> Result<Vec<u8>, Problem> {
    let file = open(root, path)?;
    let bytes = file.file_bytes();
    if bytes > FILE_MAX_BYTES {
        return Err(Problem::TooLarge { bytes });
    }
    let all = FileSlice {
        offset: FileOffset(0),
        bytes,
    };
    read_small(&file, all, FILE_MAX_BYTES).map_err(|error| unusable(&error))
}

impl BootEntries {
    /// Returns the index of the default entry, and the source that chose it.
    #[must_use]
    pub fn default(&self) -> Option<(usize, DefaultSource)> {
        choose::default(&self.entries, &self.conf, &self.variables)
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
            match kind {
                Kind::Type1 => {
                    match type1(root, name, &host.machine) {
                        Ok(text) => {
                            let unusable = files_problem(root, &text, host);
                            entry.describe(text);
                            entry.problem = entry.problem.or(unusable);
                        }
                        Err(problem) => entry.problem = Some(problem),
                    }
                    self.entries.push(entry);
                }
                Kind::Type2 => match profiles(root, &entry, host) {
                    Ok(mut profiles) => self.entries.append(&mut profiles),
                    Err(problem) => {
                        entry.problem = Some(problem);
                        self.entries.push(entry);
                    }
                },
            }
        }
    }
}

/// Returns the first problem of the files that a type 1 entry names; `None` if its text
/// has a problem already.
fn files_problem(root: &Directory, text: &Type1, host: &Host) -> Option<Problem> {
    if text.problem.is_some() {
        return None;
    }
    let mut files = core::iter::once(&text.image).chain(&text.initrds);
    if let Some(missing) = files.find(|path| !root.has_file(path)) {
        return Some(Problem::Missing(missing.clone()));
    }
    let refused = || refused(root, text).map(Problem::Enforce);
    host.enforces().then(refused).flatten()
}

/// Returns the rule of enforce that a type 1 entry breaks. If the image cannot be read,
/// its load will say so.
fn refused(root: &Directory, text: &Type1) -> Option<Rule> {
    let file: &dyn ReadAt = &open(root, &text.image).ok()?;
    match detect::detect(file).ok()? {
        image @ Image::Uki { .. } if image.is_signed() => Rule::broken_by(text),
        Image::Uki { .. } => Some(Rule::Signed),
        _ => Some(Rule::Uki),
    }
}

/// Returns the entries of a UKI, one for each profile.
#[inline(never)]
fn profiles(root: &Directory, entry: &Entry, host: &Host) -> Result<Vec<Entry>, Problem> {
    let file: &dyn ReadAt = &open(root, &path_of(Kind::Type2, &entry.file_name))?;
    let image = detect::detect(file).map_err(|error| unusable(&error))?;
    let Image::Uki { pe, uki } = &image else {
        let what = ["not a UKI, but ", image.kind_name()].concat();
        return Err(Problem::File(Diagnosis::bad_image(&what)));
    };
    if !pe.machine.runs_on(&host.machine) {
        let machine = pe.machine.to_string().into_bytes();
        return Err(Problem::Entry(EntryError::Architecture(machine)));
    }
    if host.enforces() && !image.is_signed() {
        return Err(Problem::Enforce(Rule::Signed));
    }
    let mut entries = Vec::new();
    for number in 0..uki.profile_count().max(1) {
        entries.push(of_profile(file, entry, uki, number)?);
    }
    Ok(entries)
}

fn of_profile(file: &dyn ReadAt, entry: &Entry, uki: &Uki, number: u32) -> Result<Entry, Problem> {
    let selection = uki.select(number).map_err(|error| unusable(&error))?;
    let text = |kind| match selection.get(kind) {
        Some(slice) => {
            read_small(file, slice, env_file::MAX_BYTES).map_err(|error| unusable(&error))
        }
        None => Ok(Vec::new()),
    };
    let system = osrel::parse(&text(SectionKind::Osrel)?);
    let own = profile::parse(&text(SectionKind::Profile)?);
    let title = own.title.or(own.id);
    Ok(entry.of_profile(&system, number, title.as_deref()))
}
