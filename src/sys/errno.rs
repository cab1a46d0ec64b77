// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The C library's errno, for the calls that do not go through rustix.
#![allow(unsafe_code)]

/// Returns the error number that this thread's last failed libc call left.
pub fn last_errno() -> rustix::io::Errno {
    // SAFETY: the call has no conditions.
    let location = unsafe { libc::__errno_location() };
    // SAFETY: it points at this thread's errno, which lives as long as it does.
    let errno = unsafe { *location };
    rustix::io::Errno::from_raw_os_error(errno)
}
