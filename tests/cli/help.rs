// SPDX-License-Identifier: GPL-2.0-or-later
//! Help pages, the version, and wrong usage.

use kexec_bpf::table::{COMMANDS, COMMON_FLAGS, Command, Flag, GLOBAL_FLAGS};

use crate::program::{Directory, Run};

#[track_caller]
fn is_help_with(run: &Run, flags: &[&Flag]) {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for flag in flags {
        let spelling = match flag.short {
            Some(letter) => format!("-{letter}, --{}", flag.long),
            None => format!("    --{}", flag.long),
        };
        assert!(run.stdout.contains(&spelling), "no {spelling} in {run:?}");
    }
}

/// Expects a line for each option, and options of several commands to be under a
/// heading of their own.
#[track_caller]
fn own_options_come_first(page: &str, command: &Command) {
    let options = page.split("\n\n").filter_map(|part| {
        let (heading, options) = part.split_once('\n')?;
        let is_common = match heading {
            "Options:" => false,
            "Common options:" => true,
            _ => return None,
        };
        Some((is_common, options))
    });
    let mut found = Vec::new();
    for (is_common, options) in options {
        for line in options.lines() {
            let long = line.get(6..).and_then(|rest| rest.strip_prefix("--"));
            let long = long.and_then(|long| long.split(' ').next());
            found.extend(long.map(|long| (is_common, long)));
        }
    }
    let flags = command.flags.iter();
    let mut wanted: Vec<_> = flags.map(|flag| (flag.is_common(), flag.long)).collect();
    wanted.sort_by_key(|(is_common, _)| *is_common);
    assert_eq!(found, wanted);
}

#[test]
fn every_help_page_fits_the_console_and_names_every_flag() {
    let directory = Directory::new("help");
    for words in [&["--help"][..], &["-h"], &["help"]] {
        let page = directory.run(words);
        is_help_with(&page, GLOBAL_FLAGS);
        is_help_with(&page, COMMON_FLAGS);
        assert_eq!(page.stdout.matches("--help  ").count(), 1);
        for command in COMMANDS {
            let line = format!("\n  {}", command.name);
            assert!(page.stdout.contains(&line), "{}", command.name);
        }
    }
    for command in COMMANDS {
        let page = directory.run(&[command.name, "--help"]);
        is_help_with(&page, command.flags);
        own_options_come_first(&page.stdout, command);
        assert_eq!(page.stdout, directory.run(&["help", command.name]).stdout);
        assert_eq!(page.stdout, directory.run(&[command.name, "-h"]).stdout);
    }
}

#[test]
fn version_is_one_line() {
    let run = Directory::new("version").run(&["--version"]);
    let version = concat!("kexec-bpf ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((run.code, run.stdout.as_str()), (0, version));
}

#[test]
fn wrong_usage_exits_with_2_and_names_the_help() {
    let directory = Directory::new("usage");
    for (words, what, help) in [
        (&[][..], "no command given", "--help"),
        (&["frob"], "unknown command frob", "--help"),
        (&["--frob"], "unknown option --frob", "--help"),
        (&["help", "lod"], "unknown command lod", "--help"),
        (&["load"], "load: no image given", "load --help"),
        (
            &["load", "--initrd"],
            "--initrd needs a value",
            "load --help",
        ),
        (
            &["load", "a", "b"],
            "load: unexpected argument b",
            "load --help",
        ),
        (
            &["load", "a", "--dry-run=yes"],
            "--dry-run takes no value",
            "load --help",
        ),
        (
            &["exec", "now"],
            "exec: unexpected argument now",
            "exec --help",
        ),
        (
            &["status", "--panic"],
            "unknown option --panic",
            "status --help",
        ),
        (&["inspect"], "inspect: no image given", "inspect --help"),
        (
            &["kdump", "k.efi"],
            "kdump: expected the word check, not k.efi",
            "kdump --help",
        ),
        // Fails before the program looks for disks.
        (
            &["boot", "--root", "missing", "--menu", "x"],
            "--menu x: not a number of seconds",
            "boot --help",
        ),
        (
            &["list", "--root", "missing", "--timeout", "x"],
            "--timeout x: not a number of seconds",
            "list --help",
        ),
        (
            &["list", "--root", ""],
            "--root: the value is empty",
            "list --help",
        ),
        (
            &["load", "missing", "--crypt-key", "a"],
            "--crypt-key needs --panic",
            "load --help",
        ),
    ] {
        let text = format!("kexec-bpf: {what}\ntry:   kexec-bpf {help}\n");
        directory.run(words).fails(2, &text);
    }
}

#[test]
fn an_unknown_route_is_answered_with_the_known_ones() {
    let run = Directory::new("route").run(&["load", "a", "--route", "teleport"]);
    assert_eq!(run.code, 2);
    for word in kexec_bpf::table::ROUTES {
        assert!(run.stderr.contains(word), "{}", run.stderr);
    }
}

#[test]
fn a_dry_exec_shows_what_a_jump_would_do() {
    let run = Directory::new("dry-exec").run(&["exec", "-n"]);
    // Nothing is loaded here, or this host runs services, or it has no kexec at all.
    assert!([1, 4, 5].contains(&run.code), "{run:?}");
    let labels = ["image", "programs", "writable", "jump          no"];
    for label in labels {
        assert!(
            run.stdout.lines().any(|line| line.starts_with(label)),
            "{run:?}"
        );
    }
    assert!(run.stderr.starts_with("kexec-bpf: exec: "), "{run:?}");
}

/// The program chooses what to do by a command's id, and the compiler checks only
/// that there is something to do for each id.
#[test]
fn no_two_commands_are_one() {
    for (number, command) in COMMANDS.iter().enumerate() {
        let mut others = COMMANDS.iter().skip(number + 1);
        assert!(
            others.all(|other| other.id != command.id),
            "{}",
            command.name
        );
    }
}

/// A mistyped option names the right one; one of kexec(8) names what to use here.
#[test]
fn an_unknown_option_says_what_was_meant() {
    let directory = Directory::new("meant");
    for (words, option, meant) in [
        (
            &["load", "--dry_run", "a"][..],
            "--dry_run",
            "--dry-run; kexec-bpf load --help",
        ),
        (
            &["load", "--initrds=b", "a"],
            "--initrds",
            "--initrd; kexec-bpf load --help",
        ),
        (
            &["load", "--appnd=b", "a"],
            "--appnd",
            "--append; kexec-bpf load --help",
        ),
        (&["-l", "a"], "-l", "kexec-bpf load IMAGE; kexec-bpf --help"),
        (&["-e"], "-e", "kexec-bpf exec; kexec-bpf --help"),
        (
            &["-p", "a"],
            "-p",
            "kexec-bpf load --panic IMAGE; with -u, kexec-bpf unload --panic; kexec-bpf --help",
        ),
        (
            &["load", "-s", "a"],
            "-s",
            "leave it out, because kexec_file_load(2) is always used; kexec-bpf load --help",
        ),
        (
            &["load", "--reuse-cmd", "a"],
            "--reuse-cmd",
            "--reuse-cmdline; kexec-bpf load --help",
        ),
        (
            &["load", "-d", "a"],
            "-d",
            "--verbose; kexec-bpf load --help",
        ),
        (
            &["-f", "a"],
            "-f",
            "kexec-bpf load IMAGE; kexec-bpf exec --force; kexec-bpf --help",
        ),
        (
            &["unload", "-p", "-u"],
            "-u",
            "kexec-bpf unload; with -p, kexec-bpf unload --panic; kexec-bpf unload --help",
        ),
        (
            &["-S"],
            "-S",
            "kexec-bpf status --crash-loaded, which exits with 0 if one is loaded; kexec-bpf --help",
        ),
        (&["-v"], "-v", "--version; kexec-bpf --help"),
        (
            &["boot", "--reuse-cmdline"],
            "--reuse-cmdline",
            "kexec-bpf load IMAGE with it; kexec-bpf boot --help",
        ),
        (&["load", "--xyz", "a"], "--xyz", "kexec-bpf load --help"),
        (&["load", "-z", "a"], "-z", "kexec-bpf load --help"),
        (
            &["load", "-x", "a"],
            "-x",
            "leave it out, because it has no meaning here; kexec-bpf load --help",
        ),
    ] {
        let text = format!("kexec-bpf: unknown option {option}\ntry:   {meant}\n");
        directory.run(words).fails(2, &text);
    }
}
