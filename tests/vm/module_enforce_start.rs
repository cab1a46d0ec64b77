// SPDX-License-Identifier: GPL-2.0-or-later
//! Turning enforce on, and its effect without Secure Boot: IMA's approval of a file is
//! not enough.

use guest::handshake::{NOTHING, initramfs_before, machine, tiny_uki};
use guest::ima::{self, Key};
use guest::pe::tiny_efi_kernel;
use guest::{module, packages};

const ON: &str = r#"
parameter=/sys/module/kexec_bpf/parameters/enforce
log() { say "$1-log" "$(dmesg | grep 'enforce:' | tail -n 1)"; }
on() {
    (echo 1 >$parameter) 2>/dev/null
    say "$1" "$? $(cat $parameter)"
    log "$1"
}
"#;

#[test]
fn only_while_nothing_is_loaded() {
    let directory = guest::work_dir("module-enforce-start");
    let script = format!(
        "{ON}
calls file 0 /kernel
attempt insert-loaded insmod /kexec_bpf.ko enforce=1
say insert-there $(grep -c kexec_bpf /proc/modules)
log insert-loaded
kexec-bpf unload
insmod /kexec_bpf.ko timeout_ms=60000 enforce=0
say off $(cat $parameter)
attempt nonsense sh -c \"echo perhaps >$parameter\"
kexec-bpf load /a.efi
on loaded
kexec-bpf unload
kexec-bpf load --panic --force /a.efi
on crash-loaded
kexec-bpf unload --panic
client load 60000 \"ready,run:echo 1 >$parameter,read,slice:1536:4096,signal\" /a.efi |
    while read -r line; do say during \"$line\"; done
log during
say during-loaded $(cat /sys/kernel/kexec_loaded) $(cat $parameter)
kexec-bpf unload
attempt off-again sh -c \"echo 0 >$parameter\"
say classic-before $(calls classic 0)
kexec-bpf unload
say file-before $(calls file 0 /kernel)
kexec-bpf unload
on good
on twice
say classic $(calls classic 0) $(cat /sys/kernel/kexec_loaded)
log classic
say file $(calls file 0 /kernel) $(cat /sys/kernel/kexec_loaded)
client load 60000 ready,read,slice:1536:4096,signal /a.efi |
    while read -r line; do say unsigned \"$line\"; done
log unsigned
say unload $(kexec-bpf unload; echo $?)
left end
"
    );
    let guest = initramfs_before(&script, &module::module())
        .program("bin/calls", &packages::floor("calls"))
        .file("kernel", &tiny_efi_kernel())
        .file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).append("crashkernel=32M").run();
    // 16 is EBUSY.
    said.expect("insert-loaded-code", "16");
    said.expect("insert-there", "0");
    let busy = |name: &str, why: &str| {
        said.expect_words(&format!("{name}-log"), &["enforce: not turned on: ", why]);
    };
    busy("insert-loaded", "an image is loaded: kexec-bpf unload");
    said.expect("off", "N");
    said.expect("nonsense-code", "1");
    said.expect("loaded", "1 N");
    busy("loaded", "an image is loaded: kexec-bpf unload");
    said.expect("crash-loaded", "1 N");
    busy(
        "crash-loaded",
        "a crash image is loaded: kexec-bpf unload --panic",
    );
    busy("during", "a load is under way");
    said.expect("during-loaded", "1 N");
    said.expect("off-again-code", "0");
    said.expect("classic-before", "0");
    said.expect("file-before", "0");
    let on = "kexec_bpf: enforce: on until reboot: only whole, verified images are loaded \
              (lockdown: off, so root can undo this)";
    said.expect("good", "0 Y");
    said.expect("twice", "0 Y");
    for name in ["good", "twice"] {
        said.expect_words(&format!("{name}-log"), &[on]);
    }
    said.expect("classic", "1 0");
    said.expect_words(
        "classic-log",
        &[
            "enforce: kexec_load by calls[",
            "] refused: nothing verifies what it loads",
        ],
    );
    said.expect("file", "1 0");
    let unsigned = said.all("unsigned");
    // 129 EKEYREJECTED from enforce's rules; 61 ENODATA from the kernel's check.
    let report =
        "report -129 stage 6 calls 0: enforce: the image's signature was not verified (-61)";
    if !(unsigned.contains(&"load -129") && unsigned.contains(&report)) {
        said.fail(&format!("the session says {unsigned:?}"));
    }
    said.expect_words(
        "unsigned-log",
        &["] refused: the image's signature was not verified (-61)"],
    );
    said.expect("unload", "0");
    said.expect("end-left", NOTHING);
}

/// IMA appraises files, but root can replace its answer by a BPF program. The program
/// returns the size of the file, as if that had been read.
#[test]
fn ima_does_not_count() {
    let directory = guest::work_dir("module-enforce-ima");
    let key = Key::new(&directory, "ima");
    let kernel = tiny_efi_kernel();
    let fake = format!(
        "client trace fmod_ret security_kernel_post_read_file {}",
        kernel.len()
    );
    let script = format!(
        "{ON}
say bare $(calls file 0 /kernel)
say faked $({fake} 'calls file 0 /kernel')
kexec-bpf unload
say file $(calls file 0 /good.kernel)
kexec-bpf unload
attempt signed-by-ima kexec-bpf load /good.efi
kexec-bpf unload
on enforce
say enforced-bare $(calls file 0 /kernel)
say enforced-faked $({fake} 'calls file 0 /kernel')
say enforced-file $(calls file 0 /good.kernel)
client load 60000 ready,read,slice:1536:4096,signal /good.efi |
    while read -r line; do say unsigned \"$line\"; done
say loaded-at-last $(cat /sys/kernel/kexec_loaded)
"
    );
    let policy = "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n";
    let mut guest = ima::initramfs(&key, policy, &script)
        .program("bin/calls", &packages::floor("calls"))
        .file("kernel", &kernel);
    guest = key.add(guest, "good.kernel", &kernel);
    guest = key.add(guest, "good.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest)
        .append("ima_appraise=enforce")
        .run();
    said.expect("policy", "taken");
    let attached = "fmod_ret security_kernel_post_read_file 1";
    // 13 is EACCES, from IMA; 1 is EPERM, from enforce.
    said.expect("bare", "13");
    said.expect("faked", &format!("{attached} 0"));
    said.expect("file", "0");
    said.expect("signed-by-ima-code", "0");
    said.expect("enforce", "0 Y");
    said.expect("enforced-bare", "13");
    said.expect("enforced-faked", &format!("{attached} 1"));
    said.expect("enforced-file", "1");
    let unsigned = said.all("unsigned");
    if !unsigned.contains(&"load -129") {
        said.fail(&format!("the session says {unsigned:?}"));
    }
    said.expect("loaded-at-last", "0");
}
