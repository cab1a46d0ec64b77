// SPDX-License-Identifier: GPL-2.0-or-later
//! What `list` and `boot --dry-run` printed, and what bootctl did.

/// One entry of the list.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub is_default: bool,
    pub is_skipped: bool,
}

/// Columns of the mark and the number.
const INDENT: usize = 7;

/// Returns the entries in the output of `list`.
pub fn list(lines: &[String]) -> Vec<Listed> {
    // Warnings come before the list.
    let is_entry = |line: &&String| {
        let label = line.get(..INDENT).unwrap_or_default();
        label.contains(|character: char| character.is_ascii_digit())
    };
    let entries = lines.iter().filter(is_entry);
    entries.map(|line| listed(line)).collect()
}

fn listed(line: &str) -> Listed {
    let text = &line[INDENT..];
    // No id of the tests has either.
    let ends = [": ", ", "].map(|end| text.find(end));
    let end = ends.into_iter().flatten().min();
    Listed {
        id: text[..end.unwrap_or(text.len())].to_owned(),
        is_default: line.starts_with('*'),
        is_skipped: text.contains(": skipped: "),
    }
}

/// Returns the value of the last word `id=` in a text.
pub fn id_word(text: &str) -> Option<&str> {
    let words = text.split_ascii_whitespace();
    let mut words = words.filter_map(|word| word.trim_matches('"').strip_prefix("id="));
    words.next_back()
}

/// Returns the text after a key in one object of JSON.
pub fn json_text<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = object.split_once(&format!("\"{key}\":\""))?;
    rest.split_once('"').map(|(text, _)| text)
}
