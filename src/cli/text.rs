// SPDX-License-Identifier: GPL-2.0-or-later
//! Plain text for an 80-column console: wrapped paragraphs and sizes.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

/// Columns of the narrowest console that is supported.
pub const COLUMNS: usize = 80;

/// Appends `words` to `out`, broken at spaces so that no line is longer than
/// [`COLUMNS`]. `out` must end in a started line of `column` characters; lines
/// that follow are indented by `indent`. A word that is too long for a line
/// stands on a line of its own.
pub fn wrap(out: &mut String, words: &str, column: usize, indent: usize) {
    let mut column = column;
    let mut at_start = true;
    // At single blanks: a command line may have several in a row, and they count.
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

/// Appends `label`, padded to `indent` columns, and `text` wrapped behind it.
pub fn field(out: &mut String, label: &str, indent: usize, text: &str) {
    out.push_str(label);
    let width = label.chars().count();
    pad(out, indent.saturating_sub(width));
    wrap(out, text, indent.max(width), indent);
}

/// A size for people, exact below 10 KiB: `512 bytes`, `13.1 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 10 << 10 {
        return format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" });
    }
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(out, "{}.{} {unit}", tenths / 10, tenths % 10);
    out
}

/// A size for people with the exact number behind it, when that differs.
#[must_use]
pub fn exact_size(bytes: u64) -> String {
    let size = size(bytes);
    if size.contains('.') {
        return format!("{size} ({bytes} bytes)");
    }
    size
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

    #[test]
    fn sizes_are_exact_when_small() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (10_239, "10239 bytes"),
            (10_240, "10.0 KiB"),
            (1 << 20, "1.0 MiB"),
            (80_740_352, "77.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
