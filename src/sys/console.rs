// SPDX-License-Identifier: GPL-2.0-or-later
//! stdout, stderr and /dev/kmsg. Layer: effects.
#![allow(unsafe_code)]

use core::fmt;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd};
use rustix::fs::{Mode, OFlags};

use super::progress;
use crate::diagnosis::errno::Errno;

/// Text output to a descriptor.
pub struct Sink<'fd>(BorrowedFd<'fd>);

impl Sink<'_> {
    /// Writes all of `text`.
    ///
    /// # Errors
    /// The errors of write(2): it could not be delivered.
    pub fn write(&self, text: &str) -> Result<(), Errno> {
        progress::hide();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(self.0, rest) {
                Ok(0) => return Err(Errno::EIO),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(Errno(errno.raw_os_error())),
            }
        }
        Ok(())
    }

    /// Returns the width if the descriptor is a terminal; `None` if it is another
    /// kind of file.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        columns(self.0)
    }
}

/// Returns the width of a terminal; 80 where the kernel does not know it, as on a serial
/// console. `None` if this is no terminal.
pub(super) fn columns(terminal: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some(match size.ws_col {
        0 => 80,
        columns => columns.into(),
    })
}

/// Opens descriptors 0 to 2 if the program was started without them. Otherwise an opened
/// file could get one of these numbers, and text would be written into it.
///
/// Writes to an O_PATH descriptor are refused, as are those to a closed one.
pub fn open_standard() {
    // open(2) returns the lowest free number.
    while let Ok(fd) = rustix::fs::open(c"/", OFlags::PATH, Mode::empty()) {
        if fd.as_raw_fd() > 2 {
            return;
        }
        // It stays open until the program ends.
        let _ = fd.into_raw_fd();
    }
}

/// Returns the output for results.
#[must_use]
pub fn stdout() -> Sink<'static> {
    // SAFETY: open_standard() ran first, and nothing closes descriptor 1.
    Sink(unsafe { rustix::stdio::stdout() })
}

/// Returns the output for diagnostics.
#[must_use]
pub fn stderr() -> Sink<'static> {
    // SAFETY: open_standard() ran first, and nothing closes descriptor 2.
    Sink(unsafe { rustix::stdio::stderr() })
}

/// Writes diagnostics to stderr. A console that cannot be written to must not
/// stop the work, so errors are dropped.
pub fn write_stderr(text: &str) {
    let _ = stderr().write(text);
}

/// Returns standard input, which can be any kind of file.
pub(super) fn stdin() -> BorrowedFd<'static> {
    // SAFETY: open_standard() ran first, and nothing closes descriptor 0.
    unsafe { rustix::stdio::stdin() }
}

/// Levels of messages in the kernel's log.
pub const LOG_ERROR: u8 = 3;
pub const LOG_WARNING: u8 = 4;
pub const LOG_NOTICE: u8 = 5;
pub const LOG_INFO: u8 = 6;

/// Writes text to the kernel's log, one record per line, if the log can be opened.
/// Prefixes the program's name to lines that do not begin with it. Never waits, whatever
/// stands at that path.
pub fn kernel_log(level: u8, text: &str) {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let Ok(kmsg) = rustix::fs::open(c"/dev/kmsg", flags, Mode::empty()) else {
        return;
    };
    for line in text.lines() {
        let name = if line.starts_with("kexec-bpf: ") {
            ""
        } else {
            "kexec-bpf: "
        };
        // One write is one record.
        let record = alloc::format!("<{level}>{name}{line}\n");
        let _ = rustix::io::write(&kmsg, record.as_bytes());
    }
}

/// Writes one line to stderr and to the kernel's log: the last message of a program that
/// cannot go on.
pub fn panic_line(line: fmt::Arguments<'_>) {
    let line = alloc::format!("{line}\n");
    write_stderr(&line);
    kernel_log(LOG_ERROR, &line);
}
