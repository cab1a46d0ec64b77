// SPDX-License-Identifier: GPL-2.0-or-later
//! `list`: the boot entries, and which is the default.

use alloc::string::String;

use super::entry::{catalogue, line, place};
use super::parse::Parsed;
use super::table::Id;
use super::text::field;
use super::{print, warning};
use crate::diagnosis::Diagnosis;
use crate::sys::facts;

/// Columns of mark and number.
const INDENT: usize = 7;

pub fn list(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let timeout_s = parsed.seconds(Id::Timeout).unwrap_or(0);
    let facts = facts::read();
    let catalogue = catalogue(place(parsed), timeout_s, &facts, &mut warning(false))?;
    let default = catalogue.default();
    let mut out = String::new();
    for index in 0..catalogue.entries.len() {
        let (label, text) = line(&catalogue, index, default);
        field(&mut out, &label, INDENT, &text);
    }
    print(&out)
}
