// SPDX-License-Identifier: GPL-2.0-or-later
//! The menu and the progress line as a person sees them on a serial terminal of 80 columns
//! and 24 rows, with more entries than fit.

use guest::initramfs::second;
use guest::tmux::Terminal;
use guest::{Initramfs, Kernel, Machine};

const KERNEL: Kernel = Kernel::V6_12;
const LAST: &str = "This is the next kernel.";

/// Returns the last row that is not empty.
fn last(rows: &[String]) -> &str {
    let used = rows.iter().rev().find(|row| !row.is_empty());
    used.map_or("", String::as_str)
}

/// Expects the menu, and nothing of it off the screen.
#[track_caller]
fn is_whole(rows: &[String]) {
    let shown = rows.join("\n");
    let begins = |number: usize| rows.iter().filter(move |row| is_entry(row, number)).count();
    for number in 1..=20 {
        assert_eq!(begins(number), 1, "entry {number}:\n{shown}");
    }
    assert_eq!(begins(21), 0, "{shown}");
    assert!(
        shown.contains("\n       ... and more, numbered up to 23\n"),
        "{shown}"
    );
    // A long title is cut, and begins no new row: 20 entries and three rows.
    let first = rows
        .iter()
        .position(|row| is_entry(row, 1))
        .expect("entry 1");
    let used = rows.iter().rposition(|row| !row.is_empty()).expect("a row");
    assert_eq!(used - first, 22, "{shown}");
}

fn is_entry(row: &str, number: usize) -> bool {
    let row = row.trim_start_matches('*').trim_start();
    row.starts_with(&format!("{number}  "))
}

#[test]
fn a_terminal_of_80_by_24_shows_menu_and_progress() {
    let directory = guest::work_dir("terminal");
    // An initrd whose digest takes the kernel seconds in QEMU.
    let script = "
mkdir /d
dd if=/dev/zero of=/d/zero bs=1M count=80 2>/dev/null
(cd /d && echo zero | cpio -o -H newc >/esp/big 2>/dev/null)
rm -r /d
exec </dev/ttyS0 >/dev/ttyS0 2>&1
kexec-bpf boot --root /esp --menu 100
";
    let next = format!("exec >/dev/console 2>&1\necho; echo '{LAST}'\nsleep 100\n");
    let next = second(&[]).script("next", &next).finish();
    let mut initramfs = Initramfs::new(script)
        .file_from("esp/vmlinuz", &KERNEL.image())
        .file("esp/next", &next);
    for number in 1..=23 {
        let title = match number {
            7 => "A title that is wider than the terminal, ".repeat(5),
            _ => format!("System {number}"),
        };
        let text = format!(
            "title {title}\nsort-key {number:02}\nlinux /vmlinuz\ninitrd /big\ninitrd /next\n\
             options console=ttyS0 quiet panic=-1\n"
        );
        let path = format!("esp/loader/entries/{number:02}.conf");
        initramfs = initramfs.file(&path, text.as_bytes());
    }
    let terminal: Terminal = Machine::new(&directory, KERNEL, initramfs.finish())
        .append("quiet")
        .memory_mb(1024)
        .on_terminal();
    let rows = terminal.wait_for("s] Boot 1: 01.conf: System 1");
    is_whole(&rows);
    terminal.press(&["Down"]);
    // A key ends the countdown.
    let rows = terminal.wait_for("Boot 2: 02.conf: System 2");
    is_whole(&rows);
    assert_eq!(last(&rows), "Boot 2: 02.conf: System 2");
    // An entry that is not shown.
    terminal.press(&["2", "3"]);
    let rows = terminal.wait_for("Boot 23: 23.conf: System 23");
    is_whole(&rows);
    terminal.press(&["Enter"]);
    let rows = terminal.wait_for("kexec-bpf: the kernel reads, verifies and places it: ");
    assert!(last(&rows).ends_with(" s in all"), "{rows:?}");
    let rows = terminal.wait_for(LAST);
    let shown = rows.join("\n");
    std::fs::write(directory.join("screen"), &shown).expect("keep the screen");
    assert!(!shown.contains("places it"), "{shown}");
    // In the place of the line that has disappeared.
    assert!(shown.contains("\nloaded vmlinuz: kernel "), "{shown}");
}
