// SPDX-License-Identifier: GPL-2.0-or-later
//! The description of the operating system in an `.osrel` section. Layer: pure.
//!
//! Spec: os-release(5).
use super::env_file::value;
use alloc::vec::Vec;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OsRelease {
    pub id: Option<Vec<u8>>,
    pub name: Option<Vec<u8>>,
    pub pretty_name: Option<Vec<u8>>,
    pub version: Option<Vec<u8>>,
    pub version_id: Option<Vec<u8>>,
    pub image_id: Option<Vec<u8>>,
    pub image_version: Option<Vec<u8>>,
    pub build_id: Option<Vec<u8>>,
}

impl OsRelease {
    /// Returns the system's name in one line: the first of PRETTY_NAME, NAME, IMAGE_ID
    /// and ID that is not empty.
    pub fn title(&self) -> Option<&[u8]> {
        [&self.pretty_name, &self.name, &self.image_id, &self.id]
            .into_iter()
            .filter_map(|name| name.as_deref())
            .find(|name| !name.is_empty())
    }
}

/// Parses the contents of an `.osrel` section.
pub fn parse(text: &[u8]) -> OsRelease {
    OsRelease {
        id: value(text, "ID"),
        name: value(text, "NAME"),
        pretty_name: value(text, "PRETTY_NAME"),
        version: value(text, "VERSION"),
        version_id: value(text, "VERSION_ID"),
        image_id: value(text, "IMAGE_ID"),
        image_version: value(text, "IMAGE_VERSION"),
        build_id: value(text, "BUILD_ID"),
    }
}
