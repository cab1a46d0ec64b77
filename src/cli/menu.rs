// SPDX-License-Identifier: GPL-2.0-or-later
//! The menu of `boot` on the console. Layer: effects.

use alloc::format;
use alloc::string::String;

use super::entry::line;
use super::text::{columns, pad, width};
use crate::diagnosis::errno::Errno;
use crate::formats::entries::loader_conf::Timeout;
use crate::policy::boot::menu::{Answer, Menu, Step};
use crate::run::entries::BootEntries;
use crate::sys::event::now_us;
use crate::sys::terminal::Terminal;

/// The number of entries that are shown; the others can be chosen by number, too.
const SHOWN: usize = 20;

/// Lets the user choose an entry; `index` is selected first.
pub fn choose(found: &BootEntries, index: usize, timeout: Timeout) -> Answer {
    let seconds = match timeout {
        Timeout::Hidden => return Answer::Nobody,
        Timeout::Seconds(seconds) => Some(seconds),
        Timeout::Forever => None,
    };
    // Without a console nobody can choose, and the boot must not wait.
    let Ok(terminal) = Terminal::open() else {
        return Answer::Nobody;
    };
    // Some terminals begin a new line after the last column.
    let width = terminal.columns().saturating_sub(1);
    let default = found.default();
    let count = found.entries.len();
    let mut text = String::new();
    for shown in 0..count.min(SHOWN) {
        let (label, entry) = line(found, shown, default);
        text.push_str(&cut(&format!("{label}{entry}"), width));
        text.push_str("\r\n");
    }
    if count > SHOWN {
        text.push_str(&format!("       ... and more, numbered up to {count}\r\n"));
    }
    text.push_str("Number or arrow keys, then Enter; q quits.\r\n");
    terminal.write(&text);

    let mut menu = Menu::new(count, index);
    // The deadline; `None` once a key has been pressed.
    let mut end_us = seconds
        .map(|seconds| now_us().saturating_add(u64::from(seconds).saturating_mul(1_000_000)));
    let answer = loop {
        let left_us = end_us.map(|end_us| end_us.saturating_sub(now_us()));
        if left_us == Some(0) {
            break Answer::Nobody;
        }
        terminal.write(&prompt(found, &menu, left_us, width));
        // Wait until the next whole second, so that the prompt can count down.
        let wait_ms =
            left_us.map(|left_us| (left_us.saturating_sub(1) % 1_000_000 / 1000).saturating_add(1));
        let wait_ms = wait_ms.and_then(|ms| u32::try_from(ms).ok());
        let byte = match terminal.key(wait_ms) {
            Ok(Some(byte)) => byte,
            Ok(None) => continue,
            // A signal, or the terminal hung up, and somebody had begun to choose.
            Err(error)
                if error.errno == Errno::ECANCELED || end_us.is_none() && seconds.is_some() =>
            {
                break Answer::Cancelled;
            }
            Err(_) => break Answer::Nobody,
        };
        end_us = None;
        match menu.key(byte) {
            Step::Going => {}
            Step::Chosen(index) => break Answer::Chosen(index),
            Step::Cancelled => break Answer::Cancelled,
        }
    };
    terminal.write("\r\n");
    answer
}

/// Returns the beginning of a text, as far as it fits.
fn cut(text: &str, columns_max: usize) -> String {
    let mut left = columns_max;
    let fits = |character: &char| {
        let rest = left.checked_sub(columns(*character));
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    text.chars().take_while(fits).collect()
}

/// Returns the prompt, which overwrites the previous one.
fn prompt(found: &BootEntries, menu: &Menu, left_us: Option<u64>, columns_max: usize) -> String {
    let number = menu.shown().saturating_add(1);
    let mut text = match menu.shown() < found.entries.len() {
        true => format!("Boot {number}: {}", line(found, menu.shown(), None).1),
        false => format!("There is no entry {number}; Backspace takes a digit back"),
    };
    if let Some(left_us) = left_us {
        let seconds = left_us.div_ceil(1_000_000);
        text = format!("[{seconds} s] {text}");
    }
    let mut text = cut(&text, columns_max);
    let shown = width(&text);
    pad(&mut text, columns_max.saturating_sub(shown));
    format!("\r{text}\r")
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_wide_character_takes_two_columns() {
        assert_eq!(cut("abc", 2), "ab");
        assert_eq!(cut("a\u{4e2d}\u{6587}b", 5), "a\u{4e2d}\u{6587}");
        assert_eq!(cut("a\u{4e2d}\u{6587}b", 4), "a\u{4e2d}");
    }
}
