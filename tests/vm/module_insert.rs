// SPDX-License-Identifier: GPL-2.0-or-later
//! Modules that cannot work say so in one line when they are inserted, and do not
//! disturb the one that works.

use std::path::{Path, PathBuf};

use crate::module_late::{SETTLE, expect_settled};
use guest::handshake::{NOTHING, initramfs_before, machine, tiny_uki};
use guest::{host_program, module};

/// Size of the name in `struct module`.
const NAME_BYTES: usize = 56;

/// Makes a copy of the module without BTF, as a build with headers that lack `vmlinux`
/// would.
pub fn without_btf(directory: &Path, module: &Path) -> PathBuf {
    let stripped = directory.join("without-btf.ko");
    let mut objcopy = host_program("objcopy");
    objcopy.args(["--remove-section=.BTF", "--remove-section=.BTF.base"]);
    let status = objcopy.arg(module).arg(&stripped).status();
    assert!(status.expect("start objcopy").success(), "objcopy strips");
    stripped
}

/// Returns the module under another name, which is in .gnu.linkonce.this_module and in
/// .modinfo.
pub fn renamed(module: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(module).expect("read the module");
    let mut name = b"kexec_bpf".to_vec();
    name.resize(NAME_BYTES, 0);
    for (old, at) in [(&name[..], 8), (b"\0name=kexec_bpf\0", 14)] {
        let mut found = bytes.windows(old.len()).enumerate();
        let place = found
            .find(|(_, window)| *window == old)
            .map(|(place, _)| place);
        let place = place.expect("the module has its name");
        assert!(found.all(|(_, window)| window != old), "it has it once");
        bytes[place + at] = b'g';
    }
    bytes
}

#[test]
fn modules_that_cannot_work() {
    let directory = guest::work_dir("module-insert");
    let module = module::module();
    let script = format!(
        "{SETTLE}
lines() {{ say $1 $(dmesg | sed 's/^[^]]*] //' | grep 'kexec_bp[fg]: ' | sort -u | wc -l); }}
lines before-btf
attempt no-btf insmod /without-btf.ko
lines after-btf
dmesg | grep 'kexec_bpf: ' | tail -n 1 | while read -r line; do say no-btf-log \"$line\"; done
say no-btf-there $(grep -c kexec_bpf /proc/modules)
attempt no-btf-status kexec-bpf status
attempt inserted insmod /kexec_bpf.ko timeout_ms=60000
lines before
attempt renamed insmod /renamed.ko
lines after
say renamed-there $(grep -c kexec_bpg /proc/modules)
attempt good kexec-bpf load /a.efi --route handshake
kexec-bpf unload
left good
settle
echo 0 >/proc/sys/kernel/ftrace_enabled
say ftrace-enabled $(cat /proc/sys/kernel/ftrace_enabled)
attempt no-ftrace insmod /kexec_bpf.ko
dmesg | grep 'kexec_bpf: ' | tail -n 1 | while read -r line; do say no-ftrace-log \"$line\"; done
echo 1 >/proc/sys/kernel/ftrace_enabled
"
    );
    let guest = initramfs_before(&script, &module)
        .file("a.efi", &tiny_uki(None).bytes())
        .file("renamed.ko", &renamed(&module))
        .file_from("without-btf.ko", &without_btf(&directory, &module));
    let said = machine(&directory, guest).run();
    let count = |key| said.one(key).parse::<u32>().expect("a number of lines");

    // The exit code is the errno: 8 ENOEXEC, 16 EBUSY. busybox tries each module by
    // two system calls, so the same line may come twice.
    said.expect("no-btf-code", "8");
    said.expect("no-btf-there", "0");
    said.expect_words("no-btf-log", &["BTF"]);
    // The kernel itself logs that the module taints it, and is not signed.
    let lines = count("after-btf") - count("before-btf");
    assert!(lines <= 3, "{lines} lines for a module without BTF");
    said.expect_words("no-btf-status", &["module kexec_bpf is not loaded"]);

    // Since Linux 7 ftrace cannot be turned off.
    if said.one("ftrace-enabled") == "0" {
        said.expect("no-ftrace-code", "16");
        said.expect_words("no-ftrace-log", &["kernel.ftrace_enabled is 0"]);
    } else {
        said.expect("no-ftrace-code", "0");
    }
    said.expect("inserted-code", "0");
    said.expect("renamed-code", "16");
    said.expect("renamed-there", "0");
    assert_eq!(count("after") - count("before"), 1, "lines for the copy");
    said.expect("good-code", "0");
    said.expect("good-left", NOTHING);
    expect_settled(&said);
}
