// SPDX-License-Identifier: GPL-2.0-or-later
//! Output to the terminal, and failures to write it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::build;
use crate::program::{Directory, PROGRAM, finish, wait};

/// A name that clears a screen, rings a bell, and is not UTF-8.
const HOSTILE: &[u8] = b"a\x1b[2J\x07\xff.efi";

// `Directory::run` asserts that no control character is printed raw.

#[test]
fn file_names_are_shown_escaped() {
    let directory = Directory::new("names");
    let missing = directory.run_bytes(&[b"load", HOSTILE]);
    assert_eq!(missing.code, 3);
    assert!(
        missing.stderr.contains(r"a\u{1b}[2J\u{7}\xff.efi"),
        "{missing:?}"
    );
    directory.file(OsStr::from_bytes(HOSTILE), &build::uki());
    for command in [&[&b"inspect"[..]][..], &[b"load", b"-n"]] {
        let mut words = command.to_vec();
        words.push(HOSTILE);
        let run = directory.run_bytes(&words);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains(r"a\u{1b}[2J\u{7}\xff.efi"), "{run:?}");
    }
}

#[test]
fn arguments_are_shown_escaped() {
    let directory = Directory::new("arguments");
    for words in [
        &[HOSTILE][..],
        &[b"--a\x1b[2J"],
        &[b"-\x1b"],
        &[b"help", HOSTILE],
        &[b"load", b"a", HOSTILE],
        &[b"load", b"a", b"--route", HOSTILE],
    ] {
        assert_eq!(directory.run_bytes(words).code, 2, "{words:?}");
    }
}

#[test]
fn contents_of_images_are_shown_escaped() {
    let directory = Directory::new("contents");
    let kernel = build::bzimage();
    directory.file(
        "a.efi",
        &build::pe(&[
            ("\x1b[2J", b"x"),
            (".osrel", b"PRETTY_NAME=\"\x1b[2JTest\"\n"),
            (".cmdline", b"quiet \x1b]0;title\x07"),
            (".linux", &kernel),
            (".profile", b"ID=\x1b[2J\nTITLE=\x1b[2J\n"),
        ]),
    );
    for command in [&["inspect", "a.efi"][..], &["load", "-n", "a.efi"]] {
        assert_eq!(directory.run(command).code, 0);
    }
}

#[test]
fn a_stdout_that_takes_nothing_is_a_failure() {
    let directory = Directory::new("full");
    directory.file("a.efi", &build::uki());
    const WHY: &str = "kexec-bpf: stdout: the output could not be written\ncause: ";
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["status"],
        &["inspect", "a.efi"],
        &["help", "load"],
    ] {
        let mut command = directory.command(PROGRAM);
        command.args(arguments).stderr(Stdio::piped());
        command.stdout(File::create("/dev/full").unwrap());
        let output = wait(command.spawn().unwrap());
        let stderr = String::from_utf8(output.stderr).unwrap();
        let wanted = [WHY, "no space left on device\n"].concat();
        assert_eq!((output.status.code(), stderr), (Some(1), wanted));

        let mut shell: Command = directory.command("sh");
        shell.args(["-c", r#"exec "$0" "$@" >&-"#, PROGRAM]);
        let wanted = [WHY, "bad file descriptor\n"].concat();
        finish(shell.args(arguments)).fails(1, &wanted);
    }
}

/// Returns the writing end of a pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Stdio::from(writer)
}

/// Somebody who no longer reads ends nothing before the end: the jump after a load least of
/// all. Then the program ends as other tools do, and in silence.
#[test]
fn a_reader_that_goes_away_is_a_failed_write() {
    let directory = Directory::new("pipe");
    let image = build::pe(&[(".linux", &build::bzimage()), (".profile", b"ID=a\n")]);
    directory.file("a.efi", &image);
    const BY_PIPE: Result<i32, i32> = Err(13);
    for (arguments, ends) in [
        (&["--help"][..], BY_PIPE),
        (&["status"], BY_PIPE),
        (&["status", "--json"], BY_PIPE),
        (&["inspect", "a.efi"], BY_PIPE),
        (&["complete", "profiles", "a.efi"], Ok(1)),
        // Nothing asks for it on this host, so nothing fails.
        (&["hook", "enforce", "-v"], Ok(0)),
        // The failure of the command itself is the one that counts.
        (&["load", "missing", "--json"], Ok(3)),
        (&["lod"], Ok(2)),
    ] {
        let mut command = directory.command(PROGRAM);
        command.args(arguments).stdout(unread()).stderr(unread());
        let status = wait(command.spawn().unwrap()).status;
        let ended = status.code().ok_or_else(|| status.signal().unwrap());
        assert_eq!(ended, ends, "{arguments:?}: {status}");
    }
    // Where the signal is ignored, as in services.
    let mut shell = directory.command("sh");
    shell.args(["-c", r#"trap '' PIPE; exec "$0" --help"#, PROGRAM]);
    let output = wait(
        shell
            .stdout(unread())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let why = "kexec-bpf: stdout: the output could not be written\ncause: broken pipe\n";
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(1), why));
    // A pipe for messages changes no exit code.
    let mut command = directory.command(PROGRAM);
    command.args(["inspect", "a.efi"]).stdout(Stdio::null());
    let status = wait(command.stderr(unread()).spawn().unwrap()).status;
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_stderr_that_takes_nothing_changes_no_exit_code() {
    let directory = Directory::new("mute");
    for arguments in [&["load", "missing"][..], &["lod"]] {
        let heard = directory.run(arguments).code;
        let mut shell = directory.command("sh");
        shell.args(["-c", r#"exec "$0" "$@" 2>&-"#, PROGRAM]);
        assert_eq!(finish(shell.args(arguments)).code, heard);
    }
}
