// SPDX-License-Identifier: GPL-2.0-or-later
//! Plain text in records, which are folded for a terminal of a given width and nowhere
//! else. Layer: effects.

use alloc::string::String;
use core::fmt::{self, Write};

use crate::diagnosis::escape::escaped;
use crate::formats::json::Json;

/// One result in its two forms, made side by side: lines for the user that are not laid out
/// yet, and members of a JSON object.
#[derive(Default)]
pub struct Page {
    /// A line for each record: its indent as a character, its label, a tab and its text.
    /// None of them contains a control character.
    records: String,
    /// The column at which the values of labels start.
    column: u8,
    pub json: Json,
}

/// The indent of the row of a table, which would be hard to read if it were folded.
const ROW: u8 = b'~' - b' ';

impl Page {
    /// Returns an empty page whose values start at this column.
    #[must_use]
    pub fn new(column: u8) -> Page {
        Page {
            column,
            ..Page::default()
        }
    }

    /// Returns a page with one paragraph.
    #[must_use]
    pub fn of(text: &str) -> Page {
        let mut page = Page::default();
        page.paragraph(text);
        page
    }

    /// Adds `text` after `label`, which is padded to `indent` columns; further lines are
    /// indented by as much.
    #[inline(never)]
    pub fn field(&mut self, label: &str, indent: u8, text: &str) {
        // No control character stands for an indent.
        self.records.push(char::from(indent.saturating_add(b' ')));
        for part in [label, "\t", text, "\n"] {
            self.records.push_str(part);
        }
    }

    /// Adds a labelled value that is made of several.
    #[inline(never)]
    pub fn put(&mut self, label: &str, text: fmt::Arguments<'_>) {
        self.line(label, "");
        self.records.pop();
        // Writing to a String cannot fail.
        let _ = writeln!(self.records, "{text}");
    }

    /// Adds a labelled value.
    #[inline(never)]
    pub fn line(&mut self, label: &str, text: &str) {
        self.field(label, self.column, text);
    }

    /// Adds a value, and the member that its label names.
    #[inline(never)]
    pub fn both(&mut self, label: &str, value: &[u8]) {
        self.put(label, format_args!("{}", escaped(value)));
        self.json.text(label, value);
    }

    /// Adds a state: its name for programs and, after `|`, its text for people.
    #[inline(never)]
    pub fn state(&mut self, label: &str, state: &str) {
        let (name, text) = state.split_once('|').unwrap_or((state, state));
        self.line(label, text);
        self.json.text(label, name.as_bytes());
    }

    /// Adds a paragraph; an empty one is an empty line.
    #[inline(never)]
    pub fn paragraph(&mut self, text: &str) {
        self.field("", 0, text);
    }

    /// Adds the row of a table.
    pub fn row(&mut self, text: &str) {
        self.field("", ROW, text);
    }

    /// Returns the text for a terminal of this width, or for what is no terminal: there a
    /// record is one line, for programs that read lines.
    #[must_use]
    pub fn text(&self, columns: Option<usize>) -> String {
        let mut out = String::new();
        for record in self.records.lines() {
            let first = record.bytes().next().unwrap_or_default();
            let rest = record.get(1..).unwrap_or_default();
            let (label, text) = rest.split_once('\t').unwrap_or_default();
            let (indent, columns) = match first.saturating_sub(b' ') {
                ROW => (0, usize::MAX),
                indent => (indent.into(), columns.unwrap_or(usize::MAX)),
            };
            // A narrow terminal has no room for wide labels.
            let indent = indent.min(columns / 2);
            out.push_str(label);
            let mut width = width(label);
            if text.is_empty() {
                out.push('\n');
                continue;
            }
            // A label that is as wide as that must not touch its value.
            let gap = indent.saturating_sub(width);
            let gap = gap.max(usize::from(!label.is_empty() && !label.ends_with(' ')));
            pad(&mut out, gap);
            width = width.saturating_add(gap);
            fold(&mut out, text, width, indent, columns);
        }
        out
    }
}

/// Returns the columns that a character takes: two for those of East Asian scripts and for
/// pictures, and rather two than one. Too long a line scrolls, too short a one does no harm.
#[must_use]
pub fn columns(character: char) -> usize {
    let is_wide = matches!(
        character,
        '\u{1100}'..='\u{115f}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..
    );
    if is_wide { 2 } else { 1 }
}

/// Returns the columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Appends `text`, broken at spaces so that no line is wider than `columns`. `out` must end
/// in an unfinished line of `column` characters; further lines are indented by `indent`. A
/// word that is too long for a line gets a line of its own.
fn fold(out: &mut String, text: &str, column: usize, indent: usize, columns: usize) {
    let mut column = column;
    let mut at_start = true;
    // Split at each single space, so that runs of spaces in a command line are preserved.
    for word in text.split(' ') {
        let width = width(word);
        let end = column.saturating_add(width);
        if !at_start && end >= columns {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut page = Page::default();
        page.field("try:", 7, &"word ".repeat(60));
        for columns in [20, 40, 80, 132] {
            let text = page.text(Some(columns));
            assert!(text.lines().all(|line| line.len() <= columns), "{text}");
            let mut further = text.lines().skip(1);
            assert!(further.all(|line| line.starts_with("       word")));
            assert_eq!(text.split_whitespace().count(), 61);
        }
        // Not even one that has no room for the label.
        assert!(page.text(Some(1)).lines().count() > 60);
    }

    #[test]
    fn a_record_is_a_line_without_a_terminal() {
        let mut page = Page::default();
        page.field("try:", 7, &"word ".repeat(60));
        page.field("label", 7, "");
        page.paragraph("a  b");
        let text = page.text(None);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("try:   word word"));
        assert_eq!(lines[1..], ["label", "a  b"]);
    }

    #[test]
    fn labels_take_at_most_half_of_a_terminal() {
        let mut page = Page::default();
        page.field("a label", 20, "of text");
        assert_eq!(page.text(Some(80)), "a label             of text\n");
        assert_eq!(page.text(Some(20)), "a label   of text\n");
        assert_eq!(page.text(Some(14)), "a label of\n       text\n");
        assert_eq!(page.text(Some(1)), "a label of\ntext\n");
        let mut wide = Page::default();
        wide.field("try:", 7, "\u{4e2d}\u{6587} \u{1f600}");
        assert_eq!(
            wide.text(Some(12)),
            "try:  \u{4e2d}\u{6587}\n      \u{1f600}\n"
        );
        page.row("a table as wide as that");
        assert!(page.text(Some(20)).ends_with("a table as wide as that\n"));
    }
}
