// SPDX-License-Identifier: GPL-2.0-or-later
//! Signals that end this program, held back while it has to undo something first.
//! Layer: effects.
#![allow(unsafe_code)]

use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use rustix::fd::{FromRawFd, OwnedFd};

/// The signals that a user, a terminal or an init system may send.
const ENDING: [libc::c_int; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];

/// Makes a write that nobody reads an error, as one to a full disk: it must not end this
/// program between a load and the jump. The signal waits for [`end_by_pipe`].
pub fn hold_pipe() {
    mask(libc::SIG_BLOCK, &[libc::SIGPIPE]);
}

/// Ends this program as others end whose reader has gone away. Returns if none has, or if
/// the signal is ignored.
pub fn end_by_pipe() {
    mask(libc::SIG_UNBLOCK, &[libc::SIGPIPE]);
}

/// Ends this program once this time has passed.
pub fn end_after_s(seconds: u32) {
    // SAFETY: the call has no conditions.
    unsafe { libc::alarm(seconds) };
}

/// The number of [`Held`] that there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// While one exists, the signals wait; once the last is dropped, they arrive.
pub struct Held(());

impl Held {
    #[must_use]
    pub fn new() -> Held {
        if COUNT.fetch_add(1, Ordering::Relaxed) == 0 {
            mask(libc::SIG_BLOCK, &ENDING);
        }
        Held(())
    }

    /// Returns a descriptor that can be read once one of the signals waits.
    #[must_use]
    pub fn descriptor(&self) -> Option<OwnedFd> {
        let set = set(&ENDING);
        // SAFETY: the set is initialized.
        let fd = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC) };
        // SAFETY: the descriptor is new, and nobody else has it.
        (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if COUNT.fetch_sub(1, Ordering::Relaxed) == 1 {
            mask(libc::SIG_UNBLOCK, &ENDING);
        }
    }
}

#[inline(never)]
fn mask(how: libc::c_int, signals: &[libc::c_int]) {
    let set = set(signals);
    // SAFETY: the set is initialized; nothing is stored through the null pointer.
    unsafe { libc::pthread_sigmask(how, &raw const set, ptr::null_mut()) };
}

#[inline(never)]
fn set(signals: &[libc::c_int]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: it initializes the set, and cannot fail.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    for signal in signals {
        // SAFETY: the set is initialized, and the signal exists.
        unsafe { libc::sigaddset(set.as_mut_ptr(), *signal) };
    }
    // SAFETY: it was initialized above.
    unsafe { set.assume_init() }
}
