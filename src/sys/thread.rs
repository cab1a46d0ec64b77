// SPDX-License-Identifier: GPL-2.0-or-later
//! One thread beside this one, by pthread_create(3), because musl's errno needs its
//! thread-local storage. Layer: effects.
//!
//! The kernel kills a single thread when a fault in the kernel itself occurs during that
//! thread's system call. Such a thread never returns, and cannot be joined.
#![allow(unsafe_code)]

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use rustix::process::{PidfdFlags, pidfd_open};

use super::{SysError, progress};

/// Flag for a pidfd of one thread, not of its process (since Linux 6.9).
const PIDFD_THREAD: PidfdFlags = PidfdFlags::from_bits_retain(libc::PIDFD_THREAD);
const NO_FD: c_int = -1;
/// The interval at which to check a thread that has no pidfd, and a progress line.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// The new thread's state, which both threads see.
struct Life {
    /// The thread's pidfd, which it stores itself; [`NO_FD`] before it runs, or if the
    /// kernel creates none.
    pidfd: AtomicI32,
    /// The thread has stored its result.
    done: AtomicBool,
}

impl Drop for Life {
    fn drop(&mut self) {
        let fd = *self.pidfd.get_mut();
        if fd != NO_FD {
            // SAFETY: `run` stored it without keeping it, and nobody else closes it.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
}

/// The new thread's work and result.
struct Task<F, T> {
    life: Life,
    work: UnsafeCell<Option<F>>,
    result: UnsafeCell<Option<T>>,
}

extern "C" fn run<F: FnOnce() -> T, T>(argument: *mut c_void) -> *mut c_void {
    // SAFETY: `join` passes its own `Task<F, T>`, which lives until this thread has
    // ended; until then, `join` reads only its `life`.
    let task = unsafe { &*argument.cast::<Task<F, T>>() };
    let thread = rustix::thread::gettid();
    if let Ok(fd) = pidfd_open(thread, PIDFD_THREAD) {
        task.life.pidfd.store(fd.into_raw_fd(), Ordering::Release);
    }
    // SAFETY: no other thread touches it while this one runs.
    if let Some(work) = unsafe { &mut *task.work.get() }.take() {
        let result = work();
        // SAFETY: the same.
        unsafe { *task.result.get() = Some(result) };
    }
    task.life.done.store(true, Ordering::Release);
    ptr::null_mut()
}

/// The thread that runs beside this one.
pub struct OtherThread<'task> {
    thread: libc::pthread_t,
    life: &'task Life,
}

impl OtherThread<'_> {
    /// Returns the pidfd, which becomes readable when the thread is gone; `None` if the
    /// thread must be polled.
    fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        match self.life.pidfd.load(Ordering::Acquire) {
            NO_FD => None,
            // SAFETY: the descriptor stays open as long as `life` exists.
            fd => Some(unsafe { BorrowedFd::borrow_raw(fd) }),
        }
    }

    /// Returns whether the thread no longer runs, for whatever reason.
    pub fn is_gone(&self) -> bool {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        match self.pidfd() {
            Some(fd) => {
                let mut one = [PollFd::new(&fd, PollFlags::IN)];
                poll(&mut one, Some(&now)).is_ok_and(|ready| ready > 0)
            }
            None => {
                // SAFETY: the thread was created and not joined, so its ID is valid;
                // signal 0 only checks for it.
                let code = unsafe { libc::pthread_kill(self.thread, 0) };
                // musl's pthread_kill() succeeds for a thread that has ended by itself.
                let was_killed = code == rustix::io::Errno::SRCH.raw_os_error();
                was_killed || self.life.done.load(Ordering::Acquire)
            }
        }
    }

    /// Waits until one of the descriptors is readable, or the thread may be gone; a
    /// signal ends the wait as well, and so does the clock of a progress line.
    ///
    /// # Errors
    /// The errors of poll(2); not expected on open descriptors.
    pub fn poll<const N: usize>(&self, fds: [BorrowedFd<'_>; N]) -> Result<(), SysError> {
        let own = self.pidfd();
        let mut set = Vec::with_capacity(N.saturating_add(1));
        set.extend(fds.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
        set.extend(own.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let ticks = own.is_none() || progress::is_on();
        let result = poll(&mut set, ticks.then_some(&TICK));
        progress::tick();
        match result {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(errno) => Err(SysError::new("poll", "eventfd", errno)),
        }
    }

    /// Waits for the end of the thread; returns false if it left no result.
    fn has_finished(&self) -> bool {
        loop {
            // Check the end first, then the result: a result stored just before the end
            // counts.
            let gone = self.is_gone();
            if self.life.done.load(Ordering::Acquire) {
                // SAFETY: the thread was created by `join`, is at its end and is joined
                // once.
                unsafe { libc::pthread_join(self.thread, ptr::null_mut()) };
                return true;
            }
            if gone {
                return false;
            }
            let _ = self.poll([]);
        }
    }
}

/// Runs `beside` in its own thread while `here` runs in this one. Returns when both have
/// ended, so that both may borrow. The result of `beside` is `None` if the kernel killed
/// its thread.
///
/// The thread has musl's small default stack (128 KiB), so it should get the work that
/// needs little stack.
///
/// # Errors
/// EAGAIN or ENOMEM of pthread_create(3); neither function was run then.
pub fn join<T: Send, R>(
    beside: impl FnOnce() -> T + Send,
    here: impl FnOnce(&OtherThread<'_>) -> R,
) -> Result<(Option<T>, R), SysError> {
    fn create<F: FnOnce() -> T + Send, T: Send>(
        task: &Task<F, T>,
        thread: &mut MaybeUninit<libc::pthread_t>,
    ) -> c_int {
        let argument = ptr::from_ref(task).cast_mut().cast();
        // SAFETY: `run` gets the task it is instantiated for; the caller waits
        // for the thread's end before the task is moved or dropped.
        unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), run::<F, T>, argument) }
    }
    let task = Task {
        life: Life {
            pidfd: AtomicI32::new(NO_FD),
            done: AtomicBool::new(false),
        },
        work: UnsafeCell::new(Some(beside)),
        result: UnsafeCell::new(None),
    };
    let mut thread = MaybeUninit::uninit();
    let code = create(&task, &mut thread);
    if code != 0 {
        let errno = rustix::io::Errno::from_raw_os_error(code);
        return Err(SysError::new("pthread_create", "", errno));
    }
    // SAFETY: pthread_create stores the thread before it returns 0.
    let thread = unsafe { thread.assume_init() };
    let ended = Ended(OtherThread {
        thread,
        life: &task.life,
    });
    let here = here(&ended.0);
    drop(ended);
    // The thread is gone, so its result belongs to this one.
    Ok((task.result.into_inner(), here))
}

/// Runs `work` in its own thread, and keeps a progress line up to date until it has ended.
/// Returns `None` if the kernel killed its thread.
///
/// # Errors
/// The errors of [`join`].
pub fn beside<T: Send>(work: impl FnOnce() -> T + Send) -> Result<Option<T>, SysError> {
    // What waits for the thread's end draws the line.
    Ok(join(work, |_| ())?.0)
}

/// A thread that is waited for when this is dropped, even if `here` panics and panics
/// unwind, as they do in tests.
struct Ended<'task>(OtherThread<'task>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.has_finished();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn both_run_and_may_borrow() {
        let shared = [1, 2, 3];
        let both = join(|| shared.len(), |_| shared.iter().sum::<usize>());
        assert_eq!(both, Ok((Some(3), 6)));
    }

    #[test]
    fn a_thread_is_gone_only_once_it_has_ended() {
        let (go, wait) = channel();
        let (result, was_gone) = join(
            move || wait.recv().unwrap(),
            |beside| {
                let was_gone = beside.is_gone();
                go.send(7).unwrap();
                while !beside.is_gone() {
                    beside.poll([]).unwrap();
                }
                was_gone
            },
        )
        .unwrap();
        assert_eq!((result, was_gone), (Some(7), false));
    }

    /// Uses exit(2), which ends one thread without a result, as the kernel does.
    #[test]
    fn a_thread_that_was_killed_is_not_waited_for() {
        let killed = || -> u32 {
            // SAFETY: the thread has borrowed nothing and holds no lock.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
            unreachable!()
        };
        let seen = join(killed, |beside| {
            while !beside.is_gone() {
                beside.poll([]).unwrap();
            }
        });
        assert_eq!(seen, Ok((None, ())));
    }
}
