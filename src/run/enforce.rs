// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Turns the module's enforce on.

use alloc::string::String;

use super::teardown;
use crate::errno::Errno;
use crate::facts::Enforce;
use crate::sys::enforce;

/// Loads the module where it is not there, and turns its enforce on.
///
/// # Errors
/// What was met on the way, where it is not on afterwards: how modprobe ended, and
/// what the kernel said to the parameter.
pub fn turn_on() -> Result<(), (Option<String>, Option<Errno>)> {
    let mut modprobe = None;
    if !enforce::is_module_live() {
        // Also waits for a module that somebody else is loading.
        modprobe = match enforce::load_module(teardown::TIMEOUT_S) {
            Err(error) if error.errno == Errno::ENOENT => Some("is not there".into()),
            result => teardown::failure(result),
        };
    }
    let mut write = None;
    if enforce::state() != Some(Enforce::On) {
        write = enforce::turn_on().err().map(|error| error.errno);
    }
    match enforce::state() {
        Some(Enforce::On) => Ok(()),
        _ => Err((modprobe, write)),
    }
}
