// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Opens the input, makes a plan and performs it.
//!
//! All that is taken on the way (descriptors, anonymous files, threads, the
//! attached parser) is released by its owner's drop, whatever fails; the kernel
//! keeps no half-loaded image.

mod companions;
mod crash;
mod error;
mod handshake;
mod initrd;
mod inputs;
mod load;

use core::fmt;

pub use companions::{OnSkip, Refusal, Skipped};
pub use crash::{Preflight, preflight};
pub use error::{CallFailure, RunError};
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
/// [`RunError::Call`].
pub fn unload(panic: bool, facts: &Facts) -> Result<(), RunError> {
    kexec::unload(panic).map_err(|error| {
        let explanation = explain::unload(error.errno, facts, panic);
        RunError::call("unload", error, explanation)
    })?;
    if panic {
        note::remove();
    }
    Ok(())
}

/// Jumps into the loaded image. Returns only when that failed, or when an image
/// that was loaded to come back has come back.
///
/// # Errors
/// [`RunError::Exec`] when it is known beforehand, else [`RunError::Call`].
pub fn exec(sync: bool, facts: &Facts, progress: Progress<'_>) -> Result<(), RunError> {
    if let Some(explanation) = explain::exec_obstacle(facts) {
        return Err(RunError::Exec { explanation });
    }
    if sync {
        progress(format_args!("writing out all file systems"));
        kexec::sync();
    }
    progress(format_args!("jumping into the loaded image"));
    kexec::reboot().map_err(|error| {
        let explanation = explain::exec(error.errno, facts);
        RunError::call("exec", error, explanation)
    })
}
