// SPDX-License-Identifier: GPL-2.0-or-later
//! systemd-stub is the oracle: what it makes of a UKI, kexec-bpf makes too.

use crate::guest::{self, Initramfs, Kernel, Machine, Payload, firmware, second_initrd, uki::Uki};

/// White space and control characters as the stub's rules have them.
const CMDLINE: &str = "  console=ttyS0 panic=-1 quiet\tname=\"two words\"\u{1}x=1 nonce=";

#[test]
fn oracle_bookworm_stub() {
    same_as_by("stub-bookworm");
}

#[test]
fn oracle_trixie_stub() {
    same_as_by("stub-trixie");
}

fn same_as_by(stub: &str) {
    let kernel = Kernel::V6_12;
    let folder = guest::work_dir(&format!("oracle-{stub}"));
    let nonce = guest::nonce();
    let payload = Payload::new("oracle", 100_001);
    let initrd = folder.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
    let uki = Uki::on_stub(&folder, "a", &format!("{CMDLINE}{nonce}\n"), stub)
        .linux(&kernel.image())
        .initrd(&initrd)
        .build();

    let firmware = firmware::machine(&folder, &uki).run();
    firmware.expect("nonce", &nonce);
    firmware.expect("payload", &format!("oracle {}", payload.sha256));

    let folder = guest::work_dir(&format!("oracle-{stub}-kexec"));
    let script = "kexec-bpf load /a.efi 2>&1 && say loaded && kexec-bpf exec\n";
    let initramfs = Initramfs::new(script).file_from("a.efi", &uki);
    let kexec = Machine::new(&folder, kernel, initramfs.finish()).run();
    kexec.expect("nonce", &nonce);
    kexec.expect("payload", &format!("oracle {}", payload.sha256));
    kexec.expect("cmdline", firmware.one("cmdline"));
}
