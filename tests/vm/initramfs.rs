// SPDX-License-Identifier: GPL-2.0-or-later
//! Initramfses built by dracut find boot entries on a disk and boot them, or go
//! on with the normal boot.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use guest::dracut::{Dracut, Init, Suite};
use guest::initramfs::extra_initrd;
use guest::uki::Uki;
use guest::{Disk, Kernel, Machine, Partition, Payload, Transcript, packages, second_initrd};

pub const KERNEL: Kernel = Kernel::V6_12;

/// A program of pre-exec.d that says that it was run.
pub const TEARDOWN: &str = "#!/bin/sh\necho '@@ teardown' >/dev/ttyS1\n";

/// The init of the system on the root partition: the normal boot.
const NORMAL: &str = "#!/bin/busybox sh
echo '@@ normal boot' >/dev/ttyS1
echo @@ kexec-off $(/bin/busybox cat /proc/sys/kernel/kexec_load_disabled) >/dev/ttyS1
echo @@ enforce $(/bin/busybox cat /sys/module/kexec_bpf/parameters/enforce) >/dev/ttyS1
echo '@@ end' >/dev/ttyS1
/bin/busybox poweroff -f
";

/// Returns a script that crashes the kernel, if asked to, after the lines in `first`.
pub fn crash(first: &str) -> String {
    format!(
        "#!/bin/sh
{first}case $(cat /proc/cmdline) in
*test.crash*)
    echo '@@ crash' >/dev/ttyS1
    echo c >/proc/sysrq-trigger
    ;;
esac
"
    )
}

/// Returns an initramfs that is built once in a run.
pub fn initramfs(suite: Suite, init: Init) -> Vec<u8> {
    static BUILT: [OnceLock<Vec<u8>>; 4] = [const { OnceLock::new() }; 4];
    let index = usize::from(suite == Suite::Trixie) * 2 + usize::from(init == Init::Systemd);
    let build = || {
        let directory = guest::work_dir(&format!("dracut-{suite:?}-{init:?}").to_lowercase());
        let mut dracut = Dracut::new(&directory, suite, init)
            .file(
                "etc/kexec-bpf/pre-exec.d/10-say",
                0o755,
                TEARDOWN.as_bytes(),
            )
            .file("crash.sh", 0o755, crash("").as_bytes());
        // bookworm's have the kernel module; trixie's must work without it.
        if suite == Suite::Bookworm {
            dracut = dracut.module();
        }
        if (suite, init) == (Suite::Bookworm, Init::Systemd) {
            let image = std::fs::read(capture_uki(&directory)).expect("read the UKI");
            let conf = b"kexec_bpf_kdump_image=/capture.efi\n";
            dracut = dracut.file("capture.efi", 0o644, &image).file(
                "etc/dracut.conf.d/kdump.conf",
                0o644,
                conf,
            );
        }
        let hook = "/usr/lib/dracut/hooks/pre-mount/99-crash.sh";
        dracut.build(&["--include", "/crash.sh", hook])
    };
    BUILT[index].get_or_init(build).clone()
}

/// Returns the initramfs with a file added or replaced.
pub fn with_file(mut initramfs: Vec<u8>, path: &str, mode: u32, data: &[u8]) -> Vec<u8> {
    let mut archive = guest::cpio::Archive::new();
    archive.file(path, mode, data);
    initramfs.resize(initramfs.len().next_multiple_of(4), 0);
    initramfs.extend(archive.finish());
    initramfs
}

pub fn machine(directory: &Path, initramfs: Vec<u8>, words: &str) -> Machine {
    Machine::new(directory, KERNEL, initramfs)
        .memory_mb(1024)
        .timeout_s(400)
        // Nobody is there to use a shell.
        .append(&format!(
            "root=LABEL=root rd.shell=0 rd.emergency=poweroff {words}"
        ))
}

/// Returns a disk whose root partition has a system.
pub fn disk(directory: &Path) -> Disk {
    let busybox = std::fs::read(packages::busybox()).expect("read busybox");
    let mut disk = Disk::new(directory)
        .program(Partition::Root, "sbin/init", NORMAL.as_bytes())
        .program(Partition::Root, "bin/busybox", &busybox)
        .file(Partition::Root, "etc/os-release", b"ID=normal\n");
    for path in ["proc", "sys", "dev", "run"] {
        disk = disk.directory(Partition::Root, path);
    }
    disk
}

/// Adds a type 1 entry on XBOOTLDR whose system has two initrds.
pub fn type_1(disk: Disk, name: &str, nonce: &str, payload: &[Payload; 2]) -> Disk {
    let conf = format!(
        "title Type 1\nversion 1\nlinux /vmlinuz\ninitrd /a.img\ninitrd /b.img\n\
         options console=ttyS0\noptions nonce={nonce}\n"
    );
    disk.xbootldr(&format!("loader/entries/{name}.conf"), conf.as_bytes())
        .file_from(Partition::Xbootldr, "vmlinuz", &KERNEL.image())
        .xbootldr("a.img", &extra_initrd(&[&payload[0]]))
        .xbootldr("b.img", &second_initrd(&[&payload[1]]))
}

/// Builds a UKI, for /EFI/Linux or for a panic.
fn uki(directory: &Path, name: &str, cmdline: &str, payload: &Payload) -> PathBuf {
    let initrd = directory.join(format!("{name}.cpio"));
    std::fs::write(&initrd, second_initrd(&[payload])).expect("write the initrd");
    let uki = Uki::new(directory, name, cmdline);
    uki.linux(&KERNEL.image()).initrd(&initrd).build()
}

pub fn capture_uki(directory: &Path) -> PathBuf {
    let payload = Payload::new("capture", 1_001);
    let cmdline = "console=ttyS0 panic=-1 nr_cpus=1 reset_devices is=capture";
    uki(directory, "capture", cmdline, &payload)
}

pub fn payloads() -> [Payload; 2] {
    [Payload::new("first", 100_001), Payload::new("second", 7)]
}

fn expect_payloads(said: &Transcript, payloads: &[&Payload]) {
    let wanted: Vec<String> = payloads
        .iter()
        .map(|payload| format!("{} {}", payload.name, payload.sha256))
        .collect();
    let mut found = said.all("payload");
    found.sort_unstable();
    if found != wanted {
        said.fail(&format!("payloads are {found:?}, not {wanted:?}"));
    }
}

/// Expects the chained system, the one with `nonce`, to have booted after the teardown.
pub fn expect_chained(said: &Transcript, nonce: &str, payloads: &[&Payload]) {
    said.expect("teardown", "");
    said.expect("nonce", nonce);
    expect_payloads(said, payloads);
    // This word keeps the next initramfs from chaining for ever.
    let guard = "rd.kexec_bpf.chained=1";
    if !said.one("cmdline").split(' ').any(|word| word == guard) {
        said.fail("the loop guard is missing");
    }
    if !said.all("normal").is_empty() {
        said.fail("the normal boot went on");
    }
}

#[track_caller]
pub fn expect_console(said: &Transcript, text: &str) {
    if !said.console.iter().any(|line| line.text.contains(text)) {
        said.fail(&format!("the console has no '{text}'"));
    }
}

/// The default is a type 1 entry with two initrds and a counter; another entry is
/// corrupt.
#[test]
fn default_is_counted_and_a_corrupt_entry_skipped() {
    let directory = guest::work_dir("initramfs-default");
    let (nonce, payload) = (guest::nonce(), payloads());
    let disk = disk(&directory).esp("loader/entries/zz-corrupt.conf", b"version 9\n\0\xff\n");
    let disk = type_1(disk, "good+3", &nonce, &payload).build();
    let initramfs = initramfs(Suite::Bookworm, Init::Scripts);
    let said = machine(&directory, initramfs, "rd.kexec_bpf")
        .disk(disk.path())
        .run();
    expect_chained(&said, &nonce, &[&payload[0], &payload[1]]);
    expect_console(&said, "zz-corrupt.conf, on vda1: skipped: ");
    let names = disk.names(Partition::Xbootldr, "loader/entries");
    assert_eq!(names, ["good+2-1.conf"]);
}

/// A menu, in which the second line is chosen by its digit.
#[test]
fn more_menu_without_systemd() {
    let directory = guest::work_dir("initramfs-menu-scripts");
    menu(
        &directory,
        initramfs(Suite::Bookworm, Init::Scripts),
        b"2\r",
    );
}

/// The same by an arrow key, on the console that systemd provides.
#[test]
fn menu_with_systemd() {
    let directory = guest::work_dir("initramfs-menu-systemd");
    menu(
        &directory,
        initramfs(Suite::Trixie, Init::Systemd),
        b"\x1b[B\r",
    );
}

fn menu(directory: &Path, initramfs: Vec<u8>, keys: &[u8]) {
    let (nonce, payload) = (guest::nonce(), payloads());
    let image = uki(
        directory,
        "chosen",
        &format!("console=ttyS0 nonce={nonce}"),
        &payload[0],
    );
    let disk = disk(directory)
        .esp("loader/loader.conf", b"default first.conf\ntimeout 5\n")
        .file_from(Partition::Esp, "EFI/Linux/chosen.efi", &image);
    let disk = type_1(disk, "first", "not-chosen", &payload).build();
    let said = machine(directory, initramfs, "rd.kexec_bpf.menu=600")
        .disk(disk.path())
        .keys("q quits.", keys)
        .run();
    expect_chained(&said, &nonce, &[&payload[0]]);
}

/// A UKI chosen by its name on a named disk, loaded by the handshake.
#[test]
fn uki_by_name_with_systemd() {
    let directory = guest::work_dir("initramfs-name");
    let (nonce, payload) = (guest::nonce(), payloads());
    let cmdline = format!("console=ttyS0 nonce={nonce}");
    let image = uki(&directory, "wanted", &cmdline, &payload[0]);
    let disk = disk(&directory).file_from(Partition::Esp, "EFI/Linux/wanted+1.efi", &image);
    let disk = type_1(disk, "other", "not-wanted", &payload).build();
    let initramfs = initramfs(Suite::Bookworm, Init::Systemd);
    let words = "rd.kexec_bpf=wanted.efi rd.kexec_bpf.device=/dev/vda \
                 rd.kexec_bpf.append=\"more words\"";
    let said = machine(&directory, initramfs, words)
        .disk(disk.path())
        .run();
    expect_chained(&said, &nonce, &[&payload[0]]);
    let line = said.one("cmdline");
    if !line.starts_with(&format!("{cmdline} more words")) {
        said.fail(&format!("the command line is {line}"));
    }
    // This image has a capture kernel but no memory for it, which is only logged.
    expect_console(&said, "kexec-bpf: load /etc/kexec-bpf/kdump.efi: refused");
    let names = disk.names(Partition::Esp, "EFI/Linux");
    assert_eq!(names, ["wanted+0-1.efi"]);
}

/// Expects three lines and the normal boot if the default entry's kernel is missing.
fn bad_default(test: &str, init: Init, on: &str) {
    let directory = guest::work_dir(test);
    let conf = b"title Bad\nlinux /missing\n";
    let disk = disk(&directory)
        .esp("loader/loader.conf", b"default bad.conf\n")
        .esp("loader/entries/bad.conf", conf)
        .build();
    let said = machine(&directory, initramfs(Suite::Trixie, init), "rd.kexec_bpf=")
        .disk(disk.path())
        .run();
    said.expect("normal", "boot");
    let lines = [
        "bad.conf: skipped: ",
        "kexec-bpf: no entry can boot",
        "try:   kexec-bpf list",
    ];
    for text in lines {
        expect_console(&said, text);
    }
    expect_console(&said, on);
    assert_eq!(disk.names(Partition::Esp, "loader/entries"), ["bad.conf"]);
}

#[test]
fn bad_default_without_systemd() {
    let on = "Warning: kexec-bpf: the normal boot goes on";
    bad_default("initramfs-bad-scripts", Init::Scripts, on);
}

#[test]
fn more_bad_default_with_systemd() {
    let on = "Failed to start";
    bad_default("initramfs-bad-systemd", Init::Systemd, on);
}

/// dracut's emergency shell mentions the program, which works there.
#[test]
fn emergency_shell() {
    let directory = guest::work_dir("initramfs-emergency");
    let disk = type_1(disk(&directory), "there", "", &payloads()).build();
    let keys =
        b"kexec-bpf list >/dev/ttyS1\recho '@@ end' >/dev/ttyS1; echo o >/proc/sysrq-trigger\r";
    let initramfs = initramfs(Suite::Bookworm, Init::Scripts);
    let said = machine(&directory, initramfs, "rd.break=pre-mount")
        .disk(disk.path())
        .keys("kexec-bpf boot ENTRY boots one", keys)
        .run();
    let listed = "*   1  there.conf: Type 1, 1";
    if !said.said.iter().any(|line| line.text.contains(listed)) {
        said.fail("the entry is not listed");
    }
}

/// Expects a crash before root is mounted to be captured by the kernel that the
/// initramfs loaded at its start.
fn early_kdump(directory: &Path, initramfs: Vec<u8>, words: &str) {
    let disk = disk(directory).build();
    let words = format!("crashkernel=256M test.crash {words}");
    let said = machine(directory, initramfs, &words)
        .disk(disk.path())
        .run();
    said.expect("crash", "");
    said.expect("vmcore", "ELF");
    let line = said.one("cmdline");
    if !line.contains("is=capture") || !line.contains("elfcorehdr=") {
        said.fail(&format!("the command line is {line}"));
    }
    if !said.all("normal").is_empty() {
        said.fail("the normal boot went on");
    }
}

/// The capture kernel is named in dracut's configuration.
#[test]
fn early_kdump_with_systemd() {
    let directory = guest::work_dir("initramfs-kdump-systemd");
    early_kdump(&directory, initramfs(Suite::Bookworm, Init::Systemd), "");
}

/// The capture kernel is named on the kernel's command line.
#[test]
fn more_early_kdump_without_systemd() {
    let directory = guest::work_dir("initramfs-kdump-scripts");
    let image = std::fs::read(capture_uki(&directory)).expect("read the UKI");
    let initramfs = initramfs(Suite::Trixie, Init::Scripts);
    let initramfs = with_file(initramfs, "here.efi", 0o644, &image);
    early_kdump(&directory, initramfs, "rd.kexec_bpf.kdump=/here.efi");
}
