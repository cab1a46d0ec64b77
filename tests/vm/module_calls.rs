// SPDX-License-Identifier: GPL-2.0-or-later
//! Calls that a parser makes in vain return at once and cause no kernel warning.

use crate::module_late::{SETTLE, expect_settled};
use guest::Transcript;
use guest::handshake::{NOTHING, initramfs, machine, tiny_uki, tiny_uki_with};

/// More calls than a parser makes up to its error.
const ENOUGH: u32 = 50;

/// Returns the number of calls in the first round, from the module's report.
#[track_caller]
fn calls(said: &Transcript, name: &str) -> u32 {
    let told = said
        .told(name)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let count = told
        .split(" calls")
        .next()
        .and_then(|before| before.rsplit(' ').next());
    match count.and_then(|count| count.parse().ok()) {
        Some(count) => count,
        None => said.fail(&format!("{name} counts no calls: {told}")),
    }
}

#[test]
fn calls_in_vain() {
    let directory = guest::work_dir("module-calls");
    let script = format!(
        "{SETTLE}
attempt goes-on kexec-bpf load --verbose --route handshake /goes-on.efi
left goes-on
attempt nothing kexec-bpf load --verbose --route handshake /nothing.efi
left nothing
attempt good kexec-bpf load --route handshake /a.efi
kexec-bpf unload
left good
settle
"
    );
    let guest = initramfs(&script)
        .file("a.efi", &tiny_uki(None).bytes())
        .file("goes-on.efi", &tiny_uki_with("goes_on").bytes())
        .file("nothing.efi", &tiny_uki_with("nothing").bytes());
    let said = machine(&directory, guest).run();

    said.expect_attempt(
        "goes-on",
        "3",
        &["EEXIST", "the parser named the kernel twice"],
    );
    let count = calls(&said, "goes-on");
    assert!(count < ENOUGH, "the parser goes on for {count} calls");
    // vmalloc() warns if it is called for 0 bytes, and this guest panics at warnings.
    let words = [
        "EINVAL (22)",
        "the parser's data cannot be decompressed (-22)",
    ];
    said.expect_attempt("nothing", "3", &words);
    said.expect("good-code", "0");
    for name in ["goes-on", "nothing", "good"] {
        said.expect(&format!("{name}-left"), NOTHING);
    }
    expect_settled(&said);
}
