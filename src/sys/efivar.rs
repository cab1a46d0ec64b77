// SPDX-License-Identifier: GPL-2.0-or-later
//! EFI variables, from efivarfs: those of the boot loader interface, and the firmware's
//! revocations. Layer: effects.

use rustix::fs::{AtFlags, IFlags, OFlags};

use super::SysError;
use super::directory::{Directory, c_path, open_beneath};
use super::mount::{Access, Source, mount};
use crate::formats::entries::efi::{LoaderVariables, VALUE_MAX_BYTES, VENDOR, text};
use crate::formats::image::revocation::{Revocations, VARIABLE_MAX_BYTES};

use alloc::string::String;
use alloc::vec::Vec;
use rustix::fd::AsFd;

const PLACE: &[u8] = b"/sys/firmware/efi/efivars";
const ONE_SHOT: &str = "LoaderEntryOneShot";
/// The vendor GUID is systemd's.
const HIBERNATED: &[u8] = b"HibernateLocation-8cf2644b-4b0b-428f-9387-6d876050dc67";
/// The vendor GUID is EFI_IMAGE_SECURITY_DATABASE_GUID.
const DBX: &str = "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/// The vendor GUID is SHIM_LOCK_GUID. SbatLevel itself is hidden from the operating
/// system.
const SBAT_LEVEL: &str = "SbatLevelRT-605dab50-e046-4300-abb6-3dd810dd8b23";

/// Opens efivarfs, even if it is not mounted. `None` without EFI.
#[inline(never)]
fn open() -> Option<Directory> {
    let place = Directory::open(None, PLACE).ok()?;
    match place.names(b".", 0, &|_| true) {
        Ok(names) if names.is_empty() => mount(&Source::new("efivarfs", ""), Access::Write).ok(),
        _ => Some(place),
    }
}

fn file_name(variable: &str) -> String {
    [variable, "-", VENDOR].concat()
}

/// Reads a variable with its attributes, truncated to `max_bytes`.
fn contents(directory: &Directory, file: &str, max_bytes: usize) -> Option<Vec<u8>> {
    let fd = open_beneath(directory.as_fd(), file.as_bytes(), OFlags::RDONLY).ok()?;
    let file_bytes = rustix::fs::fstat(&fd).ok()?.st_size;
    let mut value = alloc::vec![0; usize::try_from(file_bytes).ok()?.min(max_bytes)];
    // One read, because for each the kernel asks the firmware for the whole variable.
    let read = rustix::io::read(&fd, &mut value[..]).ok()?;
    value.truncate(read);
    Some(value)
}

/// Reads the revocations of the firmware and of shim; empty without EFI.
#[must_use]
pub fn revocations() -> Revocations {
    let Some(directory) = open() else {
        return Revocations::default();
    };
    let value = |file| contents(&directory, file, VARIABLE_MAX_BYTES).unwrap_or_default();
    Revocations {
        dbx: value(DBX),
        sbat_level: value(SBAT_LEVEL),
    }
}

/// Reads the variables of the boot loader interface.
#[must_use]
pub fn read() -> LoaderVariables {
    let Some(directory) = open() else {
        return LoaderVariables::default();
    };
    let value = |variable| {
        text(&contents(
            &directory,
            &file_name(variable),
            VALUE_MAX_BYTES,
        )?)
    };
    LoaderVariables {
        one_shot: value(ONE_SHOT),
        preferred: value("LoaderEntryPreferred"),
        default: value("LoaderEntryDefault"),
        last_booted: value("LoaderEntryLastBooted"),
        device_part_uuid: value("LoaderDevicePartUUID"),
        is_systemd_boot: value("LoaderInfo").is_some_and(|info| info.starts_with("systemd-boot")),
        hibernated: directory.has_file(HIBERNATED),
    }
}

/// Deletes LoaderEntryOneShot. efivarfs protects its files against deletion by a flag,
/// which is cleared first.
///
/// # Errors
/// EROFS, EPERM.
pub fn delete_one_shot() -> Result<(), SysError> {
    let Some(directory) = open() else {
        return Ok(());
    };
    let name = file_name(ONE_SHOT);
    let delete = || -> rustix::io::Result<()> {
        let fd = open_beneath(directory.as_fd(), name.as_bytes(), OFlags::RDONLY)?;
        let flags = rustix::fs::ioctl_getflags(&fd)?;
        rustix::fs::ioctl_setflags(&fd, flags.difference(IFlags::IMMUTABLE))?;
        rustix::fs::unlinkat(&directory, &*c_path(name.as_bytes())?, AtFlags::empty())
    };
    delete().map_err(|errno| SysError::new("unlink", &name, errno))
}
