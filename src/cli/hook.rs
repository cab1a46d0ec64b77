// SPDX-License-Identifier: GPL-2.0-or-later
//! `hook`: what an initramfs runs; the kernel command line says what to do.

use super::boot::{self, Wish};
use super::load::{self, Order};
use super::parse::Parsed;
use super::report::Report;
use super::table::Id;
use super::warning;
use crate::boot::hook::{self, KDUMP_PATH, TIMEOUT_S, Words};
use crate::plan::Request;
use crate::run::discover::Place;
use crate::sys::console::{LOG_ERROR, kernel_log, write_stderr};
use crate::sys::facts;
use crate::sys::file::InputFile;

pub fn hook(parsed: &Parsed<'_>) -> Result<(), Report> {
    let words = hook::parse(&facts::read().running_cmdline.unwrap_or_default());
    let verbose = parsed.has(Id::Verbose);
    if parsed.operand == Some(b"boot") {
        return boot(&words, verbose).inspect_err(|report| kernel_log(LOG_ERROR, &report.text()));
    }
    // The system that is booting must not fail because of this.
    if let Err(report) = kdump(&words, verbose) {
        write_stderr(&report.text());
        kernel_log(LOG_ERROR, &report.text());
    }
    Ok(())
}

fn boot(words: &Words, verbose: bool) -> Result<(), Report> {
    if !words.wants_boot() {
        return Ok(());
    }
    if words.chained {
        warning(true)("this system was started by a chain: it does not chain again");
        return Ok(());
    }
    boot::run(&Wish {
        place: words
            .device
            .as_deref()
            .map_or(Place::Anywhere, Place::Device),
        name: words.entry.as_deref(),
        next: false,
        menu: words.menu.as_deref(),
        timeout_s: words.timeout_s.unwrap_or(TIMEOUT_S),
        append: words.append.clone(),
        route: None,
        dry_run: false,
        sync: true,
        verbose,
        in_hook: true,
    })
}

fn kdump(words: &Words, verbose: bool) -> Result<(), Report> {
    let named = words.kdump.as_deref();
    let path = named.unwrap_or(KDUMP_PATH);
    if words.off || (named.is_none() && InputFile::open(None, path).is_err()) {
        return Ok(());
    }
    let order = Order {
        image: path,
        extras: true,
        request: Request {
            panic: true,
            ..Request::default()
        },
        verbose,
        ..Order::default()
    };
    load::perform(order, &facts::read()).map(|_| ())
}
