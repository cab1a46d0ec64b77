// SPDX-License-Identifier: GPL-2.0-or-later
//! `hook enforce` without a module that could enforce: it turns kexec off and says so.

use crate::report;
use guest::{Initramfs, Kernel, Machine, second_initrd};

/// `line` sets the command line for `hook`; `state` and `logged` say what it did.
const SAY: &str = "
line() { echo \"$1\" >/line; mount --bind /line /proc/cmdline; }
state() { say \"$1-state\" $(cat /proc/sys/kernel/kexec_load_disabled /sys/kernel/kexec_loaded); }
logged() { dmesg | grep 'kexec-bpf: ' | while read -r text; do say \"$1-log\" \"$text\"; done; }
";

#[test]
fn hook_enforce_does_nothing_unless_asked_and_fails_closed() {
    let directory = guest::work_dir("hook-enforce");
    let modprobe = "#!/bin/busybox sh\necho \"modprobe has $*\" >&2\nexit 1\n";
    let script = format!(
        "{SAY}
rm /bin/modprobe
attempt unasked kexec-bpf hook enforce
line 'rd.kexec_bpf.enforce rd.kexec_bpf.enforce=0'
attempt taken-back kexec-bpf hook enforce
line 'quiet -- rd.kexec_bpf.enforce'
attempt for-init kexec-bpf hook enforce
state unasked
logged unasked
line 'rd.kexec_bpf=0 rd.kexec_bpf.enforce=0'
mkdir -p /etc/kexec-bpf /sbin
>/etc/kexec-bpf/enforce
mv /modprobe /sbin/modprobe
chmod 755 /sbin/modprobe
attempt asked kexec-bpf hook enforce
state asked
logged asked
rm /sbin/modprobe /etc/kexec-bpf/enforce
line 'rd.kexec_bpf.enforce'
attempt again kexec-bpf hook enforce
attempt load kexec-bpf load /vmlinuz --initrd /initrd
"
    );
    let guest = Initramfs::new(&script)
        .file_from("vmlinuz", &Kernel::Chosen.image())
        .file("initrd", &second_initrd(&[]))
        .file("modprobe", modprobe.as_bytes());
    let said = Machine::new(&directory, Kernel::Chosen, guest.finish()).run();
    for name in ["unasked", "taken-back", "for-init"] {
        said.expect_lines(name, "0", &[]);
    }
    said.expect("unasked-state", "0 0");
    assert_eq!(said.all("unasked-log"), [""; 0]);

    let lines = said.all("asked");
    assert_eq!(lines[0], "modprobe has kexec_bpf enforce=1");
    assert_eq!(report::problem(&lines[1..]), None);
    let closed = [
        "enforce is not on: kexec is off until reboot",
        "module kexec_bpf is not loaded",
        "modprobe exited with 1",
    ];
    said.expect_attempt("asked", "4", &closed);
    said.expect_words("asked-log", &closed);
    said.expect("asked-state", "1 0");
    said.expect_attempt("again", "4", &["modprobe is not installed"]);
    said.expect_attempt("load", "4", &["kernel.kexec_load_disabled is 1"]);
}

/// Neither /proc nor /sys is mounted, and an image is loaded already, which boots.
#[test]
fn hook_enforce_without_proc_and_sys() {
    let directory = guest::work_dir("hook-enforce-unmounted");
    let nonce = guest::nonce();
    let script = format!(
        "{SAY}
rm /bin/modprobe
kexec-bpf load /vmlinuz --initrd /initrd --append 'console=ttyS0 nonce={nonce}'
umount /sys
umount /proc
attempt unmounted kexec-bpf hook enforce
mount -t sysfs sysfs /sys
mount -t proc proc /proc
state unmounted
attempt load kexec-bpf load /vmlinuz --initrd /initrd
kexec-bpf exec
"
    );
    let guest = Initramfs::new(&script)
        .file_from("vmlinuz", &Kernel::Chosen.image())
        .file("initrd", &second_initrd(&[]));
    let machine = Machine::new(&directory, Kernel::Chosen, guest.finish());
    let said = machine.append("rd.kexec_bpf.enforce").boot();
    said.expect_attempt(
        "unmounted",
        "4",
        &["kexec is off until reboot; an image already loaded still boots"],
    );
    said.expect("unmounted-state", "1 1");
    said.expect_attempt("load", "4", &["kernel.kexec_load_disabled is 1"]);
    said.expect("nonce", &nonce);
    said.expect_end();
}
