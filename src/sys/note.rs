// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The note of the crash image that was loaded, in /run: gone with
//! this boot, as the image is. It is a help only, so errors are dropped.

use core::ffi::CStr;

use rustix::fs::{Mode, OFlags};

const FOLDER: &CStr = c"/run/kexec-bpf";
const FILE: &CStr = c"/run/kexec-bpf/crash-image";
/// The same for messages and for reading.
pub const PATH: &str = "/run/kexec-bpf/crash-image";

/// Writes the note. A reader sees it whole or, when that failed, not at all: it
/// is one write of a few hundred bytes, and what is cut does not parse.
pub fn write(text: &[u8]) {
    let _ = rustix::fs::mkdir(FOLDER, Mode::from_raw_mode(0o755));
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    if let Ok(fd) = rustix::fs::open(FILE, flags, Mode::from_raw_mode(0o644)) {
        let _ = rustix::io::write(fd, text);
    }
}

/// Takes the note away.
#[inline(never)]
pub fn remove() {
    let _ = rustix::fs::unlink(FILE);
    let _ = rustix::fs::rmdir(FOLDER);
}
