// SPDX-License-Identifier: GPL-2.0-or-later
//! A machine whose UEFI firmware boots a UKI by systemd-stub: the oracle.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::esp::{BOOT_FILE, Esp};
use crate::machine::{Firmware, Machine};
use crate::payload::{from_hex, sha256};
use crate::uki::Uki;
use crate::{Initramfs, Kernel, module, packages, run};

/// Returns a machine whose firmware boots `image` as its default boot file.
pub fn machine(directory: &Path, image: &Path) -> Machine {
    start(
        directory,
        image,
        "OVMF_CODE_4M.fd",
        "OVMF_VARS_4M.fd",
        false,
    )
}

/// Returns the same under Secure Boot; `image` must be signed by [`SigningKey`].
pub fn secure_machine(directory: &Path, image: &Path) -> Machine {
    let (code, vars) = ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.snakeoil.fd");
    start(directory, image, code, vars, true)
}

/// Returns a guest whose firmware starts a UKI of `kernel` and `initramfs`, whose command
/// line has `words` after the usual ones.
pub fn guest(directory: &Path, kernel: Kernel, initramfs: Initramfs, words: &str) -> Machine {
    let image = first_uki(directory, kernel, initramfs, words);
    machine(directory, &image).memory_mb(1024)
}

/// Returns the same under Secure Boot, with a signed UKI.
pub fn secure_guest(
    directory: &Path,
    key: &SigningKey,
    kernel: Kernel,
    initramfs: Initramfs,
    words: &str,
) -> Machine {
    let image = first_uki(directory, kernel, initramfs, words);
    let image = key.sign(directory, "first.signed.efi", &image);
    secure_machine(directory, &image).memory_mb(1024)
}

fn first_uki(directory: &Path, kernel: Kernel, initramfs: Initramfs, words: &str) -> PathBuf {
    let initrd = directory.join("first.cpio");
    std::fs::write(&initrd, initramfs.finish()).expect("write the initramfs");
    let cmdline = format!("console=ttyS0 panic=-1 {words}");
    Uki::new(directory, "first", &cmdline)
        .linux(&kernel.image())
        .initrd(&initrd)
        .build()
}

/// Returns a machine whose firmware boots the default boot file of this disk.
pub fn machine_with_disk(directory: &Path, disk: PathBuf) -> Machine {
    start_disk(directory, disk, "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd", false)
}

fn start(directory: &Path, image: &Path, code: &str, vars: &str, secure: bool) -> Machine {
    let image_bytes = std::fs::metadata(image).expect("the image exists").len();
    let esp = Esp::new(&directory.join("esp.img"), image_bytes);
    esp.copy(image, BOOT_FILE);
    start_disk(directory, esp.disk().to_owned(), code, vars, secure)
}

fn start_disk(directory: &Path, disk: PathBuf, code: &str, vars: &str, secure: bool) -> Machine {
    let own_vars = directory.join("vars.fd");
    let template = packages::file("ovmf", &format!("usr/share/OVMF/{vars}"));
    std::fs::copy(template, &own_vars).expect("copy the firmware's variables");
    let firmware = Firmware {
        code: packages::file("ovmf", &format!("usr/share/OVMF/{code}")),
        vars: own_vars,
        disk,
        secure,
    };
    Machine::with_firmware(directory, firmware)
}

/// A key that signs images and modules.
pub struct SigningKey {
    key: PathBuf,
    certificate: PathBuf,
}

impl SigningKey {
    /// Writes the key that the Secure Boot firmware trusts to `directory`. Debian publishes
    /// it in its OVMF package, for tests.
    pub fn new(directory: &Path) -> Self {
        let key = directory.join("signing.key");
        run(crate::host_program("openssl")
            .args(["rsa", "-passin", "pass:snakeoil", "-in"])
            .arg(packages::file(
                "ovmf",
                "usr/share/ovmf/PkKek-1-snakeoil.key",
            ))
            .arg("-out")
            .arg(&key));
        let certificate = packages::file("ovmf", "usr/share/ovmf/PkKek-1-snakeoil.pem");
        Self { key, certificate }
    }

    /// Makes a key that no firmware knows. `subject` is in openssl's form: `/CN=name`.
    pub fn unknown(directory: &Path, subject: &str) -> Self {
        let (key, certificate) = (directory.join("unknown.key"), directory.join("unknown.pem"));
        run(crate::host_program("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
            ])
            .args(["-utf8", "-subj", subject, "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate));
        Self { key, certificate }
    }

    /// Makes a copy of `image` in `directory` that has only this key's signature.
    pub fn sign(&self, directory: &Path, name: &str, image: &Path) -> PathBuf {
        let bare = unsigned(directory, &format!("{name}.unsigned"), image);
        self.add_signature(directory, name, &bare)
    }

    /// Makes a copy of `image` in `directory` that has this key's signature after those
    /// that it had.
    pub fn add_signature(&self, directory: &Path, name: &str, image: &Path) -> PathBuf {
        let signed = directory.join(name);
        run(crate::host_program("sbsign")
            .arg("--key")
            .arg(&self.key)
            .arg("--cert")
            .arg(&self.certificate)
            .arg("--output")
            .arg(&signed)
            .arg(image));
        signed
    }

    /// Returns the bytes of an image with only this key's signature.
    pub fn sign_bytes(&self, directory: &Path, name: &str, image: &[u8]) -> Vec<u8> {
        let bare = directory.join(format!("{name}.bare"));
        std::fs::write(&bare, image).expect("write the image");
        std::fs::read(self.sign(directory, name, &bare)).expect("read the signed image")
    }

    /// Makes a copy of the kernel module in `directory` with this key's signature. Debian's
    /// kernel accepts modules signed by the firmware's keys, too.
    pub fn sign_module(&self, directory: &Path) -> PathBuf {
        self.sign_a_module(directory, &module::module())
    }

    /// Makes a signed copy of any module.
    pub fn sign_a_module(&self, directory: &Path, module: &Path) -> PathBuf {
        let name = module.file_name().expect("the module has a name");
        let signed = directory.join(format!("{}.signed", name.to_string_lossy()));
        std::fs::copy(module, &signed).expect("copy the module");
        run(Command::new(module::sign_file())
            .arg("sha256")
            .arg(&self.key)
            .arg(&self.certificate)
            .arg(&signed));
        signed
    }
}

/// Makes a copy of `image` in `directory` without a signature.
pub fn unsigned(directory: &Path, name: &str, image: &Path) -> PathBuf {
    let bare = directory.join(name);
    std::fs::copy(image, &bare).expect("copy the image");
    // Fails if there is none, which does not matter.
    let _ = crate::host_program("sbattach")
        .arg("--remove")
        .arg(&bare)
        .output();
    bare
}

/// Puts a digest into dbx of the machine in `directory`, before it is started. The
/// digest replaces the only one there, that of no data.
pub fn revoke(directory: &Path, digest: &[u8; 32]) {
    let vars = directory.join("vars.fd");
    let mut bytes = std::fs::read(&vars).expect("read the firmware's variables");
    let name = b"d\0b\0x\0\0\0";
    let nothing = from_hex(&sha256(b""));
    let find = |start: usize, wanted: &[u8]| {
        let mut windows = bytes[start..].windows(wanted.len());
        start
            + windows
                .position(|window| window == wanted)
                .expect("it is there")
    };
    let at = find(find(0, name), &nothing);
    bytes[at..at + digest.len()].copy_from_slice(digest);
    std::fs::write(&vars, bytes).expect("write the firmware's variables");
}

/// Returns an EFI variable with a text as efivarfs has it: attributes, then UTF-16 with a NUL.
pub fn variable(text: &str) -> Vec<u8> {
    // Non-volatile, and for the firmware and the system.
    let mut bytes = vec![7, 0, 0, 0];
    for unit in text.encode_utf16().chain([0]) {
        bytes.extend_from_slice(&unit.to_le_bytes());
    }
    bytes
}
