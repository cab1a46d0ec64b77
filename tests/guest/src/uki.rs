// SPDX-License-Identifier: GPL-2.0-or-later
//! UKIs, built by ukify on systemd-stub.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{packages, run};

/// A section of a PE file, from its section table.
#[derive(Clone, Debug)]
pub struct Section {
    pub name: String,
    /// Offset of its entry in the section table.
    pub entry_offset: u64,
    pub raw_offset: u32,
    pub raw_bytes: u32,
}

/// A UKI that is being made.
pub struct Uki {
    path: PathBuf,
    command: Command,
}

impl Uki {
    /// Begins `NAME.efi` in `directory`, with `cmdline`.
    pub fn new(directory: &Path, name: &str, cmdline: &str) -> Self {
        Self::on_stub(directory, name, cmdline, "stub-trixie")
    }

    /// Begins the same on the stub of another package set.
    pub fn on_stub(directory: &Path, name: &str, cmdline: &str, set: &str) -> Self {
        let path = directory.join(format!("{name}.efi"));
        let release = "NAME=Test\nVERSION_ID=1\n";
        Self::starting(path, set, "linuxx64.efi.stub").options(&[
            "--cmdline",
            cmdline,
            "--os-release",
            release,
        ])
    }

    /// Begins an addon: no kernel, a command line, and what options add.
    pub fn addon(directory: &Path, name: &str, cmdline: &str) -> Self {
        let path = directory.join(format!("{name}.addon.efi"));
        let addon = Self::starting(path, "stub-forky", "addonx64.efi.stub");
        addon.options(&["--cmdline", cmdline])
    }

    /// Begins a profile that is joined to another UKI.
    pub fn profile(directory: &Path, id: &str, cmdline: &str) -> Self {
        let path = directory.join(format!("{id}.profile.efi"));
        let profile = Self::starting(path, "stub-trixie", "addonx64.efi.stub");
        let id = format!("ID={id}");
        profile.options(&["--cmdline", cmdline, "--profile", &id])
    }

    fn starting(path: PathBuf, set: &str, stub: &str) -> Self {
        // Debian's python3 has pefile; one that comes first in PATH may not.
        let mut command = crate::host_program("/usr/bin/python3");
        let directory = "usr/lib/systemd/boot/efi";
        command
            .arg(packages::file("ukify", "usr/bin/ukify"))
            .arg("build")
            .arg("--stub")
            .arg(packages::file(set, &format!("{directory}/{stub}")));
        Self { path, command }
    }

    pub fn linux(mut self, path: &Path) -> Self {
        self.command.arg("--linux").arg(path);
        self
    }

    pub fn initrd(mut self, path: &Path) -> Self {
        self.command.arg("--initrd").arg(path);
        self
    }

    pub fn microcode(mut self, path: &Path) -> Self {
        self.command.arg("--microcode").arg(path);
        self
    }

    /// Adds other options for ukify.
    pub fn options(mut self, options: &[&str]) -> Self {
        self.command.args(options);
        self
    }

    pub fn build(mut self) -> PathBuf {
        self.command.arg("--output").arg(&self.path);
        run(&mut self.command);
        self.path
    }
}

/// Returns the section table of a well-formed PE file.
pub fn sections(image: &[u8]) -> Vec<Section> {
    let pe = u64::from(u32_at(image, 0x3c));
    let count = u16_at(image, pe + 6);
    let table = pe + 24 + u64::from(u16_at(image, pe + 20));
    (0..u64::from(count))
        .map(|index| {
            let entry_offset = table + 40 * index;
            let start = usize::try_from(entry_offset).expect("64-bit host");
            let name = image[start..start + 8].split(|byte| *byte == 0).next();
            Section {
                name: String::from_utf8_lossy(name.unwrap_or_default()).into_owned(),
                entry_offset,
                raw_bytes: u32_at(image, entry_offset + 16),
                raw_offset: u32_at(image, entry_offset + 20),
            }
        })
        .collect()
}

pub fn u16_at(image: &[u8], offset: u64) -> u16 {
    let start = usize::try_from(offset).expect("64-bit host");
    u16::from_le_bytes(image[start..start + 2].try_into().expect("2 bytes"))
}

pub fn u32_at(image: &[u8], offset: u64) -> u32 {
    let start = usize::try_from(offset).expect("64-bit host");
    u32::from_le_bytes(image[start..start + 4].try_into().expect("4 bytes"))
}
