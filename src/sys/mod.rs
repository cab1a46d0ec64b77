// SPDX-License-Identifier: GPL-2.0-or-later
//! One system call or kernel file per function. Apart from `rt`, this is the only place
//! with `unsafe`, and the only one that names rustix. Layer: effects.

pub mod block;
pub mod bpf;
pub mod clock;
pub mod console;
pub mod crash_record;
pub mod crypt_keys;
pub mod directory;
pub mod efivar;
pub mod enforce;
pub mod event;
pub mod file;
pub mod host;
pub mod image_record;
pub mod journal;
pub mod kexec;
pub mod kmsg;
pub mod memfd;
pub mod mount;
pub mod process;
pub mod progress;
pub mod session;
pub mod signals;
pub mod terminal;
pub mod thread;

pub mod capability;
mod errno;

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::ops::Deref;

pub use rustix::fd::{AsFd, BorrowedFd as Fd, OwnedFd};

use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnose, Diagnosis};
use errno::last_errno;

/// A system call that failed. It is on the heap, so that a result that may contain one
/// stays small.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SysError(Box<Call>);

/// The contents of a [`SysError`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The call's name, as in its man page.
    pub call: &'static str,
    /// The object of the call: a path or a short description.
    pub target: String,
    pub errno: Errno,
}

impl SysError {
    pub(crate) fn new(call: &'static str, target: &str, errno: rustix::io::Errno) -> SysError {
        SysError(Box::new(Call {
            call,
            target: target.into(),
            errno: Errno(errno.raw_os_error()),
        }))
    }
}

impl Deref for SysError {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.0
    }
}

impl Diagnose for SysError {
    fn diagnose(&self) -> Diagnosis {
        let failed = Diagnosis::failed(self);
        let failed = match self.target.is_empty() {
            true => failed,
            false => failed.within(&self.target),
        };
        match self.errno {
            Errno::ENOMEM | Errno::ENOSPC => failed
                .because("not enough free memory for a copy of the image")
                .with_hint(
                    "free memory: unmount tmpfs file systems, delete files in /tmp and /run",
                ),
            Errno::ENOENT if !self.target.is_empty() => Diagnosis::failed(&NO_SUCH_FILE.0)
                .within(&self.target)
                .with_hint(NO_SUCH_FILE.1),
            errno => failed.because_of(errno),
        }
    }
}

/// The cause and the hint for a file that does not exist.
const NO_SUCH_FILE: (&str, &str) = (
    "no such file",
    "mount the file system that holds it, or check the path",
);

impl fmt::Display for SysError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.call, self.errno)
    }
}
