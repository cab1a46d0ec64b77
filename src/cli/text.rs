// SPDX-License-Identifier: GPL-2.0-or-later
//! Plain text for an 80-column console: wrapped paragraphs. Layer: effects.

use alloc::string::String;

/// The width of the narrowest console that is supported.
pub const COLUMNS: usize = 80;

/// Appends `words` to `out`, broken at spaces so that no line is longer than [`COLUMNS`].
/// `out` must end in an unfinished line of `column` characters; the following lines are
/// indented by `indent`. A word that is too long for a line gets a line of its own.
pub fn wrap(out: &mut String, words: &str, column: usize, indent: usize) {
    let mut column = column;
    let mut at_start = true;
    // Split at each single space, so that runs of spaces in a command line are preserved.
    for word in words.split(' ') {
        let width = word.chars().count();
        let end = column.saturating_add(width);
        if !at_start && end >= COLUMNS {
            out.push('\n');
            pad(out, indent);
            column = indent.saturating_add(width);
        } else if at_start {
            column = end;
        } else {
            out.push(' ');
            column = end.saturating_add(1);
        }
        out.push_str(word);
        at_start = false;
    }
    out.push('\n');
}

/// Appends `count` spaces.
pub fn pad(out: &mut String, count: usize) {
    for _ in 0..count {
        out.push(' ');
    }
}

/// Appends `label`, padded to `indent` columns, and `text` wrapped after it.
pub fn field(out: &mut String, label: &str, indent: usize, text: &str) {
    out.push_str(label);
    let width = label.chars().count();
    pad(out, indent.saturating_sub(width));
    wrap(out, text, indent.max(width), indent);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_the_console() {
        let mut out = String::from("try:   ");
        wrap(&mut out, &"word ".repeat(60), 7, 7);
        assert!(out.lines().all(|line| line.len() <= COLUMNS));
        assert!(
            out.lines()
                .skip(1)
                .all(|line| line.starts_with("       word"))
        );
        assert_eq!(out.split_whitespace().count(), 61);
    }
}
