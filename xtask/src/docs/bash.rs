// SPDX-License-Identifier: GPL-2.0-or-later
//! Completion for bash. It needs bash 4, but not bash-completion.

use kexec_bpf::parts::formats::loader_conf::{AUTO, FOREVER};
use kexec_bpf::table::value::Value;
use kexec_bpf::table::{COMMANDS, Command, Flag, GLOBAL_FLAGS, Id, Operand, PROGRAM};

use super::{LICENCE, ORIGIN};

/// bash splits words at `=` as well, so `--route=n` arrives as three words.
/// `given` counts the operands of a command whose flags take no values.
const HEAD: &str = r#"_kexec_bpf() {
    local current=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    local flags='' words='' paths='' ask='' word whole part
    local -i given=0 index
    for ((index = 2; index < COMP_CWORD; index++)); do
        [[ ${COMP_WORDS[index]} == -* ]] || given+=1
    done
    if [[ $current == '=' ]]; then
        current=''
        # An optional value has to follow a =.
        [[ $before != --json ]] || before+='='
    elif [[ $before == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
        [[ $before != --json ]] || before+='='
    fi
    if ((COMP_CWORD == 1)); then
        command='' before=''
    fi
    case $command:$before in
"#;

const TAIL: &str = r#"    esac
    COMPREPLY=()
    if [[ $current == -* && -n $flags ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    elif [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    fi
    if [[ $ask == entries && $current == */* ]]; then
        # The path of an image.
        ask='' paths=-f
    fi
    if [[ -n $ask && $current != -* ]]; then
        # bash splits at the : of a name and the @ of a profile as well. readline replaces $2.
        for ((index = COMP_CWORD; index > 2; index--)); do
            [[ ${COMP_WORDS[index]} == [@:] || ${COMP_WORDS[index - 1]} == [@:] ]] || break
        done
        printf -v whole %s "${COMP_WORDS[@]:index:COMP_CWORD - index}" "$current"
        part=$2
        ((index < COMP_CWORD)) || part=$current
        while read -r word; do
            [[ $word != "$whole"* ]] || COMPREPLY+=("${word#"${whole%"$part"}"}")
        done < <(
            for ((index = 2; index < ${#COMP_WORDS[@]}; index++)); do
                word=${COMP_WORDS[index]}
                case $word in
                \~/* | "\$HOME/"* | "\${HOME}/"*) word=${HOME@Q}/${word#*/} ;;
                "\"\$HOME/"* | "\"\${HOME}/"*) word="\"$HOME/${word#*/}" ;;
                esac
                ((index == COMP_CWORD)) || printf '%s\n' "$word"
            done |
                # The words are as typed. xargs removes quotes and, unlike eval, runs nothing
                # that is in them.
                timeout 1 xargs "${COMP_WORDS[0]}" complete "$ask" 2>/dev/null
        )
    fi
    if [[ -n $paths && $current != -* ]]; then
        compopt -o filenames
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$paths" -- "$current")
    fi
}
"#;

const FILES: &str = "paths=-f";
const DIRECTORIES: &str = "paths=-d";

pub fn script() -> String {
    let mut out = format!("# shellcheck shell=bash\n# {LICENCE}\n# {ORIGIN}\n\n{HEAD}");
    for command in COMMANDS {
        for flag in command.flags {
            value(&mut out, command, flag);
        }
    }
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    case(&mut out, ":*", &flags(GLOBAL_FLAGS), &words(&names));
    for command in COMMANDS {
        let operand = match command.operand {
            Operand::None => String::new(),
            Operand::Entry => "ask=entries".into(),
            Operand::Image => FILES.into(),
            Operand::WordImage { word, .. } => {
                // The word comes right after the command.
                let pattern = format!("{0}:{0}", command.name);
                case(&mut out, &pattern, &flags(command.flags), &words(&[word]));
                FILES.into()
            }
            Operand::Command => format!("((given)) || {}", words(&names)),
            Operand::Choice { words: choice, .. } => format!("((given)) || {}", words(choice)),
        };
        let pattern = format!("{}:*", command.name);
        case(&mut out, &pattern, &flags(command.flags), &operand);
    }
    out.push_str(TAIL);
    out.push_str(&format!("complete -F _kexec_bpf {PROGRAM}\n"));
    out
}

/// Adds the words or files that may follow a flag that takes a value.
fn value(out: &mut String, command: &Command, flag: &Flag) {
    let offer = match flag.value {
        Value::Nothing => return,
        Value::File => FILES.into(),
        Value::Device => format!("ask=devices {FILES}"),
        Value::Bytes(_) if flag.id == Id::Profile => "ask=profiles".into(),
        Value::Directory => DIRECTORIES.into(),
        Value::Bytes(_) | Value::Text(_) | Value::Seconds => ":".into(),
        Value::MenuTime => words(&[AUTO, FOREVER]),
        Value::Choice(choice) | Value::Optional(choice) => words(choice),
    };
    if let Value::Optional(_) = flag.value {
        let pattern = format!("{}:--{}=", command.name, flag.long);
        return case(out, &pattern, "", &offer);
    }
    let mut pattern = format!("{}:--{}", command.name, flag.long);
    if let Some(letter) = flag.short {
        pattern.push_str(&format!(" | {}:-{letter}", command.name));
    }
    case(out, &pattern, "", &offer);
}

fn case(out: &mut String, pattern: &str, flags: &str, offer: &str) {
    out.push_str(&format!("    {pattern})\n"));
    for line in [flags, offer].into_iter().filter(|line| !line.is_empty()) {
        out.push_str(&format!("        {line}\n"));
    }
    out.push_str("        ;;\n");
}

fn flags(flags: &[&Flag]) -> String {
    let names: Vec<_> = flags
        .iter()
        .map(|flag| format!("--{}", flag.long))
        .collect();
    format!("flags='{}'", names.join(" "))
}

fn words(words: &[&str]) -> String {
    format!("words='{}'", words.join(" "))
}
