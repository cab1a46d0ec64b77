// SPDX-License-Identifier: GPL-2.0-or-later
//! Patterns of loader.conf and of EFI variables: `*`, `?`, `[a-z]`, `\x`. Layer: pure.
//!
//! Those of systemd-boot: a set has no negation, and a pattern that ends within a set or
//! after a backslash matches nothing.

/// Returns whether the pattern matches all of `text`, ignoring case. Matching takes at
/// most quadratic time, because only the last `*` is backtracked to.
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut rest, mut left) = (pattern, text);
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some((b'*', after)) = rest.split_first() {
            star = Some((after, left));
            rest = after;
            continue;
        }
        if rest.is_empty() && left.is_empty() {
            return true;
        }
        if let Some(next) = one(rest, left) {
            (rest, left) = next;
            continue;
        }
        // Backtrack: let the last `*` match one more byte.
        let Some((after, [_, from @ ..])) = star else {
            return false;
        };
        star = Some((after, from));
        (rest, left) = (after, from);
    }
}

/// Matches the first item of the pattern; returns the rests of both.
fn one<'a>(pattern: &'a [u8], text: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (byte, left) = text.split_first()?;
    let (item, rest) = pattern.split_first()?;
    match item {
        // A character of several bytes is one.
        b'?' => {
            let end = left.iter().position(|byte| !matches!(byte, 0x80..=0xbf));
            Some((rest, left.get(end.unwrap_or(left.len())..)?))
        }
        b'[' => Some((set(rest, byte.to_ascii_lowercase())?, left)),
        b'\\' => {
            let (escaped, rest) = rest.split_first()?;
            escaped.eq_ignore_ascii_case(byte).then_some((rest, left))
        }
        plain => plain.eq_ignore_ascii_case(byte).then_some((rest, left)),
    }
}

/// Returns what follows a set's `]`, if the set has `byte`. A `]` right after the `[`
/// stands for itself, and so does a `-` that is not between two characters.
fn set(mut rest: &[u8], byte: u8) -> Option<&[u8]> {
    let mut found = false;
    // The character that a range would begin with.
    let mut low = None;
    let mut is_first = true;
    loop {
        let after = match rest {
            [b']', after @ ..] if !is_first => return found.then_some(after),
            [b'-', after @ ..] if low.is_some() && after.first() != Some(&b']') => {
                let after = after.strip_prefix(b"\\").unwrap_or(after);
                let (high, after) = after.split_first()?;
                let range = low.unwrap_or(*high)..=high.to_ascii_lowercase();
                found |= range.contains(&byte);
                // Ranges cannot be chained.
                (low, rest) = (None, after);
                continue;
            }
            [b'\\', after @ ..] => after,
            _ => rest,
        };
        let (single, after) = after.split_first()?;
        let single = single.to_ascii_lowercase();
        found |= single == byte;
        (low, rest, is_first) = (Some(single), after, false);
    }
}
