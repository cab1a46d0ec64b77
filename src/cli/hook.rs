// SPDX-License-Identifier: GPL-2.0-or-later
//! `hook`: what an initramfs runs; the kernel command line says what to do.

use alloc::format;
use alloc::string::String;

use super::boot::{self, Wish};
use super::load::{self, Order};
use super::parse::Parsed;
use super::table::Id;
use super::table::value::{MenuTime, NOT_SECONDS};
use super::{print, report, warning};
use crate::boot::hook::{self, ENFORCE_PATH, KDUMP_PATH, TIMEOUT_S, Words};
use crate::diagnosis::{Diagnosis, Exit, Hint};
use crate::escape::printable;
use crate::explain;
use crate::plan::Request;
use crate::run;
use crate::run::discover::Place;
use crate::sys::console::{LOG_ERROR, LOG_NOTICE, kernel_log, write_stderr};
use crate::sys::file::InputFile;
use crate::sys::kexec::{self, LoadSwitch, Others};
use crate::sys::{enforce, facts};

#[inline(never)]
pub fn hook(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    if parsed.operand == Some(b"enforce") {
        return enforce(parsed.has(Id::Verbose))
            .inspect_err(|found| kernel_log(LOG_ERROR, &report::text(found)));
    }
    let words = hook::parse(&facts::read().running_cmdline.unwrap_or_default());
    let verbose = parsed.has(Id::Verbose);
    if parsed.operand == Some(b"boot") {
        return boot(&words, verbose)
            .inspect_err(|found| kernel_log(LOG_ERROR, &report::text(found)));
    }
    // The system that is booting must not fail because of this.
    if let Err(diagnosis) = kdump(&words, verbose) {
        let text = report::text(&diagnosis);
        write_stderr(&text);
        kernel_log(LOG_ERROR, &text);
    }
    Ok(())
}

/// Turns enforce on where that is asked for; where that fails, turns kexec off.
#[inline(never)]
fn enforce(verbose: bool) -> Result<(), Diagnosis> {
    // A command line that cannot be read may ask for it.
    let line = facts::running_cmdline();
    let by_word = line.is_none_or(|line| hook::parse(&line).enforce);
    if !by_word && !enforce::is_asked_by_file(ENFORCE_PATH) {
        if verbose {
            print("enforce: nobody asks for it: no rd.kexec_bpf.enforce, no file\n")?;
        }
        return Ok(());
    }
    let Err((modprobe, write)) = run::enforce::turn_on() else {
        let text = match facts::read().is_locked_down() {
            true => "kexec-bpf: enforce is on until reboot\n",
            false => "kexec-bpf: enforce is on, but lockdown is off: root can undo it\n",
        };
        kernel_log(LOG_NOTICE, text);
        // It is on, whether or not somebody reads that.
        let _ = print(text);
        return Ok(());
    };
    let off = LoadSwitch::open().and_then(|switch| switch.turn_off());
    // The switch does not stop a load that has begun.
    let others = kexec::settle();
    let now = facts::read();
    let mut why = explain::not_enforced(&now, modprobe, write);
    let mut what = String::from("enforce is not on: kexec is off until reboot");
    match off {
        Ok(()) if others == Others::UnderWay => {
            what.push_str("; a load is under way, and may still succeed");
        }
        Ok(()) => what.push_str(match (now.loaded, now.crash_loaded) {
            (Some(false), Some(false)) => "",
            (Some(true), Some(true)) => "; the loaded image and the crash image still boot",
            (Some(true), _) => "; the loaded image still boots",
            (_, Some(true)) => "; the crash image still boots",
            _ => "; an image that is loaded already still boots",
        }),
        Err(error) => {
            what = format!(
                "DANGER: enforce is not on, and kexec cannot be turned off: {}: {error}",
                error.target
            );
            why = why.exit(Exit::Failed);
        }
    }
    Err(why.what(&what))
}

#[inline(never)]
fn boot(words: &Words, verbose: bool) -> Result<(), Diagnosis> {
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
        menu: words.menu.as_deref().map(menu_time).transpose()?,
        timeout_s: words.timeout_s.unwrap_or(TIMEOUT_S),
        append: words.append.clone(),
        route: None,
        dry_run: false,
        sync: true,
        verbose,
        in_hook: true,
    })
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
