// SPDX-License-Identifier: GPL-2.0-or-later
//! The terminal of the menu: single keys, with a time limit. Layer: effects.

use alloc::vec::Vec;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::SysError;
use super::event::timespec;
use super::signals::Held;

/// A terminal that returns each key at once. Dropping it restores its settings; a signal that
/// ends the program arrives after that.
pub struct Terminal {
    fd: OwnedFd,
    before: Termios,
    signals: Option<OwnedFd>,
    _held: Held,
}

impl Terminal {
    /// Opens the terminal of standard input, or the console if that is not a terminal, as
    /// in an initramfs.
    ///
    /// # Errors
    /// The errors of open(2); ENOTTY.
    pub fn open() -> Result<Terminal, SysError> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        // Opened by name, because descriptor 0 may be open for reading only.
        let own = rustix::termios::ttyname(super::console::stdin(), Vec::new());
        let fd = match own {
            Ok(name) => rustix::fs::open(&name, flags, Mode::empty()),
            Err(errno) => Err(errno),
        };
        let fd = fd.or_else(|_| rustix::fs::open(c"/dev/console", flags, Mode::empty()));
        let fd = fd.map_err(|errno| SysError::new("open", "/dev/console", errno))?;
        let set = || -> rustix::io::Result<Termios> {
            let before = tcgetattr(&fd)?;
            let mut raw = before.clone();
            // Those of keys are off as well.
            raw.local_modes
                .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
            raw.special_codes[SpecialCodeIndex::VMIN] = 1;
            raw.special_codes[SpecialCodeIndex::VTIME] = 0;
            // Discards keys that were pressed earlier: they are not meant for the menu.
            tcsetattr(&fd, OptionalActions::Flush, &raw)?;
            Ok(before)
        };
        let held = Held::new();
        match set() {
            Ok(before) => Ok(Terminal {
                fd,
                before,
                signals: held.descriptor(),
                _held: held,
            }),
            Err(errno) => Err(SysError::new("tcsetattr", "/dev/console", errno)),
        }
    }

    /// Returns the terminal's width.
    #[must_use]
    pub fn columns(&self) -> usize {
        super::console::columns(&self.fd).unwrap_or_default()
    }

    /// Waits for a byte; `None` if none arrived within `timeout_ms`, if that is given.
    ///
    /// # Errors
    /// EIO when the terminal is gone; ECANCELED for a signal that ends the program.
    pub fn key(&self, timeout_ms: Option<u32>) -> Result<Option<u8>, SysError> {
        let wait = || -> rustix::io::Result<Option<u8>> {
            let timeout = timeout_ms.map(timespec);
            let signals = self.signals.as_ref();
            let mut fds =
                [&self.fd, signals.unwrap_or(&self.fd)].map(|fd| PollFd::new(fd, PollFlags::IN));
            if poll(&mut fds, timeout.as_ref())? == 0 {
                return Ok(None);
            }
            let [_, signal] = &fds;
            if signals.is_some() && !signal.revents().is_empty() {
                return Err(Errno::CANCELED);
            }
            let mut byte = [0];
            match rustix::io::read(&self.fd, &mut byte)? {
                0 => Err(Errno::IO),
                _ => Ok(byte.first().copied()),
            }
        };
        match wait() {
            Err(Errno::INTR) => Ok(None),
            result => result.map_err(|errno| SysError::new("read", "the console", errno)),
        }
    }

    /// Writes text. Errors are dropped: a console that cannot be written to must not stop
    /// the boot.
    pub fn write(&self, text: &str) {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&self.fd, rest) {
                Ok(written) if written > 0 => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.fd, OptionalActions::Drain, &self.before);
    }
}
