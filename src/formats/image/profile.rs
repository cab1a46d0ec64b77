// SPDX-License-Identifier: GPL-2.0-or-later
//! The description of a profile in its `.profile` section. Layer: pure.
//!
//! Spec: UAPI.5 Unified Kernel Image, "Multi-Profile UKIs".
use super::env_file::{self, value};
use super::uki::Uki;
use crate::formats::source::{ReadAt, ReadError};
use alloc::vec::Vec;

/// The description of a profile: `ID=` is for scripts, `TITLE=` for users. Either may be
/// missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProfileText {
    pub id: Option<Vec<u8>>,
    pub title: Option<Vec<u8>>,
}

/// Parses the contents of a `.profile` section.
pub fn parse(text: &[u8]) -> ProfileText {
    ProfileText {
        id: value(text, "ID"),
        title: value(text, "TITLE"),
    }
}

/// Returns the number of the profile that `wanted` names by number or ID. `None` when no
/// profile has that ID; a number is not checked.
pub fn find<R: ReadAt + ?Sized>(
    source: &R,
    uki: &Uki,
    wanted: &str,
) -> Result<Option<u32>, ReadError> {
    if let Ok(number) = wanted.parse() {
        return Ok(Some(number));
    }
    for (number, sections) in (0u32..).zip(&uki.profiles) {
        let Some(first) = sections.first() else {
            continue;
        };
        let text = parse(&env_file::read(source, first.slice)?);
        if text.id.as_deref() == Some(wanted.as_bytes()) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}
