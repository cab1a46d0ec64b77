// SPDX-License-Identifier: GPL-2.0-or-later
//! The menu's state: keys in, a choice out. Layer: pure.
//!
//! It is made for serial lines: no colours, and no control characters but carriage
//! returns. Escape sequences may arrive in pieces or damaged, so the menu never waits for
//! the end of one.

/// Limit on the number typed: one more digit than any list needs.
const TYPED_MAX: usize = 99_999;

/// The part of an escape sequence that has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Escape {
    #[default]
    None,
    /// ESC has arrived.
    Begun,
    /// ESC and `[` or `O` have arrived, and perhaps parameters.
    Sequence,
}

/// The end of a menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Chosen(usize),
    /// No menu was shown, the time was up, or the console hung up.
    Nobody,
    Cancelled,
}

/// The effect of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The menu goes on, and its line must be redrawn.
    Going,
    Chosen(usize),
    Cancelled,
}

/// A menu of `count` entries, numbered from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Menu {
    count: usize,
    pub selected: usize,
    /// The number typed so far; 0 for none. Shown, but not yet chosen.
    pub typed: usize,
    escape: Escape,
}

impl Menu {
    #[must_use]
    pub fn new(count: usize, selected: usize) -> Menu {
        Menu {
            count,
            selected,
            typed: 0,
            escape: Escape::None,
        }
    }

    /// Handles one byte from the terminal.
    pub fn key(&mut self, byte: u8) -> Step {
        let before = core::mem::take(&mut self.escape);
        match (before, byte) {
            (Escape::Begun, b'[' | b'O') => self.escape = Escape::Sequence,
            // Parameters; arrow keys send none.
            (Escape::Sequence, b'0'..=b'9' | b';') => self.escape = Escape::Sequence,
            (Escape::Sequence, b'A') => self.go(self.selected.saturating_sub(1)),
            (Escape::Sequence, b'B') => self.go(self.selected.saturating_add(1)),
            (Escape::Sequence, b'H') => self.go(0),
            (Escape::Sequence, b'F') => self.go(usize::MAX),
            (Escape::Sequence, b' '..=b'~') => {}
            (_, 0x1b) => self.escape = Escape::Begun,
            (_, b'\r' | b'\n') => return self.enter(),
            (_, b'0'..=b'9') => self.digit(usize::from(byte & 0x0f)),
            // Backspace, which terminals send as either byte.
            (_, 0x08 | 0x7f) => self.typed /= 10,
            (_, b'k') => self.go(self.selected.saturating_sub(1)),
            (_, b'j') => self.go(self.selected.saturating_add(1)),
            // Ctrl-C, Ctrl-D.
            (_, b'q' | 0x03 | 0x04) => return Step::Cancelled,
            _ => {}
        }
        Step::Going
    }

    fn go(&mut self, to: usize) {
        self.typed = 0;
        self.selected = to.min(self.count.saturating_sub(1));
    }

    fn digit(&mut self, digit: usize) {
        let typed = self.typed.saturating_mul(10).saturating_add(digit);
        if typed <= TYPED_MAX {
            self.typed = typed;
        }
    }

    fn enter(&mut self) -> Step {
        // A number that no entry has is not chosen, and stays to be corrected.
        match self.shown() {
            index if index < self.count => Step::Chosen(index),
            _ if self.typed > 0 => Step::Going,
            _ => Step::Cancelled,
        }
    }

    /// Returns the entry that the prompt shows: the typed number, which no entry may have,
    /// or else the selected one.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.typed.checked_sub(1).unwrap_or(self.selected)
    }
}
