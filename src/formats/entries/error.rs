// SPDX-License-Identifier: GPL-2.0-or-later
//! Reasons why an entry cannot be booted, as far as its text shows them. Layer: pure.

use alloc::vec::Vec;
use core::fmt;

use crate::diagnosis::escape::escaped;

/// Limit on a text that an error keeps: an entry may name a path of 64 KB, and 5,000 entries
/// must fit into the memory of small machines.
const SHOWN_MAX_BYTES: usize = 256;

/// Returns as much of an entry's text as an error keeps.
#[must_use]
pub fn shown(text: &[u8]) -> Vec<u8> {
    text.get(..SHOWN_MAX_BYTES).unwrap_or(text).to_vec()
}

/// The first reason why an entry cannot be booted here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryError {
    /// The entry has neither `linux` nor `uki` nor `efi`.
    NoImage,
    /// A path leads out of its file system.
    DotDot(Vec<u8>),
    /// More initrds or extra files than are read.
    TooManyFiles,
    /// Its command line is a variable of grub that nothing sets.
    NoCmdline,
    /// None of its initrds has any content.
    EmptyInitrd,
    /// A value that is longer than any kernel takes, with its variables.
    TooLong,
    /// Keys for different kinds of programs: a boot loader hides such an entry.
    Mixed,
    /// The image is on the network.
    Url(Vec<u8>),
    /// The entry or its image is for this other machine.
    Architecture(Vec<u8>),
    Devicetree,
}

impl fmt::Display for EntryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EntryError::NoImage => out.write_str("names no kernel: no linux, uki or efi key"),
            EntryError::DotDot(path) => write!(out, "a path with '..': {}", escaped(path)),
            EntryError::TooManyFiles => out.write_str("too many initrds or extra files"),
            EntryError::NoCmdline => {
                out.write_str("its command line is $kernelopts, which no grubenv here sets")
            }
            EntryError::EmptyInitrd => out.write_str("its initrd is an empty file"),
            EntryError::TooLong => out.write_str("a value is too long with its variables"),
            EntryError::Mixed => {
                out.write_str("has more than one of the keys linux, uki, uki-url and efi")
            }
            EntryError::Url(url) => {
                write!(
                    out,
                    "on the network; download and load it: {}",
                    escaped(url)
                )
            }
            EntryError::Architecture(name) => {
                write!(out, "for another machine: {}", escaped(name))
            }
            EntryError::Devicetree => out.write_str("device trees are not supported"),
        }
    }
}
