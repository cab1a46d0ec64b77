// SPDX-License-Identifier: GPL-2.0-or-later
//! Boot counting in file names: `NAME+LEFT[-DONE].conf`. Spec: UAPI.1, "Boot counting".
//! Layer: pure.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The counters in a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter {
    /// The number of tries left; 0 marks a bad entry.
    pub left: u32,
    /// The number of tries that were not confirmed.
    pub done: u32,
    left_width: usize,
    /// The width of the second counter; 0 when the name has none.
    done_width: usize,
}

impl Counter {
    /// Returns whether all tries are used up.
    #[must_use]
    pub fn is_bad(self) -> bool {
        self.left == 0
    }
}

/// The parts of a file name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name<'name> {
    pub stem: &'name [u8],
    pub counter: Option<Counter>,
    /// The suffix, with its dot.
    pub suffix: &'name [u8],
}

/// Parses a number as far as systemd-boot counts, to `i32::MAX`; a larger one is part of the
/// name.
fn number(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: i32 = core::str::from_utf8(digits).ok()?.parse().ok()?;
    u32::try_from(number).ok()
}

fn parse_counter(text: &[u8]) -> Option<Counter> {
    let dash = text.iter().position(|byte| *byte == b'-');
    let (left, done) = match dash {
        Some(dash) => {
            let (left, done) = text.split_at(dash);
            (left, done.get(1..)?)
        }
        None => (text, &b""[..]),
    };
    Some(Counter {
        left: number(left)?,
        done: match dash {
            Some(_) => number(done)?,
            None => 0,
        },
        left_width: left.len(),
        done_width: done.len(),
    })
}

impl<'name> Name<'name> {
    /// Splits `file_name`, which must end in `suffix`, in upper or lower case.
    #[must_use]
    pub fn parse(file_name: &'name [u8], suffix: &str) -> Option<Name<'name>> {
        let at = file_name.len().checked_sub(suffix.len())?;
        let (stem, suffix_found) = file_name.split_at_checked(at)?;
        if stem.is_empty() || !suffix_found.eq_ignore_ascii_case(suffix.as_bytes()) {
            return None;
        }
        let plus = stem.iter().rposition(|byte| *byte == b'+').unwrap_or(0);
        let (before, after) = stem.split_at(plus);
        let counter = after.get(1..).and_then(parse_counter);
        let counter = counter.filter(|_| plus > 0);
        Some(Name {
            stem: if counter.is_some() { before } else { stem },
            counter,
            suffix: suffix_found,
        })
    }

    /// Returns the name without its counter, in lower case, as systemd-boot has it.
    #[must_use]
    pub fn id(&self) -> Vec<u8> {
        [self.stem, self.suffix].concat().to_ascii_lowercase()
    }

    /// Returns the name after one more try; `None` when tries are not counted.
    ///
    /// The counters keep their widths, so that the new name takes no more room in its
    /// directory.
    #[must_use]
    pub fn tried(&self) -> Option<Vec<u8>> {
        let counter = self.counter.filter(|counter| !counter.is_bad())?;
        let left = counter.left.saturating_sub(1);
        let width = counter.done_width.max(1);
        let more = counter.done.saturating_add(1).min(i32::MAX.unsigned_abs());
        let mut done = format!("{more:0width$}");
        if done.len() > width && counter.done_width > 0 {
            // A counter that would overflow its width stays at all nines.
            done = core::iter::repeat_n('9', width).collect();
        }
        let left_width = counter.left_width;
        let text: String = format!("+{left:0left_width$}-{done}");
        Some([self.stem, text.as_bytes(), self.suffix].concat())
    }
}
