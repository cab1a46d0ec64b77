// SPDX-License-Identifier: GPL-2.0-or-later
//! Messages that the kernel has logged since some moment, from /dev/kmsg. Record format:
//! the kernel's Documentation/ABI/testing/dev-kmsg. Layer: effects.

use alloc::string::String;
use alloc::vec::Vec;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, SeekFrom};
use rustix::io::Errno;

/// The size of the longest record that the kernel returns, CONSOLE_EXT_LOG_MAX.
const RECORD_BYTES: usize = 8192;
/// Limit on the number of records to read, because others may be logging, too.
const RECORDS_MAX: usize = 512;

/// A position in the kernel's log.
pub struct LogMark(OwnedFd);

impl LogMark {
    /// Marks the present end of the log. `None` if the log cannot be read: no /dev/kmsg,
    /// or dmesg_restrict.
    #[must_use]
    pub fn now() -> Option<LogMark> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(c"/dev/kmsg", flags, Mode::empty()).ok()?;
        rustix::fs::seek(&fd, SeekFrom::End(0)).ok()?;
        Some(LogMark(fd))
    }

    /// Returns the messages logged since the mark that `wanted` accepts, each of them
    /// once.
    #[must_use]
    pub fn messages(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut record = alloc::vec![0; RECORD_BYTES];
        let mut messages = Vec::new();
        for _ in 0..RECORDS_MAX {
            let read = match rustix::io::read(&self.0, &mut record[..]) {
                Ok(read) => read,
                // Records were overwritten before they were read; continue with the
                // oldest that is left.
                Err(Errno::PIPE) => continue,
                Err(_) => break,
            };
            let text = String::from_utf8_lossy(record.get(..read).unwrap_or_default());
            // "level,sequence,time,flags;message\n key=value…"
            let message = text
                .split_once(';')
                .map(|(_, rest)| rest.lines().next().unwrap_or_default())
                .unwrap_or_default();
            if wanted(message) && !messages.iter().any(|seen| seen == message) {
                messages.push(message.into());
            }
        }
        messages
    }
}
