// SPDX-License-Identifier: GPL-2.0-or-later
//! `boot` on the handshake route: the image and its companion files are on an
//! ESP that is not mounted anywhere, and the kernel still reads them from there.

use guest::handshake::{KERNEL, initramfs};
use guest::initramfs::extra_initrd;
use guest::pe::Pe;
use guest::{Disk, Machine, Partition, Payload, drivers, second_initrd, uki::Uki};

/// Builds an addon with words for the command line and a file for the initrd.
fn addon(cmdline: &str, payload: &Payload) -> Vec<u8> {
    Pe::new()
        .section(".cmdline", cmdline.as_bytes())
        .section(".initrd", &extra_initrd(&[payload]))
        .bytes()
}

#[test]
fn companions_on_an_esp_that_is_not_mounted() {
    let directory = guest::work_dir("boot-companions");
    let cmdline = format!("console=ttyS0 panic=-1 nonce={}", guest::nonce());
    let image = Payload::new("image", 3_001);
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&image])).expect("write the initrd");
    let uki = Uki::new(&directory, "a", &cmdline)
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .build();
    let [own, global] = ["own", "global"].map(|name| Payload::new(name, 501));
    let [secret, shared] = ["secret.cred", "shared.cred"].map(|name| Payload::new(name, 77));
    let disk = Disk::new(&directory.join("disk"))
        .file_from(Partition::Esp, "EFI/Linux/a.efi", &uki)
        .esp(
            "EFI/Linux/a.efi.extra.d/b.addon.efi",
            &addon("of=own", &own),
        )
        .esp("EFI/Linux/a.efi.extra.d/secret.cred", &secret.data)
        .esp("loader/addons/c.addon.efi", &addon("of=global", &global))
        .esp("loader/credentials/shared.cred", &shared.data)
        .build();

    let script = format!(
        "{}attempt inspect kexec-bpf boot -n
say mounted \"$(grep -c vfat /proc/mounts)\"
attempt boot kexec-bpf boot --route handshake
",
        drivers::LOAD
    );
    let guest = drivers::add(initramfs(&script), KERNEL, drivers::DISKS);
    let said = Machine::new(&directory, KERNEL, guest.finish())
        .memory_mb(1024)
        .timeout_s(200)
        .disk(disk.path())
        .run();
    said.expect("inspect-code", "0");
    said.expect("mounted", "0");
    said.expect("cmdline", &format!("{cmdline} of=global of=own"));
    let mut found = said.all("payload");
    let mut wanted = [&image, &own, &global].map(|file| format!("{} {}", file.name, file.sha256));
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "the image's initrd and the addons'");
    let extra = said.all("extra");
    for (path, file) in [
        (".extra/credentials/secret.cred", &secret),
        (".extra/global_credentials/shared.cred", &shared),
    ] {
        let line = format!("{path} 400 {}", file.sha256);
        assert!(extra.contains(&line.as_str()), "{line} in {extra:?}");
    }
}
