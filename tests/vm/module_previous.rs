// SPDX-License-Identifier: GPL-2.0-or-later
//! The program and the module of the interface's previous version work with the current
//! ones: after an upgrade of only one of them kexec and kdump still work.

use crate::module_insert::without_btf;
use crate::module_late::{SETTLE, expect_settled};
use guest::handshake::{NOTHING, initramfs_before, machine, tiny_uki, tiny_uki_with};
use guest::module;
use guest::previous::previous;

/// `loads NAME PROGRAM` makes a good load, and one that the module refuses.
const LOADS: &str = "
loads() {
    attempt $1-good $2 load /a.efi --route handshake --verbose
    say $1-loaded $(cat /sys/kernel/kexec_loaded)
    $2 unload
    attempt $1-bad $2 load /silent.efi --route handshake
    left $1
}
remove() {
    tries=100
    until rmmod kexec_bpf 2>/dev/null; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || break
        sleep 0.1
    done
}
";

#[test]
fn each_half_with_the_one_before() {
    let directory = guest::work_dir("module-previous");
    let old = previous();
    let script = format!(
        "{SETTLE}{LOADS}
insmod /previous.ko timeout_ms=60000
say old-version $(cat /sys/module/kexec_bpf/parameters/abi_version)
loads new-on-old kexec-bpf
attempt old-status kexec-bpf status
remove
insmod /without-btf.ko
attempt no-btf-status kexec-bpf status
attempt no-btf-load kexec-bpf load /a.efi --route handshake
attempt no-btf-auto kexec-bpf load /a.efi
kexec-bpf unload
remove
insmod /kexec_bpf.ko timeout_ms=60000
say versions $(cat /sys/module/kexec_bpf/parameters/abi_version /sys/module/kexec_bpf/parameters/abi_versions)
loads old-on-new previous
loads new-on-new kexec-bpf
settle
"
    );
    let guest = initramfs_before(&script, &module::module())
        .program("bin/previous", &old.program)
        .file_from("previous.ko", &old.module)
        .file_from("without-btf.ko", &without_btf(&directory, &old.module))
        .file("a.efi", &tiny_uki(None).bytes())
        .file("silent.efi", &tiny_uki_with("silent").bytes());
    let said = machine(&directory, guest).run();
    said.expect("old-version", "3");
    for name in ["new-on-old", "old-on-new", "new-on-new"] {
        let loaded = [
            "kernel: round 1: the module's parser for UKIs",
            "kernel: loaded:",
        ];
        said.expect_attempt(&format!("{name}-good"), "0", &loaded);
        said.expect(&format!("{name}-loaded"), "1");
        let words = ["ENOEXEC (8)", "the parser named no kernel"];
        said.expect_attempt(&format!("{name}-bad"), "3", &words);
        said.expect(&format!("{name}-left"), NOTHING);
    }
    // abi_version has the oldest version, because older programs look there.
    said.expect("versions", "3 3 4");
    said.expect_page("old-status", &["handshake yes"]);
    // This module cannot work, but the old one can be inserted nevertheless.
    said.expect_page("no-btf-status", &["handshake no", "BTF"]);
    said.expect_attempt("no-btf-load", "4", &["BTF"]);
    said.expect_attempt("no-btf-auto", "0", &["route extract"]);
    expect_settled(&said);
}
