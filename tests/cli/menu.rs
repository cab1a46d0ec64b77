// SPDX-License-Identifier: GPL-2.0-or-later
//! The menu on a terminal, which util-linux's `script` provides.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Stdio};

use crate::build;
use crate::program::{Directory, PROGRAM, wait};
use crate::thin::Thin;

const PROMPT: &str = "Number or arrow keys";

/// Reads what the terminal shows, until it has shown `text` this many times.
pub fn read_until(child: &mut Child, text: &str, times: usize) -> String {
    let mut shown = Vec::new();
    let stdout = child.stdout.as_mut().unwrap();
    while String::from_utf8_lossy(&shown).matches(text).count() < times {
        let mut piece = [0; 256];
        let count = stdout.read(&mut piece).unwrap();
        let so_far = String::from_utf8_lossy(&shown);
        assert!(count > 0, "the terminal ends early: {so_far}");
        shown.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(shown).unwrap()
}

/// Its files are looked at only when it is chosen.
#[test]
fn an_image_that_fails_after_the_choice_brings_the_menu_back() {
    let esp = Directory::new("menu-back");
    for directory in ["EFI/Linux", "loader/entries"] {
        fs::create_dir_all(esp.path(directory)).unwrap();
    }
    esp.file("vmlinuz", &build::bzimage());
    esp.file("initrd", &build::newc("init", b"contents"));
    esp.file(
        "loader/entries/good.conf",
        b"linux /vmlinuz\noptions root=/dev/vda\n",
    );
    Thin::with_wrong_hashes("vmlinuz", "initrd").entry(&esp, "bad.efi");
    let command = format!("{PROGRAM} boot -n --root . --menu 100");
    let mut script = esp.command_under("[none] integrity", "script");
    script.args(["-qec", &command, "/dev/null"]);
    let mut child = script
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let first = read_until(&mut child, PROMPT, 1);
    assert!(first.contains("1  bad.efi"), "{first}");
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(b"1\r").unwrap();
    let second = read_until(&mut child, PROMPT, 1);
    // Folded at 80 columns, and so written by a terminal.
    let second = second.replace("\r\n       ", " ");
    assert!(
        second.contains("bad.efi: skipped: /vmlinuz: its SHA-256"),
        "{second}"
    );
    keys.write_all(b"2\r").unwrap();
    let last = read_until(&mut child, "root=/dev/vda", 1);
    // It waits for a choice, and counts no seconds.
    assert!(!last.contains(" s] "), "{last}");
    assert!(last.contains("entry         good.conf"), "{last}");
    drop(keys);
    // This host's kernel may refuse the load, and it may run services.
    assert!(matches!(wait(child).status.code(), Some(0 | 4 | 5)));
}
