// SPDX-License-Identifier: GPL-2.0-or-later
//! Random data that cannot be in a guest by accident, and its checksum.

use std::io::Write;
use std::process::Stdio;

/// A file with random content and a name of its own.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Its path in the initrd is `payload/NAME`.
    pub name: String,
    pub data: Vec<u8>,
    /// SHA-256 in hex.
    pub sha256: String,
}

impl Payload {
    pub fn new(name: &str, size_bytes: usize) -> Self {
        let data = random(size_bytes);
        let sha256 = sha256(&data);
        Self {
            name: name.to_owned(),
            data,
            sha256,
        }
    }

    pub fn path(&self) -> String {
        format!("payload/{}", self.name)
    }
}

/// Returns numbers by xorshift from a random seed: incompressible, and fast for 200 MB.
fn random(size_bytes: usize) -> Vec<u8> {
    let seed = crate::nonce();
    let mut state = u64::from_str_radix(&seed, 16).expect("a nonce is hex") | 1;
    let mut data = Vec::with_capacity(size_bytes + 8);
    while data.len() < size_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data.extend_from_slice(&state.to_le_bytes());
    }
    data.truncate(size_bytes);
    data
}

/// Returns the SHA-256 in hex.
pub fn sha256(data: &[u8]) -> String {
    let mut child = crate::host_program("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start sha256sum");
    let mut input = child.stdin.take().expect("stdin is a pipe");
    input.write_all(data).expect("write to sha256sum");
    drop(input);
    let output = child.wait_with_output().expect("run sha256sum");
    let line = String::from_utf8(output.stdout).expect("sha256sum prints text");
    line.split_whitespace()
        .next()
        .expect("sha256sum prints a sum")
        .to_owned()
}

/// Returns the bytes of a hex number.
pub fn from_hex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let text = digits.map(|pair| std::str::from_utf8(pair).expect("hex is ASCII"));
    text.map(|pair| u8::from_str_radix(pair, 16).expect("a hex number"))
        .collect()
}
