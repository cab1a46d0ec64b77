// SPDX-License-Identifier: GPL-2.0-or-later
//! The record in /run of the crash image that was loaded. It disappears at reboot, as the
//! image does. It is only informative, so errors are dropped. Layer: effects.

use core::ffi::CStr;

use rustix::fd::OwnedFd;
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

/// Writes the record. A reader sees all of it or, if the write failed, nothing: it is one
/// write of at most a few kilobytes, and a truncated record does not parse.
pub fn write(text: &[u8]) {
    if let Some(file) = open_record(FILE, Mode::from_raw_mode(0o644)) {
        let _ = rustix::fs::ftruncate(&file, 0);
        let _ = rustix::io::write(file, text);
    }
}

/// Removes the record.
pub fn remove() {
    forget(FILE);
}

/// Opens a record, and makes it if there is none.
#[inline(never)]
pub(super) fn open_record(file: &CStr, mode: Mode) -> Option<OwnedFd> {
    let for_all = Mode::from_raw_mode(0o755);
    if rustix::fs::mkdir(DIRECTORY, for_all).is_ok() {
        // The umask is the user's; status needs no privilege.
        let _ = rustix::fs::chmod(DIRECTORY, for_all);
    }
    let flags =
        OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(file, flags, mode).ok()?;
    let _ = rustix::fs::fchmod(&file, mode);
    Some(file)
}

/// Removes a record, and the directory if it was the last.
#[inline(never)]
pub(super) fn forget(file: &CStr) {
    let _ = rustix::fs::unlink(file);
    let _ = rustix::fs::rmdir(DIRECTORY);
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_record_is_for_readers_whatever_it_was() {
        let path = std::env::temp_dir().join(format!("record-{}", std::process::id()));
        let file = CString::new(path.as_os_str().as_bytes()).unwrap();
        // As with a umask.
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let mode = Mode::from_raw_mode(0o644);
        open_record(&file, mode).unwrap();
        let permissions = fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o644);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        fs::remove_file(&path).unwrap();
        open_record(&file, mode).unwrap();
        fs::remove_file(&path).unwrap();
    }
}
