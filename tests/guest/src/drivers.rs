// SPDX-License-Identifier: GPL-2.0-or-later
//! Drivers of a stock kernel, for guests without a module loader.

use std::path::{Path, PathBuf};

use crate::initramfs::Initramfs;
use crate::kernel::Kernel;
use crate::packages;

/// Command that loads what [`add`] has added, in its order.
pub const LOAD: &str = "for driver in /drivers/*; do insmod $driver; done\n";

/// Drivers that a guest needs for disks with FAT and ext4 file systems.
pub const DISKS: &[&str] = &[
    "virtio_blk",
    "vfat",
    "nls_cp437",
    "nls_ascii",
    "ext4",
    "crc32c_generic",
];

/// Adds drivers, and those that they depend on, to an initramfs.
pub fn add(mut initramfs: Initramfs, kernel: Kernel, names: &[&str]) -> Initramfs {
    let mut all = Vec::new();
    find(&packages::file(&kernel.set(), "lib/modules"), &mut all);
    let mut taken = Vec::new();
    for name in names {
        take(name, &all, &mut taken);
    }
    for (number, (name, data)) in taken.iter().enumerate() {
        initramfs = initramfs.file(&format!("drivers/{number:02}-{name}.ko"), data);
    }
    initramfs
}

pub(crate) fn find(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("read the kernel's modules") {
        let path = entry.expect("read the kernel's modules").path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            find(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Takes a driver after those that it depends on. A driver that is built into the
/// kernel has no file.
fn take(name: &str, all: &[PathBuf], taken: &mut Vec<(String, Vec<u8>)>) {
    let is = |path: &&PathBuf| {
        let file = path.file_name().and_then(|file| file.to_str());
        let stem = file.and_then(|file| file.split_once(".ko"));
        stem.is_some_and(|(stem, _)| stem.replace('-', "_") == name.replace('-', "_"))
    };
    let Some(path) = all.iter().find(is) else {
        return;
    };
    if taken.iter().any(|(other, _)| other == name) {
        return;
    }
    let data = if path.extension().is_some_and(|end| end == "xz") {
        let mut xz = crate::host_program("xz");
        let output = xz.args(["-dc"]).arg(path).output().expect("start xz");
        assert!(
            output.status.success(),
            "xz cannot unpack {}",
            path.display()
        );
        output.stdout
    } else {
        std::fs::read(path).expect("read a module")
    };
    for other in depends(&data) {
        take(&other, all, taken);
    }
    taken.push((name.to_owned(), data));
}

/// Returns the names in `depends=a,b` of the module's information.
fn depends(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let at = module.windows(KEY.len()).position(|window| window == KEY);
    let list = at.map(|at| &module[at + KEY.len()..]).unwrap_or_default();
    let list = list.split(|byte| *byte == 0).next().unwrap_or_default();
    let list = String::from_utf8_lossy(list).into_owned();
    let names = list.split(',').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
