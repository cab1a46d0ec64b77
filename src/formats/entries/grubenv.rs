// SPDX-License-Identifier: GPL-2.0-or-later
//! grub's environment block: the variables that boot entries refer to, and the choices
//! that were saved. Layer: pure.
//!
//! Spec: "Environment block" in grub's manual. The file has a fixed size, mostly 1,024
//! bytes: a line that marks it, lines `NAME=VALUE`, and `#` up to the end. A backslash
//! escapes the next byte of a value.

use alloc::vec::Vec;

use crate::formats::image::env_file::unescaped;

/// The first line of each environment block.
const SIGNATURE: &[u8] = b"# GRUB Environment Block\n";
/// The command line that entries of RHEL refer to.
pub const KERNELOPTS: &[u8] = b"kernelopts";
/// The command line that grub gives to entries without one.
pub const DEFAULT_KERNELOPTS: &[u8] = b"default_kernelopts";
/// Limit on the variables of a block; real ones have fewer than 10.
const VARIABLES_MAX: usize = 256;
/// The length after which no more of a value is expanded: one variable may stand in a file
/// 20,000 times. No kernel takes as much.
pub(super) const EXPANDED_MAX_BYTES: usize = 64 << 10;

/// The variables of an environment block.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grubenv {
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Returns the offset of the newline that ends the first line. One that is escaped does not
/// end it.
fn line_end(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| {
        let ends = *byte == b'\n' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    })
}

/// Splits the first line off, with its newline; returns `None` at the end of the text.
fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = line_end(text).map_or(text.len(), |end| end.saturating_add(1));
    (!text.is_empty()).then(|| text.split_at(bytes))
}

/// Splits a line into name and value, as they are written. `None` for a line that sets
/// nothing.
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let (name, value) = line.split_at(equals);
    let sets = !name.is_empty() && !name.starts_with(b"#");
    sets.then_some((name, value.get(1..)?))
}

impl Grubenv {
    /// Parses a block; returns `None` for a file that is none.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Grubenv> {
        let mut rest = text.strip_prefix(SIGNATURE)?;
        let mut variables = Vec::new();
        while let Some((line, after)) = split_line(rest) {
            rest = after;
            let Some((name, value)) = assignment(line) else {
                continue;
            };
            if variables.len() < VARIABLES_MAX {
                variables.push((name.to_vec(), unescaped(value)));
            }
        }
        Some(Grubenv { variables })
    }

    /// Returns the value of a variable. The last line that sets it counts.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let mut all = self.variables.iter().rev();
        all.find(|(own, _)| own == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Returns whether both set the same for entries. The choice of one, and what is counted
    /// of boots, may differ between copies, of which grub writes only one.
    #[must_use]
    pub fn agrees(&self, other: &Grubenv) -> bool {
        const OWN: [&[u8]; 4] = [b"saved_entry", b"next_entry", b"boot_", b"menu_"];
        let is_shared = |name: &[u8]| !OWN.iter().any(|own| name.starts_with(own));
        let within = |a: &Grubenv, b: &Grubenv| {
            let mut shared = a.variables.iter().filter(|(name, _)| is_shared(name));
            shared.all(|(name, _)| a.get(name) == b.get(name))
        };
        within(self, other) && within(other, self)
    }

    /// Returns the value of a variable, if it is not empty.
    #[must_use]
    pub fn set(&self, name: &[u8]) -> Option<&[u8]> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Adds what another has and this one does not set.
    pub fn fill(&mut self, other: &Grubenv) {
        for (name, value) in &other.variables {
            if self.set(name).is_none() {
                self.variables.push((name.clone(), value.clone()));
            }
        }
    }

    /// Adds the command lines that grub's menu has for a block without them. Of a menu, which
    /// is a script, only a line `set NAME="VALUE"` is read, and only a value that is one as it
    /// stands.
    pub fn add_fallbacks(&mut self, menu: &[u8]) {
        for name in [KERNELOPTS, DEFAULT_KERNELOPTS] {
            let mut lines = menu.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            let value = lines.find_map(|line| {
                let line = line.strip_prefix(b"set ")?.strip_prefix(name)?;
                line.strip_prefix(b"=")
            });
            if let Some(value) = value.and_then(literal)
                && self.set(name).is_none()
            {
                self.variables.push((name.to_vec(), value.to_vec()));
            }
        }
    }
}

/// Returns what stands in quotes, or a word without any; `None` for what grub would have to
/// evaluate.
fn literal(value: &[u8]) -> Option<&[u8]> {
    let (value, special): (_, &[u8]) = match value {
        [b'"', value @ .., b'"'] => (value, b"$`\\\""),
        [b'\'', value @ .., b'\''] => (value, b"'"),
        bare => (bare, b"$`\\\"';#&|{}<> \t"),
    };
    let is_plain = value.iter().all(|byte| !special.contains(byte));
    is_plain.then_some(value)
}

/// Returns the block without this variable, in the same size; `None` if `text` is not a
/// block.
#[must_use]
pub fn without(text: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = text.strip_prefix(SIGNATURE)?;
    let mut left = SIGNATURE.to_vec();
    let mut is_open = false;
    while let Some((line, after)) = split_line(rest) {
        rest = after;
        let own = assignment(line).map(|(own, _)| own);
        if own != Some(name) {
            left.extend_from_slice(line);
            is_open = own.is_some() && line_end(line).is_none();
        }
    }
    if is_open && left.len() < text.len() {
        // What fills the block would become a part of the last value.
        let is_escape = |byte: &&u8| **byte == b'\\';
        if left.iter().rev().take_while(is_escape).count() % 2 == 1 {
            left.pop();
        }
        left.push(b'\n');
    }
    left.resize(text.len(), b'#');
    Some(left)
}

/// Returns `value` with its `$NAME` and `${NAME}` replaced. One that nothing sets is left out
/// if it is a word of its own, as grub's entries have them, and `unknown` is told its name.
/// Within a word it stays: the entry may be for a boot loader that replaces none. Ends when the text is longer than
/// `EXPANDED_MAX_BYTES`.
#[must_use]
pub fn expand(
    value: &[u8],
    variables: Option<&Grubenv>,
    unknown: &mut dyn FnMut(&[u8]),
) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = value;
    let mut is_start = true;
    while let Some((byte, after)) = rest.split_first()
        && text.len() <= EXPANDED_MAX_BYTES
    {
        let (name, after) = match byte {
            b'$' => name(after),
            _ => (&b""[..], after),
        };
        let is_word = is_start && after.first().is_none_or(u8::is_ascii_whitespace);
        let known = variables.and_then(|variables| variables.get(name));
        is_start = byte.is_ascii_whitespace();
        if name.is_empty() || known.is_none() && !is_word {
            text.push(*byte);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        rest = after;
        match known {
            Some(value) => text.extend_from_slice(value),
            None => unknown(name),
        }
    }
    text
}

/// Splits off the name of a variable that follows a `$`; it is empty if none does.
fn name(text: &[u8]) -> (&[u8], &[u8]) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let inside = text.strip_prefix(b"{");
    let all = inside.unwrap_or(text);
    let end = all.iter().position(|byte| !is_name(byte));
    let (name, after) = all.split_at(end.unwrap_or(all.len()));
    match inside {
        None => (name, after),
        Some(_) => match after.strip_prefix(b"}") {
            Some(after) if !name.is_empty() => (name, after),
            _ => (b"", text),
        },
    }
}
