// SPDX-License-Identifier: GPL-2.0-or-later
//! /loader/loader.conf: the default entry and the menu. Spec: loader.conf(5) of systemd.
//! Layer: pure.

use alloc::vec::Vec;

use super::{assignments, unquoted};

/// The time for which the menu waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timeout {
    /// No menu: 0, menu-hidden, menu-disabled, or no such line.
    #[default]
    Hidden,
    Seconds(u32),
    /// menu-force: until a key is pressed.
    Forever,
}

/// The error text for a value that [`seconds`] does not accept.
pub const NOT_SECONDS: &str = "not a number of seconds";

/// The word that means loader.conf's time.
pub const AUTO: &str = "auto";
/// The word that means no limit.
pub const FOREVER: &str = "forever";
/// In the place of a pattern: the entry that was booted last.
pub const SAVED: &[u8] = b"@saved";

/// The requested time of the menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MenuTime {
    /// The time that loader.conf states.
    Auto,
    Given(Timeout),
}

impl MenuTime {
    /// Parses the value of `--menu` or of `rd.kexec_bpf.menu=`. Without a value, the menu
    /// waits until somebody chooses.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<MenuTime> {
        if value == AUTO.as_bytes() {
            return Some(MenuTime::Auto);
        }
        if value.is_empty() || value == FOREVER.as_bytes() {
            return Some(MenuTime::Given(Timeout::Forever));
        }
        timeout(value).map(MenuTime::Given)
    }
}

/// The settings that are used.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoaderConf {
    /// A pattern for ids, or `@saved`; empty when there is none.
    pub default: Vec<u8>,
    /// The same, but an entry without tries left does not count.
    pub preferred: Vec<u8>,
    pub timeout: Timeout,
}

/// Parses the text; ignores lines that are unknown or damaged.
#[must_use]
pub fn parse(text: &[u8]) -> LoaderConf {
    let mut conf = LoaderConf::default();
    for (key, value) in assignments(text) {
        let value = unquoted(value).unwrap_or(value);
        // Of the words with @, there is only one.
        let is_special = value.starts_with(b"@") && !value.eq_ignore_ascii_case(SAVED);
        match key {
            b"default" | b"preferred" if is_special => {}
            b"default" => conf.default = value.to_vec(),
            b"preferred" => conf.preferred = value.to_vec(),
            b"timeout" => {
                if let Some(timeout) = timeout(value) {
                    conf.timeout = timeout;
                }
            }
            _ => {}
        }
    }
    conf
}

/// Parses the value of `timeout`.
#[must_use]
pub fn timeout(value: &[u8]) -> Option<Timeout> {
    match value {
        b"menu-force" => Some(Timeout::Forever),
        b"menu-hidden" | b"menu-disabled" => Some(Timeout::Hidden),
        _ => match seconds(value)? {
            0 => Some(Timeout::Hidden),
            seconds => Some(Timeout::Seconds(seconds)),
        },
    }
}

/// Parses a number of seconds.
#[must_use]
pub fn seconds(value: &[u8]) -> Option<u32> {
    let digits = value.iter().all(u8::is_ascii_digit);
    let text = core::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok()
}
