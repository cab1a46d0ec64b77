// SPDX-License-Identifier: GPL-2.0-or-later
//! An image that is signed by the firmware's key, but revoked: the firmware would not
//! start it, the kernel loads it, and the program warns.

use sha2::{Digest, Sha256};

use guest::drivers;
use guest::firmware::{self, SigningKey};
use guest::handshake::{KERNEL, STRICT, initramfs_before, tiny_uki};

/// Script of the guest. It writes SbatLevelRT, because there is no shim to do it.
const SCRIPT: &str = r#"
for driver in /drivers/*; do insmod $driver; done
say lockdown "$(cat /sys/kernel/security/lockdown)"
insmod /kexec_bpf.ko timeout_ms=60000 && say inserted
load() {
    attempt "$1" kexec-bpf load "/$2"
    say "$1-loaded" "$(cat /sys/kernel/kexec_loaded)"
    kexec-bpf unload
}
load hidden listed.efi
attempt plan kexec-bpf load -n /listed.efi
mount -t efivarfs efivarfs /sys/firmware/efi/efivars
load listed listed.efi
load good good.efi
printf '\007\000\000\000sbat,1,2024010900\nsystemd-stub,2\n' \
    >/sys/firmware/efi/efivars/SbatLevelRT-605dab50-e046-4300-abb6-3dd810dd8b23
load below good.efi
attempt inspect kexec-bpf inspect /good.efi
"#;

#[test]
fn revoked_images_are_told_and_loaded() {
    let directory = guest::work_dir("revoked");
    let key = SigningKey::new(&directory);
    let sbat = b"sbat,1,SBAT Version,sbat,1,x\nsystemd-stub,1,systemd,systemd,257,x\n";
    let good = tiny_uki(None).section(".sbat", sbat).bytes();
    let listed = tiny_uki(None).section(".sbat", b"sbat,1,listed\n").bytes();
    // The digest leaves out CheckSum and the directory entry of the signature. The PE header
    // is at 0x40.
    let hashed = [&listed[..0x98], &listed[0x9c..0xe8], &listed[0xf0..]].concat();
    let initramfs = initramfs_before(SCRIPT, &key.sign_module(&directory))
        .file("good.efi", &key.sign_bytes(&directory, "good.efi", &good))
        .file(
            "listed.efi",
            &key.sign_bytes(&directory, "listed.efi", &listed),
        );
    let initramfs = drivers::add(initramfs, KERNEL, &["efivarfs"]);
    let machine = firmware::secure_guest(&directory, &key, KERNEL, initramfs, STRICT);
    firmware::revoke(&directory, &Sha256::digest(hashed).into());
    let said = machine.run();

    said.expect("lockdown", "none [integrity] confidentiality");
    let listed = "warning: /listed.efi: revoked in the firmware: its digest is in dbx (reported, \
                  not enforced)";
    // With efivarfs mounted or not.
    for name in ["hidden", "listed"] {
        said.expect_attempt(name, "0", &[listed, "loaded /listed.efi: "]);
        said.expect(&format!("{name}-loaded"), "1");
    }
    said.expect_attempt("plan", "0", &[listed]);
    said.expect("good-loaded", "1");
    assert!(!said.told("good").contains("revoked"), "it is not revoked");
    let below = "its .sbat has systemd-stub,1; SbatLevelRT demands 2 (reported, not enforced)";
    said.expect_attempt("below", "0", &[below, "loaded /good.efi: "]);
    said.expect("below-loaded", "1");
    said.expect_attempt("inspect", "0", &["warning", below]);
}
