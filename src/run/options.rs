// SPDX-License-Identifier: GPL-2.0-or-later
//! What the user asked for, with the files and places that it names.

use alloc::vec::Vec;

use super::discover::Place;
use crate::boot::loader_conf::MenuTime;
use crate::plan::{Options, Route};
use crate::sys::Fd;

/// A load, whoever asked for it.
#[derive(Default)]
pub struct LoadOptions<'arg> {
    /// What the paths are relative to; `None` for the working directory.
    pub root: Option<Fd<'arg>>,
    pub image: &'arg [u8],
    pub initrds: Vec<&'arg [u8]>,
    pub addons: Vec<&'arg [u8]>,
    /// Whether the companion files that lie beside the image are taken, too.
    pub extras: bool,
    /// What stands for the root of the image's file system.
    pub extras_root: Option<&'arg [u8]>,
    /// Whether a companion file that cannot be taken is an error.
    pub strict: bool,
    /// Whether only the plan is wanted.
    pub dry_run: bool,
    pub plan: Options,
}

/// A boot of an entry, asked for on the command line or on the kernel's.
pub struct BootOptions<'arg> {
    pub place: Place<'arg>,
    /// An entry, or a path when it has a `/`; empty or `None` for the default.
    pub name: Option<&'arg [u8]>,
    /// Whether the entry after that one is meant.
    pub next: bool,
    pub menu: Option<MenuTime>,
    pub timeout_s: u32,
    pub append: Vec<Vec<u8>>,
    pub route: Option<Route>,
    pub dry_run: bool,
    pub sync: bool,
    /// Whether the next system must be kept from chaining.
    pub mark_chained: bool,
}
