// SPDX-License-Identifier: GPL-2.0-or-later
//! Thin images of lanzaboote on a disk: one whose kernel is not the right file is
//! skipped, and the next one boots, with the module loaded.

use std::path::Path;

use guest::disk::BuiltDisk;
use guest::handshake::{KERNEL, initramfs_before, machine};
use guest::payload::sha256;
use guest::pe::Pe;
use guest::{Disk, Payload, drivers, module, second_initrd};

const SCRIPT: &str = r"
attempt list kexec-bpf list
attempt bad kexec-bpf boot bad.efi
attempt gone kexec-bpf boot gone.efi
mkdir /esp
mount -t vfat -o ro /dev/vda1 /esp
attempt plan kexec-bpf load -n /esp/efi/LINUX/good.efi
attempt inspect kexec-bpf inspect /esp/EFI/Linux/good.efi
attempt check kexec-bpf kdump check /esp/EFI/Linux/good.efi
attempt crash kexec-bpf load --panic /esp/EFI/Linux/good.efi
attempt crash-bad kexec-bpf load --panic /esp/EFI/Linux/bad.efi
say crash-loaded $(cat /sys/kernel/kexec_crash_loaded)
insmod /kexec_bpf.ko timeout_ms=60000
attempt handshake kexec-bpf load --route handshake /esp/EFI/Linux/good.efi
umount /esp
attempt dry kexec-bpf boot -n
say loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf boot --verbose 2>/dev/ttyS0
";

/// Returns 32 bytes from their digits.
fn hash(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let text = pairs.map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    text.map(|pair| u8::from_str_radix(pair, 16).expect("a hex number"))
        .collect()
}

/// Returns an image with the sections that lanzaboote's tool makes.
fn image(version: &str, kernel: &str, hashes: [&str; 2], cmdline: &str) -> Vec<u8> {
    let os = format!("ID=lanza\nPRETTY_NAME=NixOS\nVERSION_ID={version}\n");
    Pe::new()
        .section(".osrel", os.as_bytes())
        .section(".cmdline", cmdline.as_bytes())
        .section(".initrd", br"\EFI\nixos\initrd-abc.efi")
        .section(".linux", kernel.as_bytes())
        .section(".initrdh", &hash(hashes[1]))
        .section(".linuxh", &hash(hashes[0]))
        .bytes()
}

fn disk(directory: &Path, payload: &Payload, secret: &Payload, cmdline: &str) -> BuiltDisk {
    let kernel = std::fs::read(KERNEL.image()).expect("read the kernel");
    let initrd = second_initrd(&[payload]);
    let hashes = [&sha256(&kernel)[..], &sha256(&initrd)];
    // As FAT has it, with other cases.
    let named = r"\efi\NIXOS\Kernel-ABC.efi";
    let linux = "EFI/Linux";
    Disk::new(directory)
        .esp(
            &format!("{linux}/good.efi"),
            &image("1", named, hashes, cmdline),
        )
        .esp(
            &format!("{linux}/bad.efi"),
            &image("3", named, [hashes[1], hashes[1]], "bad"),
        )
        .esp(
            &format!("{linux}/gone.efi"),
            &image("2", r"\EFI\nixos\gone.efi", hashes, "gone"),
        )
        .esp(&format!("{linux}/good.efi.extra/a.cred"), &secret.data)
        .esp("EFI/nixos/kernel-abc.efi", &kernel)
        .esp("EFI/nixos/initrd-abc.efi", &initrd)
        .build()
}

#[test]
fn the_default_with_a_wrong_hash_is_skipped() {
    let directory = guest::work_dir("thin");
    let cmdline = format!("console=ttyS0 panic=-1 nonce={}", guest::nonce());
    let payload = Payload::new("thin", 100_001);
    let secret = Payload::new("a.cred", 99);
    let disk = disk(&directory, &payload, &secret, &cmdline);
    let script = format!("{}{SCRIPT}", drivers::LOAD);
    let initramfs = initramfs_before(&script, &module::module());
    let initramfs = drivers::add(initramfs, KERNEL, drivers::DISKS);
    let said = machine(&directory, initramfs)
        .append("crashkernel=192M")
        .memory_mb(1024)
        .timeout_s(400)
        .disk(disk.path())
        .run();

    let differs = "its SHA-256 is not the one that";
    said.expect_words(
        "list",
        &[
            "*   2  good.efi: NixOS, 1, the default",
            "gone.efi: skipped: no such file: /EFI/nixos/gone.efi",
            "bad.efi: skipped: ",
            differs,
        ],
    );
    said.expect_attempt(
        "bad",
        "3",
        &["Kernel-ABC.efi: its SHA-256", "wanted ", "found "],
    );
    said.expect_attempt("gone", "3", &["no such file: /EFI/nixos/gone.efi"]);
    let kernel = "/esp/efi/NIXOS/Kernel-ABC.efi, named by .linux";
    let initrd = "/esp/EFI/nixos/initrd-abc.efi";
    said.expect_attempt("plan", "0", &["extract", kernel, initrd, "a.cred"]);
    said.expect_attempt("inspect", "0", &["a thin UKI", "route extract", ".initrd"]);
    said.expect_attempt("check", "0", &["verdict"]);
    said.expect_attempt("crash", "0", &["for a panic"]);
    said.expect_attempt("crash-bad", "3", &[differs]);
    said.expect("crash-loaded", "1");
    said.expect_attempt("handshake", "2", &["does not apply to a thin image"]);
    said.expect_attempt(
        "dry",
        "0",
        &[
            "bad.efi: skipped",
            "entry         good.efi on vda1",
            "route         extract",
        ],
    );
    said.expect("loaded", "0");

    said.expect("second", &KERNEL.release());
    said.expect("cmdline", &cmdline);
    said.expect("payload", &format!("thin {}", payload.sha256));
    let files: Vec<_> = said.all("extra");
    let secret = format!(".extra/credentials/a.cred 400 {}", secret.sha256);
    assert!(files.contains(&&secret[..]), "{files:?}");
    // The stub of lanzaboote makes no file of .osrel.
    assert!(!files.iter().any(|file| file.contains("os-release")));
}
