// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. One thread beside this one, by pthread_create(3): musl's malloc and
//! errno need its thread-local storage.
#![allow(unsafe_code)]

use core::ffi::{c_int, c_ulong, c_void};
use core::ptr;

use super::SysError;

mod c {
    use super::{c_int, c_ulong, c_void};
    unsafe extern "C" {
        pub fn pthread_create(
            thread: *mut c_ulong,
            attributes: *const c_void,
            start: extern "C" fn(*mut c_void) -> *mut c_void,
            argument: *mut c_void,
        ) -> c_int;
        pub fn pthread_join(thread: c_ulong, result: *mut *mut c_void) -> c_int;
    }
}

/// What the new thread takes and leaves behind.
struct Task<F, T> {
    work: Option<F>,
    result: Option<T>,
}

extern "C" fn run<F: FnOnce() -> T, T>(argument: *mut c_void) -> *mut c_void {
    // SAFETY: `alongside` passes its own `Task<F, T>` and does not touch it
    // until this thread has been joined.
    let task = unsafe { &mut *argument.cast::<Task<F, T>>() };
    if let Some(work) = task.work.take() {
        task.result = Some(work());
    }
    ptr::null_mut()
}

/// Runs `beside` in a thread of its own while `here` runs in this one; returns
/// when both have ended, so that both may borrow.
///
/// The thread has musl's small default stack (128 KiB): give it the work that
/// needs little.
///
/// # Errors
/// EAGAIN or ENOMEM of pthread_create(3); then neither was run.
pub fn alongside<T: Send, R>(
    beside: impl FnOnce() -> T + Send,
    here: impl FnOnce() -> R,
) -> Result<(T, R), SysError> {
    fn create<F: FnOnce() -> T + Send, T: Send>(
        task: &mut Task<F, T>,
        thread: &mut c_ulong,
    ) -> c_int {
        let argument = ptr::from_mut(task).cast();
        // SAFETY: `run` gets the task it is instantiated for; the caller joins
        // the thread before the task is moved or dropped.
        unsafe { c::pthread_create(thread, ptr::null(), run::<F, T>, argument) }
    }
    let mut task = Task {
        work: Some(beside),
        result: None,
    };
    let mut thread: c_ulong = 0;
    let code = create(&mut task, &mut thread);
    if code != 0 {
        let errno = rustix::io::Errno::from_raw_os_error(code);
        return Err(SysError::new("pthread_create", "", errno));
    }
    // Joins also when `here` panics, where panics unwind: in tests.
    let joined = Joined(thread);
    let here = here();
    drop(joined);
    match task.result {
        Some(beside) => Ok((beside, here)),
        None => Err(SysError::new("pthread_join", "", rustix::io::Errno::INVAL)),
    }
}

/// A thread that is waited for when this is dropped.
struct Joined(c_ulong);

impl Drop for Joined {
    fn drop(&mut self) {
        // SAFETY: the thread was created by `alongside` and is joined once.
        unsafe { c::pthread_join(self.0, ptr::null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::alongside;

    #[test]
    fn both_run_and_may_borrow() {
        let shared = [1, 2, 3];
        let both = alongside(|| shared.len(), || shared.iter().sum::<usize>());
        assert_eq!(both, Ok((3, 6)));
    }
}
