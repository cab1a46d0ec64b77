// SPDX-License-Identifier: GPL-2.0-or-later
//! Completion for zsh, for a file named `_kexec-bpf` in its fpath.

use kexec_bpf::parts::formats::loader_conf::{AUTO, FOREVER};
use kexec_bpf::table::value::Value;
use kexec_bpf::table::{COMMANDS, EXCLUSIVE, Flag, GLOBAL_FLAGS, Id, Operand, PROGRAM};

use super::{LICENCE, ORIGIN};

/// Offers what the program itself knows: entries, profiles, devices.
const ASK: &str = r#"_kexec_bpf_ask() {
    local -a found line
    # The words are as typed.
    line=(${words[2,-1]/#(\~|\$HOME|\$\{HOME\})\//${(q)HOME}/})
    line=(${line/#\"(\$HOME|\$\{HOME\})\//\"$HOME/})
    found=(${(f)"$(timeout 1 $service complete $1 ${(Q)line} 2>/dev/null)"})
    compadd -a found
}

"#;

pub fn script() -> String {
    let mut out =
        format!("#compdef {PROGRAM}\n# {LICENCE}\n# {ORIGIN}\n\n_kexec_bpf_commands() {{\n");
    out.push_str("    local -a commands=(\n");
    for command in COMMANDS {
        let entry = format!("{}:{}", command.name, command.summary);
        out.push_str(&format!("        {}\n", quoted(&entry)));
    }
    out.push_str("    )\n    _describe command commands\n}\n\n");
    out.push_str(ASK);
    out.push_str("_kexec_bpf() {\n");
    out.push_str("    local curcontext=$curcontext state line\n    typeset -A opt_args\n");
    arguments(
        &mut out,
        4,
        "-C",
        GLOBAL_FLAGS,
        &["1:command:->command", "*:: :->rest"],
    );
    out.push_str("    case $state in\n    command)\n");
    out.push_str("        _kexec_bpf_commands\n        ;;\n    rest)\n");
    out.push_str("        case $words[1] in\n");
    for command in COMMANDS {
        let operand: Vec<String> = match command.operand {
            Operand::None => Vec::new(),
            Operand::Image => vec!["1:IMAGE:_files".into()],
            Operand::Command => vec!["1:COMMAND:_kexec_bpf_commands".into()],
            Operand::WordImage { word, .. } => {
                vec![format!("1:WORD:({word})"), "2:IMAGE:_files".into()]
            }
            Operand::Entry => {
                vec!["1:ENTRY:{[[ $PREFIX = */* ]] && _files || _kexec_bpf_ask entries}".into()]
            }
            Operand::Choice { words, .. } => vec![format!("1:WORD:({})", words.join(" "))],
        };
        let operand: Vec<&str> = operand.iter().map(String::as_str).collect();
        out.push_str(&format!("        {})\n", command.name));
        arguments(&mut out, 12, "-s", command.flags, &operand);
        out.push_str("            ;;\n");
    }
    out.push_str("        esac\n        ;;\n    esac\n}\n\n_kexec_bpf \"$@\"\n");
    out
}

/// Adds a call of `_arguments`.
fn arguments(out: &mut String, indent: usize, mode: &str, flags: &[&Flag], operands: &[&str]) {
    let pad = " ".repeat(indent);
    out.push_str(&format!("{pad}_arguments {mode} -S"));
    let specs = flags.iter().map(|flag| spec(flag));
    let operands = operands.iter().map(|operand| quoted(operand));
    for spec in specs.chain(operands) {
        out.push_str(&format!(" \\\n{pad}    {spec}"));
    }
    out.push('\n');
}

/// Returns an argument of `_arguments`, like
/// `'(-n --dry-run)'{-n,--dry-run}'[print the plan]'`: flags that it excludes, its
/// spellings, and its description.
fn spec(flag: &Flag) -> String {
    let (short_value, long_value) = match flag.value {
        Value::Nothing => ("", ""),
        // The value may be left out, and is in the same word.
        Value::Optional(_) => ("", "=-"),
        _ => ("+", "="),
    };
    let long = format!("--{}{long_value}", flag.long);
    let summary = flag.summary.replace('[', "\\[").replace(']', "\\]");
    let mut rest = format!("[{summary}]");
    if let Value::Optional(words) = flag.value {
        rest.push_str(&format!("::WORD:({})", words.join(" ")));
    }
    if let Some(name) = flag.value.metavar() {
        let action = match flag.value {
            Value::File => "_files".into(),
            Value::Device => "{_kexec_bpf_ask devices; _files}".into(),
            Value::Bytes(_) if flag.id == Id::Profile => "{_kexec_bpf_ask profiles}".into(),
            Value::Directory => "_files -/".into(),
            Value::Choice(words) => format!("({})", words.join(" ")),
            Value::MenuTime => format!("({AUTO} {FOREVER})"),
            // A value must follow, but there is none to offer.
            Value::Nothing
            | Value::Optional(_)
            | Value::Bytes(_)
            | Value::Text(_)
            | Value::Seconds => " ".into(),
        };
        rest.push_str(&format!(":{name}:{action}"));
    }
    let before = match (flag.repeatable, excluded(flag)) {
        (true, _) => "*".into(),
        (false, names) if names.is_empty() => String::new(),
        (false, names) => format!("({})", names.join(" ")),
    };
    match flag.short {
        Some(letter) => format!(
            "{}{{-{letter}{short_value},{long}}}{}",
            quoted(&before),
            quoted(&rest)
        ),
        None => quoted(&format!("{before}{long}{rest}")),
    }
}

/// Returns the flags that are no longer offered once this one is there.
fn excluded(flag: &Flag) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(letter) = flag.short {
        names.push(format!("-{letter}"));
        names.push(format!("--{}", flag.long));
    }
    for (one, other) in EXCLUSIVE {
        if one.id == flag.id {
            names.push(format!("--{}", other.long));
        }
        if other.id == flag.id {
            names.push(format!("--{}", one.long));
        }
    }
    names
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
