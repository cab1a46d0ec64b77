// SPDX-License-Identifier: GPL-2.0-or-later
//! Archives of the initrd that follow each other. The format of `lz4 -l` has no
//! end mark: the kernel's decoder takes the next bytes for a size unless they are
//! zeros.

use guest::handshake::{KERNEL, initramfs, machine};
use guest::initramfs::extra_initrd;
use guest::pe::{Pe, packed};
use guest::{Payload, second_initrd};

#[test]
fn the_module_separates_lz4_from_other_archives() {
    lz4_before_other_archives("handshake");
}

#[test]
fn the_program_separates_lz4_from_other_archives() {
    lz4_before_other_archives("extract");
}

fn lz4_before_other_archives(route: &str) {
    let directory = guest::work_dir(&format!("lz4-{route}"));
    let payloads = ["image", "user", "addon"].map(|name| Payload::new(name, 30_001));
    let [own, user, addon] = &payloads;
    let secret = Payload::new("secret.cred", 77);
    let lz4 = |name: &str, archive: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, archive).expect("write the archive");
        packed(&directory, &path, "lz4", &["-q", "-l"])
    };
    let nonce = guest::nonce();
    let image = Pe::new()
        .section(".osrel", b"NAME=Test\n")
        .section(
            ".cmdline",
            format!("console=ttyS0 nonce={nonce}").as_bytes(),
        )
        .section_from(".linux", &KERNEL.image())
        .section(".initrd", &lz4("own", &second_initrd(&[own])));
    let addon_image = Pe::new().section(".initrd", &lz4("addon", &extra_initrd(&[addon])));
    let script = format!(
        "attempt load kexec-bpf load /a.efi --route {route} --initrd /user \
        --addon /a.addon.efi --addon /secret.cred
[ $(cat /sys/kernel/kexec_loaded) = 1 ] && kexec-bpf exec
"
    );
    let guest = initramfs(&script)
        .file("a.efi", &image.bytes())
        .file("a.addon.efi", &addon_image.bytes())
        .file("secret.cred", &secret.data)
        .file("user", &lz4("user", &extra_initrd(&[user])));
    let said = machine(&directory, guest).memory_mb(1024).run();
    said.expect("load-code", "0");
    said.expect("nonce", &nonce);
    let mut found = said.all("payload");
    found.sort_unstable();
    let line = |payload: &Payload| format!("{} {}", payload.name, payload.sha256);
    let mut wanted: Vec<String> = payloads.iter().map(line).collect();
    wanted.sort_unstable();
    if found != wanted {
        said.fail(&format!("payloads are {found:?}, not {wanted:?}"));
    }
    let extra = said.all("extra");
    let secret = format!(".extra/credentials/secret.cred 400 {}", secret.sha256);
    for wanted in [secret.as_str(), ".extra/os-release 444 "] {
        if !extra.iter().any(|line| line.starts_with(wanted)) {
            said.fail(&format!("no {wanted} among {extra:?}"));
        }
    }
}
