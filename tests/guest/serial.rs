// SPDX-License-Identifier: GPL-2.0-or-later
//! What a guest said on its two serial ports, and when.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How much of the kernel's log a failure shows.
const TAIL_LINES: usize = 40;

/// One line and when it was complete, counted from QEMU's start.
#[derive(Clone, Debug)]
pub struct Line {
    pub at: Duration,
    pub text: String,
}

/// Reads a port to its end in a thread of its own.
pub fn capture(port: impl Read + Send + 'static, start: Instant) -> JoinHandle<Vec<Line>> {
    thread::spawn(move || {
        let mut lines = Vec::new();
        let mut reader = BufReader::new(port);
        let mut raw = Vec::new();
        while let Ok(count) = reader.read_until(b'\n', &mut raw) {
            if count == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&raw).trim_end().to_owned();
            lines.push(Line {
                at: start.elapsed(),
                text,
            });
            raw.clear();
        }
        lines
    })
}

/// All that one guest said.
pub struct Transcript {
    /// First port: firmware and kernels.
    pub console: Vec<Line>,
    /// Second port: the scripts' `@@ KEY VALUE` lines.
    pub said: Vec<Line>,
    /// Where the console's log lies.
    pub log: PathBuf,
    /// Why QEMU was stopped, when it did not end by itself.
    pub stopped: Option<String>,
}

impl Transcript {
    /// Writes the logs beside each other for whoever looks into a failure.
    pub fn save(&self, folder: &Path) {
        for (name, lines) in [("console.log", &self.console), ("said.log", &self.said)] {
            let text: String = lines
                .iter()
                .map(|line| format!("[{:8.3}] {}\n", line.at.as_secs_f64(), line.text))
                .collect();
            let _ = std::fs::write(folder.join(name), text);
        }
    }

    /// The values said under `key`, in order.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.marks(key).map(|(_, value)| value).collect()
    }

    /// The values said under `key` with their times.
    pub fn marks(&self, key: &str) -> impl Iterator<Item = (Duration, &str)> {
        self.said.iter().filter_map(move |line| {
            // Firmware writes to this port too, and may have begun the line.
            let (_, rest) = line.text.split_once("@@ ")?;
            let (word, value) = rest.split_once(' ').unwrap_or((rest, ""));
            (word == key).then_some((line.at, value))
        })
    }

    /// The one value under `key`; fails with the log when there is not just one.
    #[track_caller]
    pub fn one(&self, key: &str) -> &str {
        let values = self.all(key);
        let [value] = values.as_slice() else {
            self.fail(&format!(
                "'{key}' was said {} times, not once",
                values.len()
            ));
        };
        value
    }

    #[track_caller]
    pub fn expect(&self, key: &str, value: &str) {
        let found = self.one(key);
        if found != value {
            self.fail(&format!("{key} is '{found}', not '{value}'"));
        }
    }

    /// Fails unless the guest's last script ran to its end.
    #[track_caller]
    pub fn expect_end(&self) {
        if let Some(why) = &self.stopped {
            self.fail(why);
        }
        if self.all("end").is_empty() {
            self.fail("the guest powered off before its script's end");
        }
    }

    /// Shows what there is to see, then panics.
    #[track_caller]
    pub fn fail(&self, why: &str) -> ! {
        let tail = self.console.len().saturating_sub(TAIL_LINES);
        let mut report = format!("{why}\n--- said:\n");
        for line in &self.said {
            report += &format!("[{:8.3}] {}\n", line.at.as_secs_f64(), line.text);
        }
        report += "--- last lines of the console:\n";
        for line in self.console.iter().skip(tail) {
            report += &format!("[{:8.3}] {}\n", line.at.as_secs_f64(), line.text);
        }
        report += &format!("--- whole log: {}", self.log.display());
        panic!("{report}");
    }
}
