// SPDX-License-Identifier: GPL-2.0-or-later
//! A kernel that refuses: the cause is derived from facts, and the exit code is 4.

use crate::report;
use guest::{Initramfs, Kernel, Machine, Transcript, second_initrd};

crate::on_each_kernel!(lockdown, disabled_and_unprivileged);

#[track_caller]
fn expect_refusal(said: &Transcript, name: &str, code: &str, word: &str) {
    said.expect(&format!("{name}-code"), code);
    let lines = said.all(name);
    if !lines.iter().any(|line| line.contains(word)) {
        said.fail(&format!("{name} does not say '{word}': {lines:?}"));
    }
    if let Some(problem) = report::problem(&lines) {
        said.fail(&format!("{name}: {problem}: {lines:?}"));
    }
}

fn guest_with(script: &str, kernel: Kernel) -> Initramfs {
    Initramfs::new(script)
        .file_from("vmlinuz", &kernel.image())
        .file("initrd", &second_initrd(&[]))
        .file("etc/passwd", b"nobody:x:65534:65534::/:/bin/sh\n")
}

fn lockdown(kernel: Kernel) {
    let directory = guest::work_dir(&format!("lockdown-{}", kernel.name()));
    let script = "
attempt load kexec-bpf load /vmlinuz --initrd /initrd
mount -t securityfs none /sys/kernel/security
attempt seen kexec-bpf load /vmlinuz --initrd /initrd
attempt status kexec-bpf status
say loaded $(cat /sys/kernel/kexec_loaded)
";
    let said = Machine::new(&directory, kernel, guest_with(script, kernel).finish())
        .append("lockdown=integrity")
        .run();
    expect_refusal(&said, "load", "4", "lockdown");
    expect_refusal(&said, "seen", "4", "lockdown: integrity");
    said.expect_attempt("status", "0", &["integrity"]);
    said.expect("loaded", "0");
}

fn disabled_and_unprivileged(kernel: Kernel) {
    let directory = guest::work_dir(&format!("disabled-{}", kernel.name()));
    let script = "
attempt empty-exec kexec-bpf exec
chmod 755 /bin/kexec-bpf
attempt user-load su -s /bin/sh nobody -c 'kexec-bpf load /vmlinuz --initrd /initrd'
attempt user-exec su -s /bin/sh nobody -c 'kexec-bpf exec'
attempt user-plan su -s /bin/sh nobody -c 'kexec-bpf load --dry-run /vmlinuz --initrd /initrd'
echo 1 >/proc/sys/kernel/kexec_load_disabled
attempt load kexec-bpf load /vmlinuz --initrd /initrd
attempt status kexec-bpf status
say loaded $(cat /sys/kernel/kexec_loaded)
";
    let said = Machine::new(&directory, kernel, guest_with(script, kernel).finish()).run();
    expect_refusal(&said, "empty-exec", "1", "no image is loaded");
    expect_refusal(&said, "user-load", "4", "CAP_SYS_BOOT");
    expect_refusal(&said, "user-exec", "4", "CAP_SYS_BOOT");
    said.expect("user-plan-code", "0");
    expect_refusal(&said, "load", "4", "kexec_load_disabled");
    said.expect("status-code", "0");
    said.expect("loaded", "0");
}
