// SPDX-License-Identifier: GPL-2.0-or-later
//! The programs that are compared: their files in an initramfs, and their calls.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use super::images::{Images, KERNEL};
use guest::cpio::Archive;
use guest::library::with_libraries;
use guest::{Initramfs, packages};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contestant {
    /// A program that only calls kexec_file_load(2).
    Floor,
    /// Without the module: route extract.
    KexecBpf,
    /// With the module: route handshake.
    Handshake,
    KexecTools,
    Systemctl,
}

/// Bytes that an initramfs grows by.
pub struct Added {
    pub raw: usize,
    /// After zstd -19.
    pub compressed: usize,
}

impl Contestant {
    pub const ALL: [Self; 5] = [
        Self::Floor,
        Self::KexecBpf,
        Self::Handshake,
        Self::KexecTools,
        Self::Systemctl,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::KexecBpf => "kexec-bpf",
            Self::Handshake => "handshake",
            Self::KexecTools => "kexec-tools",
            Self::Systemctl => "systemctl",
        }
    }

    pub fn version(self) -> String {
        match self {
            Self::Floor => "-".to_owned(),
            Self::KexecBpf | Self::Handshake => env!("CARGO_PKG_VERSION").to_owned(),
            Self::KexecTools => packaged("kexec-tools", "kexec-tools"),
            Self::Systemctl => packaged("systemctl", "systemd"),
        }
    }

    /// Returns commands that the guest runs before it measures.
    pub fn prepare(self) -> &'static str {
        match self {
            Self::Handshake => "insmod /kexec_bpf.ko timeout_ms=60000\n",
            _ => "",
        }
    }

    /// Returns the command that loads the images, for a guest's script.
    pub fn call(self, images: &Images) -> String {
        let cmdline = &images.cmdline;
        match self {
            Self::Floor => format!("floor /vmlinuz /initrd '{cmdline}'"),
            Self::KexecBpf => "kexec-bpf load /efi/EFI/Linux/a.efi".to_owned(),
            Self::Handshake => "kexec-bpf load --route handshake /efi/EFI/Linux/a.efi".to_owned(),
            // kexec-tools drops the image's own command line.
            Self::KexecTools => {
                format!("kexec -s -l /efi/EFI/Linux/a.efi --command-line='{cmdline}'")
            }
            // systemctl loads the ESP's default entry, then fails to reach systemd.
            Self::Systemctl => "env SYSTEMD_ESP_PATH=/efi SYSTEMD_RELAX_ESP_CHECKS=1 \
                 SYSTEMD_LOG_TARGET=console systemctl kexec"
                .to_owned(),
        }
    }

    /// Returns the option that makes the contestant print its steps.
    pub fn verbose(self) -> &'static str {
        match self {
            Self::Handshake => " --verbose",
            _ => "",
        }
    }

    /// Returns the path in the guest and the source of each of its files.
    pub fn files(self) -> BTreeMap<String, PathBuf> {
        match self {
            Self::Floor => one("bin/floor", packages::floor("floor")),
            Self::KexecBpf => one("bin/kexec-bpf", guest::program()),
            Self::Handshake => {
                let mut files = one("bin/kexec-bpf", guest::program());
                files.insert("kexec_bpf.ko".to_owned(), guest::module::module_for(KERNEL));
                files
            }
            Self::KexecTools => with_libraries("kexec-tools", "usr/sbin/kexec", "bin/kexec"),
            Self::Systemctl => with_libraries("systemctl", "usr/bin/systemctl", "bin/systemctl"),
        }
    }

    /// Makes an initramfs with this contestant, the images, and the program that measures.
    pub fn initramfs(self, script: &str, images: &Images) -> Vec<u8> {
        let mut initramfs = Initramfs::new(script)
            .program("bin/measure", &packages::floor("measure"))
            .program("bin/floor", &packages::floor("floor"));
        for (path, source) in self.files() {
            initramfs = initramfs.program(&path, &source);
        }
        if self == Self::Floor {
            initramfs = initramfs
                .file_from("vmlinuz", &images.kernel)
                .file_from("initrd", &images.initrd);
        } else {
            initramfs = initramfs.file_from("efi/EFI/Linux/a.efi", &images.uki);
        }
        initramfs.finish()
    }

    pub fn initramfs_bytes(self) -> Added {
        let mut archive = Archive::new();
        for (path, source) in self.files() {
            let data = std::fs::read(&source).expect("read a contestant's file");
            archive.file(&path, 0o755, &data);
        }
        let archive = archive.finish();
        let mut zstd = guest::host_program("zstd")
            .args(["-19", "-q", "-c"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start zstd");
        let mut input = zstd.stdin.take().expect("stdin is a pipe");
        let raw = archive.len();
        let writer = std::thread::spawn(move || input.write_all(&archive));
        let output = zstd.wait_with_output().expect("run zstd");
        writer
            .join()
            .expect("the writer ends")
            .expect("write to zstd");
        Added {
            raw,
            compressed: output.stdout.len(),
        }
    }
}

fn one(path: &str, source: PathBuf) -> BTreeMap<String, PathBuf> {
    BTreeMap::from([(path.to_owned(), source)])
}

/// Returns a package's version without Debian's revision.
fn packaged(set: &str, package: &str) -> String {
    let list = std::fs::read_to_string(packages::file(set, "packages.list"))
        .expect("read the set's package list");
    let version = list
        .lines()
        .find_map(|line| line.strip_prefix(package)?.strip_prefix(' '))
        .expect("the set has the package");
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split('-').next().unwrap_or(version).to_owned()
}
