// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line: turns argv into options, and events and diagnoses into text and an
//! exit code. Layer: effects.

mod boot;
mod console;
mod crash;
mod entry;
pub mod help;
mod hook;
mod inspect;
mod jump;
mod kdump;
mod load;
mod loaded;
mod log;
mod menu;
mod options;
mod parse;
mod plan;
mod report;
mod status;
pub mod table;
pub mod text;

use alloc::format;

use console::print;
use parse::Parsed;
use table::{Command, CommandId, Id};

use crate::diagnosis::escape::printable;
use crate::diagnosis::{Diagnosis, Exit, Hint};
use crate::sys::console::write_stderr;
use crate::sys::host;

/// Runs the program; `arguments` begin with its own name. Returns the exit
/// code, one of [`table::EXIT_CODES`].
#[must_use]
pub fn main(arguments: &[&[u8]]) -> u8 {
    let parsed = parse::parse(arguments.get(1..).unwrap_or_default());
    let result = parsed.and_then(|parsed| {
        dispatch(&parsed).inspect_err(|diagnosis| log::refused(&parsed, diagnosis))
    });
    match result {
        Ok(()) => Exit::Done as u8,
        Err(diagnosis) => {
            write_stderr(&report::text(&diagnosis));
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
        CommandId::Exec => load::exec(parsed),
        CommandId::Unload => load::unload(parsed),
        CommandId::Status => print(&status::text(&host::read())),
        CommandId::Kdump => kdump::check(parsed),
        CommandId::Inspect => inspect::inspect(parsed),
        CommandId::List => boot::list(parsed),
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
                .with_hints(&[Hint::Help("")]),
        ),
    }
}
