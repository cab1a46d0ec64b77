// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. eventfd(2), poll(2) over two of them, and the monotonic clock.
#![allow(unsafe_code)]

use core::ffi::c_int;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::time::ClockId;

use super::SysError;

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

    /// Adds 1 and wakes who waits.
    ///
    /// # Errors
    /// EAGAIN when the counter is full, which takes 2^64 signals.
    pub fn signal(&self) -> Result<(), SysError> {
        match rustix::io::write(&self.0, &1u64.to_ne_bytes()) {
            Ok(_) => Ok(()),
            Err(errno) => Err(SysError::new("write", "eventfd", errno)),
        }
    }

    /// Takes what was signalled; false when nothing was.
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

/// Which of two events came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    First,
    Second,
}

/// Waits until one of the two is signalled, and takes it. The first goes first.
///
/// # Errors
/// Those of poll(2); not expected on open descriptors.
pub fn wait_either(first: &EventFd, second: &EventFd) -> Result<Which, SysError> {
    loop {
        if first.take() {
            return Ok(Which::First);
        }
        if second.take() {
            return Ok(Which::Second);
        }
        let mut both = [
            PollFd::new(&first.0, PollFlags::IN),
            PollFd::new(&second.0, PollFlags::IN),
        ];
        match poll(&mut both, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(SysError::new("poll", "eventfd", errno)),
        }
    }
}

/// A time as poll(2) takes it.
pub(super) fn timespec(ms: u32) -> Timespec {
    Timespec {
        tv_sec: i64::from(ms / 1000),
        tv_nsec: i64::from(ms % 1000).saturating_mul(1_000_000),
    }
}

/// Waits.
pub fn pause_ms(ms: u32) {
    // A signal may end it early, which does no harm.
    let _ = poll(&mut [], Some(&timespec(ms)));
}

/// `clock_gettime(clock, &now)` of musl: rustix has a reader of the vDSO of its
/// own for it, 4 KB.
fn clock(clock: ClockId) -> Timespec {
    unsafe extern "C" {
        fn clock_gettime(clock: c_int, now: *mut Timespec) -> c_int;
    }
    let mut now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: rustix's Timespec is the kernel's and musl's, it lives during the
    // call, and the result may be ignored: it stays 0 for a clock that is not there.
    unsafe { clock_gettime(clock as c_int, &raw mut now) };
    now
}

/// Microseconds of CLOCK_MONOTONIC, for durations.
#[must_use]
pub fn now_us() -> u64 {
    let now = clock(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let micros = u64::try_from(now.tv_nsec / 1000).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(micros)
}

/// CLOCK_BOOTTIME in seconds: it counts suspended time, too.
#[must_use]
pub fn boot_time_s() -> u64 {
    let now = clock(ClockId::Boottime);
    u64::try_from(now.tv_sec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_seen_once_and_the_first_goes_first() {
        let (first, second) = (EventFd::new().unwrap(), EventFd::new().unwrap());
        second.signal().unwrap();
        first.signal().unwrap();
        assert_eq!(wait_either(&first, &second), Ok(Which::First));
        assert_eq!(wait_either(&first, &second), Ok(Which::Second));
        assert!(!first.take() && !second.take());
    }
}
