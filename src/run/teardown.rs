// SPDX-License-Identifier: GPL-2.0-or-later
//! The programs that run before the jump, to leave devices and file systems in a state
//! that the next kernel can use. Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::events::Events;
use crate::diagnosis::errno::Errno;
use crate::diagnosis::escape::escaped;
use crate::diagnosis::size::milliseconds;
use crate::formats::sort::sort;
use crate::sys::SysError;
use crate::sys::directory::Directory;
use crate::sys::event::{now_us, since_us};
use crate::sys::process::{self, Ended};

/// The directory of these programs, in an initramfs as well.
pub const DIRECTORY: &str = "/etc/kexec-bpf/pre-exec.d";
/// The time limit of each program, in seconds.
pub(super) const TIMEOUT_S: u32 = 30;
const PROGRAMS_MAX: usize = 256;

/// Returns the paths of the programs, in the byte order of their names; nothing if there
/// is no such directory.
///
/// # Errors
/// The error of a directory that cannot be read.
pub fn programs() -> Result<Vec<Vec<u8>>, SysError> {
    let visible = |name: &[u8]| !name.starts_with(b".");
    let listed = Directory::open(None, DIRECTORY.as_bytes()).and_then(|directory| {
        let names = directory.names(b".", PROGRAMS_MAX, &visible)?;
        Ok((directory, names))
    });
    let (directory, mut names) = match listed {
        Err(error) if error.errno.is_absent() => return Ok(Vec::new()),
        other => other?,
    };
    names.retain(|name| directory.has_program(name));
    sort(&mut names, Vec::cmp);
    let path = |name: Vec<u8>| [DIRECTORY.as_bytes(), b"/", &name].concat();
    Ok(names.into_iter().map(path).collect())
}

/// Runs the programs. One that fails or takes too long is reported but does not stop the
/// jump: by then the running system is partly shut down, and jumping is better than
/// staying.
pub fn run(events: &mut dyn Events) {
    let programs = programs().unwrap_or_else(|error| {
        events.warn(&format!("{DIRECTORY}: no program was run: {error}"));
        Vec::new()
    });
    for path in programs {
        let shown = escaped(&path);
        events.step(format_args!("running {shown}"));
        let started_us = now_us();
        if let Some(what) = failure(process::run(&path, &[], TIMEOUT_S)) {
            events.warn(&format!("{shown} {what}; the jump goes on"));
        }
        let took = milliseconds(since_us(started_us));
        events.step(format_args!("{shown} took {took}"));
    }
}

/// Describes the failure of a program that ran with the limit [`TIMEOUT_S`]; `None` if it
/// succeeded.
pub(super) fn failure(result: Result<Ended, SysError>) -> Option<String> {
    Some(match result {
        Ok(Ended::Exited(0)) => return None,
        Ok(Ended::Exited(code)) => format!("exited with {code}"),
        Ok(Ended::Killed(signal)) => format!("was killed by signal {signal}"),
        Ok(Ended::TimedOut) => format!("took more than {TIMEOUT_S} s and was killed"),
        Err(error) => match error.errno {
            Errno::ENOENT => "could not be run: its interpreter is missing".into(),
            Errno::ENOEXEC => "could not be run: neither a program nor a script with #!".into(),
            _ => format!("could not be run: {error}"),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_said_to_be_missing() {
        let path = std::env::temp_dir().join(format!("pre-exec-{}", std::process::id()));
        for (text, why) in [
            ("#!/gone/sh\n", "its interpreter is missing"),
            ("echo\n", "neither a program nor a script with #!"),
        ] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            let what = failure(process::run(path.as_os_str().as_bytes(), &[], 1));
            assert_eq!(what, Some(format!("could not be run: {why}")));
        }
        std::fs::remove_file(&path).unwrap();
    }
}
