// SPDX-License-Identifier: GPL-2.0-or-later
//! The jump into the loaded image, and the end of a load. Layer: effects.

use super::events::Events;
use super::{RunError, teardown};
use crate::diagnosis::size::milliseconds;
use crate::host::Host;
use crate::policy::explain;
use crate::sys::event::{now_us, since_us};
use crate::sys::{crash_record, kexec};

/// Drops the loaded image, or the crash image.
///
/// # Errors
/// [`RunError::Diagnosed`].
pub fn unload(panic: bool, host: &Host) -> Result<(), RunError> {
    kexec::unload(panic).map_err(|error| {
        let found = explain::unload(error.errno, host, panic);
        RunError::of_command("unload", &error, found)
    })?;
    if panic {
        crash_record::remove();
    }
    Ok(())
}

/// Writes out all file systems, runs the programs of [`teardown::DIRECTORY`], writes out
/// what they left, and jumps into the loaded image. Returns only if that fails, or if an
/// image that was loaded to come back has come back. `cmdline` is the next kernel's
/// command line, if it is known.
///
/// # Errors
/// [`RunError::Diagnosed`].
pub fn exec(
    sync: bool,
    host: &Host,
    cmdline: &[u8],
    events: &mut dyn Events,
) -> Result<(), RunError> {
    if let Some(blocker) = explain::exec_blocker(host) {
        return Err(RunError::Diagnosed(blocker.within(&"exec")));
    }
    if let Some(warning) = explain::framebuffer(host, cmdline) {
        events.warn(&warning);
    }
    let started_us = now_us();
    if sync {
        // Most is written while the system still runs in full; only what the programs
        // wrote is left for the second time.
        write_out(events);
    }
    teardown::run(events);
    if sync {
        write_out(events);
    }
    events.step(format_args!(
        "jumping into the loaded image, {} after the start of exec",
        milliseconds(since_us(started_us))
    ));
    kexec::reboot().map_err(|error| {
        let found = explain::exec(error.errno, host);
        RunError::of_command("exec", &error, found)
    })
}

fn write_out(events: &mut dyn Events) {
    let started_us = now_us();
    kexec::sync();
    events.step(format_args!(
        "synced all file systems in {}",
        milliseconds(since_us(started_us))
    ));
}
