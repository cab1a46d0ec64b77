// SPDX-License-Identifier: GPL-2.0-or-later
//! `--unpack-initrd` and `rd.kexec_bpf.unpack`: the program's loads whose initrd the module
//! unpacks, and its words if that is not possible. `module_unpack` tests the module's part.

use std::path::{Path, PathBuf};

use guest::archives::{EARLY_FOUND, compressed, compressed_by, early, pad};
use guest::cpio::Archive;
use guest::handshake::{KERNEL, NOTHING, STRICT, expect_failure, initramfs, machine};
use guest::initramfs::{extra_initrd, second};
use guest::pe::{Pe, tiny_kernel};
use guest::uki::Uki;
use guest::{Disk, Machine, Partition, Payload, Transcript, drivers};

/// Returns a small initrd that takes more than half of the guest's memory unpacked.
fn large(directory: &Path) -> Vec<u8> {
    let mut archive = Archive::new();
    archive.file("zeros", 0o644, &vec![0; 300 << 20]);
    compressed(directory, "zstd", &archive.finish())
}

/// Returns a UKI that loads but cannot run, with this initrd.
fn tiny(initrd: &[u8]) -> Pe {
    Pe::new()
        .section(".osrel", b"NAME=Test\n")
        .section(".cmdline", b"console=ttyS0")
        .section(".linux", &tiny_kernel())
        .section(".initrd", initrd)
}

/// Builds a UKI that boots: its microcode is [`early`], and its initrd, which has the payload,
/// is compressed.
fn uki(directory: &Path, format: &str, nonce: &str, payload: &Payload) -> PathBuf {
    let write = |name: &str, data: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, data).expect("write a file");
        path
    };
    let initrd = compressed(directory, format, &second(&[payload]).finish());
    let cmdline = format!("console=ttyS0 panic=-1 nonce={nonce}");
    Uki::new(directory, "a", &cmdline)
        .linux(&KERNEL.image())
        .initrd(&write("initrd", &initrd))
        .microcode(&write("microcode", &early()))
        .build()
}

/// Expects that the next kernel has these files, and has found the table.
#[track_caller]
fn expect_booted(said: &Transcript, nonce: &str, payloads: &[&Payload]) {
    said.expect("second", &KERNEL.release());
    said.expect("nonce", nonce);
    let mut found = said.all("payload");
    found.sort_unstable();
    let mut wanted: Vec<String> = payloads
        .iter()
        .map(|payload| format!("{} {}", payload.name, payload.sha256))
        .collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    expect_console(said, EARLY_FOUND);
}

#[track_caller]
fn expect_console(said: &Transcript, words: &str) {
    if !said.console.iter().any(|line| line.text.contains(words)) {
        said.fail(&format!("the console does not show '{words}'"));
    }
}

#[track_caller]
fn expect_silence(said: &Transcript, name: &str, words: &str) {
    let told = said.told(name);
    if told.contains(words) {
        said.fail(&format!("{name}: {told}"));
    }
}

const OPTION: &str = r#"
load() {
    said=$1
    shift
    attempt $said kexec-bpf load "$@"
}
status() { kexec-bpf status | while read -r line; do say $1 "$line"; done; }
rmmod kexec_bpf
status without-status
load without --unpack-initrd /zstd.efi
load without-plan --unpack-initrd -n /zstd.efi
kexec-bpf unload
left without
insmod /kexec_bpf.ko timeout_ms=60000
status status
load bare -v /zstd.efi
load zstd --unpack-initrd -v /zstd.efi
load plan --unpack-initrd -n /zstd.efi
load plain --unpack-initrd -v /plain.efi
load bzip2 --unpack-initrd -v /bzip2.efi
load mixed --unpack-initrd -v /mixed.efi
load early --unpack-initrd -v /early.efi
load extract --unpack-initrd --route extract /zstd.efi
load native --unpack-initrd /kernel --initrd /initrd
load native-plan --unpack-initrd -n /kernel
load panic --unpack-initrd --panic /zstd.efi
kexec-bpf unload
load short --unpack-initrd /large.efi
left short
load packed /large.efi
kexec-bpf unload
kexec-bpf load --unpack-initrd --fast -v /a.efi --initrd /initrd >/dev/ttyS0 2>&1
kexec-bpf exec
"#;

fn expect_without_module(said: &Transcript) {
    let vain = "--unpack-initrd has no effect: the module kexec_bpf is not loaded; try modprobe";
    said.expect_attempt("without", "0", &[vain, "route extract"]);
    said.expect_attempt(
        "without-plan",
        "0",
        &[
            vain,
            "unpacking     left to the next kernel, because the module",
        ],
    );
    said.expect("without-left", NOTHING);
    let no = "initrd unpacking no: only the module can do it";
    said.expect_page("without-status", &[no]);
}

fn expect_reports(said: &Transcript) {
    said.expect_page("status", &["initrd unpacking with --unpack-initrd"]);
    said.expect("bare-code", "0");
    expect_silence(said, "bare", "npack");
    let unpacked = "initrd unpacked: ";
    for name in ["zstd", "early"] {
        said.expect_attempt(name, "0", &[unpacked, " packed, now "]);
        expect_silence(said, name, "stays packed");
    }
    said.expect_attempt("plan", "0", &["unpacking     by the module, as asked"]);
    let plain = "initrd not unpacked: nothing of it is packed";
    said.expect_attempt("plain", "0", &[plain]);
    let format = "the module has no decoder for its format";
    let bzip2 = format!("--unpack-initrd: the initrd stays packed: {format}");
    said.expect_attempt("bzip2", "0", &[&bzip2]);
    let rest = format!("is unpacked up to an archive that stays packed: {format}");
    said.expect_attempt("mixed", "0", &[unpacked, &rest]);
    let vain = "--unpack-initrd has no effect: ";
    let handshake = "only on the route handshake; try without --route";
    said.expect_attempt("extract", "0", &[vain, handshake, "route extract"]);
    let native = "the kernel opens a plain kernel itself";
    said.expect_attempt("native", "0", &[vain, native, "route native"]);
    said.expect_attempt("native-plan", "0", &[vain, native]);
    said.expect_attempt("panic", "2", &["--unpack-initrd and --panic"]);
}

/// One guest makes all loads, and jumps at the end.
#[test]
fn by_option() {
    let directory = guest::work_dir("unpack-option");
    let (nonce, payload) = (guest::nonce(), Payload::new("own", 300_007));
    let more = Payload::new("more", 70_001);
    let image = uki(&directory, "gzip", &nonce, &payload);
    let plain = extra_initrd(&[&payload]);
    let zstd = compressed(&directory, "zstd", &plain);
    let bzip2 = compressed_by(&directory, "bzip2", &[], &plain);
    let mut mixed = zstd.clone();
    pad(&mut mixed, 4);
    mixed.extend(&bzip2);
    let guest = initramfs(OPTION)
        .file_from("a.efi", &image)
        .file("kernel", &tiny_kernel())
        .file(
            "initrd",
            &compressed(&directory, "xz", &extra_initrd(&[&more])),
        )
        .file("zstd.efi", &tiny(&zstd).bytes())
        .file("plain.efi", &tiny(&plain).bytes())
        .file("bzip2.efi", &tiny(&bzip2).bytes())
        .file("mixed.efi", &tiny(&mixed).bytes())
        .file(
            "early.efi",
            &tiny(&zstd).section(".ucode", &early()).bytes(),
        )
        .file("large.efi", &tiny(&large(&directory)).bytes());
    let said = machine(&directory, guest).run();
    expect_without_module(&said);
    expect_reports(&said);
    let numbers = "cause: unpacking the initrd takes at least ";
    let words = [
        numbers,
        " MiB are free",
        "omit --unpack-initrd; or free memory",
    ];
    expect_failure(&said, "short", "1", &words);
    said.expect("packed-code", "0");
    expect_console(&said, "initrd unpacked: ");
    expect_booted(&said, &nonce, &[&payload, &more]);
}

/// A program of pre-exec.d that makes the jump fail, so that the test can go on.
const STAY: &str = "#!/bin/sh
[ ! -e /stay ] || kexec-bpf unload
";

#[test]
fn by_the_kernels_word() {
    let directory = guest::work_dir("unpack-word");
    let (nonce, payload) = (guest::nonce(), Payload::new("own", 300_007));
    let image = uki(&directory, "zstd", &nonce, &payload);
    let disk = Disk::new(&directory.join("disk"))
        .file_from(Partition::Esp, "EFI/Linux/a.efi", &image)
        .build();
    let script = format!(
        "{}touch /stay
rmmod kexec_bpf
attempt without kexec-bpf hook boot
insmod /kexec_bpf.ko timeout_ms=60000
echo rd.kexec_bpf= rd.kexec_bpf.unpack=0 >/line
mount -o bind /line /proc/cmdline
attempt off kexec-bpf hook boot -v
umount /proc/cmdline
attempt option kexec-bpf boot -n --unpack-initrd
left stay
rm /stay
kexec-bpf hook boot -v >/dev/ttyS0 2>&1
",
        drivers::LOAD
    );
    let guest = drivers::add(initramfs(&script), KERNEL, drivers::DISKS)
        .script("etc/kexec-bpf/pre-exec.d/stay", STAY);
    let said = Machine::new(&directory, KERNEL, guest.finish())
        .append(STRICT)
        .append("rd.kexec_bpf= rd.kexec_bpf.unpack rd.kexec_bpf.fast")
        .memory_mb(1024)
        .disk(disk.path())
        .run();
    for word in ["unpack", "fast"] {
        let vain = format!("rd.kexec_bpf.{word} has no effect: the module kexec_bpf is not loaded");
        said.expect_words("without", &[&vain, "route extract"]);
    }
    said.expect_words("off", &["kernel's digest: skipped", "route handshake"]);
    expect_silence(&said, "off", "npack");
    said.expect_attempt("option", "0", &["unpacking     by the module, as asked"]);
    said.expect("stay-left", NOTHING);
    expect_console(&said, "initrd unpacked: ");
    expect_booted(&said, &nonce, &[&payload]);
}
