// SPDX-License-Identifier: GPL-2.0-or-later
//! The record in /run of the image that was loaded for `exec`. It is only informative, so
//! errors are dropped. Layer: effects.
//!
//! Only root may read it: a command line may name what others should not see, such as a
//! password of the next system's installer. It is world-readable once that system runs, but
//! that may be another system, with other users.

use alloc::string::String;
use core::ffi::CStr;

use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, flock, fstat, ftruncate};
use rustix::io::{Errno, pwrite};

use super::crash_record::{forget, open_record};
use super::file::read_kernel_file;
use super::kexec::{SETTLE_TRIES, wait_for_other};
use super::progress;
use super::signals::Held;
use crate::host::image_record::{self, ImageRecord, MAX_BYTES};

const FILE: &CStr = c"/run/kexec-bpf/image";
/// The same path, for reading.
const PATH: &str = "/run/kexec-bpf/image";
const MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// Limit on the size of a boot_id, with its newline.
const ID_MAX_BYTES: usize = 64;

/// Reads the record; `None` if there is none, if it is damaged, or without permission.
#[must_use]
pub fn read() -> Option<ImageRecord> {
    ImageRecord::parse(read_kernel_file(PATH, MAX_BYTES)?)
}

/// This program's turn to call the kernel, from before the call until the record says what
/// has come of it: of several programs, the kernel's last word and the last record are one
/// program's. Meanwhile signals wait.
pub struct Turn {
    file: Option<OwnedFd>,
    _held: Held,
}

impl Turn {
    /// Waits for the turn, and takes it anyway when it is late: the kernel refuses a call
    /// beside another one.
    #[must_use]
    pub fn take() -> Turn {
        let is_load = progress::is_on();
        let mut file = None;
        for _ in 0..SETTLE_TRIES {
            file = open_record(FILE, MODE);
            // The directory may just be going away.
            let Some(fd) = &file else { continue };
            match flock(fd, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => wait_for_other(),
                // The one before may have removed it.
                _ if fstat(fd).is_ok_and(|file| file.st_nlink == 0) => {}
                _ => break,
            }
        }
        if !is_load {
            progress::end();
        }
        Turn {
            file,
            _held: Held::new(),
        }
    }

    /// Writes the record in place of what there is; nothing for no record.
    #[inline(never)]
    pub fn write(&self, record: &[u8]) {
        if let Some(file) = &self.file {
            let _ = ftruncate(file, 0);
            let _ = pwrite(file, record, 0);
        }
    }
}

impl Drop for Turn {
    #[inline(never)]
    fn drop(&mut self) {
        let mut files = self.file.iter();
        if files.any(|file| fstat(file).is_ok_and(|file| file.st_size == 0)) {
            forget(FILE);
        }
    }
}

/// Reads [`crate::host::Host::calls`].
#[must_use]
pub fn calls() -> String {
    let read = |path| {
        let text = read_kernel_file(path, ID_MAX_BYTES).unwrap_or_default();
        String::from_utf8_lossy(text.trim_ascii()).into_owned()
    };
    image_record::calls(
        &read("/proc/sys/kernel/random/boot_id"),
        &read("/proc/sys/kernel/kexec_load_limit_reboot"),
    )
}
