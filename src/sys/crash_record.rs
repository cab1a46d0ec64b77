// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The record of the crash image that was loaded, in /run: it is gone with this
//! boot, as the image is. It only helps, so errors are dropped.

use core::ffi::CStr;

use rustix::fs::{Mode, OFlags};

use super::file::read_kernel_file;
use crate::host::crash_record::{CrashRecord, MAX_BYTES};

const DIRECTORY: &CStr = c"/run/kexec-bpf";
const FILE: &CStr = c"/run/kexec-bpf/crash-image";
/// The same path, for reading.
const PATH: &str = "/run/kexec-bpf/crash-image";

/// Reads the record; `None` when there is none, or a damaged one.
#[must_use]
pub fn read() -> Option<CrashRecord> {
    CrashRecord::parse(&read_kernel_file(PATH, MAX_BYTES)?)
}

/// Writes the record. A reader sees all of it or, when that failed, nothing: it is one
/// write of a few hundred bytes, and what is cut does not parse.
pub fn write(text: &[u8]) {
    let _ = rustix::fs::mkdir(DIRECTORY, Mode::from_raw_mode(0o755));
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    if let Ok(fd) = rustix::fs::open(FILE, flags, Mode::from_raw_mode(0o644)) {
        let _ = rustix::io::write(fd, text);
    }
}

/// Removes the record.
#[inline(never)]
pub fn remove() {
    let _ = rustix::fs::unlink(FILE);
    let _ = rustix::fs::rmdir(DIRECTORY);
}
