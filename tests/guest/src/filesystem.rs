// SPDX-License-Identifier: GPL-2.0-or-later
//! File systems of guests' partitions, by the programs that Debian has for them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{host_program, run};

/// A file system that a guest can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filesystem {
    Ext4,
    Xfs,
    Btrfs,
    F2fs,
    Exfat,
}

/// Makes an empty image.
pub fn image(directory: &Path, name: &str, bytes: u64) -> PathBuf {
    let path = directory.join(name);
    let file = File::create(&path).expect("create an image");
    file.set_len(bytes).expect("size an image");
    path
}

impl Filesystem {
    /// Makes an empty file system on images; only btrfs takes several.
    pub fn make(self, label: &str, images: &[&Path]) {
        let mut make = self.program();
        run(make.arg(label).args(images));
    }

    fn program(self) -> Command {
        let (name, arguments): (_, &[&str]) = match self {
            Self::Ext4 => ("/sbin/mke2fs", &["-q", "-t", "ext4", "-L"]),
            Self::Xfs => ("/sbin/mkfs.xfs", &["-q", "-L"]),
            // -M and single: small devices.
            Self::Btrfs => (
                "/sbin/mkfs.btrfs",
                &["-q", "-M", "-d", "single", "-m", "single", "-L"],
            ),
            Self::F2fs => ("/sbin/mkfs.f2fs", &["-q", "-l"]),
            Self::Exfat => ("/sbin/mkfs.exfat", &["-L"]),
        };
        let mut make = host_program(name);
        make.args(arguments);
        if self == Self::Xfs {
            // Without these, which its own tests set, it refuses less than 300 MB.
            make.envs(["TEST_DIR", "TEST_DEV", "QA_CHECK_FS"].map(|name| (name, "1")));
        }
        make
    }
}

/// Makes an erofs with the files of a directory.
pub fn erofs(image: &Path, tree: &Path) {
    run(host_program("mkfs.erofs")
        .arg("--quiet")
        .arg(image)
        .arg(tree));
}

/// Makes a squashfs with the files of a directory.
pub fn squashfs(image: &Path, tree: &Path) {
    let mut make = host_program("mksquashfs");
    run(make.arg(tree).arg(image).args(["-quiet", "-no-progress"]));
}
