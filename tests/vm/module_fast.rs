// SPDX-License-Identifier: GPL-2.0-or-later
//! Loads whose segments are left out of the kernel's digest: which loads these are, and
//! what purgatory is told to check for each.

use crate::module_late::{SETTLE, expect_settled};
use guest::handshake::{NOTHING, initramfs, initramfs_with, machine, tiny_uki};
use guest::initramfs::small_initrd;
use guest::machine::given_memory_mb;
use guest::pe::{Pe, tiny_kernel};
use guest::witness::{self, FUNCTIONS, expect_digest};
use guest::{Initramfs, Transcript, host_program, packages};

/// A session of the handshake that asks for no digest. The slice is the kernel of [`uki`];
/// the client's last line is the report's digest.
pub const CLIENT: &str = "client load 60000 fast,ready,read,slice:512:4096,signal /a.efi";

/// Numbers of `enum kexec_bpf_digest`, with which a client's output ends.
const LEFT_OUT: &str = "1";
const CRASH: &str = "3";
const ALWAYS: &str = "4";
const UNABLE: &str = "5";

/// Returns a UKI whose kernel is at offset 512.
pub fn uki() -> Vec<u8> {
    let image = Pe::new().section(".linux", &tiny_kernel());
    image.section(".cmdline", b"console=ttyS0").bytes()
}

/// Adds the witness, clients, and images that load but cannot run.
pub fn with_images(guest: Initramfs) -> Initramfs {
    guest
        .program("bin/calls", &packages::floor("calls"))
        .file_from("witness.ko", &witness::module())
        .file("a.efi", &uki())
        .file("kernel", &tiny_kernel())
        .file("initrd", &small_initrd(b"never unpacked"))
}

/// Expects what `calls fast` prints for a good load: errno, and the report's error, stage
/// (9: loaded) and digest.
#[track_caller]
fn expect_fast_call(said: &Transcript, name: &str, digest: &str) {
    said.expect_lines(name, "0", &[&format!("0 0 9 {digest}")]);
}

#[track_caller]
fn expect_client(said: &Transcript, name: &str, digest: &str) {
    said.expect(&format!("{name}-code"), "0");
    let lines = said.all(name);
    let wanted = format!("digest {digest}");
    if !lines.contains(&"load 0") || lines.last() != Some(&wanted.as_str()) {
        said.fail(&format!("{name} has no '{wanted}': {lines:?}"));
    }
}

#[test]
fn who_gets_no_digest() {
    let directory = guest::work_dir("module-fast");
    let script = format!(
        "{FUNCTIONS}{SETTLE}
witness
say digest $(cat /sys/module/kexec_bpf/parameters/digest)
watched bare calls file 0 /kernel /initrd a=b
watched fast calls fast file 0 /kernel /initrd a=b
watched fast-memfd calls fast memfd 0 /kernel /initrd a=b
watched bare-crash calls file 2 /kernel /initrd a=b
watched fast-crash calls fast file 2 /kernel /initrd a=b
watched handshake kexec-bpf load --route handshake /a.efi
watched fast-handshake {CLIENT}
watched no-kernel calls fast file 0 /initrd
watched no-parser calls fast file 0 /a.efi
watched classic calls fast classic 0
watched traced client trace fentry kimage_load_segment 0 'calls fast file 0 /kernel'
digest always
watched always calls fast file 0 /kernel
watched always-handshake {CLIENT}
digest never
attempt wrong digest maybe
say digest $(cat /sys/module/kexec_bpf/parameters/digest)
watched never calls file 0 /kernel /initrd a=b
watched never-fast calls fast file 0 /kernel
watched never-handshake kexec-bpf load --route handshake /a.efi
watched never-extract kexec-bpf load --route extract /a.efi
watched never-crash calls file 2 /kernel /initrd a=b
watched never-crash-handshake kexec-bpf load --panic --force --route handshake /a.efi
watched never-bad calls file 0 /initrd
digest auto
watched last calls file 0 /kernel
say loaded $(cat /sys/kernel/kexec_loaded) $(cat /sys/kernel/kexec_crash_loaded)
kexec-bpf unload
kexec-bpf unload --panic
left end
rmmod witness
settle
"
    );
    let said = machine(&directory, with_images(initramfs(&script)))
        .append("crashkernel=32M")
        .run();
    assert_eq!(said.all("digest"), ["auto", "never"]);
    for name in ["bare", "never", "bare-crash", "never-crash", "last"] {
        said.expect_lines(name, "0", &["0"]);
    }
    for (name, digest) in [
        ("fast", LEFT_OUT),
        ("fast-memfd", LEFT_OUT),
        ("fast-crash", CRASH),
        ("always", ALWAYS),
        ("never-fast", LEFT_OUT),
    ] {
        expect_fast_call(&said, name, digest);
    }
    said.expect_lines("traced", "0", &["fentry kimage_load_segment 1", "0 0 9 1"]);
    expect_client(&said, "fast-handshake", LEFT_OUT);
    expect_client(&said, "always-handshake", ALWAYS);
    for name in [
        "handshake",
        "never-handshake",
        "never-extract",
        "never-crash-handshake",
    ] {
        said.expect(&format!("{name}-code"), "0");
    }
    for (name, purpose, kept) in [
        ("bare", "normal", true),
        ("fast", "normal", false),
        ("fast-memfd", "normal", false),
        ("bare-crash", "crash", true),
        ("fast-crash", "crash", true),
        ("handshake", "normal", true),
        ("fast-handshake", "normal", false),
        ("traced", "normal", false),
        ("always", "normal", true),
        ("always-handshake", "normal", true),
        ("never", "normal", false),
        ("never-fast", "normal", false),
        ("never-handshake", "normal", false),
        ("never-extract", "normal", false),
        ("never-crash", "crash", true),
        ("never-crash-handshake", "crash", true),
        ("last", "normal", true),
    ] {
        expect_digest(&said, name, purpose, kept);
    }
    for name in ["fast-crash", "never-crash"] {
        said.expect(&format!("{name}-seen"), said.one("bare-crash-seen"));
    }
    // 8 ENOEXEC at stage 1, PROBE. kexec_load(2) computes no digest, and makes no report.
    said.expect_lines("no-kernel", "0", &["8 -8 1 0"]);
    said.expect_lines("no-parser", "0", &["8 -8 1 0"]);
    said.expect_lines("never-bad", "0", &["8"]);
    said.expect_lines("classic", "0", &["0 no report: 61"]);
    said.expect("wrong-code", "1");
    said.expect("loaded", "1 1");
    said.expect("end-left", NOTHING);
    expect_settled(&said);
}

/// The kernel refuses these when it knows all segments, before it computes the digest.
#[test]
fn images_that_do_not_fit() {
    const MEMORY_MIB: u32 = 512;
    let directory = guest::work_dir("module-fast-fit");
    let large = |mib: u32| {
        let mut kernel = tiny_kernel();
        kernel[0x260..0x264].copy_from_slice(&(mib << 20).to_le_bytes());
        kernel
    };
    let memory_mib = given_memory_mb(MEMORY_MIB);
    let script = format!(
        "{FUNCTIONS}{SETTLE}
witness
for image in half huge; do
    watched $image calls fast file 0 /$image
    digest never
    watched never-$image calls file 0 /$image
    digest auto
    watched after-$image calls fast file 0 /kernel
done
watched bare calls file 0 /kernel
kexec-bpf unload
rmmod witness
settle
"
    );
    let guest = with_images(initramfs(&script))
        .file("half", &large(memory_mib * 5 / 8))
        .file("huge", &large(2 * memory_mib));
    let said = machine(&directory, guest).memory_mb(MEMORY_MIB).run();
    // 22 EINVAL from the check of all segments, after the arch loader: stage 10, where the
    // module sees only that it failed (5 EIO). 99 EADDRNOTAVAIL from the arch loader: stage 8.
    said.expect_lines("half", "0", &["22 -5 10 0"]);
    said.expect_lines("huge", "0", &["99 -99 8 0"]);
    said.expect_lines("never-half", "0", &["22"]);
    said.expect_lines("never-huge", "0", &["99"]);
    for name in ["after-half", "after-huge"] {
        expect_fast_call(&said, name, LEFT_OUT);
        expect_digest(&said, name, "normal", false);
    }
    expect_digest(&said, "bare", "normal", true);
    expect_settled(&said);
}

/// On a kernel that may have inlined the function to hook, everything works except
/// leaving out the digest.
#[test]
fn a_kernel_that_lets_nothing_be_left_out() {
    let directory = guest::work_dir("module-fast-unable");
    let kernel = guest::handshake::KERNEL.name();
    let place = format!("lto-{kernel}");
    let script = guest::tree("tests/build-module.sh");
    let mut build = host_program(&script.display().to_string());
    guest::run(build.args([kernel, &place, "KCFLAGS=-DCONFIG_LTO=1"]));
    let built = packages::cache().join(format!("module/{place}/kmod/kexec_bpf.ko"));
    let unable = directory.join("kexec_bpf.ko");
    let mut strip = host_program("strip");
    guest::run(strip.arg("--strip-debug").arg(built).arg("-o").arg(&unable));
    let script = format!(
        "{FUNCTIONS}{SETTLE}
witness
say digest $(cat /sys/module/kexec_bpf/parameters/digest)
dmesg | sed -n 's/.*kexec_bpf: //p' | while read -r line; do say log \"$line\"; done
kexec-bpf status | sed -n \"s/^kernel's digest *//p\" | while read -r line; do say status $line; done
attempt never-parameter digest never
attempt always-parameter digest always
watched fast calls fast file 0 /kernel
watched fast-handshake {CLIENT}
watched bare calls file 0 /kernel
kexec-bpf unload
left end
settle
insmod /kexec_bpf.ko digest=never
say digest $(cat /sys/module/kexec_bpf/parameters/digest)
watched never calls file 0 /kernel
"
    );
    let guest = with_images(initramfs_with(&script, &unable));
    let said = machine(&directory, guest).run();
    assert_eq!(said.all("digest"), ["unable", "unable"]);
    said.expect(
        "status",
        "computed for every load; it cannot be skipped on this kernel",
    );
    said.expect("never-parameter-code", "1");
    said.expect("always-parameter-code", "0");
    expect_fast_call(&said, "fast", UNABLE);
    expect_client(&said, "fast-handshake", UNABLE);
    for name in ["fast", "fast-handshake", "bare", "never"] {
        expect_digest(&said, name, "normal", true);
    }
    said.expect_words(
        "log",
        &[
            "kimage_load_segment: may be inlined in this kernel",
            "digest: computed for every load, because it cannot be skipped on this kernel",
        ],
    );
    said.expect("end-left", NOTHING);
    expect_settled(&said);
}

/// The parameter can be given at insertion; a wrong value is refused.
#[test]
fn the_parameter_at_insertion() {
    let directory = guest::work_dir("module-fast-parameter");
    let script = format!(
        "{FUNCTIONS}{SETTLE}
witness
rmmod kexec_bpf
attempt wrong insmod /kexec_bpf.ko digest=
attempt never insmod /kexec_bpf.ko digest=never
say digest $(cat /sys/module/kexec_bpf/parameters/digest)
watched native kexec-bpf load /kernel
kexec-bpf unload
left end
settle
"
    );
    let guest = with_images(initramfs(&script)).file("good.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    assert_ne!(said.one("wrong-code"), "0", "the value is wrong");
    said.expect("never-code", "0");
    said.expect("digest", "never");
    said.expect("native-code", "0");
    expect_digest(&said, "native", "normal", false);
    said.expect("end-left", NOTHING);
    expect_settled(&said);
}
