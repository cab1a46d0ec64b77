// SPDX-License-Identifier: GPL-2.0-or-later
//! Shell patterns of loader.conf: `*`, `?`, `[a-z]`, `\x`. Layer: pure.

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
        let next = match left.split_first() {
            Some((byte, after)) => one(rest, *byte).map(|pattern| (pattern, after)),
            None if rest.is_empty() => return true,
            None => return false,
        };
        if let Some(next) = next {
            (rest, left) = next;
            continue;
        }
        // Backtrack: let the last `*` match one more byte.
        let Some((after, from)) = star else {
            return false;
        };
        let from = from.get(1..).unwrap_or_default();
        star = Some((after, from));
        (rest, left) = (after, from);
    }
}

/// Returns the rest of the pattern if its first item matches `byte`.
fn one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    let same = |a: u8| a.eq_ignore_ascii_case(&byte);
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'\\', escaped, rest @ ..] => same(*escaped).then_some(rest),
        [b'[', rest @ ..] => {
            // A `]` right after the `[` stands for itself.
            let end = rest.iter().skip(1).position(|byte| *byte == b']');
            let Some(end) = end.map(|end| end.saturating_add(1)) else {
                return same(b'[').then_some(rest);
            };
            let (set, rest) = rest.split_at_checked(end)?;
            in_set(set, byte).then(|| rest.get(1..).unwrap_or_default())
        }
        [plain, rest @ ..] => same(*plain).then_some(rest),
        [] => None,
    }
}

fn in_set(mut set: &[u8], byte: u8) -> bool {
    let byte = byte.to_ascii_lowercase();
    let negated = matches!(set.first(), Some(b'!' | b'^'));
    if negated {
        set = set.get(1..).unwrap_or_default();
    }
    let mut found = false;
    loop {
        set = match set {
            [first, b'-', last, rest @ ..] => {
                found |= (first.to_ascii_lowercase()..=last.to_ascii_lowercase()).contains(&byte);
                rest
            }
            [single, rest @ ..] => {
                found |= single.to_ascii_lowercase() == byte;
                rest
            }
            [] => return found != negated,
        };
    }
}
