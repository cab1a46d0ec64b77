// SPDX-License-Identifier: GPL-2.0-or-later
//! The flags for programs that call this one. Layer: effects.

use super::value::Value;
use super::{Flag, Id, switch};

pub static LOADED: Flag = switch(
    Id::Loaded,
    "loaded",
    "print nothing; exit with 0 if an image is loaded, else with 1",
);

pub static CRASH_LOADED: Flag = switch(
    Id::CrashLoaded,
    "crash-loaded",
    "the same for a crash image",
);

/// The values of `--json`.
pub const FORMATS: &[&str] = &["pretty", "short", "off"];

pub static JSON: Flag = Flag {
    value: Value::Optional(FORMATS),
    ..switch(Id::Json, "json", "print JSON; also --json=FORM")
};
