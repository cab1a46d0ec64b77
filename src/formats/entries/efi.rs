// SPDX-License-Identifier: GPL-2.0-or-later
//! The boot loader interface's EFI variables, as efivarfs gives them. Spec:
//! systemd.io/BOOT_LOADER_INTERFACE. Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;

/// The vendor GUID of all of these variables.
pub const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// The length of the longest variable that is read, in bytes.
pub const VALUE_MAX_BYTES: usize = 4096;

/// The EFI variables through which the boot loader and the system communicate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoaderVariables {
    /// The default entry for the next boot only.
    pub one_shot: Option<String>,
    /// The default entry, unless its tries are used up; before all but the one-shot entry.
    pub preferred: Option<String>,
    /// The default entry, which overrides `default` of loader.conf.
    pub default: Option<String>,
    /// The entry that `@saved` stands for.
    pub last_booted: Option<String>,
    /// The ESP that the firmware started from.
    pub device_part_uuid: Option<String>,
    /// True if systemd-boot has started the running system (LoaderInfo).
    pub is_systemd_boot: bool,
    /// True if systemd has written where a hibernated system is (HibernateLocation).
    pub hibernated: bool,
}

impl LoaderVariables {
    /// Leaves only what is about the machine, for entries of another boot loader.
    pub fn forget_loader(&mut self) {
        *self = LoaderVariables {
            hibernated: self.hibernated,
            ..LoaderVariables::default()
        };
    }
}

/// Returns the text in a variable: attributes (u32), then UTF-16LE up to a NUL. `None`
/// when the bytes are not such a text, or when the text is empty.
#[must_use]
pub fn text(value: &[u8]) -> Option<String> {
    let units: Vec<u16> = value
        .get(4..)?
        .chunks_exact(2)
        .map(|pair| {
            pair.iter()
                .rev()
                .fold(0, |unit, byte| unit << 8 | u16::from(*byte))
        })
        .take_while(|unit| *unit != 0)
        .collect();
    let text = String::from_utf16(&units).ok()?;
    (!text.is_empty()).then_some(text)
}
