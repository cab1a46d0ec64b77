// SPDX-License-Identifier: GPL-2.0-or-later
//! KEY=VALUE text: the format of `.osrel` and `.profile`. Layer: pure.
//!
//! Spec: os-release(5): one assignment per line, `#` comments, values bare or in single
//! or double quotes; in bare values and double quotes, a backslash escapes the next
//! character.
use crate::diagnosis::escape::printable;
use alloc::string::String;
use alloc::vec::Vec;

/// Limit on `.osrel` and `.profile` sections; larger ones are refused. Real ones have
/// about 400 bytes.
pub const MAX_BYTES: u64 = 64 * 1024;

/// Returns the value of `key`; the last assignment wins, as in a shell.
pub fn value(text: &[u8], key: &str) -> Option<String> {
    assignments(text)
        .filter(|(k, _)| *k == key.as_bytes())
        .last()
        .map(|(_, raw)| unquote(raw))
}

/// Returns the keys with their values as written, quotes included. Lines that are not
/// assignments are skipped.
fn assignments(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    // Sections may be padded with NUL.
    text.split(|b| matches!(b, b'\n' | b'\0'))
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

/// Unquotes a value as a shell would, up to its first unquoted white space.
///
/// The result is for display, so it is made [`printable`].
fn unquote(raw: &[u8]) -> String {
    let mut value = Vec::new();
    let mut quote = None;
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (b'\\', None | Some(b'"')) => value.extend(bytes.next()),
            (b' ' | b'\t', None) => break,
            _ => value.push(byte),
        }
    }
    printable(&value)
}
