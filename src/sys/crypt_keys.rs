// SPDX-License-Identifier: GPL-2.0-or-later
//! Keys of encrypted disks for the capture kernel, through configfs. Layer: effects.
//!
//! Source: Documentation/admin-guide/kdump/kdump.rst of Linux 6.16, "Write the dump file
//! to encrypted disk volume". During a load, the kernel looks up the keys by their
//! descriptions and copies them into the reserved memory.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::SysError;

pub const DIRECTORY: &str = "/sys/kernel/config/crash_dm_crypt_keys";
const REUSE: &CStr = c"/sys/kernel/config/crash_dm_crypt_keys/reuse";

/// Descriptions that are registered with the kernel for as long as this value lives.
#[derive(Default)]
pub struct KeyItems {
    directories: Vec<CString>,
    reused: bool,
}

impl KeyItems {
    /// Registers the description of each of these logon keys with the kernel.
    ///
    /// # Errors
    /// The errors of mkdir(2), open(2) and write(2); no item is left then.
    pub fn create(descriptions: &[String]) -> Result<KeyItems, SysError> {
        let mut items = KeyItems::default();
        for description in descriptions {
            // Any name will do; this one shows which key it is for.
            let name = description.bytes().map(|byte| match byte {
                b'/' | 0 => b'_',
                byte => byte,
            });
            let path = |end: &[u8]| {
                let mut path = DIRECTORY.as_bytes().to_vec();
                path.push(b'/');
                path.extend(name.clone());
                path.extend(end);
                // The path has no NUL: any in the name were replaced.
                CString::new(path).unwrap_or_default()
            };
            let directory = path(b"");
            match rustix::fs::mkdir(&directory, Mode::from_raw_mode(0o700)) {
                Ok(()) => items.directories.push(directory),
                // The item belongs to another process, which will also remove it.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(SysError::new("mkdir", description, errno)),
            }
            write(&path(b"/description"), description.as_bytes())
                .map_err(|errno| SysError::new("write", description, errno))?;
        }
        Ok(items)
    }

    /// Makes the kernel keep the keys of the image that is loaded now.
    ///
    /// # Errors
    /// EINVAL if there is no such image, or it has no keys.
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
