// SPDX-License-Identifier: GPL-2.0-or-later
//! Turns the module's enforce on, or kexec off. Layer: effects.

use alloc::format;
use alloc::string::String;

use super::{RunError, teardown};
use crate::diagnosis::Exit;
use crate::diagnosis::errno::Errno;
use crate::host::Enforce;
use crate::policy::boot::hook::{self, ENFORCE_PATH};
use crate::policy::explain;
use crate::sys::kexec::{self, LoadSwitch, Others};
use crate::sys::{enforce, host};

/// The state of enforce afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enforced {
    /// Neither the kernel command line nor a file requests it.
    NotAsked,
    /// Enforce is on; without lockdown, root can undo it.
    On { is_locked_down: bool },
}

/// The failures on the way to enforce: how modprobe ended, if it was run, and the errno
/// of writing the module's parameter.
type Met = (Option<String>, Option<Errno>);

/// Turns enforce on if that is requested; if that fails, turns kexec off.
///
/// # Errors
/// [`RunError::Diagnosed`], which says what is off and what can still boot.
pub fn enforce_or_switch_off() -> Result<Enforced, RunError> {
    // If the command line cannot be read, it may contain the request.
    let line = host::running_cmdline();
    let by_word = line.is_none_or(|line| hook::parse(&line).enforce);
    if !by_word && !enforce::is_asked_by_file(ENFORCE_PATH) {
        return Ok(Enforced::NotAsked);
    }
    match turn_on() {
        Ok(()) => Ok(Enforced::On {
            is_locked_down: host::read().is_locked_down(),
        }),
        Err(met) => Err(kexec_off(met)),
    }
}

/// Loads the module if necessary, and turns its enforce on.
fn turn_on() -> Result<(), Met> {
    let mut modprobe = None;
    if !enforce::is_module_live() {
        // This also waits for a module that somebody else is loading.
        modprobe = match enforce::load_module(teardown::TIMEOUT_S) {
            Err(error) if error.errno == Errno::ENOENT => Some("is not installed".into()),
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

fn kexec_off((modprobe, write): Met) -> RunError {
    let off = LoadSwitch::open().and_then(|switch| switch.turn_off());
    // The switch does not stop a load that has already begun.
    let others = kexec::settle();
    let now = host::read();
    let why = explain::not_enforced(&now, modprobe, write);
    let still = match off {
        Err(error) => {
            let target = &error.target;
            let what = format!(
                "DANGER: enforce is not on, and kexec cannot be turned off: {target}: {error}"
            );
            return RunError::Diagnosed(why.with_what(&what).with_exit(Exit::Failed));
        }
        Ok(()) if others == Others::UnderWay => "; a load is under way, and may still succeed",
        Ok(()) => match (now.loaded, now.crash_loaded) {
            (Some(false), Some(false)) => "",
            (Some(true), Some(true)) => "; the loaded image and the crash image still boot",
            (Some(true), _) => "; the loaded image still boots",
            (_, Some(true)) => "; the crash image still boots",
            _ => "; an image already loaded still boots",
        },
    };
    let what = ["enforce is not on: kexec is off until reboot", still].concat();
    RunError::Diagnosed(why.with_what(&what))
}
