// SPDX-License-Identifier: GPL-2.0-or-later
//! Type 1 entries: `/loader/entries/*.conf`. Spec: UAPI.1. Layer: pure.

use alloc::vec::Vec;

use super::assignments;
use super::error::EntryError;
use super::loader_conf::seconds;
use crate::formats::cmdline;

/// Limit on the initrds of one entry.
const INITRDS_MAX: usize = 64;

/// The kind of program that an entry starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EntryKind {
    /// A kernel, which gets the entry's initrds and options.
    #[default]
    Linux,
    /// A UKI or another EFI program; the entry's options replace its own.
    Program,
}

/// The parsed text of an entry. Paths are relative to the root of its file system and do
/// not begin with `/`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Type1 {
    pub title: Vec<u8>,
    pub version: Vec<u8>,
    pub machine_id: Vec<u8>,
    pub sort_key: Vec<u8>,
    pub kind: EntryKind,
    pub image: Vec<u8>,
    pub initrds: Vec<Vec<u8>>,
    /// All `options` lines, joined; empty when there are none.
    pub options: Vec<u8>,
    /// The number of a UKI's profile.
    pub profile: u32,
    /// The first reason why the entry cannot be booted here.
    pub problem: Option<EntryError>,
}

/// Makes a path of an entry relative.
fn path(value: &[u8]) -> Result<Vec<u8>, EntryError> {
    let mut parts = value.split(|byte| *byte == b'/');
    if parts.any(|part| part == b"..") {
        return Err(EntryError::DotDot(value.to_vec()));
    }
    let start = value.iter().position(|byte| *byte != b'/');
    match start.and_then(|start| value.get(start..)) {
        Some(path) => Ok(path.to_vec()),
        None => Err(EntryError::NoImage),
    }
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
    /// Parses an entry for a machine with this `uname -m`. An error is stored in
    /// `problem`: such an entry is shown, but not booted.
    #[must_use]
    pub fn parse(text: &[u8], machine: &str) -> Type1 {
        let mut entry = Type1::default();
        if text.contains(&0) {
            entry.problem = Some(EntryError::Nul);
            return entry;
        }
        for (key, value) in assignments(text) {
            if let Err(problem) = entry.take(key, value, machine) {
                entry.problem.get_or_insert(problem);
            }
        }
        if entry.image.is_empty() {
            entry.problem.get_or_insert(EntryError::NoImage);
        }
        entry
    }

    fn take(&mut self, key: &[u8], value: &[u8], machine: &str) -> Result<(), EntryError> {
        match key {
            b"title" => self.title = value.to_vec(),
            b"version" => self.version = value.to_vec(),
            b"machine-id" => self.machine_id = value.to_vec(),
            b"sort-key" => self.sort_key = value.to_vec(),
            b"linux" | b"uki" | b"efi" if self.image.is_empty() => {
                self.image = path(value)?;
                if key != b"linux" {
                    self.kind = EntryKind::Program;
                }
            }
            b"initrd" if self.initrds.len() < INITRDS_MAX => self.initrds.push(path(value)?),
            b"initrd" => return Err(EntryError::TooManyInitrds),
            b"options" => self.options = cmdline::join([&self.options[..], value]),
            b"profile" => self.profile = seconds(value).ok_or(EntryError::Profile)?,
            b"architecture" => {
                let wanted = efi_architecture(machine).as_bytes();
                if !value.eq_ignore_ascii_case(wanted) {
                    return Err(EntryError::Architecture(value.to_vec()));
                }
            }
            // x86 uses no device trees, so the key is ignored there.
            b"devicetree" if efi_architecture(machine) != "x64" => {
                return Err(EntryError::Devicetree);
            }
            _ => {}
        }
        Ok(())
    }
}
