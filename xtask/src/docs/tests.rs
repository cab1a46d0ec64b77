// SPDX-License-Identifier: GPL-2.0-or-later
//! All options are in all files, and bash completes what it should.

use std::fs;
use std::path::Path;
use std::process::Command;

use kexec_bpf::table::{COMMANDS, GLOBAL_FLAGS, Id, PROGRAM, ROUTES};

use super::examples::EXAMPLES;
use super::{DOCUMENTS, Document, bash, man, prose};

#[test]
fn every_flag_and_command_is_in_every_file() {
    for Document { path, generate } in DOCUMENTS {
        let text = generate().replace("\\-", "-");
        for command in COMMANDS {
            assert!(text.contains(command.name), "{path}: {}", command.name);
        }
        let flags = COMMANDS.iter().flat_map(|command| command.flags);
        for flag in flags.chain(GLOBAL_FLAGS) {
            let spelling = if path.ends_with(".fish") {
                format!("-l {} ", flag.long)
            } else {
                format!("--{}", flag.long)
            };
            assert!(text.contains(&spelling), "{path}: --{}", flag.long);
        }
    }
}

#[test]
fn every_route_is_described() {
    for route in ROUTES {
        let described = prose::ROUTES.iter().any(|(name, _)| name == route);
        assert!(described, "xtask/src/docs/prose.rs does not know {route}");
    }
}

#[test]
fn man_page_has_short_lines_and_only_macros_of_man_7() {
    const MACROS: &[&str] = &[
        ".\\\"", ".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".BR", ".BI", ".I", ".RB", ".RI", ".RS",
        ".RE", ".EX", ".EE", ".br",
    ];
    for line in man::page().lines() {
        assert!(line.len() <= 80, "{line}");
        assert!(!line.starts_with('\''), "{line}");
        if line.starts_with('.') {
            let name = line.split(' ').next().unwrap();
            assert!(MACROS.contains(&name), "{line}");
        }
    }
}

/// The title of an item is one line of the source: a second one would be its text.
#[test]
fn no_title_of_an_item_is_torn() {
    let page = man::page();
    let titles = page.split(".TP\n").skip(1).map(|item| item.lines().next());
    for title in titles {
        assert!(
            title.is_some_and(|line| line.starts_with(".B")),
            "{title:?}"
        );
    }
    // The value of an option that may be left out is in its title.
    assert!(page.contains("\n.BI \"\\-\\-json\\fR[\\fB=\" WORD \\fR]\n"));
}

/// Returns the sections and subsections of the man page: heading and text.
fn man_sections() -> Vec<(String, String)> {
    let fonts = ["\\fB", "\\fI", "\\fR"];
    let page = man::page().replace("\\-", "-");
    let page = fonts.iter().fold(page, |page, font| page.replace(font, ""));
    let mut sections = Vec::new();
    for part in page.split("\n.S").skip(1) {
        let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
        let name = heading.get(2..).unwrap_or_default();
        sections.push((name.to_owned(), text.to_owned()));
    }
    sections
}

/// Returns the options that a part of the man page describes: the names of its items.
fn described(text: &str) -> Vec<&str> {
    let items = text.split(".TP\n").skip(1);
    let names = items.filter_map(|item| {
        let line = item.lines().next()?;
        let line = line.strip_prefix(".BI \"").or(line.strip_prefix(".B "))?;
        let (_, long) = line.split_once("--")?;
        long.split([' ', '"', '[']).next()
    });
    names.collect()
}

#[test]
fn man_page_describes_each_option_once() {
    let sections = man_sections();
    let texts = sections.iter().map(|(_, text)| text);
    let mut found: Vec<&str> = texts.flat_map(|text| described(text)).collect();
    found.sort_unstable();
    // Two options may have one name, as those of commands that do different things by force.
    let flags = COMMANDS.iter().flat_map(|command| command.flags);
    let mut options: Vec<_> = Vec::new();
    for flag in flags.chain(GLOBAL_FLAGS) {
        if !options.contains(&(flag.long, flag.id)) {
            options.push((flag.long, flag.id));
        }
    }
    let mut wanted: Vec<_> = options.into_iter().map(|(long, _)| long).collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

#[test]
fn man_page_names_each_option_of_a_command_with_it() {
    let sections = man_sections();
    for command in COMMANDS {
        let is = |name: &str| name.split(' ').next() == Some(command.name);
        let (_, text) = sections.iter().find(|(name, _)| is(name)).unwrap();
        let own = described(text);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let common = words.strip_suffix(": see COMMON OPTIONS.").unwrap_or("");
        // "Takes", or "Also takes".
        let common = common.rsplit_once("akes ").map_or("", |(_, names)| names);
        let common: Vec<_> = common.split(", ").collect();
        for flag in command.flags.iter().filter(|flag| flag.id != Id::Help) {
            let name = format!("--{}", flag.long);
            let is_listed = common.contains(&name.as_str());
            let is_described = own.contains(&flag.long);
            let found = (is_described, is_listed);
            let wanted = (!flag.is_common(), flag.is_common());
            assert_eq!(found, wanted, "{}: {name}", command.name);
        }
    }
}

/// Returns whether a command takes this option; `-n` may be short.
fn takes(command: &str, option: &str) -> bool {
    let command = COMMANDS.iter().find(|one| one.name == command).unwrap();
    command.flags.iter().any(|flag| {
        let short = flag.short.map(|letter| format!("-{letter}"));
        option.strip_prefix("--") == Some(flag.long) || short.as_deref() == Some(option)
    })
}

#[test]
fn examples_name_commands_and_options_that_there_are() {
    let mut shown = Vec::new();
    for (task, lines) in EXAMPLES {
        assert!(task.ends_with('.'), "{task}");
        let text = lines.join("\n").replace("\\\n", "");
        for line in text.lines().filter(|line| line.starts_with(PROGRAM)) {
            let line = line.split([';', '|', '&']).next().unwrap();
            let mut words = line.split_whitespace().skip(1);
            let command = words.next().unwrap();
            shown.push(command.to_owned());
            // Not those of `$(uname -r)`.
            let own = |word: &&str| word.starts_with('-') && !word.ends_with(')');
            for option in words.filter(own) {
                assert!(takes(command, option), "{line}: {option}");
            }
        }
        assert!(lines.iter().all(|line| line.len() <= 72), "{task}");
    }
    // `hook` is called by initramfses, and needs no example.
    for command in COMMANDS.iter().map(|command| command.name) {
        let is_shown =
            ["hook", "help"].contains(&command) || shown.iter().any(|one| one == command);
        assert!(is_shown, "no example of {command}");
    }
}

/// `packaging/install.sh` installs all of docs/*.md.
#[test]
fn the_man_page_cites_what_is_installed() {
    let page = man::page().replace("\\-", "-");
    let is_mark = |c: char| "(),.:;".contains(c);
    let words = page
        .split_whitespace()
        .map(|word| word.trim_matches(is_mark));
    let cited: Vec<_> = words.filter(|word| word.ends_with(".md")).collect();
    assert_eq!(cited, ["json.md", "secure-boot.md", "ima.md"]);
    for name in cited {
        assert!(guest::tree("docs").join(name).exists(), "{name}");
    }
}

/// Returns the words that bash offers in place of the last of `words`, in its order.
fn bash_offers(words: &[&str], script: &Path, directory: &Path) -> Vec<String> {
    const DRIVER: &str = r#"
        source "$1" && shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        compopt() { :; }
        _kexec_bpf "$1" "${!#}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["--norc", "-c", DRIVER, "bash"])
        .arg(script)
        .arg(PROGRAM)
        .args(words)
        .current_dir(directory)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.map(String::from).collect()
}

#[test]
fn bash_completes_commands_flags_words_and_files() {
    let scratch = std::env::temp_dir().join(format!("kexec-bpf.{}", std::process::id()));
    let directory = scratch.join("completion");
    fs::create_dir_all(&directory).unwrap();
    let script = scratch.join("kexec-bpf.bash");
    fs::write(&script, bash::script()).unwrap();
    for name in ["a b.efi", "c.img"] {
        fs::write(directory.join(name), "").unwrap();
    }
    fs::create_dir_all(directory.join("d")).unwrap();
    let offers = |words: &[&str]| bash_offers(words, &script, &directory);
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(offers(&[""]), names);
    assert_eq!(offers(&["u"]), ["unload"]);
    assert_eq!(offers(&["--v"]), ["--version"]);
    assert_eq!(offers(&["load", "--ini"]), ["--initrd"]);
    assert_eq!(offers(&["load", ""]), ["a b.efi", "c.img", "d"]);
    assert_eq!(offers(&["load", "a"]), ["a b.efi"]);
    assert_eq!(offers(&["load", "--initrd", "c"]), ["c.img"]);
    assert_eq!(offers(&["load", "--initrd", "=", "c"]), ["c.img"]);
    assert_eq!(offers(&["load", "--route", "n"]), ["native"]);
    assert_eq!(offers(&["load", "--route", "="]), ROUTES);
    assert_eq!(offers(&["load", "--route", "=", "n"]), ["native"]);
    assert!(offers(&["load", "--append", ""]).is_empty());
    assert_eq!(offers(&["kdump", ""]), ["check"]);
    assert_eq!(offers(&["kdump", "check", "c"]), ["c.img"]);
    assert_eq!(offers(&["kdump", "check", "--init"]), ["--initrd"]);
    assert_eq!(offers(&["help", "st"]), ["status"]);
    assert!(offers(&["help", "load", ""]).is_empty());
    for words in [&["hook", ""][..], &["hook", "-v", ""]] {
        assert_eq!(offers(words), ["boot", "enforce", "kdump"]);
    }
    assert!(offers(&["hook", "boot", ""]).is_empty());
    assert!(offers(&["hook", "-v", "boot", "e"]).is_empty());
    assert_eq!(offers(&["list", "--root", ""]), ["d"]);
    assert_eq!(offers(&["load", "--extras-root", "=", ""]), ["d"]);
    assert_eq!(offers(&["list", "--device", "c"]), ["c.img"]);
    assert_eq!(offers(&["boot", "--menu", ""]), ["auto", "forever"]);
    assert!(offers(&["boot", "--timeout", ""]).is_empty());
    assert!(offers(&["boot", ""]).is_empty());
    assert!(offers(&["status", ""]).is_empty());
    assert_eq!(
        offers(&["status", "--json", "="]),
        ["pretty", "short", "off"]
    );
    assert_eq!(offers(&["load", "--json", "=", "p"]), ["pretty"]);
    assert_eq!(offers(&["load", "--json", "c"]), ["c.img"]);
    assert!(offers(&["nonsense", ""]).is_empty());
    fs::remove_dir_all(&scratch).unwrap();
}
