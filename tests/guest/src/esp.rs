// SPDX-License-Identifier: GPL-2.0-or-later
//! An EFI system partition: a FAT file system that mtools fills without mounting it.
//! The firmware accepts it without a partition table.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{packages, run};

/// Path that the firmware boots by default.
pub(crate) const BOOT_FILE: &str = "EFI/BOOT/BOOTX64.EFI";

pub struct Esp {
    disk: PathBuf,
}

impl Esp {
    /// Makes a new one in `disk`, with room for files of `bytes` in total.
    pub fn new(disk: &Path, bytes: u64) -> Self {
        let disk_bytes = (bytes + (16 << 20)).next_multiple_of(1 << 20);
        let file = fs::File::create(disk).expect("create the disk");
        file.set_len(disk_bytes).expect("size the disk");
        let esp = Self {
            disk: disk.to_owned(),
        };
        run(esp.mtools("mformat").args(["-v", "ESP", "::"]));
        esp
    }

    pub fn disk(&self) -> &Path {
        &self.disk
    }

    /// Adds or replaces a file, and makes the directories that lead to it.
    pub fn copy(&self, source: &Path, path: &str) {
        for (end, _) in path.match_indices('/') {
            let directory = format!("::/{}", &path[..end]);
            // -D s: skips a directory that exists, which mmd reports as a failure.
            let mut mmd = self.mtools("mmd");
            let _ = mmd
                .args(["-D", "s", &directory])
                .output()
                .expect("start mmd");
        }
        let to = format!("::/{path}");
        run(self.mtools("mcopy").arg("-o").arg(source).arg(to));
    }

    /// Adds all that is in a directory of this machine.
    pub(crate) fn copy_all(&self, directory: &Path) {
        let entries = fs::read_dir(directory).expect("read the ESP's directory");
        let paths = entries.map(|entry| entry.expect("read the ESP's directory").path());
        run(self.mtools("mcopy").arg("-s").args(paths).arg("::"));
    }

    pub fn write(&self, path: &str, data: &[u8]) {
        let file = self.disk.with_extension("file");
        fs::write(&file, data).expect("write a file for the disk");
        self.copy(&file, path);
    }

    /// Makes systemd-boot the boot file. It boots `entry`, a glob, at once.
    pub fn boot(&self, entry: &str) {
        let loader = "usr/lib/systemd/boot/efi/systemd-bootx64.efi";
        self.copy(&packages::file("stub-forky", loader), BOOT_FILE);
        let text = format!("timeout 0\ndefault {entry}\n");
        self.write("loader/loader.conf", text.as_bytes());
    }

    fn mtools(&self, program: &str) -> Command {
        mtools(program, &self.disk)
    }
}

/// Returns a command of mtools for an image of a FAT file system.
pub(crate) fn mtools(program: &str, image: &Path) -> Command {
    let mut command = crate::host_program(program);
    // Names of files are UTF-8.
    command.env("LC_ALL", "C.UTF-8");
    command.env("MTOOLS_SKIP_CHECK", "1").arg("-i").arg(image);
    command
}
