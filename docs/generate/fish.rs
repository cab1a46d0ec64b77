// SPDX-License-Identifier: GPL-2.0-or-later
//! Completion for fish 3.

use kexec_bpf::cli::table::value::{AUTO, Value};
use kexec_bpf::cli::table::{COMMANDS, Flag, GLOBAL_FLAGS, Operand, PROGRAM};

use crate::{LICENCE, ORIGIN};

/// `in`: true when the first word is the argument; without one, when there is none.
/// `directories`: fish 3.6 takes `--root=` for a part of the path.
const FUNCTIONS: &str = "function __kexec_bpf_in
    set -l words (commandline -opc)
    test \"$words[2]\" = \"$argv[1]\"
end

function __kexec_bpf_directories
    __fish_complete_directories (commandline -ct | string replace -r '^--[^=]*=' '')
end

";

pub fn script() -> String {
    let mut out = format!("# {LICENCE}\n# {ORIGIN}\n\n{FUNCTIONS}complete -c {PROGRAM} -f\n");
    for flag in GLOBAL_FLAGS {
        line(&mut out, "", &option(flag));
    }
    for command in COMMANDS {
        let rest = format!("-a {} -d {}", command.name, quoted(command.summary));
        line(&mut out, "", &rest);
    }
    for command in COMMANDS {
        match command.operand {
            Operand::None | Operand::Entry => {}
            Operand::Image => line(&mut out, command.name, "-F"),
            Operand::WordImage { word, .. } => {
                line(&mut out, command.name, &format!("-F -a {word}"));
            }
            Operand::Command => {
                let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
                line(&mut out, command.name, &format!("-a '{}'", names.join(" ")));
            }
            Operand::Choice(words) => {
                line(&mut out, command.name, &format!("-a '{}'", words.join(" ")));
            }
        }
        for flag in command.flags {
            line(&mut out, command.name, &option(flag));
        }
    }
    out
}

fn line(out: &mut String, command: &str, rest: &str) {
    let condition = format!("__kexec_bpf_in {command}");
    let condition = condition.trim_end();
    out.push_str(&format!("complete -c {PROGRAM} -n '{condition}' {rest}\n"));
}

fn option(flag: &Flag) -> String {
    let mut out = match flag.short {
        Some(letter) => format!("-s {letter} -l {} ", flag.long),
        None => format!("-l {} ", flag.long),
    };
    match flag.value {
        Value::Nothing => {}
        Value::File | Value::Device => out.push_str("-r -F "),
        Value::Directory => out.push_str("-x -a '(__kexec_bpf_directories)' "),
        Value::Bytes(_) | Value::Text(_) | Value::Seconds => out.push_str("-x "),
        Value::MenuTime => out.push_str(&format!("-x -a {AUTO} ")),
        Value::Choice(words) => out.push_str(&format!("-x -a '{}' ", words.join(" "))),
    }
    out.push_str(&format!("-d {}", quoted(flag.summary)));
    out
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
