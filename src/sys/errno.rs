// SPDX-License-Identifier: GPL-2.0-or-later
//! The C library's errno, for the calls that do not go through rustix. Layer: effects.
#![allow(unsafe_code)]

/// Returns the error number of this thread's last failed libc call.
pub fn last_errno() -> rustix::io::Errno {
    // SAFETY: the call has no conditions.
    let location = unsafe { libc::__errno_location() };
    // SAFETY: it points to this thread's errno, which lives as long as the thread.
    let errno = unsafe { *location };
    rustix::io::Errno::from_raw_os_error(errno)
}
