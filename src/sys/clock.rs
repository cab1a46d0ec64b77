// SPDX-License-Identifier: GPL-2.0-or-later
//! The monotonic clock, and the time since the boot. Layer: effects.
#![allow(unsafe_code)]

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
