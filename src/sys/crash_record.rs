// SPDX-License-Identifier: GPL-2.0-or-later
//! The record in /run of the crash image that was loaded. It disappears at reboot, as the
//! image does. It is only informative, so errors are dropped. Layer: effects.

use core::ffi::CStr;

use rustix::fs::{Mode, OFlags};

use super::file::read_kernel_file;
use crate::host::crash_record::{CrashRecord, MAX_BYTES};

const DIRECTORY: &CStr = c"/run/kexec-bpf";
const FILE: &CStr = c"/run/kexec-bpf/crash-image";
/// The same path, for reading.
const PATH: &str = "/run/kexec-bpf/crash-image";

/// Reads the record; `None` if there is none, or if it is damaged.
#[must_use]
pub fn read() -> Option<CrashRecord> {
    CrashRecord::parse(&read_kernel_file(PATH, MAX_BYTES)?)
}

/// Writes the record.
pub fn write(text: &[u8]) {
    put(FILE, text, Mode::from_raw_mode(0o644));
}

/// Removes the record.
pub fn remove() {
    forget(FILE);
}

/// Writes a record. A reader sees all of it or, if the write failed, nothing: it is one
/// write of at most a few kilobytes, and a truncated record does not parse.
pub(super) fn put(file: &CStr, text: &[u8], mode: Mode) {
    let _ = rustix::fs::mkdir(DIRECTORY, Mode::from_raw_mode(0o755));
    let flags = OFlags::WRONLY
        | OFlags::CREATE
        | OFlags::TRUNC
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::CLOEXEC;
    if let Ok(fd) = rustix::fs::open(file, flags, mode) {
        let _ = rustix::io::write(fd, text);
    }
}

/// Removes a record, and the directory if it was the last.
#[inline(never)]
pub(super) fn forget(file: &CStr) {
    let _ = rustix::fs::unlink(file);
    let _ = rustix::fs::rmdir(DIRECTORY);
}
