// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice of the device tree in a UKI that fits the machine. Layer: pure.
//!
//! Spec: UAPI.5 Unified Kernel Image, systemd-stub(7): a `.dtbauto` whose first
//! `compatible` is the machine's, else `.dtb`. The `compatible` of the firmware's own
//! device tree takes precedence over the hardware IDs.
use super::fdt;
use super::hwids::{self, Smbios};
use super::uki::{SectionKind, Selection};
use crate::formats::source::{FileSlice, ReadAt, ReadError};
use alloc::vec::Vec;

/// The machine's identity.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Device {
    /// The first `compatible` of the firmware's device tree, if it has one.
    pub compatible: Option<Vec<u8>>,
    pub smbios: Smbios,
}

/// Returns the device tree that the stub would pass to the kernel.
pub fn choose<R: ReadAt + ?Sized>(
    source: &R,
    selection: &Selection,
    device: &Device,
) -> Result<Option<FileSlice>, ReadError> {
    let wanted = match (&device.compatible, selection.get(SectionKind::Hwids)) {
        (Some(compatible), _) => Some(compatible.clone()),
        (None, Some(table)) => hwids::compatible(source, table, &device.smbios)?,
        (None, None) => None,
    };
    if wanted.is_some() {
        for section in selection.all(SectionKind::DtbAuto) {
            if fdt::compatible(source, section.slice)? == wanted {
                return Ok(Some(section.slice));
            }
        }
    }
    Ok(selection.get(SectionKind::Dtb))
}

#[cfg(test)]
mod tests;
