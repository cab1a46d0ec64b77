// SPDX-License-Identifier: GPL-2.0-or-later
//! One line on a terminal about a load that takes long: its phase, and for how long.
//! Layer: effects.
//!
//! The thread that waits draws it, so no second thread ever writes between other texts.
//! Times are of phases that only this program and the kernel see, so nothing is asked for.
#![allow(unsafe_code)]

use alloc::format;
use alloc::string::String;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};

use rustix::fd::BorrowedFd;
use rustix::termios::tcgetwinsize;

use super::clock::now_us;

/// The width of the line where there is room for it; as many spaces clear it.
const COLUMNS: usize = 72;
/// The columns of what stands around the words.
const TIMES: usize = "kexec-bpf: : 99 s, 999 s in all".len();
/// The same where there is no room for that.
const NARROW: usize = ": 999 s".len();
const SECOND_US: u64 = 1_000_000;

/// A phase of a load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// This program reads and copies files.
    Reading,
    /// The kernel has files that it opens itself.
    Kernel,
    /// The kernel has the whole image, and has not yet asked for a parser.
    Verifying,
    /// The parser is loaded.
    Parser,
    /// The parser runs, and the kernel puts the parts where they belong.
    Placing,
    /// Another program calls the kernel.
    Waiting,
}

const TEXTS: [&str; 6] = [
    "reading the files",
    "the kernel reads, verifies and places it",
    "the kernel reads and verifies the image",
    "loading the image's parser",
    "the kernel opens the image and places it",
    "waiting for another program",
];

/// The width of the line, if it may be drawn: standard error is a terminal, and the user
/// wants no more detail; otherwise 0.
static WIDTH: AtomicUsize = AtomicUsize::new(0);
/// The start of the load; 0 while there is none.
static LOAD_US: AtomicU64 = AtomicU64::new(0);
static PHASE: AtomicU8 = AtomicU8::new(0);
static PHASE_US: AtomicU64 = AtomicU64::new(0);
/// The seconds since the load's start that were drawn last; 0 for none.
static DRAWN_S: AtomicU64 = AtomicU64::new(0);
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

fn stderr() -> BorrowedFd<'static> {
    // SAFETY: console::open_standard() ran first, and nothing closes descriptor 2.
    unsafe { rustix::stdio::stderr() }
}

fn draw(text: &str) {
    let _ = rustix::io::write(stderr(), text.as_bytes());
}

/// Lets later loads show their progress, if standard error is a terminal.
pub fn allow() {
    let columns = tcgetwinsize(stderr()).map(|size| size.ws_col);
    WIDTH.store(columns.map_or(0, width), Relaxed);
}

/// Returns the width of the line on a terminal, which may begin a new line after its last
/// column. A terminal that does not know its own has 80.
fn width(columns: u16) -> usize {
    match columns {
        0 => COLUMNS,
        columns => COLUMNS.min(usize::from(columns).saturating_sub(1)),
    }
}

/// Begins a load.
pub fn begin() {
    if WIDTH.load(Relaxed) > 0 {
        LOAD_US.store(now_us(), Relaxed);
        enter(Phase::Reading);
    }
}

/// Ends a load, and removes the line.
pub fn end() {
    LOAD_US.store(0, Relaxed);
    hide();
}

/// Returns whether a load may have to show its progress, so that whoever waits must call
/// [`tick`].
#[must_use]
pub fn is_on() -> bool {
    LOAD_US.load(Relaxed) != 0
}

/// Begins a phase.
pub fn enter(phase: Phase) {
    if is_on() {
        PHASE.store(phase as u8, Relaxed);
        PHASE_US.store(now_us(), Relaxed);
        DRAWN_S.store(0, Relaxed);
        tick();
    }
}

/// Shows that another program has its turn, also outside a load.
pub fn wait() {
    if !is_on() {
        begin();
    }
    if PHASE.load(Relaxed) != Phase::Waiting as u8 {
        enter(Phase::Waiting);
    }
    tick();
}

/// Draws the line, if the load has taken over a second, once in a second.
pub fn tick() {
    let load_us = LOAD_US.load(Relaxed);
    if load_us == 0 {
        return;
    }
    let now_us = now_us();
    let since = |us: u64| now_us.saturating_sub(us).wrapping_div(SECOND_US);
    let seconds = since(load_us);
    if seconds == 0 || seconds == DRAWN_S.swap(seconds, Relaxed) {
        return;
    }
    draw(&line(
        PHASE.load(Relaxed),
        since(PHASE_US.load(Relaxed)),
        seconds,
        WIDTH.load(Relaxed),
    ));
    IS_SHOWN.store(true, Relaxed);
}

/// Returns the line, which replaces the previous one. Where there is no room for all, it is
/// the words, cut if they must be, and the seconds of the phase.
fn line(phase: u8, phase_s: u64, seconds: u64, width: usize) -> String {
    let text = TEXTS.get(usize::from(phase)).copied().unwrap_or_default();
    let room = width.saturating_sub(NARROW);
    let text = match text.len().saturating_add(TIMES) <= width {
        true => format!("kexec-bpf: {text}: {phase_s} s, {seconds} s in all"),
        false => format!("{text:.room$}: {phase_s} s"),
    };
    format!("\r{text:width$.width$}")
}

/// Removes the line, before other text is written.
pub fn hide() {
    if IS_SHOWN.swap(false, Relaxed) {
        let width = WIDTH.load(Relaxed);
        draw(&format!("\r{:width$}\r", ""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_has_a_line_that_covers_the_one_before() {
        for phase in [
            Phase::Reading,
            Phase::Kernel,
            Phase::Verifying,
            Phase::Parser,
            Phase::Placing,
            Phase::Waiting,
        ] {
            let text = line(phase as u8, 99, 999, width(80));
            assert_eq!(text.len(), COLUMNS + 1, "{text}");
            assert!(text.contains(TEXTS[phase as usize]), "{text}");
        }
        let text = "\rkexec-bpf: reading the files: 2 s, 3 s in all";
        assert_eq!(line(Phase::Reading as u8, 2, 3, COLUMNS).trim_end(), text);
        // It stays in one line of a narrow terminal.
        assert_eq!([0, 1, 20, 72, 73, 80].map(width), [72, 0, 19, 71, 72, 72]);
        for (phase, phase_s, width, wanted) in [
            (Phase::Reading, 2, 39, "\rreading the files: 2 s"),
            (
                Phase::Kernel,
                2,
                39,
                "\rthe kernel reads, verifies and p: 2 s",
            ),
            (Phase::Kernel, 999, 19, "\rthe kernel r: 999 s"),
            (Phase::Parser, 2, 3, "\r: 2"),
        ] {
            assert_eq!(line(phase as u8, phase_s, 999, width).trim_end(), wanted);
        }
    }

    #[test]
    fn nothing_is_drawn_where_nobody_asked() {
        begin();
        assert!(!is_on());
        wait();
        hide();
        assert!(!IS_SHOWN.load(Relaxed));
    }
}
