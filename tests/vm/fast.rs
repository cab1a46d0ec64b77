// SPDX-License-Identifier: GPL-2.0-or-later
//! `--fast`: the program's loads that skip the kernel's digest, and its words if that is
//! not possible. `module_fast` tests the module's part.

use guest::handshake::{KERNEL, NOTHING, STRICT, initramfs, machine};
use guest::witness::{self, FUNCTIONS, expect_digest};
use guest::{Machine, Payload};

use crate::module_fast::with_images;

#[test]
fn every_route_can_be_fast() {
    let directory = guest::work_dir("fast-routes");
    let script = format!(
        "{FUNCTIONS}
witness
watched plain kexec-bpf load /kernel
watched native kexec-bpf load --fast -v /kernel --initrd /initrd
watched extract kexec-bpf load --fast -v --route extract /a.efi
watched handshake kexec-bpf load --fast -v --route handshake /a.efi
watched dry kexec-bpf load --fast -n /kernel
attempt crash kexec-bpf load --fast --panic /a.efi
digest always
watched always kexec-bpf load --fast /kernel
digest never
watched never kexec-bpf load /kernel
watched never-dry kexec-bpf load -n /kernel
kexec-bpf status | while read -r line; do say status \"$line\"; done
digest auto
kexec-bpf unload
left end
rmmod witness
rmmod kexec_bpf
attempt without kexec-bpf load --fast /kernel
attempt without-dry kexec-bpf load --fast -n /kernel
attempt quiet kexec-bpf load --fast /kernel -v
kexec-bpf unload
"
    );
    let said = machine(&directory, with_images(initramfs(&script)))
        .append("crashkernel=32M")
        .run();
    for (name, kept) in [
        ("plain", true),
        ("native", false),
        ("extract", false),
        ("handshake", false),
        ("always", true),
        ("never", false),
    ] {
        said.expect(&format!("{name}-code"), "0");
        expect_digest(&said, name, "normal", kept);
    }
    for name in ["native", "extract", "handshake"] {
        said.expect_words(
            name,
            &["kernel's digest: skipped, so nothing verifies the image at the jump"],
        );
    }
    said.expect_words("dry", &["skipped, as asked"]);
    said.expect_words(
        "never-dry",
        &["skipped, because the module's parameter digest is \"never\""],
    );
    said.expect_attempt("crash", "2", &["--fast and --panic"]);
    let always = "the module's parameter digest is \"always\"";
    said.expect_words("always", &["--fast has no effect", always]);
    said.expect_words("status", &["computed for crash images only"]);
    let lacking = "--fast has no effect: the module kexec_bpf is not loaded; try modprobe";
    for name in ["without", "without-dry"] {
        said.expect_attempt(name, "0", &[lacking]);
    }
    said.expect("end-left", NOTHING);
}

/// In an initramfs, `boot` is fast by default. A program of pre-exec.d damages a byte of the
/// image that nobody needs, so that only a load without a digest boots.
#[test]
fn an_initramfs_boots_fast() {
    let directory = guest::work_dir("fast-boot");
    let payload = Payload::new("fast", 300_007);
    let initrd = witness::damageable_initrd(&payload);
    let nonce = guest::nonce();
    let entry =
        format!("linux /vmlinuz\ninitrd /initrd\noptions console=ttyS0 panic=-1 nonce={nonce}\n");
    let script = format!(
        "{FUNCTIONS}
witness
mkdir -p /etc/kexec-bpf/pre-exec.d
printf '#!/bin/sh\necho normal >/sys/module/witness/parameters/damage\n' >/etc/kexec-bpf/pre-exec.d/damage
chmod 755 /etc/kexec-bpf/pre-exec.d/damage
attempt system kexec-bpf boot -n --root /esp
attempt asked kexec-bpf boot -n --root /esp --fast
>/etc/initrd-release
attempt initramfs kexec-bpf boot -n --root /esp
attempt kept kexec-bpf boot -n --root /esp --no-fast
attempt both kexec-bpf boot -n --root /esp --fast --no-fast
kexec-bpf boot -v --root /esp >/dev/ttyS0 2>&1
"
    );
    let guest = initramfs(&script)
        .file_from("witness.ko", &witness::module())
        .file_from("esp/vmlinuz", &KERNEL.image())
        .file("esp/initrd", &initrd)
        .file("esp/loader/entries/a.conf", entry.as_bytes());
    let said = Machine::new(&directory, KERNEL, guest.finish())
        .append(STRICT)
        .boot();
    for (name, found) in [
        ("system", None),
        ("asked", Some("skipped, as asked")),
        ("initramfs", Some("skipped, the default here")),
        ("kept", None),
    ] {
        said.expect(&format!("{name}-code"), "0");
        let told = said.told(name);
        match found {
            Some(words) => said.expect_words(name, &[words]),
            None if told.contains("skipped, ") => said.fail(&format!("{name}: {told}")),
            None => (),
        }
    }
    said.expect_attempt("both", "2", &["--fast and --no-fast"]);
    for words in ["kernel's digest: skipped", "pre-exec.d/damage took"] {
        if !said.console.iter().any(|line| line.text.contains(words)) {
            said.fail(&format!("the console does not show '{words}'"));
        }
    }
    said.expect_end();
    said.expect("second", &KERNEL.release());
    said.expect("payload", &format!("fast {}", payload.sha256));
    assert!(
        said.one("cmdline").ends_with(&nonce),
        "{}",
        said.one("cmdline")
    );
}
