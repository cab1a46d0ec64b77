// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Opens the input, makes a plan and performs it.
//!
//! All that is taken on the way (descriptors, anonymous files, threads, the
//! attached parser) is released by its owner's drop, whatever fails; the kernel
//! keeps no half-loaded image.

pub mod boot;
mod companions;
mod crash;
pub mod discover;
pub mod enforce;
mod error;
mod handshake;
mod initrd;
mod inputs;
mod load;
mod parser;
mod teardown;

use core::fmt;

pub use crash::{Preflight, preflight};
pub use error::{RunError, Skipped};
pub use inputs::Inputs;
pub use load::load;

use crate::explain;
use crate::facts::Facts;
use crate::sys::{kexec, note};

/// Told about each step, for `--verbose`.
pub type Progress<'log> = &'log mut dyn FnMut(fmt::Arguments<'_>);

/// Drops the loaded image, or the crash image.
///
/// # Errors
/// [`RunError::Refused`].
pub fn unload(panic: bool, facts: &Facts) -> Result<(), RunError> {
    kexec::unload(panic).map_err(|error| {
        let found = explain::unload(error.errno, facts, panic);
        RunError::of_command("unload", &error, found)
    })?;
    if panic {
        note::remove();
    }
    Ok(())
}

/// Runs the programs of [`teardown::FOLDER`] and jumps into the loaded image.
/// Returns only when that failed, or when an image that was loaded to come back
/// has come back. `cmdline` is the next kernel's, where it is known; `warn` is
/// told what does not stop the jump.
///
/// # Errors
/// [`RunError::Refused`].
pub fn exec(
    sync: bool,
    facts: &Facts,
    cmdline: &[u8],
    warn: &mut dyn FnMut(&str),
    progress: Progress<'_>,
) -> Result<(), RunError> {
    if let Some(obstacle) = explain::exec_obstacle(facts) {
        return Err(RunError::Refused(obstacle.within(&"exec")));
    }
    if let Some(warning) = explain::framebuffer(facts, cmdline) {
        warn(&warning);
    }
    teardown::run(warn, &mut *progress);
    if sync {
        progress(format_args!("writing out all file systems"));
        kexec::sync();
    }
    progress(format_args!("jumping into the loaded image"));
    kexec::reboot().map_err(|error| {
        let found = explain::exec(error.errno, facts);
        RunError::of_command("exec", &error, found)
    })
}
