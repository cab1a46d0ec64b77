// SPDX-License-Identifier: GPL-2.0-or-later
//! The jump into the loaded image, and the end of a load. Layer: effects.

use alloc::string::String;
use alloc::vec::Vec;

use super::events::{Event, Events};
use super::options::ExecOptions;
use super::record::SetAside;
use super::{RunError, teardown};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::size::milliseconds;
use crate::host::Host;
use crate::policy::explain;
use crate::sys::event::{now_us, since_us};
use crate::sys::{SysError, crash_record, kexec, mount};

/// Drops the loaded image, or the crash image.
///
/// # Errors
/// [`RunError::Diagnosed`].
pub fn unload(panic: bool, host: &Host) -> Result<(), RunError> {
    let record = SetAside::new(panic);
    if let Err(error) = kexec::unload(panic) {
        record.restore();
        let found = explain::unload(error.errno, host, panic);
        return Err(RunError::of_command("unload", &error, found));
    }
    if panic {
        crash_record::remove();
    }
    Ok(())
}

/// The effects that a jump would have.
pub struct JumpPlan {
    /// The programs that would run, in this order.
    pub programs: Result<Vec<Vec<u8>>, SysError>,
    /// The file systems that would not be unmounted, if they are known.
    pub writable: Option<Vec<String>>,
    /// The reason why nothing is in the way; or what is.
    pub verdict: Result<&'static str, Diagnosis>,
}

/// Plans a jump; changes nothing.
pub fn plan_jump(force: bool, host: &Host) -> JumpPlan {
    let writable = mount::writable();
    JumpPlan {
        programs: teardown::programs(),
        verdict: may_jump(force, host, writable.as_deref()),
        writable,
    }
}

/// Returns the reason why nothing is in the way of a jump. `mounts` are the file systems
/// that are mounted for writing.
///
/// # Errors
/// The reason not to jump: nothing is loaded, or services may be running and `force` is
/// not set.
fn may_jump(
    force: bool,
    host: &Host,
    mounts: Option<&[String]>,
) -> Result<&'static str, Diagnosis> {
    match explain::exec_blocker(host) {
        Some(blocker) => Err(blocker.within(&"exec")),
        None => may_end(force, host, mounts, "exec"),
    }
}

/// Returns the reason why this system may end.
///
/// # Errors
/// A diagnosis, where services may be running and `force` is not set.
pub fn may_end(
    force: bool,
    host: &Host,
    mounts: Option<&[String]>,
    command: &str,
) -> Result<&'static str, Diagnosis> {
    match force {
        true => Ok("--force"),
        false => explain::services(host, mounts).map_err(|found| found.within(&command)),
    }
}

/// Writes out all file systems, runs the programs of [`teardown::DIRECTORY`], writes out
/// what they left, and jumps into the loaded image. Returns only if that fails, or if an
/// image that was loaded to come back has come back. `cmdline` is the next kernel's
/// command line, if it is known.
///
/// # Errors
/// [`RunError::Diagnosed`].
pub fn exec(
    options: &ExecOptions,
    host: &Host,
    cmdline: &[u8],
    events: &mut dyn Events,
) -> Result<(), RunError> {
    let mounts = mount::writable();
    may_jump(options.force, host, mounts.as_deref()).map_err(RunError::Diagnosed)?;
    if let Some(warning) = explain::framebuffer(host, cmdline) {
        events.warn(&warning);
    }
    events.tell(Event::Jumping);
    let started_us = now_us();
    if options.sync {
        // Most is written while the system still runs in full; only what the programs
        // wrote is left for the second time.
        write_out(events);
    }
    teardown::run(events);
    if options.sync {
        write_out(events);
    }
    events.step(format_args!(
        "jumping into the loaded image, {} after the start of exec",
        milliseconds(since_us(started_us))
    ));
    // A /run on a disk would keep the record.
    let record = SetAside::new(false);
    kexec::reboot().map_err(|error| {
        record.restore();
        let found = explain::exec(error.errno, host);
        RunError::of_command("jump", &error, found)
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
