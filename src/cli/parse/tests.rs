// SPDX-License-Identifier: GPL-2.0-or-later
//! Command lines that conform to the table, and the errors of those that do not.

use super::*;
use crate::cli::report::hints;
use crate::cli::table::{COMMANDS, ROUTES};
use crate::formats::entries::loader_conf::Timeout;
use crate::policy::plan::Route;

fn parse_words<'w>(words: &[&'w str]) -> Result<Parsed<'w>, Diagnosis> {
    let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    parse(&bytes)
}

#[test]
fn flags_and_operand_may_be_mixed() {
    let parsed = parse_words(&["load", "--initrd", "a", "k.efi", "--initrd=b", "-nv"]).unwrap();
    assert_eq!(parsed.command.unwrap().name, "load");
    assert_eq!(parsed.operand, Some(&b"k.efi"[..]));
    let initrds: Vec<_> = parsed.values(Id::Initrd).collect();
    assert_eq!(initrds, [b"a", b"b"]);
    assert!(parsed.has(Id::DryRun) && parsed.has(Id::Verbose));
}

#[test]
fn the_last_of_a_single_flag_wins_and_values_may_look_like_flags() {
    let parsed = parse_words(&[
        "load",
        "--command-line",
        "a",
        "--command-line=",
        "--append",
        "-- b",
        "k",
    ])
    .unwrap();
    assert_eq!(parsed.value(Id::CommandLine), Some(&b""[..]));
    assert_eq!(parsed.value(Id::Append), Some(&b"-- b"[..]));
}

#[test]
fn wrong_usage_says_what_and_where_to_look() {
    for (words, what, hint) in [
        (&[][..], "no command given", "kexec-bpf --help"),
        (
            &["lod"][..],
            "unknown command lod",
            "load; kexec-bpf --help",
        ),
        (&["xyz"][..], "unknown command xyz", "kexec-bpf --help"),
        (&["--frob"][..], "unknown option --frob", "kexec-bpf --help"),
        (
            &["load"][..],
            "load: no image given",
            "kexec-bpf load --help",
        ),
        (
            &["load", "-z", "k"][..],
            "unknown option -z",
            "kexec-bpf load --help",
        ),
        (
            &["load", "k", "--initrd"][..],
            "--initrd needs a value",
            "kexec-bpf load --help",
        ),
        (
            &["kdump", "k.efi"][..],
            "kdump: expected the word check, not k.efi",
            "kexec-bpf kdump --help",
        ),
        (
            &["kdump", "check"][..],
            "kdump: no image given",
            "kexec-bpf kdump --help",
        ),
        (
            &["load", "a", "b"][..],
            "load: unexpected argument b",
            "kexec-bpf load --help",
        ),
        (
            &["exec", "a"][..],
            "exec: unexpected argument a",
            "kexec-bpf exec --help",
        ),
        (
            &["exec", "--no-sync=1"][..],
            "--no-sync takes no value",
            "kexec-bpf exec --help",
        ),
        (
            &["load", "k", "--route", "teleport"][..],
            "--route teleport: must be one of auto, handshake, native, extract",
            "kexec-bpf load --help",
        ),
    ] {
        let error = parse_words(words).unwrap_err();
        assert_eq!((error.what.as_str(), hints(&error).as_str()), (what, hint));
    }
}

/// The options of kexec-tools 2.0.32 on x86_64, but those for help and the version.
#[test]
fn options_of_kexec_tools_are_told_what_replaces_them() {
    const LONG: &str = "force no-checks no-ifdown no-sync load unload exec \
        exec-live-update load-preserve-context load-jump-back-helper load-live-update entry type \
        load-panic mem-min mem-max reuseinitrd kexec-file-syscall kexec-syscall \
        kexec-syscall-auto debug status print-ckr-size hotplug no-cma force-dtb append args-elf \
        args-linux args-none command-line console-serial console-vga dtb elf32-core-headers \
        elf64-core-headers entry-32bit initrd module noefi pass-memmap-cmdline ramdisk real-mode \
        reset-vga reuse-cmdline reuse-video-type serial serial-baud";
    let long = LONG.split_whitespace().map(|name| format!("--{name}"));
    let short = "dfixyluetpscaS".chars().map(|name| format!("-{name}"));
    for option in long.chain(short) {
        let found = parse_words(&["load", "k", &option]);
        if let Err(error) = found
            && error.what.starts_with("unknown option")
        {
            assert!(error.hints.len() > 1, "{option}: {}", hints(&error));
        }
    }
}

/// An option of this program is no option of kexec-tools that means nothing here, and neither
/// is a word that only begins as one.
#[test]
fn only_options_of_kexec_tools_are_called_so() {
    let flags = COMMANDS.iter().flat_map(|command| command.flags);
    let mut names: Vec<_> = flags.map(|flag| flag.long).collect();
    names.extend([
        "entry-foo",
        "reuse-foo",
        "load-x",
        "exec-x",
        "elf",
        "mem-",
        "serial-",
    ]);
    for command in COMMANDS {
        for name in &names {
            let option = format!("--{name}");
            if let Err(error) = parse_words(&[command.name, &option]) {
                let hints = hints(&error);
                assert!(
                    !hints.contains("because"),
                    "{} {option}: {hints}",
                    command.name
                );
            }
        }
    }
}

#[test]
fn help_needs_no_operand() {
    let check = parse_words(&["kdump", "--append=a", "check", "k.efi"]).unwrap();
    assert_eq!(check.operand, Some(&b"k.efi"[..]));
    assert!(parse_words(&["load", "--help"]).unwrap().has(Id::Help));
    assert!(parse_words(&["-V"]).unwrap().has(Id::Version));
}

/// Returns the usage error of a command line.
#[track_caller]
fn wrong(arguments: &[&[u8]]) -> String {
    parse(arguments).unwrap_err().what.clone()
}

#[test]
fn paths_and_bytes_are_taken_as_they_are() {
    for (long, id) in [
        ("--initrd", Id::Initrd),
        ("--addon", Id::Addon),
        ("--append", Id::Append),
        ("--command-line", Id::CommandLine),
        ("--profile", Id::Profile),
    ] {
        // An empty path is reported by the code that opens it.
        for value in [&b"a"[..], b"", b"\xff\n", b"99999999999999999999"] {
            let parsed = parse(&[b"load", b"k", long.as_bytes(), value]).unwrap();
            assert_eq!(parsed.value(id), Some(value), "{long}");
        }
    }
    assert_eq!(parse(&[b"load", b""]).unwrap().operand, Some(&b""[..]));
}

#[test]
fn directories_and_devices_are_not_empty() {
    for (command, long, id) in [
        ("list", "--root", Id::Root),
        ("list", "--device", Id::Device),
        ("load", "--extras-root", Id::ExtrasRoot),
    ] {
        let [command, flag] = [command, long].map(str::as_bytes);
        for value in [&b"/a"[..], b"UUID=1", b"\xff", b"99999999999999999999"] {
            let arguments = [command, flag, value, b"k"];
            let operands = usize::from(command == b"load");
            let parsed = parse(&arguments[..3 + operands]).unwrap();
            assert_eq!(parsed.value(id), Some(value), "{long}");
        }
        let what = format!("{long}: the value is empty");
        assert_eq!(wrong(&[command, flag, b""]), what);
    }
}

#[test]
fn text_is_utf_8() {
    let key = |value| [&b"load"[..], b"k", b"--panic", b"--crypt-key", value];
    for text in ["a", "cryptsetup:\u{e9}", "99999999999999999999"] {
        let arguments = key(text.as_bytes());
        let parsed = parse(&arguments).unwrap();
        assert!(parsed.texts(Id::CryptKey).eq([text]));
    }
    assert_eq!(wrong(&key(b"a\xff")), "--crypt-key a\\xff: not UTF-8");
    assert_eq!(wrong(&key(b"")), "--crypt-key: the value is empty");
    let two = parse_words(&["load", "k", "-p", "--crypt-key=a", "--crypt-key", "b"]).unwrap();
    assert!(two.texts(Id::CryptKey).eq(["a", "b"]));
}

#[test]
fn seconds_are_a_number() {
    for (text, seconds) in [("0", 0), ("007", 7), ("4294967295", u32::MAX)] {
        let parsed = parse_words(&["list", "--timeout", text]).unwrap();
        assert_eq!(parsed.seconds(Id::Timeout), Some(seconds));
    }
    for value in [
        &b"x"[..],
        b"auto",
        b"-1",
        b"+1",
        b"1.5",
        b" 1",
        b"4294967296",
        b"99999999999999999999",
    ] {
        let what = |flag| format!("{flag} {}: not a number of seconds", show(value));
        assert_eq!(wrong(&[b"list", b"--timeout", value]), what("--timeout"));
        if value != b"auto" {
            assert_eq!(wrong(&[b"boot", b"--menu", value]), what("--menu"));
        }
    }
    let empty = wrong(&[b"list", b"--timeout", b""]);
    assert_eq!(empty, "--timeout: not a number of seconds");
    for (command, flag) in [("list", "--timeout"), ("boot", "--menu")] {
        let bytes = wrong(&[command.as_bytes(), flag.as_bytes(), b"\xff"]);
        assert_eq!(bytes, format!("{flag} \\xff: not a number of seconds"));
    }
    let last = parse_words(&["list", "--timeout=1", "--timeout=2"]).unwrap();
    assert_eq!(last.seconds(Id::Timeout), Some(2));
    let none = parse_words(&["list"]).unwrap();
    assert_eq!(none.seconds(Id::Timeout), None);
}

#[test]
fn a_menu_has_seconds_or_those_of_loader_conf() {
    for (text, time) in [
        ("auto", MenuTime::Auto),
        ("0", MenuTime::Given(Timeout::Hidden)),
        ("forever", MenuTime::Given(Timeout::Forever)),
        ("", MenuTime::Given(Timeout::Forever)),
        ("5", MenuTime::Given(Timeout::Seconds(5))),
    ] {
        let parsed = parse_words(&["boot", "--menu", text]).unwrap();
        assert_eq!(parsed.menu_time(Id::Menu), Some(time));
    }
    let parsed = parse_words(&["boot", "--menu"]).unwrap();
    let forever = MenuTime::Given(Timeout::Forever);
    assert_eq!(parsed.menu_time(Id::Menu), Some(forever));
    assert_eq!(
        wrong(&[b"boot", b"--menu", b"AUTO"]),
        "--menu AUTO: not a number of seconds"
    );
}

#[test]
fn a_choice_is_one_of_its_words() {
    for word in ROUTES {
        let parsed = parse_words(&["load", "k", "--route", word]).unwrap();
        assert_eq!(parsed.value(Id::Route), Some(word.as_bytes()));
    }
    for value in [&b""[..], b"Auto", b"99999999999999999999", b"\xff"] {
        let what = "must be one of auto, handshake, native, extract";
        let what = format!("--route {}: {what}", show(value));
        assert_eq!(wrong(&[b"load", b"k", b"--route", value]), what);
    }
}

/// Each value of `--route` but `auto` is the name of a route.
#[test]
fn the_words_of_a_choice_are_all_routes_and_auto() {
    let names = Route::ALL.map(Route::name);
    assert!(ROUTES.iter().copied().eq(["auto"].into_iter().chain(names)));
}

/// Gives each flag a value of the wrong kind, or no value if any will do.
#[test]
fn the_hint_names_the_help_of_the_command() {
    for command in COMMANDS {
        for flag in command.flags {
            let spelling = format!("--{}", flag.long);
            let words = [command.name.as_bytes(), spelling.as_bytes(), b""];
            let words = match flag.value {
                // A menu takes no value for a time without an end.
                Value::Nothing | Value::MenuTime | Value::Optional(_) => continue,
                // Any value will do, so leave it out.
                Value::File | Value::Bytes(_) => words.get(..2).unwrap(),
                _ => &words[..],
            };
            let error = parse(words).unwrap_err();
            let hint = format!("kexec-bpf {} --help", command.name);
            assert_eq!(hints(&error), hint, "{spelling}");
            assert!(error.what.contains(&spelling), "{}", error.what);
        }
    }
}

#[test]
fn flags_that_exclude_each_other_are_refused_in_any_order() {
    for (command, one, other) in [
        ("load", "--command-line=", "--reuse-cmdline"),
        ("kdump", "--command-line=", "--reuse-cmdline"),
        ("list", "--root=a", "--device=b"),
        ("boot", "--root=a", "--device=b"),
        ("load", "--fast", "--panic"),
        ("boot", "--fast", "--no-fast"),
        ("load", "--unpack-initrd", "--panic"),
    ] {
        let operands: &[&str] = match command {
            "load" => &["k"],
            "kdump" => &["check", "k"],
            _ => &[],
        };
        for flags in [[one, other], [other, one]] {
            let words = [&[command], operands, &flags].concat();
            let error = parse_words(&words).unwrap_err();
            let name = |flag: &'static str| flag.split('=').next().unwrap();
            let what = format!("{} and {} cannot be used together", name(one), name(other));
            assert_eq!(error.what, what);
            assert_eq!(
                hints(&error),
                format!("give only one of them; kexec-bpf {command} --help")
            );
            for alone in flags {
                assert!(parse_words(&[&[command], operands, &[alone]].concat()).is_ok());
            }
            let asked = [&[command][..], &flags, &["--help"]].concat();
            assert!(parse_words(&asked).is_ok());
        }
    }
}

#[test]
fn flags_that_mean_nothing_alone_say_what_they_need() {
    for (flags, what) in [
        (&["--crypt-key=a"][..], "--crypt-key needs --panic"),
        (
            &["--crypt-key=a", "--reuse-crypt-keys"],
            "--crypt-key needs --panic",
        ),
        (
            &["--reuse-crypt-keys"],
            "--reuse-crypt-keys needs --crypt-key",
        ),
        (
            &["--reuse-crypt-keys", "-p"],
            "--reuse-crypt-keys needs --crypt-key",
        ),
    ] {
        let error = parse_words(&[&["load", "k"], flags].concat()).unwrap_err();
        assert_eq!(error.what, what);
        assert_eq!(hints(&error), "kexec-bpf load --help");
    }
    let all = ["load", "--reuse-crypt-keys", "--crypt-key=a", "k", "-p"];
    assert!(parse_words(&all).is_ok());
}
