// SPDX-License-Identifier: GPL-2.0-or-later
//! `list` and `boot`. Layer: effects.

use super::console::Console;
use super::entry::{line, object};
use super::options;
use super::parse::Parsed;
use super::text::Page;
use crate::diagnosis::Diagnosis;
use crate::run::events::Topic;
use crate::run::{self, entries};
use crate::sys::host;

/// Columns of the mark and the number.
const INDENT: u8 = 7;

pub fn list(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let place = options::place(parsed);
    let host = host::read();
    let mut found = entries::find(place, options::timeout_s(parsed), None, &host)?;
    let default = found.checked_default(&host);
    let notes = core::mem::take(&mut found.notes);
    let mut out = Page::new(INDENT);
    out.json.array("entries");
    for index in 0..found.entries.len() {
        let (label, text) = line(&found, index, default);
        out.line(&label, &text);
        object(&mut out.json, &found, index, default);
    }
    out.json.end();
    // Whoever reads the output may take their time. Until a partition that this program
    // added is removed, signals do not end it.
    drop(found);
    for note in &notes {
        console.warn_about(Topic::Search, b"", note);
    }
    console.result(&out);
    Ok(())
}

pub fn boot(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let options = options::boot(parsed);
    let mut host = host::read();
    host.cap_sys_boot |= options.dry_run;
    run::boot(&options, &host, console)?;
    Ok(())
}
