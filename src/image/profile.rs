// SPDX-License-Identifier: GPL-2.0-or-later
//! What a `.profile` section says of its profile.
//!
//! Layer: pure. Spec: UAPI.5 Unified Kernel Image, "Multi-Profile UKIs".
use super::env_file::value;
use alloc::string::String;

/// `ID=` is for scripts, `TITLE=` for people; a profile may lack either.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProfileText {
    pub id: Option<String>,
    pub title: Option<String>,
}

/// Parses the contents of a `.profile` section.
pub fn parse(text: &[u8]) -> ProfileText {
    ProfileText {
        id: value(text, "ID"),
        title: value(text, "TITLE"),
    }
}
