// SPDX-License-Identifier: GPL-2.0-or-later
//! README's pictures of a serial console show what the program prints: the same entries, and
//! the menu. `make recording` draws them anew.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use guest::rescue;

use crate::build;
use crate::menu::read_until;
use crate::program::{Directory, PROGRAM, wait};

/// Returns a directory with the entries of the recording.
fn entries(test: &str) -> Directory {
    let directory = Directory::new(test);
    for path in ["loader/entries", "EFI/Linux", "debian"] {
        fs::create_dir_all(directory.path(path)).unwrap();
    }
    for (path, text) in rescue::FILES {
        directory.file(path, text.as_bytes());
    }
    let kernel = build::bzimage();
    let initrd = build::newc("init", b"contents");
    directory.file("debian/vmlinuz", &kernel);
    directory.file("debian/initrd.img", &initrd);
    let uki = build::pe(&[
        (".osrel", rescue::UKI_RELEASE.as_bytes()),
        (".linux", &kernel),
        (".initrd", &initrd),
    ]);
    directory.file(rescue::UKI, &uki);
    directory
}

/// Returns the lines of a picture.
fn picture(text: &str) -> Vec<String> {
    let texts = text.split("</text>").filter_map(|part| {
        let (_, text) = part.rsplit_once('>')?;
        Some(text.replace("&lt;", "<").replace("&gt;", ">"))
    });
    texts.map(|text| text.replace("&amp;", "&")).collect()
}

#[test]
fn the_pictures_show_what_the_program_prints() {
    let directory = entries("recording");
    let recording = picture(include_str!("../../docs/rescue.svg"));
    let menu = picture(include_str!("../../docs/menu.svg"));
    let has = |picture: &[String], line: &str| {
        let is_there = picture.iter().any(|shown| shown == line);
        assert!(
            is_there,
            "'{line}' is not in {picture:?}: run make recording"
        );
    };
    let list = directory.run_unlocked(&["list", "--root", "."]);
    assert_eq!((list.code, list.stdout.lines().count()), (0, 3), "{list:?}");
    for line in list.stdout.lines() {
        has(&recording, line);
        has(&menu, line);
    }
    for line in ["kexec-bpf list", "kexec-bpf boot --menu 20"] {
        has(&recording, &format!("{}{line}", rescue::PROMPT));
    }
    has(&recording, rescue::END);
    let mut script = directory.command_under("[none] integrity", "script");
    let command = format!("{PROGRAM} boot -n --root . --menu 20");
    script.args(["-qec", &command, "/dev/null"]);
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let shown = read_until(&mut child, "s] Boot 2", 1);
    has(&menu, rescue::MENU);
    assert!(shown.contains(rescue::MENU), "{shown}");
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(b"3").unwrap();
    let shown = read_until(&mut child, "vmlinuz-6.1", 1);
    let prompt = shown.rsplit('\r').find(|part| part.starts_with("Boot 3"));
    has(&recording, prompt.unwrap().trim_end());
    keys.write_all(b"q").unwrap();
    drop(keys);
    wait(child);
}
