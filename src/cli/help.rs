// SPDX-License-Identifier: GPL-2.0-or-later
//! `--help`, made from the table. Layer: effects.

use alloc::format;
use alloc::string::String;

use super::table::value::Value;
use super::table::{
    COMMANDS, COMMON_FLAGS, Command, EXIT_CODES, Flag, GLOBAL_FLAGS, PROGRAM, SUMMARY,
};
use super::text::Page;

/// The column at which summaries start.
const SUMMARY_COLUMN: u8 = 28;

/// Returns the help of the whole program.
#[must_use]
pub fn program() -> Page {
    let mut out = Page::default();
    out.put("", format_args!("{PROGRAM} {SUMMARY}"));
    out.paragraph("");
    out.put("", format_args!("Usage: {PROGRAM} COMMAND [OPTION]..."));
    heading(&mut out, "Commands");
    for command in COMMANDS {
        entry(&mut out, &synopsis(command), command.summary);
    }
    heading(&mut out, "Common options");
    for flag in COMMON_FLAGS {
        entry(&mut out, &spelling(flag), flag.summary);
    }
    options(&mut out, "Other options", GLOBAL_FLAGS, false);
    heading(&mut out, "Exit codes");
    for (code, meaning) in EXIT_CODES {
        entry(&mut out, &format!("{code}"), meaning);
    }
    out.paragraph("");
    let text = format_args!("{PROGRAM} COMMAND --help explains a command and lists its options.");
    out.put("", text);
    out
}

/// Returns the help of one command.
#[must_use]
pub fn command(command: &Command) -> Page {
    let mut out = Page::default();
    let synopsis = synopsis(command);
    out.put("", format_args!("Usage: {PROGRAM} {synopsis} [OPTION]..."));
    out.paragraph("");
    out.paragraph(command.detail);
    options(&mut out, "Options", command.flags, false);
    options(&mut out, "Common options", command.flags, true);
    if !command.examples.is_empty() {
        heading(&mut out, "Examples");
        for (line, what) in command.examples {
            out.field("", 2, line);
            if !what.is_empty() {
                out.field("", 6, what);
            }
        }
    }
    out
}

/// Appends a heading and the common flags, or those that are not common.
fn options(out: &mut Page, title: &str, flags: &[&Flag], common: bool) {
    let flags = flags.iter().filter(|flag| flag.is_common() == common);
    let mut flags = flags.peekable();
    if flags.peek().is_some() {
        heading(out, title);
    }
    for flag in flags {
        let summary = match flag.value {
            Value::Choice(words) | Value::Optional(words) => {
                format!("{}: {}", flag.summary, words.join(", "))
            }
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

fn heading(out: &mut Page, title: &str) {
    out.paragraph("");
    out.put("", format_args!("{title}:"));
}

fn entry(out: &mut Page, name: &str, summary: &str) {
    out.field(&format!("  {name} "), SUMMARY_COLUMN, summary);
}
