// SPDX-License-Identifier: GPL-2.0-or-later
//! Output of a guest on its two serial ports, with times.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Number of lines of the kernel's log that a failure shows.
const TAIL_LINES: usize = 40;

/// One line, and the time from QEMU's start at which it was complete.
#[derive(Clone, Debug)]
pub struct Line {
    pub at: Duration,
    pub text: String,
}

/// Bytes as they came, and the time from QEMU's start at which the last of them did.
#[derive(Clone, Debug)]
pub struct Piece {
    pub at: Duration,
    pub bytes: Vec<u8>,
}

/// Bytes that come within this time are one piece.
const PIECE: Duration = Duration::from_millis(20);

/// Keys to type once a port has shown a text.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) after: String,
    pub(crate) bytes: Vec<u8>,
    /// One by one, and after a while, as a person does.
    pub(crate) is_slow: bool,
}

/// Types on a port once it has shown the text that is waited for.
pub(crate) struct Typist {
    keyboard: File,
    script: VecDeque<Keys>,
    heard: Vec<u8>,
}

impl Typist {
    pub(crate) fn new(keyboard: ChildStdin, script: Vec<Keys>) -> Self {
        Self {
            keyboard: File::from(OwnedFd::from(keyboard)),
            script: script.into(),
            heard: Vec::new(),
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let Some(Keys { after, .. }) = self.script.front() else {
            return;
        };
        self.heard.extend_from_slice(bytes);
        let mut windows = self.heard.windows(after.len());
        if windows.any(|window| window == after.as_bytes())
            && let Some(keys) = self.script.pop_front()
        {
            self.heard.clear();
            if keys.is_slow {
                let keyboard = self.keyboard.try_clone().expect("share the keyboard");
                thread::spawn(move || type_slowly(keyboard, &keys.bytes));
                return;
            }
            // A guest that has ended needs no keys.
            let _ = self.keyboard.write_all(&keys.bytes);
        }
    }
}

fn type_slowly(mut keyboard: File, mut keys: &[u8]) {
    const THOUGHT: Duration = Duration::from_millis(1200);
    const KEY: Duration = Duration::from_millis(70);
    thread::sleep(THOUGHT);
    while !keys.is_empty() {
        // An arrow key is three bytes.
        let bytes = if keys.starts_with(b"\x1b[") { 3 } else { 1 };
        let (key, rest) = keys.split_at(bytes.min(keys.len()));
        if keyboard.write_all(key).is_err() {
            return;
        }
        keys = rest;
        thread::sleep(KEY);
    }
}

/// Reads a port to its end in a separate thread.
pub(crate) fn capture(
    mut port: impl Read + Send + 'static,
    start: Instant,
    mut typist: Option<Typist>,
) -> JoinHandle<(Vec<Line>, Vec<Piece>)> {
    thread::spawn(move || {
        let mut lines = Vec::new();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut raw = Vec::new();
        let mut chunk = [0; 4096];
        let mut line = |raw: &[u8]| {
            let text = String::from_utf8_lossy(raw).trim_end().to_owned();
            let at = start.elapsed();
            lines.push(Line { at, text });
        };
        while let Ok(count) = port.read(&mut chunk) {
            if count == 0 {
                break;
            }
            if let Some(typist) = &mut typist {
                typist.hear(&chunk[..count]);
            }
            let at = start.elapsed();
            match pieces.last_mut() {
                Some(last) if at - last.at < PIECE && last.bytes.len() < chunk.len() => {
                    last.bytes.extend_from_slice(&chunk[..count]);
                }
                _ => pieces.push(Piece {
                    at,
                    bytes: chunk[..count].to_vec(),
                }),
            }
            for byte in &chunk[..count] {
                raw.push(*byte);
                if *byte == b'\n' {
                    line(&raw);
                    raw.clear();
                }
            }
        }
        if !raw.is_empty() {
            line(&raw);
        }
        (lines, pieces)
    })
}

/// Everything that a guest said.
pub struct Transcript {
    /// First port: firmware and kernels.
    pub console: Vec<Line>,
    /// The same as it came, for a terminal.
    pub pieces: Vec<Piece>,
    /// Second port: the scripts' `@@ KEY VALUE` lines.
    pub said: Vec<Line>,
    /// Path of the console's log.
    pub log: PathBuf,
    /// The reason why QEMU was stopped, if it did not end by itself.
    pub stopped: Option<String>,
}

impl Transcript {
    /// Writes both logs to `directory`, to look into failures.
    pub(crate) fn save(&self, directory: &Path) {
        for (name, lines) in [("console.log", &self.console), ("said.log", &self.said)] {
            let text: String = lines
                .iter()
                .map(|line| format!("[{:8.3}] {}\n", line.at.as_secs_f64(), line.text))
                .collect();
            let _ = std::fs::write(directory.join(name), text);
        }
    }

    /// Returns the values said under `key`, in order.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.marks(key).map(|(_, value)| value).collect()
    }

    /// Returns the values said under `key`, with their times.
    pub fn marks(&self, key: &str) -> impl Iterator<Item = (Duration, &str)> {
        self.said.iter().filter_map(move |line| {
            // Firmware writes to this port, too, and may have begun the line.
            let (_, rest) = line.text.split_once("@@ ")?;
            let (word, value) = rest.split_once(' ').unwrap_or((rest, ""));
            (word == key).then_some((line.at, value))
        })
    }

    /// Returns the value said under `key`; fails unless there is exactly one.
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

    /// Fails at a report of KASAN or lockdep, and at a leak with the module in its trace.
    #[track_caller]
    pub(crate) fn expect_no_complaint(&self) {
        for line in &self.console {
            if line.text.contains("BUG: ") || line.text.contains("WARNING: ") {
                self.fail(&line.text);
            }
        }
        if let Some(line) = self.all("leak").iter().find(|line| line.contains("kexec")) {
            self.fail(&format!("leaked memory: {line}"));
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

    /// Panics, and shows what was said and the last lines of the log.
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
