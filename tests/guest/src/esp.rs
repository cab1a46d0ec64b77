// SPDX-License-Identifier: GPL-2.0-or-later
//! An EFI system partition: a FAT file system without a partition table, which
//! the firmware takes too. mtools fill it, without a mount.

use std::path::{Path, PathBuf};

use crate::packages;

/// What the firmware boots by itself.
pub(crate) const BOOT_FILE: &str = "EFI/BOOT/BOOTX64.EFI";

pub struct Esp {
    disk: PathBuf,
}

impl Esp {
    /// A new one in `disk`, with room for files of `bytes` together.
    pub fn new(disk: &Path, bytes: u64) -> Self {
        let disk_bytes = (bytes + (16 << 20)).next_multiple_of(1 << 20);
        let file = std::fs::File::create(disk).expect("create the disk");
        file.set_len(disk_bytes).expect("size the disk");
        let esp = Self {
            disk: disk.to_owned(),
        };
        esp.mtools("mformat", &["::"]);
        esp
    }

    pub fn disk(&self) -> &Path {
        &self.disk
    }

    /// A file with the folders that lead to it; one that is there is replaced.
    pub fn copy(&self, source: &Path, path: &str) {
        for (end, _) in path.match_indices('/') {
            let folder = format!("::/{}", &path[..end]);
            // -D s: one that is there is not made again.
            self.mtools("mmd", &["-D", "s", &folder]);
        }
        let source = source.display().to_string();
        self.mtools("mcopy", &["-o", &source, &format!("::/{path}")]);
    }

    pub fn write(&self, path: &str, data: &[u8]) {
        let file = self.disk.with_extension("file");
        std::fs::write(&file, data).expect("write a file for the disk");
        self.copy(&file, path);
    }

    /// systemd-boot as the boot file; it boots `entry`, a glob, at once.
    pub fn boot(&self, entry: &str) {
        let loader = "usr/lib/systemd/boot/efi/systemd-bootx64.efi";
        self.copy(&packages::file("stub-forky", loader), BOOT_FILE);
        let text = format!("timeout 0\ndefault {entry}\n");
        self.write("loader/loader.conf", text.as_bytes());
    }

    fn mtools(&self, program: &str, arguments: &[&str]) {
        let output = crate::host_program(program)
            .env("MTOOLS_SKIP_CHECK", "1")
            .arg("-i")
            .arg(&self.disk)
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        // mmd says so of a folder that is there, whatever it was told.
        let is_there = program == "mmd";
        assert!(
            output.status.success() || is_there,
            "{program} {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
