// SPDX-License-Identifier: GPL-2.0-or-later
//! `list` and `boot`. Layer: effects.

use alloc::string::String;

use super::console::{Console, print};
use super::entry::line;
use super::options;
use super::parse::Parsed;
use super::table::Id;
use super::text::field;
use crate::diagnosis::{Diagnose, Diagnosis, Hint};
use crate::run::volumes::Place;
use crate::run::{self, entries};
use crate::sys::{capability, host};

/// Columns of the mark and the number.
const INDENT: usize = 7;

pub fn list(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let place = options::place(parsed);
    let host = host::read();
    let found = entries::find(place, options::timeout_s(parsed), &host);
    let mut found = found.map_err(|error| {
        let found = error.diagnose();
        match place {
            Place::Root(_) => found,
            _ if capability::may_mount() => found,
            _ => found
                .because("only root may read disks and mount file systems")
                .with_hints(&[Hint::Text("run it as root"), Hint::Text("--root DIR")]),
        }
    })?;
    let notes = core::mem::take(&mut found.notes);
    let default = found.checked_default(&host);
    let mut out = String::new();
    for index in 0..found.entries.len() {
        let (label, text) = line(&found, index, default);
        field(&mut out, &label, INDENT, &text);
    }
    // Whoever reads the output may take their time. Until a partition that this program
    // added is removed, signals do not end it.
    drop(found);
    let console = Console::new(false, false);
    for note in &notes {
        console.warn(note);
    }
    print(&out)
}

pub fn boot(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let options = options::boot(parsed);
    let mut console = Console::new(parsed.has(Id::Verbose), options.dry_run);
    run::boot(&options, &host::read(), &mut console)?;
    console.finish()
}
