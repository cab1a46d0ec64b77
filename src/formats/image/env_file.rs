// SPDX-License-Identifier: GPL-2.0-or-later
//! KEY=VALUE text: the format of `.osrel` and `.profile`. Layer: pure.
//!
//! Spec: os-release(5): one assignment per line, `#` comments, values bare or in single
//! or double quotes, where a backslash in double quotes escapes the next character. As in
//! systemd-boot, a value is unquoted only if both of its ends have the same quote, a bare
//! one goes on to the end of its line, and an empty one is a value, too.
use crate::formats::source::{FileSlice, ReadAt, ReadError, read_small};
use alloc::vec::Vec;

/// The number of bytes that are read of an `.osrel` or a `.profile` section. Real ones have
/// about 400.
pub const MAX_BYTES: u64 = 64 * 1024;

/// Reads the whole lines of a section as far as [`MAX_BYTES`].
///
/// # Errors
/// [`ReadError`] of the file.
pub fn read<R: ReadAt + ?Sized>(source: &R, slice: FileSlice) -> Result<Vec<u8>, ReadError> {
    let bytes = slice.bytes.min(MAX_BYTES);
    let mut text = read_small(source, FileSlice { bytes, ..slice }, MAX_BYTES)?;
    if bytes < slice.bytes {
        let end = text.iter().rposition(|byte| *byte == b'\n');
        text.truncate(end.unwrap_or(0));
    }
    Ok(text)
}

/// Returns the value of `key` as the file has it; the last assignment wins.
pub fn value(text: &[u8], key: &str) -> Option<Vec<u8>> {
    assignments(text)
        .filter(|(k, _)| *k == key.as_bytes())
        .last()
        .map(|(_, raw)| unquote(raw))
}

/// Returns the keys with their values as written, quotes included. Lines that are not
/// assignments are skipped. A section may be padded with NUL.
fn assignments(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let text = text.split(|b| *b == 0).next().unwrap_or_default();
    text.split(|b| matches!(b, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.starts_with(b"#"))
        .filter_map(|line| {
            let equals = line.iter().position(|b| *b == b'=')?;
            let (key, rest) = line.split_at_checked(equals)?;
            Some((
                key.trim_ascii_end(),
                rest.strip_prefix(b"=")?.trim_ascii_start(),
            ))
        })
}

/// Returns a value without the backslashes that escape its bytes.
#[must_use]
pub fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut bytes = value.iter().copied();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next()),
            _ => plain.push(byte),
        }
    }
    plain
}

fn unquote(raw: &[u8]) -> Vec<u8> {
    match raw {
        [b'\'', value @ .., b'\''] => value.to_vec(),
        [b'"', value @ .., b'"'] => unescaped(value),
        bare => bare.to_vec(),
    }
}
