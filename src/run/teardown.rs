// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The programs that run before the jump, to bring devices and file
//! systems into a state that the next kernel finds in order.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::events::Events;
use crate::diagnosis::escape::printable;
use crate::formats::sort::sort;
use crate::sys::SysError;
use crate::sys::directory::Directory;
use crate::sys::process::{self, Ended};

/// Their directory, in an initramfs as well.
pub const DIRECTORY: &str = "/etc/kexec-bpf/pre-exec.d";
/// The time that each may take, in seconds.
pub(super) const TIMEOUT_S: u32 = 30;
const PROGRAMS_MAX: usize = 256;

/// Runs them in the order of their names' bytes. One that fails or takes too
/// long is told and does not stop the jump: by then the running system
/// is half taken down, and going on is the better half.
pub fn run(events: &mut dyn Events) {
    let visible = |name: &[u8]| !name.starts_with(b".");
    let listed = Directory::open(None, DIRECTORY.as_bytes()).and_then(|directory| {
        let names = directory.names(b".", PROGRAMS_MAX, &visible)?;
        Ok((directory, names))
    });
    let (directory, mut names) = match listed {
        Ok(listed) => listed,
        Err(error) => {
            if !error.errno.is_absent() {
                events.warn(&format!("{DIRECTORY}: no program was run: {error}"));
            }
            return;
        }
    };
    sort(&mut names, Vec::cmp);
    for name in names {
        if !directory.has_program(&name) {
            continue;
        }
        let path = [DIRECTORY.as_bytes(), b"/", &name].concat();
        let shown = printable(&path);
        events.step(format_args!("running {shown}"));
        if let Some(what) = failure(process::run(&path, &[], TIMEOUT_S)) {
            events.warn(&format!("{shown} {what}"));
        }
    }
}

/// Returns how a program failed that had [`TIMEOUT_S`]; `None` when it did not.
pub(super) fn failure(result: Result<Ended, SysError>) -> Option<String> {
    Some(match result {
        Ok(Ended::Exited(0)) => return None,
        Ok(Ended::Exited(code)) => format!("ended with {code}"),
        Ok(Ended::Killed(signal)) => format!("was killed by signal {signal}"),
        Ok(Ended::TimedOut) => format!("took more than {TIMEOUT_S} s and was killed"),
        Err(error) => format!("cannot run: {error}"),
    })
}
