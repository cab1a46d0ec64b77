// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Keys of encrypted disks for the capture kernel, by configfs.
//!
//! Source: Documentation/admin-guide/kdump/kdump.rst of Linux 6.16, "Write the
//! dump file to encrypted disk volume". The kernel looks the keys up by their
//! descriptions while it loads, and copies them into the reserved memory.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::SysError;

pub const DIRECTORY: &str = "/sys/kernel/config/crash_dm_crypt_keys";
const REUSE: &CStr = c"/sys/kernel/config/crash_dm_crypt_keys/reuse";

/// Descriptions that the kernel knows for as long as this lives.
#[derive(Default)]
pub struct KeyItems {
    directories: Vec<CString>,
    reused: bool,
}

impl KeyItems {
    /// Names each of these logon keys to the kernel.
    ///
    /// # Errors
    /// The errors of mkdir(2), open(2) and write(2); then no item is left.
    pub fn create(descriptions: &[String]) -> Result<KeyItems, SysError> {
        let mut items = KeyItems::default();
        for description in descriptions {
            // Any name will do; this one shows whose key it is.
            let name = description.bytes().map(|byte| match byte {
                b'/' | 0 => b'_',
                byte => byte,
            });
            let path = |end: &[u8]| {
                let mut path = DIRECTORY.as_bytes().to_vec();
                path.push(b'/');
                path.extend(name.clone());
                path.extend(end);
                // The path has no NUL: those in the name were replaced.
                CString::new(path).unwrap_or_default()
            };
            let directory = path(b"");
            match rustix::fs::mkdir(&directory, Mode::from_raw_mode(0o700)) {
                Ok(()) => items.directories.push(directory),
                // The item belongs to somebody else, who also removes it.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(SysError::new("mkdir", description, errno)),
            }
            write(&path(b"/description"), description.as_bytes())
                .map_err(|errno| SysError::new("write", description, errno))?;
        }
        Ok(items)
    }

    /// Has the kernel keep the keys of the image that is loaded now.
    ///
    /// # Errors
    /// EINVAL when there is no such image, or it has no keys.
    pub fn reuse(&mut self) -> Result<(), SysError> {
        write(REUSE, b"1").map_err(|errno| SysError::new("write", "reuse", errno))?;
        self.reused = true;
        Ok(())
    }
}

impl Drop for KeyItems {
    fn drop(&mut self) {
        for directory in &self.directories {
            let _ = rustix::fs::rmdir(directory);
        }
        if self.reused {
            let _ = write(REUSE, b"0");
        }
    }
}

#[inline(never)]
fn write(path: &CStr, text: &[u8]) -> rustix::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())?;
    rustix::io::write(fd, text).map(drop)
}
