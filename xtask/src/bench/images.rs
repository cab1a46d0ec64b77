// SPDX-License-Identifier: GPL-2.0-or-later
//! The images that are loaded: a kernel and an initrd, as files and as a UKI.

use std::path::PathBuf;

use guest::uki::Uki;
use guest::{Kernel, Payload, second_initrd};

/// The kernel that runs the contestants and is loaded by them.
pub const KERNEL: Kernel = Kernel::V6_12;

pub struct Images {
    pub name: &'static str,
    pub initrd_mb: usize,
    pub nonce: String,
    pub cmdline: String,
    pub kernel: PathBuf,
    pub initrd: PathBuf,
    pub uki: PathBuf,
}

impl Images {
    pub fn build(name: &'static str, initrd_mb: usize) -> Self {
        let directory = guest::work_dir(&format!("bench-{name}"));
        let nonce = guest::nonce();
        // earlyprintk makes the kernel print its first line as early as it can.
        let cmdline = format!("earlyprintk=ttyS0 console=ttyS0 panic=-1 nonce={nonce}");
        let payload = Payload::new("random", initrd_mb * 1_000_000);
        let initrd = directory.join("initrd");
        std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
        let uki = Uki::new(&directory, "a", &cmdline)
            .options(&["--uname", &KERNEL.release()])
            .linux(&KERNEL.image())
            .initrd(&initrd)
            .build();
        Self {
            name,
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
