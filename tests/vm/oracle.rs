// SPDX-License-Identifier: GPL-2.0-or-later
//! systemd-stub is the oracle: with a UKI and its companion files kexec-bpf must do the
//! same as the stub, on both routes.
//!
//! Each UKI is booted once by firmware, systemd-boot and the stub, from a FAT file
//! system; then a guest mounts the same disk and boots all UKIs in a chain, in which each
//! kernel loads the next one.

mod cases;
mod chain;

use std::collections::BTreeMap;

use cases::Case;
use chain::Boot;
use guest::esp::Esp;
use guest::{Initramfs, Kernel, Machine, Payload, firmware, second_initrd, uki::Uki};

pub const KERNEL: Kernel = Kernel::V6_12;

/// White space and control characters for which the stub has rules.
const CMDLINE: &str = "  console=ttyS0 panic=-1 quiet\tname=\"two words\"\u{1}x=1 nonce=";

/// The oldest stub knows neither profiles nor os-release.
#[test]
fn oracle_bookworm_stub() {
    same_as_by("stub-bookworm", false);
}

#[test]
fn oracle_trixie_stub() {
    same_as_by("stub-trixie", true);
}

fn same_as_by(stub: &str, same_extra: bool) {
    let directory = guest::work_dir(&format!("oracle-{stub}"));
    let nonce = guest::nonce();
    let payload = Payload::new("oracle", 100_001);
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
    let uki = Uki::on_stub(&directory, "a", &format!("{CMDLINE}{nonce}\n"), stub)
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .build();

    let firmware = firmware::machine(&directory, &uki).run();
    firmware.expect("nonce", &nonce);
    firmware.expect("payload", &format!("oracle {}", payload.sha256));

    let directory = guest::work_dir(&format!("oracle-{stub}-kexec"));
    let script = "kexec-bpf load /a.efi 2>&1 && say loaded && kexec-bpf exec\n";
    let initramfs = Initramfs::new(script).file_from("a.efi", &uki);
    let kexec = Machine::new(&directory, KERNEL, initramfs.finish()).run();
    kexec.expect("nonce", &nonce);
    kexec.expect("payload", &format!("oracle {}", payload.sha256));
    kexec.expect("cmdline", firmware.one("cmdline"));
    if same_extra {
        assert_eq!(
            kexec.all("extra"),
            firmware.all("extra"),
            "the tree of /.extra"
        );
    }
}

/// UKIs without companion files that all of them share.
#[test]
fn oracle_images() {
    same_as_stub("images", &cases::images());
}

/// UKIs with files in the directories below /loader, which all of them share.
#[test]
fn oracle_companions() {
    same_as_stub("companions", &cases::companions());
}

/// Expects both routes to boot all cases of a disk as the stub does.
fn same_as_stub(name: &str, cases: &[Case]) {
    let directory = guest::work_dir(&format!("oracle-{name}"));
    let esp = Esp::new(&directory.join("esp.img"), 24_000_000 * cases.len() as u64);
    for case in cases {
        for (path, data) in &case.files {
            esp.write(path, data);
        }
        chain::write_image(&directory, case, cases, &esp);
    }
    let mut wanted = BTreeMap::new();
    for case in cases {
        let directory = guest::work_dir(&format!("oracle-{name}-{}", case.name));
        esp.boot(case.entry);
        let said = firmware::machine_with_disk(&directory, esp.disk().to_owned())
            .memory_mb(1024)
            .timeout_s(240)
            .run();
        wanted.insert(case.name, Boot::of(&said));
    }

    let directory = guest::work_dir(&format!("oracle-{name}-chain"));
    let initramfs = chain::first(cases).finish();
    let said = Machine::new(&directory, KERNEL, initramfs)
        .disk(esp.disk())
        .append("no_timer_check")
        .memory_mb(1024)
        .timeout_s(300 + 150 * cases.len() as u64)
        .run();
    let found = chain::boots(&said);
    for case in cases {
        let wanted = &wanted[case.name];
        case.check(wanted, &said);
        for route in chain::ROUTES {
            let step = format!("{}-{route}", case.name);
            let Some(found) = found.get(&step) else {
                said.fail(&format!("{step} did not boot"));
            };
            if found != wanted {
                said.fail(&format!(
                    "{step} differs from the stub's boot:\n{found:#?}\n{wanted:#?}"
                ));
            }
        }
    }
}
