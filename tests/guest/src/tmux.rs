// SPDX-License-Identifier: GPL-2.0-or-later
//! A terminal of 80 columns and 24 rows, which tmux emulates: what a person would see of a
//! program, and keys for it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const COLUMNS: &str = "80";
const ROWS: &str = "24";
const TIMEOUT: Duration = Duration::from_secs(120);
/// The time from one look at the screen to the next.
const LOOK: Duration = Duration::from_millis(250);

/// A terminal and the program that runs on it; both end with this value.
pub struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// Runs a program on a new terminal. Its standard error goes to a file.
    pub fn start(directory: &Path, command: &Command, stderr: &Path) -> Self {
        let terminal = Self {
            socket: directory.join("tmux"),
        };
        let mut tmux = terminal.tmux("new-session");
        tmux.args(["-d", "-x", COLUMNS, "-y", ROWS]);
        tmux.args([
            "sh",
            "-c",
            "errors=$1; shift; exec \"$@\" 2>\"$errors\"",
            "sh",
        ]);
        tmux.arg(stderr)
            .arg(command.get_program())
            .args(command.get_args());
        // The screen of a program that has ended can still be read.
        tmux.args([";", "set-option", "-g", "remain-on-exit", "on"]);
        crate::run(&mut tmux);
        terminal
    }

    fn tmux(&self, command: &str) -> Command {
        let mut tmux = crate::host_program("tmux");
        // -u: UTF-8, whatever the locale is.
        tmux.args(["-u", "-f", "/dev/null", "-S"]).arg(&self.socket);
        tmux.arg(command).env_remove("TMUX");
        tmux
    }

    /// Returns the rows that the terminal shows, without the spaces at their ends.
    pub fn rows(&self) -> Vec<String> {
        let output = crate::run(self.tmux("capture-pane").arg("-p"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().map(|row| row.trim_end().to_owned()).collect()
    }

    /// Presses keys, by tmux's names for them.
    pub fn press(&self, keys: &[&str]) {
        crate::run(self.tmux("send-keys").args(keys));
    }

    /// Waits until a row has this text, and returns all rows.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> Vec<String> {
        let start = Instant::now();
        loop {
            let rows = self.rows();
            if rows.iter().any(|row| row.contains(text)) {
                return rows;
            }
            let shown = rows.join("\n");
            assert!(start.elapsed() < TIMEOUT, "no '{text}' on\n{shown}");
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux("kill-server").output();
    }
}
