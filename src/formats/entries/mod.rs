// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts of boot entries and of the boot loader's configuration. Layer: pure.
//!
//! Specs: UAPI.1 Boot Loader Specification, UAPI.10 Version Format. `policy::boot` sorts
//! the entries and chooses one.

pub mod counter;
pub mod efi;
pub mod error;
pub mod glob;
pub mod loader_conf;
#[cfg(test)]
mod tests;
pub mod type1;
pub mod version;

/// The longest entry file or loader.conf that is read; real ones have some hundred bytes.
pub const FILE_MAX_BYTES: u64 = 64 << 10;
/// The largest number of entries that are read from one directory.
pub const ENTRIES_MAX: usize = 8192;

/// Splits each line (LF or CRLF) into key and value; skips comments and empty lines.
fn assignments(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .map(|line| {
            let end = line.iter().position(u8::is_ascii_whitespace);
            let (key, value) = line.split_at(end.unwrap_or(line.len()));
            (key, value.trim_ascii_start())
        })
}
