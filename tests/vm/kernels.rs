// SPDX-License-Identifier: GPL-2.0-or-later
//! The module on kernels newer than the one that the other tests boot. It is built
//! by their compiler, inserted, loads one image, refuses another and is removed,
//! without a warning. tests/check-all.sh runs all of the module's tests on them.

use guest::handshake::{NOTHING, STRICT, expect_failure, initramfs_with};
use guest::handshake::{tiny_uki, tiny_uki_with};
use guest::{Kernel, Machine, module};

/// Script of the guest. It tries the removal for 10 s, because BPF programs of dead
/// processes keep the module for a moment.
const LOADS: &str = "
say release $(uname -r)
attempt good kexec-bpf load /good.efi --route handshake --verbose
say loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left good
attempt bad kexec-bpf load /bad.efi --route handshake
left bad
tries=100
until rmmod kexec_bpf 2>/dev/null; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || break
    sleep 0.1
done
[ -e /sys/module/kexec_bpf ] || say removed yes
";

fn loads_and_refuses(kernel: Kernel) {
    let directory = guest::work_dir(&format!("kernel-{}", kernel.name()));
    let guest = initramfs_with(LOADS, &module::module_for(kernel))
        .file("good.efi", &tiny_uki(None).bytes())
        .file("bad.efi", &tiny_uki_with("out_of_range").bytes());
    let said = Machine::new(&directory, kernel, guest.finish())
        .append(STRICT)
        .run();
    said.expect("release", &kernel.release());
    said.expect_attempt(
        "good",
        "0",
        &["kernel: round 1: the module's parser for UKIs, handshake"],
    );
    said.expect("loaded", "1");
    said.expect("good-left", NOTHING);
    expect_failure(&said, "bad", "3", &["is outside the image of"]);
    said.expect("removed", "yes");
}

#[test]
fn debian_13() {
    loads_and_refuses(Kernel::Trixie);
}

#[test]
fn newest_backport() {
    loads_and_refuses(Kernel::V7);
}
