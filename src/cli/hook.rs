// SPDX-License-Identifier: GPL-2.0-or-later
//! `hook`: what an initramfs runs; the kernel command line says what to do.

use alloc::format;

use super::console::{Console, print};
use super::parse::Parsed;
use super::report;
use super::table::Id;
use super::table::value::NOT_SECONDS;
use crate::boot::hook::{self, KDUMP_PATH, TIMEOUT_S, Words};
use crate::boot::loader_conf::MenuTime;
use crate::diagnosis::{Diagnosis, Hint};
use crate::escape::printable;
use crate::plan::Options;
use crate::run::discover::Place;
use crate::run::enforce::{Enforced, ensure};
use crate::run::{self, BootOptions, LoadOptions};
use crate::sys::console::{LOG_ERROR, LOG_NOTICE, kernel_log, write_stderr};
use crate::sys::facts;
use crate::sys::file::InputFile;

#[inline(never)]
pub fn hook(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let verbose = parsed.has(Id::Verbose);
    let words = || hook::parse(&facts::running_cmdline().unwrap_or_default());
    let result = match parsed.operand {
        Some(b"enforce") => enforce(verbose),
        Some(b"boot") => boot(&words(), verbose),
        _ => kdump(&words(), verbose),
    };
    let Err(diagnosis) = result else {
        return Ok(());
    };
    let text = report::text(&diagnosis);
    kernel_log(LOG_ERROR, &text);
    if parsed.operand == Some(b"kdump") {
        // The system that is booting must not fail because of this.
        write_stderr(&text);
        return Ok(());
    }
    Err(diagnosis)
}

/// Turns enforce on where that is asked for; where that fails, turns kexec off.
#[inline(never)]
fn enforce(verbose: bool) -> Result<(), Diagnosis> {
    let text = match ensure()? {
        Enforced::NotAsked if verbose => {
            return print("enforce: nobody asks for it: no rd.kexec_bpf.enforce, no file\n");
        }
        Enforced::NotAsked => return Ok(()),
        Enforced::On {
            is_locked_down: true,
        } => "kexec-bpf: enforce is on until reboot\n",
        Enforced::On {
            is_locked_down: false,
        } => "kexec-bpf: enforce is on, but lockdown is off: root can undo it\n",
    };
    kernel_log(LOG_NOTICE, text);
    // It is on, whether or not somebody reads that.
    let _ = print(text);
    Ok(())
}

#[inline(never)]
fn boot(words: &Words, verbose: bool) -> Result<(), Diagnosis> {
    if !words.wants_boot() {
        return Ok(());
    }
    let mut console = Console::of_hook(verbose);
    if words.chained {
        console.warn("this system was started by a chain: it does not chain again");
        return Ok(());
    }
    let options = BootOptions {
        place: words
            .device
            .as_deref()
            .map_or(Place::Anywhere, Place::Device),
        name: words.entry.as_deref(),
        next: false,
        menu: words.menu.as_deref().map(menu_time).transpose()?,
        timeout_s: words.timeout_s.unwrap_or(TIMEOUT_S),
        append: words.append.clone(),
        route: None,
        dry_run: false,
        sync: true,
        mark_chained: true,
    };
    Ok(run::boot(&options, &facts::read(), &mut console)?)
}

fn menu_time(value: &[u8]) -> Result<MenuTime, Diagnosis> {
    MenuTime::parse(value).ok_or_else(|| {
        let what = format!("rd.kexec_bpf.menu={}: {NOT_SECONDS}", printable(value));
        Diagnosis::usage(&what).hints(&[Hint::Help("boot")])
    })
}

#[inline(never)]
fn kdump(words: &Words, verbose: bool) -> Result<(), Diagnosis> {
    let named = words.kdump.as_deref();
    let path = named.unwrap_or(KDUMP_PATH);
    if words.off || (named.is_none() && InputFile::open(None, path).is_err()) {
        return Ok(());
    }
    let options = LoadOptions {
        image: path,
        extras: true,
        plan: Options {
            panic: true,
            ..Options::default()
        },
        ..LoadOptions::default()
    };
    let mut console = Console::of_hook(verbose);
    run::load(&options, &facts::read(), &mut console)?;
    Ok(())
}
