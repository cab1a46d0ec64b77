// SPDX-License-Identifier: GPL-2.0-or-later
//! /loader/loader.conf: the default entry and the menu. Layer: pure.
//! Spec: loader.conf(5) of systemd.

use alloc::vec::Vec;

use super::assignments;

/// The time that the menu waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timeout {
    /// No menu: 0, menu-hidden, menu-disabled, or no such line.
    #[default]
    Hidden,
    Seconds(u32),
    /// menu-force: until a key.
    Forever,
}

/// The error of a value that [`seconds`] does not read.
pub const NOT_SECONDS: &str = "not a number of seconds";

/// The word that stands for loader.conf's time.
pub const AUTO: &str = "auto";

/// The time for which somebody wants the menu to be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MenuTime {
    /// loader.conf says it.
    Auto,
    Given(Timeout),
}

impl MenuTime {
    /// Takes what `--menu` says, or the kernel command line.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<MenuTime> {
        if value == AUTO.as_bytes() {
            return Some(MenuTime::Auto);
        }
        Some(MenuTime::Given(match seconds(value)? {
            0 => Timeout::Forever,
            seconds => Timeout::Seconds(seconds),
        }))
    }
}

/// The settings of the file that are used.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoaderConf {
    /// A pattern of ids, or `@saved`; empty when there is none.
    pub default: Vec<u8>,
    /// The same, for an entry that is not bad.
    pub preferred: Vec<u8>,
    pub timeout: Timeout,
}

/// Parses the text; what is unknown or damaged is as if it were not there.
#[must_use]
pub fn parse(text: &[u8]) -> LoaderConf {
    let mut conf = LoaderConf::default();
    for (key, value) in assignments(text) {
        match key {
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

/// The value of `timeout` and of `--menu`.
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

/// A number of seconds.
#[must_use]
pub fn seconds(value: &[u8]) -> Option<u32> {
    let digits = value.iter().all(u8::is_ascii_digit);
    let text = core::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok()
}
