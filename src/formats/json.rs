// SPDX-License-Identifier: GPL-2.0-or-later
//! A writer of JSON (RFC 8259). Layer: pure.

use alloc::string::String;
use core::fmt::Write;

use crate::diagnosis::escape::is_hidden;

/// JSON that grows: members of an object, or elements of an array. The name of an element
/// is empty. A name may be a label for people: a member is called by its words in one, as
/// `secureBoot` for "secure boot".
#[derive(Default)]
pub struct Json {
    text: String,
    /// One bit for each open object or array, the last one in the lowest; 1 for an array.
    open: u32,
}

impl Json {
    /// Begins a member: separator and name.
    #[inline(never)]
    fn name(&mut self, name: &str) {
        let last = self.text.bytes().next_back();
        if !matches!(last, None | Some(b'{' | b'[')) {
            self.text.push(',');
        }
        if name.is_empty() {
            return;
        }
        let mut is_first = false;
        for mut character in ["\"", name, "\":"].concat().chars() {
            if matches!(character, ' ' | '_' | '\'') {
                is_first = character != '\'';
                continue;
            }
            if is_first {
                character.make_ascii_uppercase();
                is_first = false;
            }
            self.text.push(character);
        }
    }

    /// Adds a member that is JSON already.
    #[inline(never)]
    fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.text.push_str(json);
    }

    /// Adds members, or elements.
    pub fn all(&mut self, of: &Json) {
        if !of.text.is_empty() {
            self.raw("", &of.text);
        }
    }

    /// Begins an object.
    #[inline(never)]
    pub fn object(&mut self, name: &str) {
        self.raw(name, "{");
        self.open <<= 1;
    }

    /// Begins an array.
    #[inline(never)]
    pub fn array(&mut self, name: &str) {
        self.raw(name, "[");
        self.open = self.open << 1 | 1;
    }

    /// Ends the object or array that was begun last.
    #[inline(never)]
    pub fn end(&mut self) {
        self.text.push(match self.open & 1 {
            0 => '}',
            _ => ']',
        });
        self.open >>= 1;
    }

    /// Adds a number; `null` if there is none.
    #[inline(never)]
    pub fn number(&mut self, name: &str, number: Option<i64>) {
        self.name(name);
        // Writing to a String cannot fail.
        let _ = match number {
            Some(number) => write!(self.text, "{number}"),
            None => self.text.write_str("null"),
        };
    }

    /// Adds a number of bytes or things.
    #[inline(never)]
    pub fn count(&mut self, name: &str, count: u64) {
        self.number(name, count.try_into().ok());
    }

    /// Adds a truth value; `null` if it is not known.
    #[inline(never)]
    pub fn flag(&mut self, name: &str, flag: Option<bool>) {
        self.raw(
            name,
            match flag {
                Some(true) => "true",
                Some(false) => "false",
                None => "null",
            },
        );
    }

    /// Adds a string. One that is not UTF-8 becomes an array of its bytes, as journalctl
    /// writes it.
    #[inline(never)]
    pub fn text(&mut self, name: &str, text: &[u8]) {
        let Ok(text) = core::str::from_utf8(text) else {
            self.array(name);
            for byte in text {
                self.count("", (*byte).into());
            }
            return self.end();
        };
        self.raw(name, "\"");
        for character in text.chars() {
            // C0 is what JSON demands; the others could control a terminal or hide text.
            if is_hidden(character) || matches!(character, '"' | '\\') {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(self.text, "\\u{unit:04x}");
                }
            } else {
                self.text.push(character);
            }
        }
        self.text.push('"');
    }

    /// Adds a string that is not empty.
    #[inline(never)]
    pub fn some(&mut self, name: &str, text: &[u8]) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    /// Returns the members as an object, on one line, or indented if it `is_pretty`.
    #[must_use]
    pub fn document(&self, is_pretty: bool) -> String {
        let mut out = String::new();
        let (mut depth, mut in_string, mut before) = (0_usize, false, ' ');
        for character in ["{", &self.text, "}\n"].concat().chars() {
            if is_pretty && !in_string {
                let opened = matches!(before, '{' | '[');
                let closes = matches!(character, '}' | ']');
                depth = depth
                    .saturating_add(opened.into())
                    .saturating_sub(closes.into());
                // An empty one stays in its line.
                if before == ',' || opened != closes {
                    line(&mut out, depth);
                } else if before == ':' {
                    out.push(' ');
                }
                before = character;
            }
            in_string ^= character == '"';
            out.push(character);
        }
        out
    }
}

/// Begins a line.
fn line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push('\t');
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    fn sample() -> Json {
        let mut json = Json::default();
        json.text(
            "a",
            b"quote \" slash \\ \n\x1b\x7f \xc2\x9b \xe2\x80\xae \xf3\xa0\x80\x81 \xc3\xbc, {[:",
        );
        json.text("bytes", b"\xff\0");
        json.flag("yes", Some(true));
        json.flag("what a_label says", None);
        json.number("less", Some(-1));
        json.count("most", u64::MAX);
        json.array("list");
        json.text("", b"");
        json.array("");
        json.end();
        json.count("", 1);
        json.end();
        json.object("empty");
        json.end();
        json
    }

    #[test]
    fn everything_is_escaped() {
        let wanted = "{\"a\":\"quote \\u0022 slash \\u005c \\u000a\\u001b\\u007f \\u009b \\u202e \\udb40\\udc01 \u{fc}, {[:\",\
                      \"bytes\":[255,0],\"yes\":true,\"whatALabelSays\":null,\"less\":-1,\
                      \"most\":null,\"list\":[\"\",[],1],\"empty\":{}}\n";
        assert_eq!(sample().document(false), wanted);
    }

    #[test]
    fn pretty_differs_in_white_space_only() {
        let pretty = sample().document(true);
        let mut json = Json::default();
        json.array("a");
        json.count("", 1);
        json.end();
        json.text("b:", b"x");
        assert_eq!(
            json.document(true),
            "{\n\t\"a\": [\n\t\t1\n\t],\n\t\"b:\": \"x\"\n}\n"
        );
        assert!(pretty.ends_with("\t\t[],\n\t\t1\n\t],\n\t\"empty\": {}\n}\n"));
        assert_eq!(Json::default().document(true), "{}\n");
        let flat = pretty.replace(['\n', '\t'], "").replace("\": ", "\":");
        assert_eq!(flat, sample().document(false).trim_end());
    }

    #[test]
    fn members_are_joined() {
        let mut json = Json::default();
        json.all(&Json::default());
        json.all(&sample());
        json.all(&Json::default());
        assert_eq!(json.document(false), sample().document(false));
    }
}
