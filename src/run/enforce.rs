// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Turns the module's enforce on, and where that fails, all of kexec off.

use super::teardown;
use crate::errno::Errno;
use crate::explain::{self, Explanation};
use crate::facts::Enforce;
use crate::sys::kexec::LoadSwitch;
use crate::sys::{SysError, enforce, facts};

/// Loads the module where it is not there, and turns its enforce on.
///
/// # Errors
/// Why it is not on, as the kernel says itself afterwards.
pub fn enforce() -> Result<(), Explanation> {
    let modprobe = match enforce::is_module_live() {
        true => None,
        // Also waits for a module that somebody else is loading.
        false => match enforce::load_module(teardown::TIMEOUT_S) {
            Err(error) if error.errno == Errno::ENOENT => Some("is not there".into()),
            result => teardown::failure(result),
        },
    };
    let is_on = || enforce::state() == Some(Enforce::On);
    let write = match is_on() {
        true => Ok(()),
        false => enforce::turn_on(),
    };
    if is_on() {
        return Ok(());
    }
    let errno: Option<Errno> = write.err().map(|error| error.errno);
    Err(explain::not_enforced(&facts::read(), modprobe, errno))
}

/// Turns kexec off until firmware boots a kernel. What is loaded stays.
///
/// # Errors
/// Those of open(2) and write(2).
pub fn turn_off() -> Result<(), SysError> {
    LoadSwitch::open()?.turn_off()
}
