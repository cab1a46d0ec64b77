// SPDX-License-Identifier: GPL-2.0-or-later
//! Untrusted bytes as text that cannot control a terminal. Layer: pure.

use alloc::string::String;
use core::fmt::Write;

/// Returns the bytes as text, with control characters and invalid UTF-8 escaped. Text
/// that is already escaped stays as it is.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || is_invisible(character) {
                // Writing to a String cannot fail.
                let _ = write!(out, "{}", character.escape_default());
            } else {
                out.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Returns whether a character shows nothing itself, but can change the order of the text
/// around it, or hide in it: Unicode's Bidi_Control, zero-width and annotation characters.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
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
