// SPDX-License-Identifier: GPL-2.0-or-later
//! Kernels that crash: the capture kernel has the dump of the one that crashed,
//! whichever way it was loaded.

use std::path::{Path, PathBuf};

use guest::drivers::{self, LOAD};
use guest::library::with_libraries;
use guest::{Initramfs, Kernel, Machine, Transcript, handshake, packages, uki::Uki};

/// `keep_secret` makes a word at run time that is in no image, keeps it in memory
/// and in the kernel's log, and says it.
pub const SECRET: &str = r#"
keep_secret() {
    secret=$(head -c 32 /dev/urandom | sha256sum | cut -d ' ' -f 1)
    mkdir -p /kept
    mount -t tmpfs none /kept
    yes "kdump-secret=$secret" | head -c 2000000 >/kept/secret
    echo "kdump-secret=$secret" >/dev/kmsg
    say secret "$secret"
}
"#;

/// Script of a capture kernel: says its release, its command line, and what is in the dump.
const CAPTURE: &str = r#"
say capture "$(uname -r)"
say cmdline "$(cat /proc/cmdline)"
vmcore /proc/vmcore | while read -r line; do say dump "$line"; done
"#;

/// Runs Debian's makedumpfile on the dump, and on its own output.
const MAKEDUMPFILE: &str = r#"
export LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu
mkdir -p /tmp
makedumpfile -d 31 -c /proc/vmcore /dump >/log 2>&1
say filtered $? "$(grep -c 'dumpfile is saved' /log)"
tr '\r' '\n' </log | tail -n 5 | while read -r line; do say log "$line"; done
[ -s /dump ] && say flat $(head -c 5 /dump)
makedumpfile --dump-dmesg /proc/vmcore /dmesg >/log 2>&1
say dmesg $? "$(sed -n 's/.*kdump-secret=//p' /dmesg | head -n 1)"
"#;

pub const CRASH: &str = "echo c >/proc/sysrq-trigger\n";

/// Returns an initramfs that reads the dump.
pub fn capture_initrd(script: &str) -> Initramfs {
    Initramfs::new(&format!("{CAPTURE}{script}")).program("bin/vmcore", &packages::floor("vmcore"))
}

fn with_makedumpfile() -> Initramfs {
    let files = with_libraries("makedumpfile", "usr/bin/makedumpfile", "bin/makedumpfile");
    let initrd = capture_initrd(MAKEDUMPFILE);
    files.iter().fold(initrd, |initrd, (path, source)| {
        initrd.program(path, source)
    })
}

/// Builds a UKI for a capture kernel.
pub fn uki(directory: &Path, kernel: Kernel, cmdline: &str, initrd: Initramfs) -> PathBuf {
    let path = directory.join("capture.cpio");
    std::fs::write(&path, initrd.finish()).expect("write the initrd");
    let uki = Uki::new(directory, "kdump", cmdline);
    uki.linux(&kernel.image()).initrd(&path).build()
}

/// Expects that the capture kernel ran, and that the dump is of the kernel that crashed.
#[track_caller]
pub fn expect_dump(said: &Transcript, kernel: Kernel) {
    said.expect("capture", &kernel.release());
    let dump = said.all("dump");
    let info = dump.iter().filter(|line| line.starts_with("vmcoreinfo "));
    if dump.first() != Some(&"elf core of machine 62") || info.count() != 1 {
        said.fail(&format!("no ELF core with VMCOREINFO: {dump:?}"));
    }
    let release = format!("release {}", kernel.release());
    let secret = format!("secret {}", said.one("secret"));
    for wanted in [release, secret] {
        if !dump.contains(&wanted.as_str()) {
            said.fail(&format!("no '{wanted}' in the dump: {dump:?}"));
        }
    }
}

/// Expects this command line after the elfcorehdr= that the kernel puts first.
#[track_caller]
pub fn expect_cmdline(said: &Transcript, wanted: &str) {
    let line = said.one("cmdline");
    let (first, rest) = line.split_once(' ').unwrap_or_default();
    if !first.starts_with("elfcorehdr=0x") || rest != wanted {
        said.fail(&format!("command line is '{line}', not '{wanted}'"));
    }
}

pub const OWN: &str = "console=ttyS0 irqpoll nr_cpus=1 reset_devices panic=-1 own=";

fn crashing(directory: &Path, kernel: Kernel, initramfs: Initramfs) -> Machine {
    Machine::new(directory, kernel, initramfs.finish())
        .append("crashkernel=256M")
        .memory_mb(1024)
        .timeout_s(400)
}

/// A UKI loaded by route extract; Debian's makedumpfile reads the dump.
#[test]
fn uki_by_extract() {
    let kernel = Kernel::V6_12;
    let directory = guest::work_dir("kdump-extract");
    let cmdline = format!("{OWN}{}", guest::nonce());
    let image = uki(&directory, kernel, &cmdline, with_makedumpfile());
    let script = format!(
        "{SECRET}keep_secret
kexec-bpf load --panic /kdump.efi >/out 2>&1
say load $? $(cat /sys/kernel/kexec_crash_loaded)
{CRASH}"
    );
    let initramfs = Initramfs::new(&script).file_from("kdump.efi", &image);
    let said = crashing(&directory, kernel, initramfs).run();
    said.expect("load", "0 1");
    expect_cmdline(&said, &cmdline);
    expect_dump(&said, kernel);
    said.expect("filtered", "0 1");
    said.expect("flat", "KDUMP");
    said.expect("dmesg", &format!("0 {}", said.one("secret")));
}

/// The same image loaded by route handshake.
#[test]
fn uki_by_handshake() {
    let directory = guest::work_dir("kdump-handshake");
    let cmdline = format!("{OWN}{}", guest::nonce());
    let image = uki(&directory, handshake::KERNEL, &cmdline, capture_initrd(""));
    let script = format!(
        "{SECRET}keep_secret
kexec-bpf kdump check /kdump.efi >/out 2>&1
say check $? $(grep -c 'verdict *fits' /out)
attempt load kexec-bpf load --panic /kdump.efi --verbose
{CRASH}"
    );
    let initramfs = handshake::initramfs(&script).file_from("kdump.efi", &image);
    let said = crashing(&directory, handshake::KERNEL, initramfs).run();
    said.expect("check", "0 1");
    said.expect_attempt("load", "0", &["handshake"]);
    expect_cmdline(&said, &cmdline);
    expect_dump(&said, handshake::KERNEL);
}

/// A kernel and its initrd, loaded with the running command line.
#[test]
fn bzimage_with_the_running_command_line() {
    let kernel = Kernel::V6_12;
    let directory = guest::work_dir("kdump-reuse");
    let nonce = guest::nonce();
    let script = format!(
        "{SECRET}keep_secret
{LOAD}kexec-bpf load --panic /vmlinuz --initrd /initrd --reuse-cmdline --append 'panic=-1 last' >/out 2>&1
say load $? $(cat /sys/kernel/kexec_crash_loaded)
{CRASH}"
    );
    let initramfs = drivers::add(Initramfs::new(&script), kernel, &["lpc_ich", "iTCO_wdt"])
        .file_from("vmlinuz", &kernel.image())
        .file("initrd", &capture_initrd("").finish());
    let said = crashing(&directory, kernel, initramfs)
        .with_watchdog()
        .append(&format!(
            "BOOT_IMAGE=/a nr_cpus=2 hugepages=1 quiet nonce={nonce}"
        ))
        .run();
    said.expect("load", "0 1");
    let added = "irqpoll nr_cpus=1 reset_devices cgroup_disable=memory udev.children-max=2 \
        novmcoredd cma=0 hugetlb_cma=0 kfence.sample_interval=0 initramfs_options=size=90% \
        rd.systemd.gpt_auto=no mce=off numa=off acpi_no_memhotplug \
        transparent_hugepage=never nokaslr hest_disable pcie_ports=compat \
        disable_cpu_apicid=0 iTCO_wdt.pretimeout=0";
    // The user's panic= is kept, so that of the policy is not added; the
    // running kernel's stays, before it.
    let kept = format!("console=ttyS0 panic=-1 nonce={nonce}");
    expect_cmdline(&said, &format!("{kept} {added} panic=-1 last"));
    expect_dump(&said, kernel);
}

/// The image is loaded by the first commands of the first init, which then ends, so that
/// the kernel panics before there is any root.
#[test]
fn crash_during_boot() {
    let kernel = Kernel::V6_1;
    let directory = guest::work_dir("kdump-early");
    let cmdline = format!("{OWN}{}", guest::nonce());
    let image = uki(&directory, kernel, &cmdline, capture_initrd(""));
    let script = format!(
        "kexec-bpf load --panic /kdump.efi >/dev/kmsg 2>&1
{SECRET}keep_secret
say status \"$(kexec-bpf status | grep 'crash hotplug')\"
exit 1
"
    );
    let initramfs = Initramfs::new(&script).file_from("kdump.efi", &image);
    let said = crashing(&directory, kernel, initramfs).run();
    let status = said.one("status");
    assert!(status.contains("processors: needs a reload"), "{status}");
    let init_ended = |line: &guest::serial::Line| line.text.contains("Attempted to kill init");
    assert!(
        said.console.iter().any(init_ended),
        "the first kernel panics"
    );
    expect_cmdline(&said, &cmdline);
    expect_dump(&said, kernel);
}
