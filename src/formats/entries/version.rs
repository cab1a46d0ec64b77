// SPDX-License-Identifier: GPL-2.0-or-later
//! The order of versions, as systemd-boot has it. Layer: pure.
//!
//! Spec: UAPI.10, but for one rule: where one version has a number and the other has none
//! at that place, the one without is older. UAPI.10 counts it as 0.

use core::cmp::Ordering;

fn is_special(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.~^".contains(&byte)
}

/// Splits at the first byte that `keep` rejects.
fn split(text: &[u8], keep: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !keep(*byte));
    text.split_at(end.unwrap_or(text.len()))
}

/// Strips `mark` from both; if only one begins with it, that one is older.
fn mark(mark: u8, a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    match (a.split_first(), b.split_first()) {
        (Some((x, rest_a)), Some((y, rest_b))) if *x == mark && *y == mark => {
            (*a, *b) = (rest_a, rest_b);
            Ordering::Equal
        }
        (Some((x, _)), _) if *x == mark => Ordering::Less,
        (_, Some((y, _))) if *y == mark => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// Compares two numbers of any length, ignoring leading zeros.
fn numbers(a: &[u8], b: &[u8]) -> Ordering {
    let (_, a) = split(a, |byte| byte == b'0');
    let (_, b) = split(b, |byte| byte == b'0');
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Compares two versions; `Less` means that `a` is older than `b`.
pub fn compare(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        (_, a) = split(a, |byte| !is_special(byte));
        (_, b) = split(b, |byte| !is_special(byte));
        // A pre-release (`1~rc1`) is older than the bare version, so `~` is checked
        // before the end of the text.
        let mut order = mark(b'~', &mut a, &mut b);
        if order == Ordering::Equal && (a.is_empty() || b.is_empty()) {
            return a.len().cmp(&b.len());
        }
        for separator in *b"-^." {
            order = order.then_with(|| mark(separator, &mut a, &mut b));
        }
        if order != Ordering::Equal {
            return order;
        }
        let (digits_a, after_a) = split(a, |byte| byte.is_ascii_digit());
        let (digits_b, after_b) = split(b, |byte| byte.is_ascii_digit());
        if digits_a.len().max(digits_b.len()) > 0 {
            order = digits_b.is_empty().cmp(&digits_a.is_empty());
            order = order.then_with(|| numbers(digits_a, digits_b));
            (a, b) = (after_a, after_b);
        } else {
            let (letters_a, after_a) = split(a, |byte| byte.is_ascii_alphabetic());
            let (letters_b, after_b) = split(b, |byte| byte.is_ascii_alphabetic());
            // Byte by byte; if one is the beginning of the other, the longer one is
            // newer.
            order = letters_a.cmp(letters_b);
            (a, b) = (after_a, after_b);
        }
        if order != Ordering::Equal {
            return order;
        }
    }
}
