// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The boot loader interface's EFI variables, from efivarfs.

use rustix::fs::{AtFlags, IFlags, OFlags};

use super::SysError;
use super::directory::{Directory, c_path, open_beneath};
use super::mount::{Access, mount};
use crate::boot::efi::{LoaderVariables, VALUE_MAX_BYTES, VENDOR, text};

use alloc::string::String;
use rustix::fd::AsFd;

const PLACE: &[u8] = b"/sys/firmware/efi/efivars";
const ONE_SHOT: &str = "LoaderEntryOneShot";

/// Opens efivarfs, also where nobody has mounted it. `None` without EFI.
fn open() -> Option<Directory> {
    let place = Directory::open(None, PLACE).ok()?;
    match place.names(b".", 0, &|_| true) {
        Ok(names) if names.is_empty() => mount("efivarfs", "", Access::Write).ok(),
        _ => Some(place),
    }
}

fn file_name(variable: &str) -> String {
    [variable, "-", VENDOR].concat()
}

/// Reads them all.
#[must_use]
pub fn read() -> LoaderVariables {
    let Some(folder) = open() else {
        return LoaderVariables::default();
    };
    let value = |variable| {
        let name = file_name(variable);
        let fd = open_beneath(folder.as_fd(), name.as_bytes(), OFlags::RDONLY).ok()?;
        let mut value = alloc::vec![0; VALUE_MAX_BYTES];
        let read = rustix::io::read(&fd, &mut value[..]).ok()?;
        text(value.get(..read)?)
    };
    LoaderVariables {
        one_shot: value(ONE_SHOT),
        default: value("LoaderEntryDefault"),
        last_booted: value("LoaderEntryLastBooted"),
        device_part_uuid: value("LoaderDevicePartUUID"),
    }
}

/// Deletes LoaderEntryOneShot. efivarfs protects its files against that, until
/// they are told otherwise.
///
/// # Errors
/// EROFS, EPERM.
pub fn delete_one_shot() -> Result<(), SysError> {
    let Some(folder) = open() else {
        return Ok(());
    };
    let name = file_name(ONE_SHOT);
    let delete = || -> rustix::io::Result<()> {
        let fd = open_beneath(folder.as_fd(), name.as_bytes(), OFlags::RDONLY)?;
        let flags = rustix::fs::ioctl_getflags(&fd)?;
        rustix::fs::ioctl_setflags(&fd, flags.difference(IFlags::IMMUTABLE))?;
        rustix::fs::unlinkat(&folder, &*c_path(name.as_bytes())?, AtFlags::empty())
    };
    delete().map_err(|errno| SysError::new("unlink", &name, errno))
}
