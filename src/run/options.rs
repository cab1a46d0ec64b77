// SPDX-License-Identifier: GPL-2.0-or-later
//! Options of a load and of a boot, with the paths and places that they name.

use alloc::vec::Vec;

use super::discover::Place;
use crate::boot::loader_conf::MenuTime;
use crate::plan::{Options, Route};
use crate::sys::Fd;

/// A load, whoever asked for it.
#[derive(Default)]
pub struct LoadOptions<'arg> {
    /// The directory that paths are relative to; `None` for the working directory.
    pub root: Option<Fd<'arg>>,
    pub image: &'arg [u8],
    pub initrds: Vec<&'arg [u8]>,
    pub addons: Vec<&'arg [u8]>,
    /// Take the companion files that lie beside the image, too.
    pub extras: bool,
    /// The directory that stands for the root of the image's file system.
    pub extras_root: Option<&'arg [u8]>,
    /// Fail when a companion file cannot be taken.
    pub strict: bool,
    /// Only plan; change nothing.
    pub dry_run: bool,
    pub plan: Options,
}

/// A boot of an entry, asked for on the command line or on the kernel's.
pub struct BootOptions<'arg> {
    pub place: Place<'arg>,
    /// An entry, or a path when it has a `/`; empty or `None` for the default.
    pub name: Option<&'arg [u8]>,
    /// Take the entry after that one.
    pub next: bool,
    pub menu: Option<MenuTime>,
    pub timeout_s: u32,
    pub append: Vec<Vec<u8>>,
    pub route: Option<Route>,
    pub dry_run: bool,
    pub sync: bool,
    /// Keep the next system from chaining.
    pub mark_chained: bool,
}
