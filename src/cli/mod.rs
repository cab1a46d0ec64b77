// SPDX-License-Identifier: GPL-2.0-or-later
//! Command line: argv → request; result or three-line report → exit code.

mod boot;
mod crash;
mod entry;
pub mod help;
mod hook;
mod inspect;
mod kdump;
mod list;
mod load;
mod menu;
mod parse;
mod plan;
mod report;
mod status;
pub mod table;
pub mod text;

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use parse::Parsed;
use table::{Command, CommandId, Id};

use crate::diagnosis::{Diagnosis, Exit, Hint};
use crate::escape::printable;
use crate::run;
use crate::sys::event::now_us;
use crate::sys::{console, facts};

/// Runs the program; `arguments` begin with its own name. Returns the exit
/// code, one of [`table::EXIT_CODES`].
#[must_use]
pub fn main(arguments: &[&[u8]]) -> u8 {
    let result = parse::parse(arguments.get(1..).unwrap_or_default())
        .map_err(Diagnosis::from)
        .and_then(|parsed| dispatch(&parsed));
    match result {
        Ok(()) => Exit::Done as u8,
        Err(diagnosis) => {
            console::write_stderr(&report::text(&diagnosis));
            diagnosis.exit as u8
        }
    }
}

fn dispatch(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    if parsed.has(Id::Version) {
        return print(&format!(
            "{} {}\n",
            table::PROGRAM,
            env!("CARGO_PKG_VERSION")
        ));
    }
    let Some(command) = parsed.command else {
        return print(&help::program());
    };
    if parsed.has(Id::Help) {
        return print(&help::command(command));
    }
    match command.id {
        CommandId::Load => load::load(parsed),
        CommandId::Exec => exec(parsed),
        CommandId::Unload => unload(parsed),
        CommandId::Status => print(&status::text(&facts::read())),
        CommandId::Kdump => kdump::check(parsed),
        CommandId::Inspect => inspect::inspect(parsed),
        CommandId::List => list::list(parsed),
        CommandId::Boot => boot::boot(parsed),
        CommandId::Hook => hook::hook(parsed),
        CommandId::Help => help_command(parsed),
    }
}

fn help_command(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let Some(name) = parsed.operand else {
        return print(&help::program());
    };
    match Command::find(name) {
        Some(command) => print(&help::command(command)),
        None => Err(
            Diagnosis::usage(&format!("unknown command {}", printable(name)))
                .hints(&[Hint::Help("")]),
        ),
    }
}

fn exec(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let sync = !parsed.has(Id::NoSync);
    let mut progress = progress(parsed.has(Id::Verbose));
    let facts = facts::read();
    Ok(run::exec(
        sync,
        &facts,
        b"",
        &mut warning(false),
        &mut progress,
    )?)
}

/// Says what does not stop the work on stderr, and in an initramfs hook to the
/// kernel's log as well.
fn warning(in_hook: bool) -> impl FnMut(&str) {
    move |what| {
        let mut text = String::new();
        text::field(&mut text, &format!("{}: ", table::PROGRAM), 7, what);
        console::write_stderr(&text);
        if in_hook {
            console::kernel_log(console::LOG_NOTICE, &text);
        }
    }
}

fn unload(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let panic = parsed.has(Id::Panic);
    let facts = facts::read();
    run::unload(panic, &facts)?;
    if parsed.has(Id::Verbose) {
        let (what, loaded) = if panic {
            ("crash image", facts.crash_loaded)
        } else {
            ("image", facts.loaded)
        };
        let was = match loaded {
            Some(true) => "dropped",
            Some(false) => "none was loaded",
            None => "dropped, if one was loaded",
        };
        // It is done, whether or not somebody reads that.
        let _ = print(&format!("{what}: {was}\n"));
    }
    Ok(())
}

/// Prints a result to stdout.
///
/// # Errors
/// When stdout does not take it: a full disk, a closed pipe.
fn print(text: &str) -> Result<(), Diagnosis> {
    console::stdout()
        .write_str(text)
        .map_err(|_| Diagnosis::failed(&"stdout: the output could not be written"))
}

/// Tells steps on stderr, if asked to, with the seconds since it was made.
fn progress(verbose: bool) -> impl FnMut(fmt::Arguments<'_>) {
    let start_us = now_us();
    move |step| {
        if verbose {
            let ms = now_us().saturating_sub(start_us) / 1000;
            let mut line = String::new();
            let time = format!("[{:3}.{:03}] ", ms / 1000, ms % 1000);
            // Steps quote the image.
            let step = printable(format!("{step}").as_bytes());
            text::field(&mut line, &time, time.len(), &step);
            console::write_stderr(&line);
        }
    }
}
