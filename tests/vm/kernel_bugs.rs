// SPDX-License-Identifier: GPL-2.0-or-later
//! The reports of docs/kernel-bugs.md: each recipe there has the effect on a stock
//! kernel that the report says, with a bare kernel image and without the module. If
//! a test fails, the kernel no longer has the bug: then remove the report.

use std::path::Path;

use guest::firmware::{self, SigningKey};
use guest::{Initramfs, Kernel, Transcript, host_program, packages, tree, uki::Uki};

/// Loads the file, and a good kernel afterwards. `alive` is the state of the first
/// process after it was killed; empty if it has ended.
const SCRIPT: &str = r#"
mount -t securityfs none /sys/kernel/security
say lockdown "$(cat /sys/kernel/security/lockdown)"
client plain /file > /out 2>&1 &
pid=$!
sleep 8
say log "$(dmesg | grep -m 1 BUG:)"
dmesg | grep -A 60 BUG: | while IFS= read -r line; do say trace "$line"; done
kill -9 $pid 2>/dev/null
sleep 2
say alive "$(cut -d ' ' -f 3 /proc/$pid/stat 2>/dev/null)"
attempt after client plain /good
"#;

/// Returns the recipe of the report with that number.
fn recipe(number: usize) -> String {
    let text = std::fs::read_to_string(tree("docs/kernel-bugs.md")).expect("read the reports");
    let report = text.split("\n## ").nth(number).expect("a report");
    assert!(report.starts_with(&format!("{number}. ")), "{report}");
    let code = report.split_once("```python\n").expect("a recipe").1;
    code.split_once("\n```").expect("an end").0.to_owned()
}

fn cook(number: usize, kernel: &Path, to: &Path) {
    let output = host_program("/usr/bin/python3")
        .args(["-c", &recipe(number)])
        .args([kernel, to])
        .output()
        .expect("start python3");
    assert!(output.status.success(), "{output:?}");
}

/// Runs the recipe and loads its file under Secure Boot, where root must not be able to
/// crash the kernel. The recipe gets a kernel signed by a key that is known, or not.
fn run(kernel: Kernel, number: usize, is_known: bool) -> Transcript {
    let directory = guest::work_dir(&format!("kernel-bug-{number}-{}", kernel.name()));
    let key = SigningKey::new(&directory);
    let good = key.sign(&directory, "good", &kernel.image());
    let file = directory.join("file");
    if is_known {
        cook(number, &good, &file);
    } else {
        let unknown = SigningKey::unknown(&directory, "/CN=Nobody");
        cook(
            number,
            &unknown.sign(&directory, "other", &kernel.image()),
            &file,
        );
    }
    let initramfs = Initramfs::new(SCRIPT)
        .program("bin/client", &packages::handshake_client())
        .file_from("file", &file)
        .file_from("good", &good);
    let initrd = directory.join("first.cpio");
    std::fs::write(&initrd, initramfs.finish()).expect("write the initramfs");
    let image = Uki::new(&directory, "first", "console=ttyS0 panic=-1")
        .linux(&kernel.image())
        .initrd(&initrd)
        .build();
    let image = key.sign(&directory, "first.signed.efi", &image);
    let said = firmware::secure_machine(&directory, &image)
        .memory_mb(1024)
        // A kernel that hashes without end gives its processor to nothing else.
        .cpus(2)
        .timeout_s(200)
        .boot();
    said.expect("lockdown", "none [integrity] confidentiality");
    said
}

/// Expects that the kernel logs an oops and that the thread is dead, with the kexec
/// lock still held.
#[track_caller]
fn expect_oops(said: &Transcript, words: &str) {
    said.expect_end();
    let log = said.one("log");
    if !log.contains(words) {
        said.fail(&format!("the kernel does not say '{words}' but '{log}'"));
    }
    said.expect("alive", "");
    expect_busy(said);
}

#[track_caller]
fn expect_busy(said: &Transcript) {
    said.expect_attempt("after", "1", &["load -16"]);
}

const PAGE_FAULT: &str = "BUG: unable to handle page fault for address: ";

/// Linux 6.1 hashes memory after the file until the machine resets.
fn long_fewer_than_five_directories(kernel: Kernel) {
    let said = run(kernel, 1, true);
    let is_reset = said.stopped.is_none() && said.all("log").is_empty();
    if kernel != Kernel::V6_1 || !is_reset {
        expect_oops(&said, PAGE_FAULT);
    }
}

fn long_no_sections(kernel: Kernel) {
    let words = "BUG: kernel NULL pointer dereference, address: 0000000000000010";
    expect_oops(&run(kernel, 2, true), words);
}

fn long_a_section_outside_of_the_file(kernel: Kernel) {
    expect_oops(&run(kernel, 3, true), PAGE_FAULT);
}

/// The file is signed by a key that the kernel does not know.
fn long_a_certificate_shorter_than_its_header(kernel: Kernel) {
    expect_oops(&run(kernel, 4, false), PAGE_FAULT);
}

/// SIGKILL does not end the load, which may even keep the machine from powering off.
fn long_sections_that_overlap(kernel: Kernel) {
    let said = run(kernel, 5, true);
    said.expect("log", "");
    said.expect("alive", "R");
    expect_busy(&said);
}

crate::on_each_kernel!(
    long_fewer_than_five_directories,
    long_no_sections,
    long_a_section_outside_of_the_file,
    long_a_certificate_shorter_than_its_header,
    long_sections_that_overlap,
);
