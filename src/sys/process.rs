// SPDX-License-Identifier: GPL-2.0-or-later
//! Runs a program for a limited time, by posix_spawn(3). Layer: effects.
#![allow(unsafe_code)]

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_short};
use core::mem::MaybeUninit;
use core::ptr;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use super::SysError;
use super::event::{now_us, timespec};

/// The time that a killed program may take to end, in seconds.
const KILL_S: u32 = 2;
/// The program's whole environment.
const PATH: &CStr = c"PATH=/usr/sbin:/usr/bin:/sbin:/bin";

/// The way in which a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Exited(i32),
    /// Killed by a signal that somebody else sent.
    Killed(i32),
    /// Killed by this program after its time limit, with its whole process group. It may
    /// still exist if it hangs in the kernel.
    TimedOut,
}

fn spawn(path: &CString, arguments: &[&CStr]) -> Result<Pid, Errno> {
    let mut attributes = MaybeUninit::uninit();
    let mut pid = 0;
    // posix_spawn(3) does not write to the strings, though its type would allow it.
    let mut pointers: Vec<*mut c_char> = alloc::vec![path.as_ptr().cast_mut()];
    pointers.extend(
        arguments
            .iter()
            .map(|argument| argument.as_ptr().cast_mut()),
    );
    pointers.push(ptr::null_mut());
    let environment = [PATH.as_ptr().cast_mut(), ptr::null_mut()];
    // SAFETY: the attributes have room for the C library's structure.
    unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) };
    // A process group of its own (0, as initialised), so that it can be killed with
    // everything that it started.
    // And no signal waits, as SIGPIPE does in this program.
    let flags = libc::POSIX_SPAWN_SETPGROUP | libc::POSIX_SPAWN_SETSIGMASK;
    let flags = c_short::try_from(flags).unwrap_or_default();
    // SAFETY: the attributes have been initialised, with an empty mask.
    unsafe { libc::posix_spawnattr_setflags(attributes.as_mut_ptr(), flags) };
    let mut actions = MaybeUninit::uninit();
    // SAFETY: the actions have room for the C library's structure.
    unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) };
    // Standard output is for this program's own result. Descriptors 0 to 2 are open.
    // SAFETY: the actions have been initialised.
    unsafe { libc::posix_spawn_file_actions_adddup2(actions.as_mut_ptr(), 2, 1) };
    // SAFETY: both lists end with a null pointer, and their strings, the path,
    // the actions and the attributes outlive the call.
    let code = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            path.as_ptr(),
            actions.as_ptr(),
            attributes.as_ptr(),
            pointers.as_ptr(),
            environment.as_ptr(),
        )
    };
    match Pid::from_raw(pid) {
        Some(pid) if code == 0 => Ok(pid),
        _ => Err(Errno::from_raw_os_error(code)),
    }
}

/// Runs the program `path` with `arguments`, for at most `timeout_s` seconds.
///
/// # Errors
/// ENOENT, ENOEXEC, EACCES, ENOMEM, EMFILE.
pub fn run(path: &[u8], arguments: &[&CStr], timeout_s: u32) -> Result<Ended, SysError> {
    let target = String::from_utf8_lossy(path);
    let fail = |call, errno| SysError::new(call, &target, errno);
    let path = CString::new(path).map_err(|_| fail("posix_spawn", Errno::INVAL))?;
    let pid = spawn(&path, arguments).map_err(|errno| fail("posix_spawn", errno))?;
    let kill = || rustix::process::kill_process_group(pid, Signal::KILL);
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| {
        let _ = kill();
        fail("pidfd_open", errno)
    })?;
    let in_time = wait(&pidfd, timeout_s);
    if !in_time {
        let _ = kill();
        // A program that hangs in the kernel does not end then, and is left alone.
        if !wait(&pidfd, KILL_S) {
            return Ok(Ended::TimedOut);
        }
    }
    loop {
        match rustix::process::waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some(_)) if !in_time => return Ok(Ended::TimedOut),
            Ok(Some((_, status))) => {
                return Ok(match status.exit_status() {
                    Some(code) => Ended::Exited(code),
                    None => Ended::Killed(status.terminating_signal().unwrap_or(0)),
                });
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(errno) => return Err(fail("waitpid", errno)),
        }
    }
}

/// Waits for the process; returns whether it ended in time. It stays a zombie, so that
/// its process ID is not reused.
fn wait(pidfd: &OwnedFd, timeout_s: u32) -> bool {
    let end_us = now_us().saturating_add(u64::from(timeout_s) * 1_000_000);
    loop {
        let left_ms = end_us.saturating_sub(now_us()) / 1000;
        let left = timespec(u32::try_from(left_ms).unwrap_or(u32::MAX));
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&left)) {
            Ok(0) => return false,
            Err(Errno::INTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    use super::{Ended, Pid, PidfdFlags, run, wait};

    #[test]
    fn programs_end_by_themselves() {
        assert_eq!(run(b"/bin/true", &[], 20), Ok(Ended::Exited(0)));
        assert_eq!(run(b"/bin/false", &[], 20), Ok(Ended::Exited(1)));
        let exit_with = [c"-c", c"exit $1", c"sh", c"7"];
        assert_eq!(run(b"/bin/sh", &exit_with, 20), Ok(Ended::Exited(7)));
        assert!(run(b"/nonexistent", &[], 20).is_err());
    }

    /// The output of a program is no part of a JSON document.
    #[test]
    fn programs_write_to_standard_error() {
        const IS_INNER: &str = "KEXEC_BPF_IS_INNER";
        if std::env::var_os(IS_INNER).is_some() {
            let ended = run(b"/bin/sh", &[c"-c", c"echo it is told"], 20);
            return assert_eq!(ended, Ok(Ended::Exited(0)));
        }
        // This test itself, with outputs that can be told apart.
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["programs_write_to_standard_error", "--nocapture"])
            .env(IS_INNER, "1")
            .output()
            .unwrap();
        let has = |text: &[u8]| String::from_utf8_lossy(text).contains("it is told");
        assert_eq!((has(&output.stdout), has(&output.stderr)), (false, true));
    }

    /// This program holds SIGPIPE back.
    #[test]
    fn programs_have_the_usual_signals() {
        crate::sys::signals::hold_pipe();
        let held = fs::read_to_string("/proc/thread-self/status").unwrap();
        assert!(held.contains("\nSigBlk:\t0000000000001000\n"), "{held}");
        let script = c"exec grep -q '^SigBlk:.0000000000000000$' /proc/self/status";
        assert_eq!(run(b"/bin/sh", &[c"-c", script], 20), Ok(Ended::Exited(0)));
    }

    #[test]
    fn waiting_for_a_program_that_stays_has_an_end() {
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap();
        assert!(!wait(&pidfd, 0));
        child.kill().unwrap();
        assert!(wait(&pidfd, 20));
        // It is still a zombie.
        assert!(child.wait().is_ok());
    }

    #[test]
    fn a_program_is_ended_with_what_it_has_started() {
        let directory = std::env::temp_dir().join(format!("kexec-bpf.{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (program, started) = (directory.join("program"), directory.join("started"));
        let script = format!(
            "#!/bin/sh\nsleep 1000 &\necho $! >{}\nwait\n",
            started.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let ended = run(program.as_os_str().as_bytes(), &[], 2);
        let pid = fs::read_to_string(&started).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(ended, Ok(Ended::TimedOut));
        // Gone, or a zombie that its new parent has not waited for yet; a signal takes
        // some time.
        let is_dead = || match fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        assert!((0..500).any(|_| {
            crate::sys::event::pause_ms(10);
            is_dead()
        }));
    }
}
