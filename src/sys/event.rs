// SPDX-License-Identifier: GPL-2.0-or-later
//! eventfd(2), and waiting for two of them. Layer: effects.

use rustix::event::{EventfdFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

pub use super::clock::{boot_time_s, now_us, since_us};

use super::SysError;
use super::thread::OtherThread;

/// A counter that one side adds to and the other side waits for.
pub struct EventFd(OwnedFd);

impl EventFd {
    /// `eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)`.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENOMEM.
    pub fn new() -> Result<EventFd, SysError> {
        match eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK) {
            Ok(fd) => Ok(EventFd(fd)),
            Err(errno) => Err(SysError::new("eventfd", "", errno)),
        }
    }

    /// Adds 1 and wakes the waiting thread.
    ///
    /// # Errors
    /// EAGAIN if the counter is full, which takes 2^64 signals.
    pub fn signal(&self) -> Result<(), SysError> {
        match rustix::io::write(&self.0, &1u64.to_ne_bytes()) {
            Ok(_) => Ok(()),
            Err(errno) => Err(SysError::new("write", "eventfd", errno)),
        }
    }

    /// Takes all pending signals; returns false if there were none.
    fn take(&self) -> bool {
        let mut count = [0; 8];
        rustix::io::read(&self.0, &mut count).is_ok()
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The result of waiting for two events and for the end of the thread that signals the
/// first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    First,
    Second,
    Gone,
}

/// Waits until one of the two is signalled, and takes that signal, or until the other
/// thread is gone. If several apply, the first event takes precedence, then the thread's
/// end.
///
/// # Errors
/// The errors of poll(2); not expected on open descriptors.
pub fn wait_either(
    first: &EventFd,
    second: &EventFd,
    other: &OtherThread<'_>,
) -> Result<Which, SysError> {
    loop {
        // This is checked first, so that a signal which the thread sent before its end
        // counts.
        let gone = other.is_gone();
        if first.take() {
            return Ok(Which::First);
        }
        if gone {
            return Ok(Which::Gone);
        }
        if second.take() {
            return Ok(Which::Second);
        }
        other.poll([first.as_fd(), second.as_fd()])?;
    }
}

/// Converts a duration for poll(2).
pub(super) fn timespec(ms: u32) -> Timespec {
    Timespec {
        tv_sec: i64::from(ms / 1000),
        tv_nsec: i64::from(ms % 1000).saturating_mul(1_000_000),
    }
}

/// Waits for `ms` milliseconds.
pub fn pause_ms(ms: u32) {
    // A signal may end it early, which does no harm.
    let _ = poll(&mut [], Some(&timespec(ms)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::thread::join;
    use std::sync::mpsc::channel;

    #[test]
    fn a_signal_is_seen_once_and_the_first_goes_first() {
        let (first, second) = (EventFd::new().unwrap(), EventFd::new().unwrap());
        let (go, wait) = channel::<()>();
        let seen = join(
            move || wait.recv(),
            |other| {
                second.signal().unwrap();
                first.signal().unwrap();
                let seen = [(); 2].map(|()| wait_either(&first, &second, other).unwrap());
                drop(go);
                let last = wait_either(&first, &second, other).unwrap();
                // The thread's end takes precedence over the event that it was meant to
                // answer.
                second.signal().unwrap();
                (seen, last, wait_either(&first, &second, other).unwrap())
            },
        );
        let (_, (seen, last, then)) = seen.unwrap();
        assert_eq!(seen, [Which::First, Which::Second]);
        assert_eq!((last, then), (Which::Gone, Which::Gone));
        assert!(!first.take() && second.take());
    }
}
