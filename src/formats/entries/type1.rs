// SPDX-License-Identifier: GPL-2.0-or-later
//! Type 1 entries: `/loader/entries/*.conf`. Spec: UAPI.1. Layer: pure.
//!
//! Keys and values are read as systemd-boot reads them, but variables (`$kernelopts`) and
//! several initrds in one line are grub's, which RHEL's entries are written for.

use alloc::vec::Vec;

use super::error::{EntryError, shown};
use super::grubenv::{self, DEFAULT_KERNELOPTS, EXPANDED_MAX_BYTES, Grubenv, KERNELOPTS};
use super::{assignments, unquoted};
use crate::formats::cmdline;

/// Limit on the initrds of one entry, and on its extra files.
const FILES_MAX: usize = 64;
/// Limit on the unknown variables that are remembered.
const UNKNOWN_MAX: usize = 16;

/// The kind of program that an entry starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EntryKind {
    /// `linux`: a kernel, which gets the entry's initrds and options, or a UKI.
    #[default]
    Linux,
    Uki,
    /// `uki-url`: a UKI on the network.
    Url,
    /// `efi`: a UKI, a kernel or another EFI program.
    Efi,
}

/// The parsed text of an entry. Paths are relative to the root of its file system and do
/// not begin with `/`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Type1 {
    pub title: Vec<u8>,
    pub version: Vec<u8>,
    /// An empty one is one, too.
    pub machine_id: Option<Vec<u8>>,
    /// An empty key is one, too.
    pub sort_key: Option<Vec<u8>>,
    pub kind: Option<EntryKind>,
    pub image: Vec<u8>,
    pub initrds: Vec<Vec<u8>>,
    /// The first thing that is wrong with the values of `initrd`.
    initrd_problem: Option<EntryError>,
    /// Addons, credentials and extensions.
    pub extras: Vec<Vec<u8>>,
    /// All `options` lines, joined; empty when there are none. They may begin with `@` and a
    /// UKI's profile.
    pub options: Vec<u8>,
    /// The number of a UKI's profile.
    pub profile: u32,
    /// True if its paths lead from another directory than boot loaders begin at.
    pub is_misplaced: bool,
    /// True if grub is to set the options by `$kernelopts`.
    has_kernelopts: bool,
    /// The variables that nothing sets; they are left empty.
    pub unknown: Vec<Vec<u8>>,
    /// The first reason why its kernel may find no root.
    pub doubt: Option<EntryError>,
    /// The first reason why the entry cannot be booted here.
    pub problem: Option<EntryError>,
}

/// Makes a path of an entry relative; `None` if nothing of it is left. Boot loaders on FAT
/// take both slashes.
fn path(value: &[u8]) -> Result<Option<Vec<u8>>, EntryError> {
    let mut parts = value.split(|byte| matches!(byte, b'/' | b'\\'));
    if parts.any(|part| part == b"..") {
        return Err(EntryError::DotDot(shown(value)));
    }
    let slashes = value.iter().map(|byte| match byte {
        b'\\' => b'/',
        byte => *byte,
    });
    let path: Vec<u8> = slashes.skip_while(|byte| *byte == b'/').collect();
    Ok((!path.is_empty()).then_some(path))
}

/// Returns EFI's name for the architecture that `uname -m` names.
fn efi_architecture(machine: &str) -> &str {
    match machine {
        "x86_64" | "i686" => "x64",
        "aarch64" => "aa64",
        other => other,
    }
}

impl Type1 {
    /// Parses an entry for a machine with this `uname -m`, with grub's variables of its
    /// file system, if grub has any. An error is stored in `problem`: such an entry is
    /// shown, but not booted.
    #[must_use]
    pub fn parse(text: &[u8], machine: &str, variables: Option<&Grubenv>) -> Type1 {
        let mut entry = Type1::default();
        let mut left = EXPANDED_MAX_BYTES;
        for (key, value) in assignments(text) {
            if let Err(problem) = entry.take(key, value, machine, variables, &mut left) {
                entry.problem.get_or_insert(problem);
            }
        }
        if entry.image.is_empty() {
            entry.problem.get_or_insert(EntryError::NoImage);
        }
        entry
    }

    /// Takes one key. `left` is the number of bytes that values may have yet, with their
    /// variables.
    fn take(
        &mut self,
        key: &[u8],
        written: &[u8],
        machine: &str,
        variables: Option<&Grubenv>,
        left: &mut usize,
    ) -> Result<(), EntryError> {
        let value = unquoted(written).unwrap_or(written);
        let mut expanded = || {
            if *left == 0 {
                return Err(EntryError::TooLong);
            }
            let text = grubenv::expand(value, variables, &mut |name| {
                if self.unknown.len() < UNKNOWN_MAX && !self.unknown.iter().any(|own| own == name) {
                    self.unknown.push(name.to_vec());
                }
            });
            // Of all values together, so that the time is bounded as well.
            let rest = left.checked_sub(text.len());
            *left = rest.unwrap_or(0);
            rest.map(|_| text).ok_or(EntryError::TooLong)
        };
        match key {
            b"title" => self.title = value.to_vec(),
            b"version" => self.version = value.to_vec(),
            b"machine-id" => self.machine_id = Some(value.to_vec()),
            b"sort-key" => self.sort_key = Some(value.to_vec()),
            b"linux" => self.image = path(&expanded()?)?.unwrap_or_default(),
            b"uki" | b"efi" => self.image = path(value)?.unwrap_or_default(),
            b"initrd" => {
                let files = expanded()?;
                let is_one = unquoted(written).is_some();
                let files = files.split(|byte| !is_one && byte.is_ascii_whitespace());
                self.take_initrds(files);
            }
            b"extra" if self.extras.len() >= FILES_MAX => return Err(EntryError::TooManyFiles),
            b"extra" => self.extras.extend(path(value)?),
            b"options" => {
                let words = expanded()?;
                let mut parts = value.windows(KERNELOPTS.len());
                self.has_kernelopts |= parts.any(|part| part == KERNELOPTS);
                if !self.options.is_empty() && !words.is_empty() {
                    self.options.push(b' ');
                }
                self.options.extend_from_slice(&words);
            }
            // As in systemd-boot, what is not a number does not count.
            b"profile" => self.profile = super::loader_conf::seconds(value).unwrap_or(self.profile),
            b"architecture" => {
                let wanted = efi_architecture(machine).as_bytes();
                if !value.eq_ignore_ascii_case(wanted) {
                    return Err(EntryError::Architecture(shown(value)));
                }
            }
            // x86 uses no device trees, so the key is ignored there.
            b"devicetree" if efi_architecture(machine) != "x64" => {
                return Err(EntryError::Devicetree);
            }
            _ => {}
        }
        self.take_kind(match key {
            b"linux" => EntryKind::Linux,
            b"uki" => EntryKind::Uki,
            b"uki-url" => EntryKind::Url,
            b"efi" => EntryKind::Efi,
            _ => return Ok(()),
        })?;
        match key {
            b"uki-url" => Err(EntryError::Url(shown(value))),
            _ => Ok(()),
        }
    }

    /// Sets the kind of program. A key may be repeated, and then the last one counts.
    fn take_kind(&mut self, kind: EntryKind) -> Result<(), EntryError> {
        match self.kind.replace(kind) {
            Some(other) if other != kind => Err(EntryError::Mixed),
            _ => Ok(()),
        }
    }

    fn take_initrds<'a>(&mut self, files: impl Iterator<Item = &'a [u8]>) {
        for file in files {
            let problem = match path(file) {
                Ok(Some(path)) if self.initrds.len() < FILES_MAX => {
                    self.initrds.push(path);
                    continue;
                }
                Ok(None) => continue,
                Ok(Some(_)) => EntryError::TooManyFiles,
                Err(problem) => problem,
            };
            self.initrd_problem.get_or_insert(problem);
        }
    }

    /// Returns the paths of all its files.
    pub fn files(&mut self) -> impl Iterator<Item = &mut Vec<u8>> {
        core::iter::once(&mut self.image)
            .chain(&mut self.initrds)
            .chain(&mut self.extras)
    }

    /// Puts the initrds first that grub's variable `early_initrd` names, such as microcode and
    /// tables of ACPI. They lie beside the others, or else beside the kernel. grub would not
    /// start the entry if one was not there; here that one, or an empty one, is left out.
    pub fn take_early(&mut self, names: &[u8], is_there: &dyn Fn(&[u8]) -> bool) {
        let beside = self.initrds.first().unwrap_or(&self.image);
        let slash = beside.iter().rposition(|byte| *byte == b'/');
        let directory = slash.and_then(|at| beside.get(..=at)).unwrap_or_default();
        let mut early = Vec::new();
        let names = names.split(u8::is_ascii_whitespace);
        // Each name costs a look at the disk.
        for name in names.filter(|name| !name.is_empty()).take(FILES_MAX) {
            if let Ok(Some(file)) = path(&[directory, name].concat())
                && is_there(&file)
            {
                early.push(file);
            }
        }
        let others = core::mem::replace(&mut self.initrds, early);
        self.initrds.extend(others);
    }

    /// Gives a kernel without options those that grub has for it. One whose options are left to
    /// grub may find no root without them.
    pub fn take_default_options(&mut self, variables: Option<&Grubenv>) {
        if self.kind != Some(EntryKind::Linux) || !self.options.trim_ascii().is_empty() {
            return;
        }
        match variables.and_then(|variables| variables.set(DEFAULT_KERNELOPTS)) {
            Some(options) => self.options = options.to_vec(),
            None if self.has_kernelopts => {
                self.doubt.get_or_insert(EntryError::NoCmdline);
            }
            None => {}
        }
    }

    /// Leaves only those initrds that reach the kernel.
    ///
    /// systemd-boot passes the files of the key `initrd` to a UKI with the key `linux` only;
    /// a UKI has initrds of its own, so the stub of its kernel loads none. A kernel gets
    /// them by any key, and without them its EFI stub loads those that its words name. As in
    /// systemd-boot, an empty file is no initrd.
    pub fn choose_initrds(&mut self, is_uki: bool, is_empty: impl Fn(&[u8]) -> bool) {
        let mut has_empty = false;
        let mut has_content = |path: &Vec<u8>| {
            let is_empty = is_empty(path);
            has_empty |= is_empty;
            !is_empty
        };
        self.initrds.retain(&mut has_content);
        if is_uki {
            if self.kind != Some(EntryKind::Linux) {
                self.initrds.clear();
                self.initrd_problem = None;
            }
        } else {
            let options = core::mem::take(&mut self.options);
            let file = |word: &'_ [u8]| word.starts_with(INITRD);
            let words = || cmdline::words(&options);
            self.options = match words().any(file) {
                true => cmdline::join(words().filter(|word| !file(word))),
                false => options.clone(),
            };
            if self.initrds.is_empty() && self.initrd_problem.is_none() {
                self.take_initrds(words().filter_map(|word| word.strip_prefix(INITRD)));
                self.initrds.retain(has_content);
            }
            if has_empty && self.initrds.is_empty() {
                self.doubt.get_or_insert(EntryError::EmptyInitrd);
            }
        }
        if let Some(problem) = self.initrd_problem.take() {
            self.problem.get_or_insert(problem);
        }
    }
}

/// The word of a kernel's options that names an initrd for its EFI stub.
const INITRD: &[u8] = b"initrd=";
