// SPDX-License-Identifier: GPL-2.0-or-later
//! Untrusted bytes as text that cannot control a terminal. Layer: pure.

use alloc::string::{String, ToString};
use core::fmt::{self, Write};

/// Untrusted bytes, for display.
#[derive(Clone, Copy)]
pub struct Escaped<'bytes>(&'bytes [u8]);

/// Returns the bytes for display, with control characters and invalid UTF-8 escaped. Text
/// that is already escaped stays as it is.
#[must_use]
pub fn escaped(bytes: &[u8]) -> Escaped<'_> {
    Escaped(bytes)
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match is_hidden(character) {
                    true => write!(out, "{}", character.escape_default())?,
                    false => out.write_char(character)?,
                }
            }
            for byte in chunk.invalid() {
                write!(out, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Returns the same as text.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    escaped(bytes).to_string()
}

/// Returns whether a character is a control character, or shows nothing itself but can
/// change the order of the text around it, or hide in it: Unicode's Bidi_Control, zero-width
/// and annotation characters.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    let is_invisible = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    is_invisible || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_file_reaches_the_terminal_raw() {
        assert_eq!(printable(b"ok \x1b[2J\xff\n"), "ok \\u{1b}[2J\\xff\\n");
        assert_eq!(printable("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
        assert_eq!(
            printable("x\u{202e}fe.\u{2066}\u{feff}y".as_bytes()),
            "x\\u{202e}fe.\\u{2066}\\u{feff}y"
        );
        // Escaped text stays as it is.
        let once = printable(b"a \\ \x1b[2J\xff\n");
        assert_eq!(printable(once.as_bytes()), once);
    }
}
