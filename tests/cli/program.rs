// SPDX-License-Identifier: GPL-2.0-or-later
//! Runs the program in a directory of the test's own, with a time limit.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kexec-bpf");
const TIMEOUT: Duration = Duration::from_secs(20);

/// An empty directory that is removed at the end.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(test: &str) -> Directory {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.join(name.as_ref())
    }

    pub fn file(&self, name: impl AsRef<OsStr>, contents: &[u8]) {
        fs::write(self.path(name), contents).unwrap();
    }

    /// Returns a command that runs in this directory.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// Returns a command that runs in this directory, on a kernel that has this text for
    /// its lockdown levels, whatever the host has.
    pub fn command_under(&self, lockdown: &str, program: &str) -> Command {
        const SCRIPT: &str = "mount -t tmpfs tmpfs /sys/kernel/security
echo \"$1\" >/sys/kernel/security/lockdown
shift
exec \"$0\" \"$@\"";
        let mut command = self.command("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-ec", SCRIPT]);
        command.args([program, lockdown]);
        command
    }

    /// Runs the program with these words.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Run {
        let arguments: Vec<_> = arguments.iter().map(|word| word.as_bytes()).collect();
        self.run_bytes(&arguments)
    }

    /// Runs the program with these words on a kernel that demands no signatures.
    #[track_caller]
    pub fn run_unlocked(&self, arguments: &[&str]) -> Run {
        let mut command = self.command_under("[none] integrity", PROGRAM);
        add_words(&mut command, arguments);
        finish(&mut command).on_any_host()
    }

    #[track_caller]
    pub fn run_bytes(&self, arguments: &[&[u8]]) -> Run {
        let mut command = self.command(PROGRAM);
        let words: Vec<_> = arguments.iter().copied().map(OsStr::from_bytes).collect();
        add_words(&mut command, &words);
        finish(&mut command).on_any_host()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Adds the words of a command line. The services of this host keep no test from booting.
pub fn add_words<Word: AsRef<OsStr>>(command: &mut Command, words: &[Word]) {
    command.args(words);
    if words.first().is_some_and(|word| word.as_ref() == "boot") {
        command.arg("--force");
    }
}

/// Result of a run of the program.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `command` to its end.
#[track_caller]
pub fn finish(command: &mut Command) -> Run {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = wait(command.spawn().unwrap());
    Run::from_output(&output)
}

/// Waits for a program whose output fits a pipe's buffer.
#[track_caller]
pub fn wait(mut child: Child) -> Output {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > TIMEOUT {
            child.kill().unwrap();
            panic!("the program hangs");
        }
        sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

impl Run {
    /// Removes what a dry run says because this host's kernel would refuse the load: the
    /// first line, the report, and the exit code. The images of these tests are sound.
    #[track_caller]
    pub fn on_any_host(mut self) -> Run {
        if let Some(plan) = self.stdout.strip_prefix("would fail    ") {
            assert!([1, 4].contains(&self.code), "{self:?}");
            let (why, plan) = plan.split_once('\n').expect("a line");
            let report = self.stderr.rfind("kexec-bpf: load ").expect("a report");
            assert!(self.stderr[report..].contains(why), "{self:?}");
            self.stdout = plan.into();
            self.stderr.truncate(report);
            self.code = 0;
        }
        self
    }

    /// Checks what every run must fulfil: no signal, no panic, no control characters.
    #[track_caller]
    fn from_output(output: &Output) -> Run {
        assert_eq!(output.status.signal(), None, "{output:?}");
        let run = Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        };
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains("panicked"), "{run:?}");
            assert!(!text.contains("internal error"), "{run:?}");
            assert!(text.is_empty() || text.ends_with('\n'), "{run:?}");
            let raw = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(raw), "{run:?}");
        }
        run
    }

    /// Expects a failure with nothing on stdout, and this text on stderr.
    #[track_caller]
    pub fn fails(&self, code: i32, stderr: &str) {
        let found = (self.code, self.stderr.as_str(), self.stdout.as_str());
        assert_eq!(found, (code, stderr, ""));
    }
}
