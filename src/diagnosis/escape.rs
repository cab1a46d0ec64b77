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
/// change the order of the text around it, or hide in it: Unicode's
/// Default_Ignorable_Code_Point, its annotation characters and line separators, and the
/// empty Braille pattern.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    let is_invisible = matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
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
        for hidden in [
            0x34f, 0x115f, 0x1160, 0x2800, 0x3164, 0xfe0f, 0xffa0, 0xe0100,
        ] {
            let text = format!("x{}", char::from_u32(hidden).unwrap());
            assert_eq!(printable(text.as_bytes()), format!("x\\u{{{hidden:x}}}"));
        }
        // Escaped text stays as it is.
        let once = printable(b"a \\ \x1b[2J\xff\n");
        assert_eq!(printable(once.as_bytes()), once);
    }
}
