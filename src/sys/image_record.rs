// SPDX-License-Identifier: GPL-2.0-or-later
//! The record in /run of the image that was loaded for `exec`. It is only informative, so
//! errors are dropped. Layer: effects.
//!
//! Only root may read it: a command line may name what others should not see, such as a
//! password of the next system's installer. It is world-readable once that system runs, but
//! that may be another system, with other users.

use alloc::string::String;
use core::ffi::CStr;

use rustix::fs::{Mode, OFlags};

use super::crash_record::{forget, put};
use super::file::read_kernel_file;
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

/// Writes the record.
pub fn write(record: &ImageRecord) {
    put(FILE, record.as_bytes(), MODE, OFlags::TRUNC);
}

/// Writes the record, unless somebody else has written one.
pub fn restore(record: &ImageRecord) {
    put(FILE, record.as_bytes(), MODE, OFlags::EXCL);
}

/// Removes the record.
pub fn remove() {
    forget(FILE);
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
