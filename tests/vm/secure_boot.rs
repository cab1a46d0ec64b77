// SPDX-License-Identifier: GPL-2.0-or-later
//! Secure Boot: the kernel inside a UKI is handed over with exactly its own
//! bytes, so that its signature still verifies; an unsigned one is refused.

use crate::guest::firmware::{self, SigningKey};
use crate::guest::uki::Uki;
use crate::guest::{self, Initramfs, Kernel, Payload, second_initrd};

const SCRIPT: &str = "
mount -t securityfs none /sys/kernel/security
say lockdown $(cat /sys/kernel/security/lockdown)
kexec-bpf load /unsigned.efi >/out 2>&1
say unsigned-code $?
while read -r line; do say unsigned $line; done </out
say loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf load /signed.efi >/out 2>&1
say signed-code $?
while read -r line; do say signed $line; done </out
kexec-bpf exec
";

#[test]
fn inner_signature_verifies() {
    let kernel = Kernel::V6_12;
    let folder = guest::work_dir("secure-boot");
    let nonce = guest::nonce();
    let payload = Payload::new("initrd", 1_001);
    let initrd = folder.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");

    // What is loaded: two UKIs that differ in their kernel's signature.
    let key = SigningKey::new(&folder);
    let signed = key.sign(&folder, "vmlinuz.signed", &kernel.image());
    let unsigned = firmware::unsigned(&folder, "vmlinuz.bare", &kernel.image());
    let uki = |name, linux| {
        Uki::new(&folder, name, &format!("console=ttyS0 nonce={nonce}"))
            .options(&["--uname", &kernel.release()])
            .linux(linux)
            .initrd(&initrd)
            .build()
    };
    let initramfs = Initramfs::new(SCRIPT)
        .file_from("signed.efi", &uki("signed", &signed))
        .file_from("unsigned.efi", &uki("unsigned", &unsigned))
        .finish();

    // What loads them: a UKI that the firmware verifies.
    let first = folder.join("first.cpio");
    std::fs::write(&first, initramfs).expect("write the initramfs");
    let image = Uki::new(&folder, "first", "console=ttyS0 panic=-1")
        .linux(&kernel.image())
        .initrd(&first)
        .build();
    let image = key.sign(&folder, "first.signed.efi", &image);
    let said = firmware::secure_machine(&folder, &image)
        .memory_mb(1024)
        .timeout_s(240)
        .run();
    assert!(said.one("lockdown").contains("[integrity]"), "locked down");
    said.expect("unsigned-code", "4");
    assert!(
        said.all("unsigned").concat().contains("lockdown"),
        "the refusal names lockdown: {:?}",
        said.all("unsigned")
    );
    said.expect("loaded", "0");
    said.expect("signed-code", "0");
    said.expect("nonce", &nonce);
}
