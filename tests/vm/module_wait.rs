// SPDX-License-Identifier: GPL-2.0-or-later
//! A load waits for its parsers no longer than the timeout, in all rounds together, and
//! not at all for a thread that has ended, because it holds the kexec lock.

use crate::module_late::{SETTLE, expect_settled};
use guest::handshake::{NOTHING, initramfs_before, machine, tiny_uki, tiny_uki_with};
use guest::pe::{FIRST_SECTION, Pe};
use guest::{Transcript, module};

/// Time that the client waits in each round. Four rounds take more than [`ALL_MS`], one
/// takes far less: the guest's clock runs on while a busy host does not run the guest.
const STALL_S: &str = "1.5";
const ALL_MS: u64 = 4000;
/// Enough for all that has to happen.
const LONG_MS: u64 = 20_000;
const GONE: &str = "the thread that serves the parser has ended";

/// Returns UKIs inside each other, and the steps of a client that opens all of them.
fn nested() -> (Vec<u8>, String) {
    let mut image = guest::pe::tiny_kernel();
    let mut rounds = Vec::new();
    for _ in 0..4 {
        rounds.push(format!(
            "ready,read,run:sleep {STALL_S},slice:{FIRST_SECTION}:{},signal",
            image.len()
        ));
        image = Pe::new().section(".linux", &image).bytes();
    }
    rounds.reverse();
    (image, rounds.join(",detach,"))
}

#[track_caller]
fn number(said: &Transcript, name: &str, word: &str) -> u64 {
    let mut lines = said.all(name).into_iter();
    let value = lines.find_map(|line| line.strip_prefix(word)?.trim().parse().ok());
    value.unwrap_or_else(|| said.fail(&format!("{name} says no {word}")))
}

#[track_caller]
fn expect_line(said: &Transcript, name: &str, start: &str) {
    let lines = said.all(name);
    if !lines.iter().any(|line| line.starts_with(start)) {
        said.fail(&format!("{name} does not say '{start}': {lines:?}"));
    }
}

#[test]
fn all_rounds_share_one_bound() {
    let directory = guest::work_dir("module-wait");
    let (nested, steps) = nested();
    let script = format!(
        "{SETTLE}
insmod /kexec_bpf.ko
say default $(cat /sys/module/kexec_bpf/parameters/timeout_ms)
good() {{
    echo {LONG_MS} >/sys/module/kexec_bpf/parameters/timeout_ms
    attempt $1 kexec-bpf load /a.efi
    kexec-bpf unload
    left $1
}}
attempt enough client time {LONG_MS} '{steps}' /nested.efi
kexec-bpf unload
attempt stalls client time {ALL_MS} '{steps}' /nested.efi
left stalls
attempt gone client time {LONG_MS} ready,read,attach,exit /a.efi
left gone
good after-gone
attempt gone-unread client time {LONG_MS} ready,exit /a.efi
left gone-unread
attempt gone-early client time {LONG_MS} exit /a.efi
left gone-early
good after-all
echo {ALL_MS} >/sys/module/kexec_bpf/parameters/timeout_ms
attempt linger kexec-bpf load /linger.efi
left linger
good after-linger
settle
"
    );
    let guest = initramfs_before(&script, &module::module())
        .file("a.efi", &tiny_uki(None).bytes())
        .file("linger.efi", &tiny_uki_with("linger").bytes())
        .file("nested.efi", &nested);
    let said = machine(&directory, guest).run();

    said.expect("default", "5000");
    // With a longer timeout the same client succeeds.
    expect_line(&said, "enough", "load 0");
    let waited_ms = number(&said, "enough", "waited_ms ");
    assert!(waited_ms > ALL_MS, "it stalls for {waited_ms} ms");
    // 110 ETIMEDOUT, 3 ESRCH.
    expect_line(&said, "stalls", "load -110");
    expect_line(&said, "stalls", "report -110 stage 4 ");
    for (what, limit) in [("waited_ms ", ALL_MS + 1000), ("load_ms ", 2 * ALL_MS)] {
        let found = number(&said, "stalls", what);
        if found > limit {
            said.fail(&format!("{what} is {found}, more than {limit}"));
        }
    }
    said.expect("stalls-left", NOTHING);

    for name in ["gone", "gone-unread", "gone-early"] {
        expect_line(&said, name, "load -3");
        expect_line(&said, name, &format!("report -3 stage 4 calls 0: {GONE}"));
        let took = number(&said, name, "load_ms ");
        assert!(took < LONG_MS / 2, "{name} took {took} ms");
        said.expect(&format!("{name}-left"), NOTHING);
    }
    let words = [
        "ETIMEDOUT (110)",
        &format!("the parser was still running after {ALL_MS} ms"),
    ];
    said.expect_attempt("linger", "3", &words);
    said.expect("linger-left", NOTHING);
    for name in ["after-gone", "after-all", "after-linger"] {
        said.expect(&format!("{name}-code"), "0");
        said.expect(&format!("{name}-left"), NOTHING);
    }
    expect_settled(&said);
}
