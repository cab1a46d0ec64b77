// SPDX-License-Identifier: GPL-2.0-or-later
//! The hook and its menu on the serial console, with an ESP that is full.

use std::path::Path;

use guest::pe::tiny_kernel;
use guest::uki::Uki;
use guest::{Disk, Initramfs, Kernel, Machine, Partition, Payload, drivers, second_initrd};

const KERNEL: Kernel = Kernel::V6_12;

/// Fills the file system at `offset` of the disk.
fn fill(directory: &Path, disk: &Path, offset: u64) {
    let image = format!("{}@@{offset}", disk.display());
    let filler = directory.join("filler");
    // In ever smaller pieces, until no cluster is free.
    for (number, bytes) in (9..25u32).rev().map(|power| 1u64 << power).enumerate() {
        let file = std::fs::File::create(&filler).expect("create a file");
        file.set_len(bytes).expect("size a file");
        for copy in 0..2 {
            let name = format!("::/fill{number}.{copy}");
            let mut command = guest::host_program("mcopy");
            command.args(["-i", &image]).arg(&filler).arg(&name);
            // Fails for a piece that is larger than the free space.
            let _ = command.output().expect("start mcopy");
        }
    }
    let mut list = guest::host_program("mdir");
    let output = list
        .args(["-i", &image, "::"])
        .output()
        .expect("start mdir");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(" 0 bytes free"), "{text}");
}

#[test]
fn hook_shows_a_menu_and_counts_on_a_full_esp() {
    let directory = guest::work_dir("menu");
    let nonce = guest::nonce();
    let payload = Payload::new("initrd", 3_001);
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
    let uki = Uki::new(
        &directory,
        "a",
        &format!("console=ttyS0 panic=-1 nonce={nonce}"),
    )
    .linux(&KERNEL.image())
    .initrd(&initrd)
    .build();
    let disk = Disk::new(&directory.join("disk"))
        .file_from(Partition::Esp, "EFI/Linux/chosen+10-00.efi", &uki)
        .esp("loader/entries/z1.conf", b"linux /gone\n")
        .esp("loader/entries/z2.conf", b"linux /tiny\n")
        .esp("tiny", &tiny_kernel())
        .build();
    fill(&directory, disk.path(), 1 << 20);

    let script = format!("{}attempt hook kexec-bpf hook boot\n", drivers::LOAD);
    let initramfs = drivers::add(Initramfs::new(&script), KERNEL, drivers::DISKS);
    // Incomplete and invalid sequences first; then past the last entry, and up
    // again.
    let keys = b"\x1b[\x1b\xff9\x1b[B\x1b[B\x1b[B\x1b[A\r";
    let said = Machine::new(&directory, KERNEL, initramfs.finish())
        .append("quiet rd.kexec_bpf.menu=100 rd.kexec_bpf.append=\"more words\"")
        .timeout_s(200)
        .disk(disk.path())
        .keys("Number or arrow keys", keys)
        .run();
    said.expect("nonce", &nonce);
    let cmdline = "more words rd.kexec_bpf.chained=1";
    said.expect(
        "cmdline",
        &format!("console=ttyS0 panic=-1 nonce={nonce} {cmdline}"),
    );
    said.expect("payload", &format!("{} {}", payload.name, payload.sha256));
    assert_eq!(
        disk.names(Partition::Esp, "EFI/Linux"),
        ["chosen+09-01.efi"]
    );
    let console: String = said
        .console
        .iter()
        .map(|line| line.text.clone() + "\n")
        .collect();
    let mut shown = console
        .split(['\r', '\n'])
        .filter(|line| line.contains(".efi"));
    assert!(
        console.contains("2  chosen.efi: Test, 1, tries left: 10"),
        "{console}"
    );
    assert!(shown.all(|line| line.chars().count() < 80), "{console}");
}
