// SPDX-License-Identifier: GPL-2.0-or-later
//! `rmmod -f`, without enforce: the module is removed after the last load has ended. If
//! the hooks were removed before, a load would reach the kernel's loader with an image
//! that nobody has probed.

use guest::handshake::{NOTHING, initramfs_before, machine, tiny_uki};
use guest::{module, packages};

const SCRIPT: &str = r#"
state() { cat /sys/module/kexec_bpf/initstate 2>/dev/null || echo gone; }
# during NAME STEPS: removes the module while a load waits for its parser, which then
# goes on with STEPS.
during() {
    insmod /kexec_bpf.ko timeout_ms=60000
    client load 60000 "ready,run:(rmmod -f kexec_bpf >/dev/null 2>&1 &); sleep 2; cat /sys/module/kexec_bpf/initstate >/state,$2" /a.efi |
        while read -r line; do say "$1" "$line"; done
    say "$1-state" "$(cat /state)"
    tries=100
    while [ $tries -gt 0 ] && [ "$(state)" != gone ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
    say "$1-then" "$(state)"
    say "$1-loaded" "$(cat /sys/kernel/kexec_loaded)"
}
during closed close
during read read,signal
# A parser that stays attached keeps the module.
mkdir /pins
mount -t bpf none /pins
insmod /kexec_bpf.ko timeout_ms=60000
client load 60000 ready,read,attach,pin:/pins/link,signal /a.efi >/dev/null
rmmod -f kexec_bpf &
sleep 2
say pinned "$(state)"
rm /pins/link
wait
say unpinned "$(state)"
insmod /kexec_bpf.ko timeout_ms=60000
attempt good kexec-bpf load /a.efi --route handshake
kexec-bpf unload
left good
say native "$(calls file 0 /a.efi)"
say complaints $(dmesg | grep -cE 'WARNING:|BUG:|Oops|protection fault')
"#;

#[test]
fn by_force_after_the_last_load() {
    let directory = guest::work_dir("module-removed");
    let guest = initramfs_before(SCRIPT, &module::module())
        .program("bin/calls", &packages::floor("calls"))
        .file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    for name in ["closed", "read"] {
        said.expect(&format!("{name}-state"), "going");
        said.expect(&format!("{name}-then"), "gone");
        said.expect(&format!("{name}-loaded"), "0");
        assert!(!said.all(name).contains(&"load 0"), "{name}: it is loaded");
    }
    said.expect("pinned", "going");
    said.expect("unpinned", "gone");
    said.expect("good-code", "0");
    said.expect("good-left", NOTHING);
    // ENOEXEC: the file is not a bzImage, and there is no session.
    said.expect("native", "8");
    said.expect("complaints", "0");
}
