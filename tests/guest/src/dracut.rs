// SPDX-License-Identifier: GPL-2.0-or-later
//! Initramfses built by Debian's own dracut, with the dracut module under test.

use std::fs;
use std::path::Path;

use crate::kernel::Kernel;
use crate::root::Root;

/// The Debian release that dracut is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// dracut 059.
    Bookworm,
    /// dracut 106.
    Trixie,
}

/// The init of an initramfs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// dracut's own scripts.
    Scripts,
    Systemd,
}

/// A machine on which dracut is run.
pub struct Dracut {
    root: Root,
    init: Init,
}

impl Dracut {
    /// Makes a machine in `directory`, with the program and the dracut module installed.
    pub fn new(directory: &Path, suite: Suite, init: Init) -> Self {
        // The program may be in either of two places.
        let (set, prefix) = match suite {
            Suite::Bookworm => ("dracut-bookworm", "/usr/local"),
            Suite::Trixie => ("dracut-trixie", "/usr"),
        };
        let root = Root::new(directory, set, Kernel::V6_12, prefix);
        Self { root, init }
    }

    pub fn overlay_on_boot(self) -> Self {
        let root = self.root.overlay_on_boot();
        Self { root, ..self }
    }

    pub fn module(self) -> Self {
        let root = self.root.module();
        Self { root, ..self }
    }

    pub fn file(self, path: &str, mode: u32, data: &[u8]) -> Self {
        let root = self.root.file(path, mode, data);
        Self { root, ..self }
    }

    /// Builds the initramfs, and removes the root that it was built in.
    pub fn build(self, options: &[&str]) -> Vec<u8> {
        let release = self.root.kernel().release();
        self.root.run(&["depmod", &release]);
        // cryptsetup is not installed.
        let omitted = match self.init {
            Init::Systemd => "crypt",
            Init::Scripts => "crypt systemd systemd-initrd dracut-systemd",
        };
        let mut command = vec!["dracut", "--force", "--no-compress", "--no-hostonly"];
        command.extend(["--kver", &release, "--omit", omitted]);
        if self.init == Init::Systemd {
            command.extend(["--add", "dracut-systemd"]);
        }
        command.extend(options);
        command.push("/initrd.img");
        let log = self.root.run(&command);
        let path = self.root.path();
        let image = fs::read(path.join("initrd.img")).expect("read the initramfs");
        let file = path.with_file_name("dracut.log");
        fs::write(file, &log).expect("keep dracut's log");
        let told = |line: &&str| line.contains("kexec") && !line.contains("Executing:");
        for line in log.lines().filter(told) {
            // dracut itself treats neither a missing file nor a missing kernel
            // module as an error.
            assert!(line.ends_with("Including module: kexec-bpf ***"), "{line}");
        }
        assert!(log.contains("Including module: kexec-bpf"), "{log}");
        self.root.remove();
        image
    }
}
