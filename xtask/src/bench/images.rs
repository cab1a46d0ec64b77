// SPDX-License-Identifier: GPL-2.0-or-later
//! The images that are loaded: a kernel and an initrd, as files and as a UKI.

use std::path::PathBuf;

use guest::initramfs::second;
use guest::uki::Uki;
use guest::{Kernel, Payload, packages};

/// The kernel that runs the contestants and is loaded by them.
pub const KERNEL: Kernel = Kernel::V6_12;

pub struct Images {
    /// Size of the file of random bytes in the initrd; the rest is a busybox.
    pub initrd_mb: usize,
    pub nonce: String,
    pub cmdline: String,
    pub kernel: PathBuf,
    pub initrd: PathBuf,
    pub uki: PathBuf,
}

impl Images {
    pub fn build(initrd_mb: usize) -> Self {
        let directory = guest::work_dir(&format!("bench-{initrd_mb}"));
        let nonce = guest::nonce();
        // No KASLR: it would change the counts, and the emulator's speed, from boot to boot.
        let cmdline = format!("console=ttyS0 panic=-1 nokaslr nonce={nonce}");
        let payload = Payload::new("random", initrd_mb * 1_000_000);
        let archive = second(&[])
            .program("bin/tsc", &packages::floor("tsc"))
            .script("next", "say init $(tsc)\n")
            .file("random", &payload.data);
        let initrd = directory.join("initrd");
        std::fs::write(&initrd, archive.finish()).expect("write the initrd");
        let uki = Uki::new(&directory, "a", &cmdline)
            .options(&["--uname", &KERNEL.release()])
            .linux(&KERNEL.image())
            .initrd(&initrd)
            .build();
        Self {
            initrd_mb,
            nonce,
            cmdline,
            kernel: KERNEL.image(),
            initrd,
            uki,
        }
    }

    /// Returns the size of the UKI in MB.
    pub fn uki_mb(&self) -> u64 {
        std::fs::metadata(&self.uki)
            .expect("the UKI exists")
            .len()
            .div_ceil(1_000_000)
    }
}
