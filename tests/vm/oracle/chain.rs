// SPDX-License-Identifier: GPL-2.0-or-later
//! A chain of kernels: each reports, mounts the disk and loads the next image from it.
//! The number of the step is passed in an initrd of its own, after the image's, because
//! the command line must be the same as with the stub.

use std::collections::BTreeMap;
use std::path::Path;

use super::KERNEL;
use super::cases::Case;
use guest::esp::Esp;
use guest::initramfs::second;
use guest::uki::Uki;
use guest::{Initramfs, Transcript, module, program};

pub const ROUTES: [&str; 2] = ["extract", "handshake"];

/// Script that each init sources. A boot by firmware ends with its report.
const NEXT: &str = r#"
[ ! -d /sys/firmware/efi ] || return 0
for driver in virtio_blk fat vfat nls_cp437 nls_ascii kexec_bpf; do
    insmod /chain/$driver.ko || say broken "$driver"
done
echo 60000 >/sys/module/kexec_bpf/parameters/timeout_ms
mkdir -p /esp /next-step/chain
mount -t vfat -o ro /dev/vda /esp || say broken mount
step=1
[ ! -f /chain/step ] || step=$(cat /chain/step)
while line=$(sed -n "${step}p" /chain/steps) && [ -n "$line" ]; do
    step=$((step + 1))
    echo $step >/next-step/chain/step
    (cd /next-step && find . | cpio -o -H newc >/step.cpio 2>/dev/null)
    name=${line%% *}
    attempt "$name" kexec-bpf load --initrd /step.cpio ${line#* }
    say boot "$name"
    kexec-bpf exec
    say broken "$name"
done
"#;

/// Report of one boot on what it was given.
#[derive(Debug, PartialEq, Eq, Default, Clone)]
pub struct Boot {
    pub cmdline: String,
    pub extra: Vec<String>,
    pub payload: Vec<String>,
}

impl Boot {
    /// Returns the only boot in the transcript.
    pub fn of(said: &Transcript) -> Boot {
        let all = |key| said.all(key).into_iter().map(str::to_owned).collect();
        Boot {
            cmdline: said.one("cmdline").to_owned(),
            extra: all("extra"),
            payload: all("payload"),
        }
    }
}

/// Returns all boots of a chain, by step.
pub fn boots(said: &Transcript) -> BTreeMap<String, Boot> {
    let mut boots: BTreeMap<String, Boot> = BTreeMap::new();
    let mut step = String::new();
    for line in &said.said {
        let Some((_, rest)) = line.text.split_once("@@ ") else {
            continue;
        };
        let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
        if key == "boot" {
            step = value.to_owned();
            continue;
        }
        let value = value.to_owned();
        let boot = match key {
            "cmdline" | "extra" | "payload" => boots.entry(step.clone()).or_default(),
            _ => continue,
        };
        match key {
            "cmdline" => boot.cmdline = value,
            "extra" => boot.extra.push(value),
            _ => boot.payload.push(value),
        }
    }
    boots
}

/// Returns a line for each boot: its name, and the arguments of `load`.
fn steps(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        for route in ROUTES {
            text += &format!(
                "{}-{route} /esp/{} --route {route} {}\n",
                case.name, case.booted_path, case.arguments
            );
        }
    }
    text
}

fn with_chain(guest: Initramfs, cases: &[Case]) -> Initramfs {
    let mut guest = guest
        .script("next", NEXT)
        .file("chain/steps", steps(cases).as_bytes())
        .file_from("chain/kexec_bpf.ko", &module::module_for(KERNEL));
    for driver in [
        "drivers/block/virtio_blk",
        "fs/fat/fat",
        "fs/fat/vfat",
        "fs/nls/nls_cp437",
        "fs/nls/nls_ascii",
    ] {
        let name = driver.rsplit('/').next().unwrap_or(driver);
        guest = guest.file(&format!("chain/{name}.ko"), &KERNEL.driver(driver));
    }
    guest
}

/// Returns the first kernel's initramfs.
pub fn first(cases: &[Case]) -> Initramfs {
    with_chain(Initramfs::new(". /next\n"), cases)
}

/// Builds a case's UKI on the newest stub and puts it on the disk.
pub fn write_image(directory: &Path, case: &Case, cases: &[Case], esp: &Esp) {
    let initrd = directory.join(format!("{}.cpio", case.name));
    let payload: Vec<_> = case.payload.iter().collect();
    let guest = second(&payload).program("bin/kexec-bpf", &program());
    std::fs::write(&initrd, with_chain(guest, cases).finish()).expect("write the initrd");
    // On a busy host, the kernel's check of its timer would panic.
    let cmdline = format!("console=ttyS0 panic=-1 no_timer_check case={}", case.name);
    let uki = Uki::on_stub(directory, case.name, &cmdline, "stub-forky")
        .options(&["--uname", &KERNEL.release()])
        .linux(&KERNEL.image())
        .initrd(&initrd);
    esp.copy(&(case.image)(directory, uki).build(), case.path);
}
