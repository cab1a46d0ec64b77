// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts of boot entries and of the boot loader's configuration. Layer: pure.
//!
//! Specs: UAPI.1 Boot Loader Specification, UAPI.10 Version Format. `policy::boot` sorts
//! the entries and chooses one.

pub mod counter;
pub mod efi;
pub mod error;
pub mod glob;
pub mod grubenv;
pub mod loader_conf;
#[cfg(test)]
mod tests;
pub mod type1;
pub mod version;

/// The longest entry file or loader.conf that is read; real ones have some hundred bytes.
pub const FILE_MAX_BYTES: u64 = 64 << 10;
/// The largest number of entries that are read from one directory.
pub const ENTRIES_MAX: usize = 8192;

/// Splits each line (LF, CR or both) into key and value, as systemd-boot does: comments and
/// keys without a value are skipped, and a NUL ends the text. Quotes stay, for [`unquoted`].
fn assignments(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    text.split(|byte| matches!(byte, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.starts_with(b"#"))
        .filter_map(|line| {
            let end = line.iter().position(u8::is_ascii_whitespace)?;
            let (key, value) = line.split_at(end);
            Some((key, value.trim_ascii_start()))
        })
}

/// Returns what is between the quotes of a value whose two ends have the same quote; `None`
/// for any other value.
fn unquoted(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', inside @ .., b'"'] | [b'\'', inside @ .., b'\''] => Some(inside),
        _ => None,
    }
}
