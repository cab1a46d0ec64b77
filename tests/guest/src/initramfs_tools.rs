// SPDX-License-Identifier: GPL-2.0-or-later
//! Initramfses built by Debian's own mkinitramfs, with the hook and scripts under test.

use std::fs;
use std::path::Path;

use crate::kernel::Kernel;
use crate::root::Root;

/// A machine on which mkinitramfs is run.
pub struct InitramfsTools {
    root: Root,
}

impl InitramfsTools {
    /// Makes a machine in `directory`, with everything installed.
    pub fn new(directory: &Path) -> Self {
        let root = Root::new(
            directory,
            "initramfs-tools-trixie",
            Kernel::V6_12,
            "/usr/local",
        );
        Self { root }
    }

    pub fn module(self) -> Self {
        let root = self.root.module();
        Self { root }
    }

    pub fn file(self, path: &str, mode: u32, data: &[u8]) -> Self {
        let root = self.root.file(path, mode, data);
        Self { root }
    }

    /// Builds the initramfs with a setting of MODULES, and removes the root that it was
    /// built in. Returns it with what the hook complained about.
    pub fn build(self, modules: &str) -> (Vec<u8>, Vec<String>) {
        let release = self.root.kernel().release();
        self.root.run(&["depmod", &release]);
        let mut command = vec!["mkinitramfs", "-c", "zstd", "-l", "1", "-m", modules];
        command.extend(["-o", "/boot/initrd.img", &release]);
        let log = self.root.run(&command);
        let path = self.root.path();
        let image = fs::read(path.join("boot/initrd.img")).expect("read the initramfs");
        fs::write(path.with_file_name("mkinitramfs.log"), &log).expect("keep the log");
        self.root.remove();
        let complaints = log.lines().filter(|line| line.contains("kexec"));
        (image, complaints.map(str::to_owned).collect())
    }
}
