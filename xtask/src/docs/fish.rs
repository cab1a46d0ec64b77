// SPDX-License-Identifier: GPL-2.0-or-later
//! Completion for fish 3.

use kexec_bpf::parts::formats::loader_conf::{AUTO, FOREVER};
use kexec_bpf::table::value::Value;
use kexec_bpf::table::{COMMANDS, Flag, GLOBAL_FLAGS, Id, Operand, PROGRAM};

use super::{LICENCE, ORIGIN};

/// Functions of the completion. `in` is true if the first word equals the argument; called
/// without an argument, if no word has been typed. `first` is true if, in addition, all
/// other words are flags. `directories` offers directories, because fish 3.6 takes
/// `--root=` for a part of the path. `path` is true if the word that is typed is a path. `ask` offers what the program itself knows.
const FUNCTIONS: &str = "function __kexec_bpf_in
    set -l words (commandline -opc)
    test \"$words[2]\" = \"$argv[1]\"
end

function __kexec_bpf_first
    set -l words (commandline -opc | string match -v -- '-*')
    test \"$words[2]\" = \"$argv[1]\" -a (count $words) -eq 2
end

function __kexec_bpf_ask
    # The words are as typed.
    set -l home (string escape --style=regex -- $HOME)
    set -l words (commandline -op | string replace -r '^(~|\\$HOME)/' $home/)
    timeout 1 $words[1] complete $argv[1] $words[3..-1] 2>/dev/null
end

function __kexec_bpf_path
    __kexec_bpf_in $argv[1]; and string match -q '*/*' -- (commandline -ct)
end

function __kexec_bpf_directories
    __fish_complete_directories (commandline -ct | string replace -r '^--[^=]*=' '')
end

";

const IN: &str = "__kexec_bpf_in";
const PATH: &str = "__kexec_bpf_path";
const FIRST: &str = "__kexec_bpf_first";

pub fn script() -> String {
    let mut out = format!("# {LICENCE}\n# {ORIGIN}\n\n{FUNCTIONS}complete -c {PROGRAM} -f\n");
    for flag in GLOBAL_FLAGS {
        line(&mut out, IN, "", &option(flag));
    }
    for command in COMMANDS {
        let rest = format!("-a {} -d {}", command.name, quoted(command.summary));
        line(&mut out, IN, "", &rest);
    }
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    for command in COMMANDS {
        let words = match command.operand {
            Operand::None | Operand::Entry | Operand::Image => "",
            Operand::WordImage { word, .. } => word,
            Operand::Command => &names.join(" "),
            Operand::Choice { words, .. } => &words.join(" "),
        };
        if !words.is_empty() {
            line(&mut out, FIRST, command.name, &format!("-a '{words}'"));
        }
        if command.operand == Operand::Entry {
            let ask = "-a '(__kexec_bpf_ask entries)'";
            line(&mut out, IN, command.name, ask);
            line(&mut out, PATH, command.name, "-F");
        }
        if matches!(command.operand, Operand::Image | Operand::WordImage { .. }) {
            line(&mut out, IN, command.name, "-F");
        }
        for flag in command.flags {
            line(&mut out, IN, command.name, &option(flag));
        }
    }
    out
}

fn line(out: &mut String, condition: &str, command: &str, rest: &str) {
    let condition = format!("{condition} {command}");
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
        // Without -r the value may be left out; it is offered after a =.
        Value::Optional(words) => out.push_str(&format!("-a '{}' ", words.join(" "))),
        Value::File => out.push_str("-r -F "),
        Value::Device => out.push_str("-r -F -a '(__kexec_bpf_ask devices)' "),
        Value::Bytes(_) if flag.id == Id::Profile => {
            out.push_str("-x -a '(__kexec_bpf_ask profiles)' ");
        }
        Value::Directory => out.push_str("-x -a '(__kexec_bpf_directories)' "),
        Value::Bytes(_) | Value::Text(_) | Value::Seconds => out.push_str("-x "),
        Value::MenuTime => out.push_str(&format!("-x -a '{AUTO} {FOREVER}' ")),
        Value::Choice(words) => out.push_str(&format!("-x -a '{}' ", words.join(" "))),
    }
    out.push_str(&format!("-d {}", quoted(flag.summary)));
    out
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
