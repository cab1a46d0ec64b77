// SPDX-License-Identifier: GPL-2.0-or-later
//! `make demo`: a guest boots, loads a UKI and jumps into it, and a timeline is printed; then
//! the scene of README's recording is played in another. Fails unless the second kernel says
//! the nonce.

use std::time::Duration;

use guest::uki::Uki;
use guest::{Initramfs, Kernel, Machine, Payload, Transcript, module, second_initrd};

use crate::recording;

const SCRIPT: &str = r#"
mount -t securityfs none /sys/kernel/security
say first "$(uname -r)"
run() {
    say run "$*"
    "$@" >/out 2>&1
    code=$?
    while IFS= read -r line; do say output "$line"; done </out
    [ $code = 0 ] || say code $code
}
run insmod kexec_bpf.ko timeout_ms=60000
run kexec-bpf status
run kexec-bpf inspect demo.efi
run kexec-bpf load demo.efi --append demo --verbose
say run kexec-bpf exec
kexec-bpf exec
"#;

pub fn run() -> Result<(), String> {
    let kernel = Kernel::V6_12;
    let directory = guest::work_dir("demo");
    let nonce = guest::nonce();
    let payload = Payload::new("random", 1 << 20);
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
    let cmdline = format!("console=ttyS0 panic=-1 nonce={nonce}");
    let parser = format!(".bpf:@{}", module::uki_parser().display());
    let uki = Uki::new(&directory, "demo", &cmdline)
        .linux(&kernel.image())
        .initrd(&initrd)
        .options(&["--section", &parser])
        .build();
    println!(
        "A UKI: Debian's kernel {}, an initrd that reports,",
        kernel.release()
    );
    println!("a BPF program that can parse UKIs in its section .bpf,");
    println!("and a command line with a word that exists nowhere else:");
    println!("    {cmdline}");
    println!("A guest in QEMU, without KVM, holds busybox, kexec-bpf, its kernel");
    println!("module and that UKI. The kernel opens the UKI with the UKI's own program.");
    println!();
    let initramfs = Initramfs::new(SCRIPT)
        .file_from("kexec_bpf.ko", &module::module())
        .file_from("demo.efi", &uki);
    let said = Machine::new(&directory, kernel, initramfs.finish()).boot();
    tell(&said);
    println!();
    let wanted = format!("random {}", payload.sha256);
    if said.all("nonce") != [nonce.as_str()] {
        said.fail("the second kernel did not say the nonce");
    }
    said.expect("payload", &wanted);
    println!("The nonce and the initrd's checksum are right: the UKI booted.");
    println!("Whole log: {}", said.log.display());
    println!();
    println!("Another guest has a disk with boot entries and a rescue shell on a serial console;");
    println!("a program types on it: list, boot --menu.");
    recording::record()?;
    let [typescript, times] = recording::kept();
    println!("The entry that was chosen booted. To see it: make demo-replay");
    println!("What the console showed: {}", typescript.display());
    println!("When it did:             {}", times.display());
    Ok(())
}

/// Prints the timeline: kernels from the console, the rest from the scripts.
fn tell(said: &Transcript) {
    let mut lines: Vec<(Duration, String)> = Vec::new();
    for line in &said.console {
        if let Some((_, version)) = line.text.split_once("Linux version ") {
            let release = version.split(' ').next().unwrap_or(version);
            lines.push((line.at, format!("kernel {release} starts")));
        }
    }
    let told = [
        ("first", "first kernel: its init runs, "),
        ("run", "$ "),
        ("output", "    "),
        ("code", "exit code "),
        ("second", "second kernel: its init runs, "),
        ("cmdline", "second kernel: /proc/cmdline is "),
        ("nonce", "second kernel: nonce "),
        ("end", "power off"),
    ];
    for (key, text) in told {
        lines.extend(
            said.marks(key)
                .map(|(at, value)| (at, format!("{text}{value}"))),
        );
    }
    // The first digits of a checksum are enough.
    lines.extend(said.marks("payload").map(|(at, value)| {
        let shown: String = value.chars().take(19).collect();
        (at, format!("second kernel: initrd's file {shown}..."))
    }));
    // The sort is stable: lines of the same moment stay in order.
    lines.sort_by_key(|(at, _)| *at);
    for (at, text) in lines {
        println!("{:6.1} s  {text}", at.as_secs_f64());
    }
}
