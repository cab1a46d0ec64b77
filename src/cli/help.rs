// SPDX-License-Identifier: GPL-2.0-or-later
//! `--help`, made from the table. Layer: effects.

use alloc::format;
use alloc::string::String;

use super::table::value::Value;
use super::table::{
    COMMANDS, COMMON_FLAGS, Command, EXIT_CODES, Flag, GLOBAL_FLAGS, PROGRAM, SUMMARY,
};
use super::text::{field, pad, wrap};

/// The column at which summaries start.
const SUMMARY_COLUMN: usize = 28;

/// Returns the help of the whole program.
#[must_use]
pub fn program() -> String {
    let mut out =
        format!("{PROGRAM} {SUMMARY}\n\nUsage: {PROGRAM} COMMAND [OPTION]...\n\nCommands:\n");
    for command in COMMANDS {
        entry(&mut out, &synopsis(command), command.summary);
    }
    out.push_str("\nCommon options:\n");
    for flag in COMMON_FLAGS {
        entry(&mut out, &spelling(flag), flag.summary);
    }
    options(&mut out, "Other options", GLOBAL_FLAGS, false);
    out.push_str("\nExit codes:\n");
    for (code, meaning) in EXIT_CODES {
        entry(&mut out, &format!("{code}"), meaning);
    }
    out.push_str(&format!(
        "\n{PROGRAM} COMMAND --help explains a command and lists its options.\n"
    ));
    out
}

/// Returns the help of one command.
#[must_use]
pub fn command(command: &Command) -> String {
    let mut out = format!("Usage: {PROGRAM} {}", synopsis(command));
    out.push_str(" [OPTION]...\n\n");
    wrap(&mut out, command.detail, 0, 0);
    options(&mut out, "Options", command.flags, false);
    options(&mut out, "Common options", command.flags, true);
    if !command.examples.is_empty() {
        out.push_str("\nExamples:\n");
        for (line, what) in command.examples {
            pad(&mut out, 2);
            out.push_str(line);
            out.push('\n');
            if !what.is_empty() {
                pad(&mut out, 6);
                wrap(&mut out, what, 6, 6);
            }
        }
    }
    out
}

/// Appends a heading and the common flags, or those that are not common.
fn options(out: &mut String, heading: &str, flags: &[&Flag], common: bool) {
    let flags = flags.iter().filter(|flag| flag.is_common() == common);
    let mut flags = flags.peekable();
    if flags.peek().is_some() {
        out.push_str(&format!("\n{heading}:\n"));
    }
    for flag in flags {
        let summary = match flag.value {
            Value::Choice(words) => format!("{}: {}", flag.summary, words.join(", ")),
            _ => flag.summary.into(),
        };
        entry(out, &spelling(flag), &summary);
    }
}

/// Returns the usage, such as `load IMAGE`.
#[must_use]
pub fn synopsis(command: &Command) -> String {
    match command.operand.metavar() {
        Some(operand) => format!("{} {operand}", command.name),
        None => command.name.into(),
    }
}

/// Returns a flag's names, such as `-v, --verbose` or `    --initrd FILE`.
fn spelling(flag: &Flag) -> String {
    let mut out = match flag.short {
        Some(letter) => format!("-{letter}, --{}", flag.long),
        None => format!("    --{}", flag.long),
    };
    if let Some(name) = flag.value.metavar() {
        out.push(' ');
        out.push_str(name);
    }
    out
}

fn entry(out: &mut String, name: &str, summary: &str) {
    field(out, &format!("  {name} "), SUMMARY_COLUMN, summary);
}
