// SPDX-License-Identifier: GPL-2.0-or-later
//! The module's parameter `enforce`, its state, and modprobe(8). Layer: effects.

use alloc::vec::Vec;

use super::SysError;
use super::file::{KernelFile, exists, read_anywhere};
use super::process::{self, Ended};
use crate::abi;
use crate::diagnosis::errno::Errno;
use crate::host::Enforce;

const PARAMETER: &str = "/sys/module/kexec_bpf/parameters/enforce";
const INIT_STATE: &str = "/sys/module/kexec_bpf/initstate";
/// Paths at which an initramfs may have modprobe.
const MODPROBE: [&str; 4] = [
    "/usr/sbin/modprobe",
    "/usr/bin/modprobe",
    "/sbin/modprobe",
    "/bin/modprobe",
];
/// The length of the longest word in these files, with its newline.
const WORD_MAX_BYTES: usize = 16;

/// Reads whether the module enforces, even if /sys is not mounted; `None` if there is a
/// module whose state cannot be read.
#[must_use]
pub fn state() -> Option<Enforce> {
    match read_anywhere(PARAMETER, WORD_MAX_BYTES) {
        Some(parameter) => Some(Enforce::of(&parameter, &init_state())),
        // Older modules do not have the parameter.
        None if exists("/sys/module") => Some(Enforce::Off),
        None => rustix::fs::stat(abi::PROC_PATH)
            .is_err()
            .then_some(Enforce::Off),
    }
}

fn init_state() -> Vec<u8> {
    read_anywhere(INIT_STATE, WORD_MAX_BYTES).unwrap_or_default()
}

/// Returns whether the module has started, and is not yet being removed.
#[must_use]
pub fn is_module_live() -> bool {
    init_state() == b"live\n"
}

/// Returns whether there is, or may be, anything at `path`.
#[must_use]
pub fn is_asked_by_file(path: &str) -> bool {
    let found = rustix::fs::lstat(path);
    !matches!(
        found,
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR)
    )
}

/// Turns enforcement on, until reboot.
///
/// # Errors
/// ENOENT without the module, or with one that lacks the parameter; EBUSY while an image
/// is loaded or a load is under way; ENODEV while the module is being removed.
pub fn turn_on() -> Result<(), SysError> {
    KernelFile::open(PARAMETER)?.write("1")
}

/// Runs `modprobe kexec_bpf enforce=1`; its messages go to this program's stderr.
///
/// # Errors
/// The errors of [`process::run`]; ENOENT if there is no modprobe.
pub fn load_module(timeout_s: u32) -> Result<Ended, SysError> {
    let mut result = Err(SysError::new(
        "posix_spawn",
        "modprobe",
        rustix::io::Errno::NOENT,
    ));
    for path in MODPROBE {
        result = process::run(path.as_bytes(), &[c"kexec_bpf", c"enforce=1"], timeout_s);
        if !matches!(&result, Err(error) if error.errno == Errno::ENOENT) {
            break;
        }
    }
    result
}
