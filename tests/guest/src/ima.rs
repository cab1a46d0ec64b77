// SPDX-License-Identifier: GPL-2.0-or-later
//! IMA in guests: its policy, labels of files, and its measurements.

use std::path::{Path, PathBuf};

use crate::payload::{from_hex, sha256};
use crate::{Initramfs, Transcript, host_program, packages, run};

/// Sets labels and policy; `measured NAME` says the lines of the kernel's measurement list.
/// The root file system is a tmpfs, which supports security.ima.
const START: &str = r#"
integrity key /ima.der
(cd /labels && find . -type f) | while read -r file; do
    integrity label "/labels/$file" "/$file"
done
cat /policy >/sys/kernel/security/ima/policy && say policy taken
measured() {
    while read -r line; do
        say "$1-measured" "$line"
    done </sys/kernel/security/ima/ascii_runtime_measurements
}
"#;

/// The first byte of a label, see security/integrity/integrity.h.
const DIGEST_NG: u8 = 4;
/// `HASH_ALGO_SHA256`, see include/uapi/linux/hash_info.h.
const SHA256: u8 = 4;

/// Makes an initramfs that sets `policy` and then runs `script`. Files that a rule
/// appraises must be added by [`Key::add`] or [`add_hashed`].
pub fn initramfs(key: &Key, policy: &str, script: &str) -> Initramfs {
    initramfs_before(key, "", policy, script)
}

/// Makes the same, with commands that run before labels and policy are set.
pub fn initramfs_before(key: &Key, before: &str, policy: &str, script: &str) -> Initramfs {
    crate::handshake::initramfs(&format!("{before}{START}{script}"))
        .program("bin/integrity", &packages::floor("integrity"))
        .file("policy", policy.as_bytes())
        .file_from("ima.der", &key.certificate)
}

/// A key for IMA's signatures.
pub struct Key {
    directory: PathBuf,
    key: PathBuf,
    /// In DER, as the kernel's keyrings require.
    certificate: PathBuf,
}

impl Key {
    /// Makes a key called `name` in `directory`.
    pub fn new(directory: &Path, name: &str) -> Self {
        let key = directory.join(format!("{name}.key"));
        let certificate = directory.join(format!("{name}.der"));
        run(host_program("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
            ])
            .args(["-subj", &format!("/CN={name}"), "-outform", "DER"])
            .args(["-addext", "keyUsage=digitalSignature", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate));
        Self {
            directory: directory.to_owned(),
            key,
            certificate,
        }
    }

    /// Returns the label that carries this key's signature of `data`.
    pub fn sign(&self, data: &[u8]) -> Vec<u8> {
        let file = self.directory.join("to-be-signed");
        std::fs::write(&file, data).expect("write what is signed");
        run(host_program("evmctl")
            .args(["ima_sign", "--sigfile", "--hashalgo", "sha256", "--key"])
            .arg(&self.key)
            .arg(&file));
        std::fs::read(file.with_extension("sig")).expect("read the signature")
    }

    /// Adds a file that this key has signed.
    pub fn add(&self, guest: Initramfs, path: &str, data: &[u8]) -> Initramfs {
        add_labelled(guest, path, data, &self.sign(data))
    }
}

/// Adds a file with this label, which may be wrong.
pub fn add_labelled(guest: Initramfs, path: &str, data: &[u8], label: &[u8]) -> Initramfs {
    guest
        .file(path, data)
        .file(&format!("labels/{path}"), label)
}

/// Returns the label that is a hash of `data`, without a signature.
pub fn hash(data: &[u8]) -> Vec<u8> {
    let digest = sha256(data);
    let mut label = vec![DIGEST_NG, SHA256];
    label.extend(from_hex(&digest));
    label
}

/// Adds a file that is labelled with its hash.
pub fn add_hashed(guest: Initramfs, path: &str, data: &[u8]) -> Initramfs {
    add_labelled(guest, path, data, &hash(data))
}

/// A line of the kernel's measurement list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// A file's path, or the name of an event.
    pub name: String,
    /// `sha256:HEX`, of the file or of the text.
    pub digest: String,
    /// The measured text, if it is not a file's.
    pub text: Option<String>,
}

/// Returns the lines that the guest said by `measured NAME`, oldest first.
pub fn measured(said: &Transcript, name: &str) -> Vec<Measured> {
    let lines = said.all(&format!("{name}-measured"));
    lines.into_iter().map(|line| entry(said, line)).collect()
}

/// Parses a line: PCR, digest of the entry, template, and the template's fields.
fn entry(said: &Transcript, line: &str) -> Measured {
    let words: Vec<&str> = line.split(' ').collect();
    let [_pcr, _entry, template, digest, name, more @ ..] = words.as_slice() else {
        said.fail(&format!("a measurement has too few words: {line}"));
    };
    let text = || String::from_utf8_lossy(&from_hex(more.first().unwrap_or(&""))).into_owned();
    Measured {
        name: (*name).to_owned(),
        digest: (*digest).to_owned(),
        text: (*template == "ima-buf").then(text),
    }
}
