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

/// A program that loads images.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Program {
    /// A program that only calls kexec_file_load(2).
    Floor,
    Ours,
    OursWithModule,
    KexecTools,
    Systemctl,
}

use Program::{Floor, KexecTools, Ours, OursWithModule, Systemctl};

/// A program with its options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contestant {
    /// Name in the results. What comes after ` --` makes it a variant of the one before.
    pub name: &'static str,
    program: Program,
    /// Command that loads the images. In it, `UKI` stands for the UKI's path and `CMDLINE`
    /// for the command line; if it has no `UKI`, kernel and initrd are separate files.
    command: &'static str,
}

/// Name of the contestant that the others are compared with.
pub const BARE: &str = "bare call";

/// All contestants, in the order of the tables.
pub const ALL: &[Contestant] = &[
    new(BARE, Floor, "floor /vmlinuz /initrd CMDLINE"),
    new(
        "kexec-bpf extract",
        Ours,
        "kexec-bpf load --route extract UKI",
    ),
    new(
        "kexec-bpf handshake",
        OursWithModule,
        "kexec-bpf load --route handshake UKI",
    ),
    new(
        "kexec-bpf extract --fast",
        OursWithModule,
        "kexec-bpf load --route extract --fast UKI",
    ),
    new(
        "kexec-bpf handshake --fast",
        OursWithModule,
        "kexec-bpf load --route handshake --fast UKI",
    ),
    // kexec-tools drops the image's own command line.
    new(
        "kexec-tools",
        KexecTools,
        "kexec -s -l UKI --command-line=CMDLINE",
    ),
    // Only kexec_load(2) has an image without a digest, and there kexec-tools opens no UKI.
    new(
        "kexec-tools --no-checks",
        KexecTools,
        "kexec -c -l --no-checks /vmlinuz --initrd=/initrd --command-line=CMDLINE",
    ),
    // systemctl loads the ESP's default entry, then fails to reach systemd.
    new(
        "systemctl",
        Systemctl,
        "env SYSTEMD_ESP_PATH=/efi SYSTEMD_RELAX_ESP_CHECKS=1 SYSTEMD_LOG_TARGET=console \
         systemctl kexec",
    ),
];

const fn new(name: &'static str, program: Program, command: &'static str) -> Contestant {
    Contestant {
        name,
        program,
        command,
    }
}

const UKI: &str = "efi/EFI/Linux/a.efi";

/// Bytes that an initramfs grows by.
pub struct Added {
    pub raw: usize,
    /// After zstd -19.
    pub compressed: usize,
}

impl Contestant {
    /// Returns whether it is another contestant with an option.
    pub fn is_variant(self) -> bool {
        self.name.contains(" --")
    }

    pub fn version(self) -> String {
        match self.program {
            Floor => "-".to_owned(),
            Ours | OursWithModule => env!("CARGO_PKG_VERSION").to_owned(),
            KexecTools => packaged("kexec-tools", "kexec-tools"),
            Systemctl => packaged("systemctl", "systemd"),
        }
    }

    /// Returns commands that the guest runs before it measures.
    pub fn prepare(self) -> &'static str {
        match self.program {
            OursWithModule => "insmod /kexec_bpf.ko timeout_ms=60000\n",
            _ => "",
        }
    }

    /// Returns the command that loads the images, for a guest's script.
    pub fn call(self, images: &Images) -> String {
        self.command
            .replace("UKI", &format!("/{UKI}"))
            .replace("CMDLINE", &format!("'{}'", images.cmdline))
    }

    fn takes_parts(self) -> bool {
        self.command.contains("/vmlinuz")
    }

    /// Returns the path in the guest and the source of each of its files.
    pub fn files(self) -> BTreeMap<String, PathBuf> {
        match self.program {
            Floor => one("bin/floor", packages::floor("floor")),
            Ours => one("bin/kexec-bpf", guest::program()),
            OursWithModule => {
                let mut files = one("bin/kexec-bpf", guest::program());
                files.insert("kexec_bpf.ko".to_owned(), guest::module::module_for(KERNEL));
                files
            }
            KexecTools => with_libraries("kexec-tools", "usr/sbin/kexec", "bin/kexec"),
            Systemctl => with_libraries("systemctl", "usr/bin/systemctl", "bin/systemctl"),
        }
    }

    /// Makes an initramfs with this contestant, the images, and the programs that measure.
    pub fn initramfs(self, script: &str, images: &Images) -> Vec<u8> {
        let mut initramfs = Initramfs::new(script)
            .program("bin/measure", &packages::floor("measure"))
            .program("bin/tsc", &packages::floor("tsc"))
            .program("bin/floor", &packages::floor("floor"));
        for (path, source) in self.files() {
            initramfs = initramfs.program(&path, &source);
        }
        let initramfs = match self.takes_parts() {
            true => initramfs
                .file_from("vmlinuz", &images.kernel)
                .file_from("initrd", &images.initrd),
            false => initramfs.file_from(UKI, &images.uki),
        };
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
