// SPDX-License-Identifier: GPL-2.0-or-later
//! `list` and `boot`. Layer: effects.

use alloc::string::String;

use super::console::{Console, print};
use super::entry::line;
use super::options;
use super::parse::Parsed;
use super::table::Id;
use super::text::field;
use crate::diagnosis::Diagnosis;
use crate::run::{self, entries};
use crate::sys::host;

/// Columns of the mark and the number.
const INDENT: usize = 7;

pub fn list(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let place = options::place(parsed);
    let found = entries::find(place, options::timeout_s(parsed), &host::read())?;
    let console = Console::new(false, false);
    for note in &found.notes {
        console.warn(note);
    }
    let default = found.default();
    let mut out = String::new();
    for index in 0..found.entries.len() {
        let (label, text) = line(&found, index, default);
        field(&mut out, &label, INDENT, &text);
    }
    print(&out)
}

pub fn boot(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let options = options::boot(parsed);
    let mut console = Console::new(parsed.has(Id::Verbose), options.dry_run);
    run::boot(&options, &host::read(), &mut console)?;
    console.finish()
}
