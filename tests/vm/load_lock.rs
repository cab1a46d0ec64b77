// SPDX-License-Identifier: GPL-2.0-or-later
//! `load --lock`: the image boots, and the kernel loads no other.

use guest::{Initramfs, Kernel, Machine, second_initrd};

#[test]
fn load_lock_keeps_one_image() {
    let directory = guest::work_dir("load-lock");
    let (nonce, other) = (guest::nonce(), guest::nonce());
    let load = "kexec-bpf load /vmlinuz --initrd /initrd --append";
    let script = format!(
        "
switch=/proc/sys/kernel/kexec_load_disabled
state() {{ say \"$1-state\" $(cat $switch /sys/kernel/kexec_loaded); }}
echo 0 >/readonly
mount --bind /readonly $switch
mount -o remount,ro,bind $switch
attempt cannot {load} nonce={other} --lock
state cannot
umount $switch
attempt dry {load} nonce={other} --lock -n
state dry
attempt locked {load} 'console=ttyS0 nonce={nonce}' --lock
state locked
attempt load {load} nonce={other}
attempt again {load} nonce={other} --lock
attempt unload kexec-bpf unload
state end
kexec-bpf exec
"
    );
    let guest = Initramfs::new(&script)
        .file_from("vmlinuz", &Kernel::Chosen.image())
        .file("initrd", &second_initrd(&[]));
    let said = Machine::new(&directory, Kernel::Chosen, guest.finish()).boot();

    let words = ["kexec_load_disabled: open: EROFS (30)"];
    said.expect_attempt("cannot", "1", &words);
    said.expect("cannot-state", "0 0");
    let words = ["after the load, kernel.kexec_load_disabled is set to 1"];
    said.expect_attempt("dry", "0", &words);
    said.expect("dry-state", "0 0");
    let words = [
        "loaded /vmlinuz:",
        "locked: this kernel no longer loads or unloads anything",
        "every plain reboot starts the loaded image",
        "no crash image is loaded, and none can be",
    ];
    said.expect_attempt("locked", "0", &words);
    said.expect("locked-state", "1 1");
    for name in ["load", "again", "unload"] {
        let words = [
            "kernel.kexec_load_disabled is 1 (set by load --lock, hook enforce or sysctl.d)",
            "reboot through the firmware",
        ];
        said.expect_attempt(name, "4", &words);
    }
    said.expect("end-state", "1 1");
    said.expect("nonce", &nonce);
    said.expect_end();
}
