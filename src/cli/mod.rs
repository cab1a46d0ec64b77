// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line: turns argv into options, and events and diagnoses into text and an
//! exit code. Layer: effects.

mod boot;
mod complete;
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

use console::{Console, print, print_error};
use parse::Parsed;
use table::{Command, CommandId, Id};
use text::Page;

use crate::diagnosis::escape::escaped;
use crate::diagnosis::{Diagnosis, Hint};
use crate::sys::signals::hold_pipe;

/// Runs the program; `arguments` begin with its own name. Returns the exit
/// code, one of [`table::EXIT_CODES`].
#[must_use]
pub fn main(arguments: &[&[u8]]) -> u8 {
    hold_pipe();
    let words = arguments.get(1..).unwrap_or_default();
    if let [complete::NAME, rest @ ..] = words {
        return complete::complete(rest);
    }
    let parsed = match parse::parse(words) {
        Ok(parsed) => parsed,
        Err(diagnosis) => {
            print_error(&report::page(&diagnosis));
            return diagnosis.exit as u8;
        }
    };
    let mut console = Console::new(&parsed);
    let result = dispatch(&parsed, &mut console);
    if let Err(diagnosis) = &result {
        log::refused(&parsed, diagnosis);
    }
    console.finish(result)
}

#[inline(never)]
fn dispatch(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    if parsed.has(Id::Version) {
        let version = concat!("kexec-bpf ", env!("CARGO_PKG_VERSION"));
        return print(&Page::of(version));
    }
    let Some(command) = parsed.command else {
        return print(&help::program());
    };
    if parsed.has(Id::Help) {
        return print(&help::command(command));
    }
    match command.id {
        CommandId::Load => load::load(parsed, console),
        CommandId::Exec => load::exec(parsed, console),
        CommandId::Unload => load::unload(parsed),
        CommandId::Status => status::status(parsed, console),
        CommandId::Kdump => kdump::check(parsed, console),
        CommandId::Inspect => inspect::inspect(parsed, console),
        CommandId::List => boot::list(parsed, console),
        CommandId::Boot => boot::boot(parsed, console),
        CommandId::Hook => hook::hook(parsed, console),
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
            Diagnosis::usage(&format!("unknown command {}", escaped(name)))
                .with_hints(&[Hint::Help("")]),
        ),
    }
}
