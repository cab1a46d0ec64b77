// SPDX-License-Identifier: GPL-2.0-or-later
//! The kinds of values that flags take: names, checks, and parsed values. Layer: effects.

use core::str;

use crate::formats::entries::loader_conf::{MenuTime, NOT_SECONDS, seconds};

/// The kind of a flag's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    Nothing,
    /// The path of a file. An empty one is reported by the code that opens it, as for an
    /// image.
    File,
    /// The path of a directory.
    Directory,
    /// The path of a block device, or `UUID=` and the like.
    Device,
    /// Any bytes, under this name: words of a kernel command line.
    Bytes(&'static str),
    /// UTF-8, under this name.
    Text(&'static str),
    /// A number of seconds.
    Seconds,
    /// A number of seconds, or `auto` or `forever`.
    MenuTime,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The same after `=`, or nothing.
    Optional(&'static [&'static str]),
}

/// A parsed value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given<'arg> {
    Nothing,
    /// The value of a path, of free bytes or of a choice.
    Bytes(&'arg [u8]),
    Text(&'arg str),
    Seconds(u32),
    MenuTime(MenuTime),
}

impl Value {
    /// Returns the name of the value, as help shows it.
    #[must_use]
    pub fn metavar(self) -> Option<&'static str> {
        match self {
            Value::Nothing | Value::Optional(_) => None,
            Value::File => Some("FILE"),
            Value::Directory => Some("DIR"),
            Value::Device => Some("DEV"),
            Value::Bytes(name) | Value::Text(name) => Some(name),
            Value::Seconds => Some("SECONDS"),
            Value::MenuTime => Some("SECONDS|auto|forever"),
            Value::Choice(_) => Some("WORD"),
        }
    }

    /// Parses a value of this kind.
    ///
    /// # Errors
    /// The text of the error. The caller checks the words of a choice, because it has to
    /// list them.
    pub fn read(self, value: &[u8]) -> Result<Given<'_>, &'static str> {
        match self {
            Value::Nothing => Ok(Given::Nothing),
            Value::File | Value::Bytes(_) | Value::Choice(_) | Value::Optional(_) => {
                Ok(Given::Bytes(value))
            }
            Value::Directory | Value::Device | Value::Text(_) if value.is_empty() => {
                Err("the value is empty")
            }
            Value::Directory | Value::Device => Ok(Given::Bytes(value)),
            Value::Text(_) => str::from_utf8(value)
                .map(Given::Text)
                .map_err(|_| "not UTF-8"),
            Value::Seconds => seconds(value).map(Given::Seconds).ok_or(NOT_SECONDS),
            Value::MenuTime => MenuTime::parse(value)
                .map(Given::MenuTime)
                .ok_or(NOT_SECONDS),
        }
    }
}
