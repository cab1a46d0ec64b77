// SPDX-License-Identifier: GPL-2.0-or-later
//! Kernel command lines: bytes, split at white space that is not quoted. Layer: pure.
//!
//! Spec: systemd-stub's rule for its pieces ([`mangle`]), and the kernel's lib/cmdline.c,
//! next_arg(), for words. Command lines need not be UTF-8.

use alloc::vec::Vec;
use core::fmt;

pub mod capture;
pub mod reuse;

/// Limit on `.cmdline` sections; larger ones are refused. The kernels' own limits are 2
/// to 4 KiB.
pub const MAX_SECTION_BYTES: u64 = 64 * 1024;

/// Bytes of `cmdline_max_bytes` that kexec_file_load on x86 takes for itself: the final
/// NUL, and room for "elfcorehdr=0x…", which the kernel keeps free even when no crash
/// kernel is loaded (bzImage64_load, MAX_ELFCOREHDR_STR_LEN).
pub const X86_RESERVED_BYTES: u32 = 1 + 30;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CmdlineError {
    TooLong {
        bytes: u64,
        max_bytes: u64,
    },
    /// The line contains a NUL; the kernel would silently cut off the rest.
    Nul {
        at: u64,
    },
}

impl fmt::Display for CmdlineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CmdlineError::TooLong { bytes, max_bytes } => write!(
                f,
                "the command line has {bytes} bytes; this kernel takes {max_bytes}"
            ),
            CmdlineError::Nul { at } => {
                write!(f, "the command line has a NUL byte at position {at}")
            }
        }
    }
}

/// Returns one piece as systemd-stub takes it: up to the first NUL, without white space
/// at its ends, and with a space in place of each control character.
pub fn mangle(piece: &[u8]) -> Vec<u8> {
    let text = piece.split(|b| *b == 0).next().unwrap_or_default();
    let start = text.iter().position(|b| !is_blank(*b));
    let end = text.iter().rposition(|b| !is_blank(*b));
    let (Some(start), Some(end)) = (start, end) else {
        return Vec::new();
    };
    text.get(start..=end)
        .unwrap_or_default()
        .iter()
        .map(|b| if is_blank(*b) { b' ' } else { *b })
        .collect()
}

/// Returns whether `byte` is white space to the stub: a control character or the space.
fn is_blank(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

/// Joins pieces with one space between them; empty pieces are skipped.
pub fn join<I>(pieces: I) -> Vec<u8>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut line = Vec::new();
    for piece in pieces {
        let piece = piece.as_ref();
        if !line.is_empty() && !piece.is_empty() {
            line.push(b' ');
        }
        line.extend_from_slice(piece);
    }
    line
}

/// Closes a quote that is left open, which would swallow the words that follow.
pub fn close_quote(line: &mut Vec<u8>) {
    let quotes = line.iter().filter(|byte| **byte == b'"').count();
    if !quotes.is_multiple_of(2) {
        line.push(b'"');
    }
}

/// Splits a command line into its words, as they are written: white space in double
/// quotes does not split, and the quotes stay, so that joining the words keeps their
/// meaning.
pub fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut in_quotes = false;
    line.split(move |byte| {
        if *byte == b'"' {
            in_quotes = !in_quotes;
        }
        // The kernel also splits at 0xa0, Latin-1's no-break space. Doing so here would
        // cut UTF-8 characters that contain this byte.
        !in_quotes && matches!(byte, b' ' | b'\t'..=b'\r')
    })
    .filter(|word| !word.is_empty())
}

/// Returns the parameter that a word sets: the text up to its `=`, without a leading
/// quote.
pub fn key(word: &[u8]) -> &[u8] {
    let word = word.strip_prefix(b"\"").unwrap_or(word);
    let key = word.split(|b| *b == b'=').next().unwrap_or_default();
    // A quoted word without a value, such as "quiet", still has its last quote.
    key.strip_suffix(b"\"").unwrap_or(key)
}

/// Refuses a line that the kernel would refuse or truncate.
///
/// `max_bytes` does not count the final NUL; for kexec_file_load on x86 it is
/// `cmdline_max_bytes` of the setup header less [`X86_RESERVED_BYTES`].
///
/// # Errors
/// [`CmdlineError`]
pub fn check(line: &[u8], max_bytes: u64) -> Result<(), CmdlineError> {
    if let Some(at) = line.iter().position(|b| *b == 0) {
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        return Err(CmdlineError::Nul { at });
    }
    let bytes = u64::try_from(line.len()).unwrap_or(u64::MAX);
    if bytes > max_bytes {
        return Err(CmdlineError::TooLong { bytes, max_bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
