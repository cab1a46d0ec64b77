// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel kills only the thread that loads: the other one notices, says so,
//! and leaves nothing behind.
use guest::handshake::{initramfs, machine, tiny_uki};

const SCRIPT: &str = r#"
start=$(cut -d . -f 1 /proc/uptime)
attempt killed client mortal kexec-bpf load /good.efi --verbose
say killed-seconds "$(($(cut -d . -f 1 /proc/uptime) - start))"
left killed
attempt after kexec-bpf load /good.efi
say after-loaded "$(cat /sys/kernel/kexec_loaded)"
kexec-bpf unload
left after
"#;

#[test]
fn a_thread_that_is_killed_in_the_call_is_not_waited_for() {
    let directory = guest::work_dir("handshake-killed");
    let guest = initramfs(SCRIPT).file("good.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    said.expect_attempt(
        "killed",
        "1",
        &[
            "thread A: killed in kexec_file_load",
            "kexec-bpf: load /good.efi: kexec_file_load's thread was killed",
            "possible cause: a fault in the kernel, which then left a trace in its log",
            "try:   dmesg; if it shows a fault, reboot: until then neither kexec nor kdump works",
        ],
    );
    let seconds: u32 = said.one("killed-seconds").parse().expect("a number");
    assert!(seconds < 30, "{seconds} s");
    said.expect("killed-left", guest::handshake::NOTHING);
    // The killed thread held no lock, so the next load works.
    said.expect("after-code", "0");
    said.expect("after-loaded", "1");
    said.expect("after-left", guest::handshake::NOTHING);
}
