// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The C library's errno, for the calls that do not go by rustix.
#![allow(unsafe_code)]

use core::ffi::c_int;

mod c {
    use super::c_int;
    unsafe extern "C" {
        pub fn __errno_location() -> *mut c_int;
    }
}

/// The error number that this thread's last failed libc call left.
pub fn last_errno() -> rustix::io::Errno {
    // SAFETY: the call has no conditions.
    let location = unsafe { c::__errno_location() };
    // SAFETY: it points at this thread's errno, which lives as long as it does.
    let errno = unsafe { *location };
    rustix::io::Errno::from_raw_os_error(errno)
}
