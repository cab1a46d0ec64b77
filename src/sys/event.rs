// SPDX-License-Identifier: GPL-2.0-or-later
//! eventfd(2), waiting for two of them, and the monotonic clock. Layer: effects.
#![allow(unsafe_code)]

use rustix::event::{EventfdFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

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

/// `clock_gettime(clock, &now)` of musl: rustix would add its own reader of the vDSO, 4
/// KB.
fn clock(clock: libc::clockid_t) -> libc::timespec {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` outlives the call. The result may be ignored: `now` stays 0 if there
    // is no such clock.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    now
}

/// Returns CLOCK_MONOTONIC in microseconds, for durations.
#[must_use]
pub fn now_us() -> u64 {
    let now = clock(libc::CLOCK_MONOTONIC);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let micros = u64::try_from(now.tv_nsec / 1000).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(micros)
}

/// Returns the time since [`now_us`] returned `started_us`, in microseconds.
#[must_use]
pub fn since_us(started_us: u64) -> u64 {
    now_us().saturating_sub(started_us)
}

/// Returns CLOCK_BOOTTIME in seconds, which includes suspended time.
#[must_use]
pub fn boot_time_s() -> u64 {
    let now = clock(libc::CLOCK_BOOTTIME);
    u64::try_from(now.tv_sec).unwrap_or(0)
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
