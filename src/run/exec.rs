// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The jump into the loaded image, and the end of a load.

use super::events::Events;
use super::{RunError, teardown};
use crate::host::Host;
use crate::policy::explain;
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

/// Runs the programs of [`teardown::DIRECTORY`] and jumps into the loaded image. Returns
/// only if that fails, or if an image that was loaded to come back has come back.
/// `cmdline` is the next kernel's command line, if it is known.
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
    teardown::run(events);
    if sync {
        events.step(format_args!("writing out all file systems"));
        kexec::sync();
    }
    events.step(format_args!("jumping into the loaded image"));
    kexec::reboot().map_err(|error| {
        let found = explain::exec(error.errno, host);
        RunError::of_command("exec", &error, found)
    })
}
