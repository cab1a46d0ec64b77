// SPDX-License-Identifier: GPL-2.0-or-later
//! kexec_file_load(2), the unloading part of kexec_load(2), and reboot(2) with
//! LINUX_REBOOT_CMD_KEXEC. Layer: effects.
#![allow(unsafe_code)]

use core::ffi::{CStr, c_int, c_long, c_ulong};
use core::ptr;

use rustix::fd::{AsRawFd, BorrowedFd};

use super::crash_record;
use super::event;
use super::file::{KernelFile, exists, read_kernel_file};
use super::{SysError, capability, last_errno, progress};
use crate::policy::plan::Flags;

/// The number of waits for another load, 30 s in all. A load takes as long as the kernel
/// needs to read and copy its files.
pub(super) const SETTLE_TRIES: u32 = 300;
const SETTLE_TRY_MS: u32 = 100;

/// Waits a little for another load.
pub(super) fn wait_for_other() {
    progress::wait();
    event::pause_ms(SETTLE_TRY_MS);
}
/// Not a descriptor of any file; the kernel ignores it if it needs none.
const NO_FD: c_int = -1;

fn check(result: c_long) -> rustix::io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(last_errno())
    }
}

/// `kexec_file_load(kernel_fd, initrd_fd, cmdline_len, cmdline, flags)`: makes the kernel
/// read, verify and load an image. Blocks until that is done.
///
/// Without `initrd`, `flags` must contain NO_INITRAMFS. A crash image that is loaded already
/// is dropped first, so its record is removed.
///
/// # Errors
/// The kernel's error number, which `explain` interprets.
pub fn file_load(
    kernel: BorrowedFd<'_>,
    initrd: Option<BorrowedFd<'_>>,
    cmdline: &CStr,
    flags: Flags,
) -> Result<(), SysError> {
    let initrd_fd = initrd.map_or(NO_FD, |fd| fd.as_raw_fd());
    if flags.is_panic() {
        crash_record::remove();
    }
    // SAFETY: both descriptors stay open during the call, and `cmdline` has the length
    // that is passed, with its NUL.
    let result = unsafe {
        libc::syscall(
            libc::SYS_kexec_file_load,
            kernel.as_raw_fd(),
            initrd_fd,
            cmdline.to_bytes_with_nul().len(),
            cmdline.as_ptr(),
            flags.bits(),
        )
    };
    check(result).map_err(|errno| SysError::new("kexec_file_load", "", errno))
}

fn file_unload(flags: Flags) -> rustix::io::Result<()> {
    // SAFETY: with UNLOAD the kernel reads only the flags.
    check(unsafe {
        libc::syscall(
            libc::SYS_kexec_file_load,
            NO_FD,
            NO_FD,
            0 as c_ulong,
            ptr::null::<u8>(),
            flags.bits(),
        )
    })
}

fn classic_unload(panic: bool) -> rustix::io::Result<()> {
    let flags = c_long::from(if panic { libc::KEXEC_ON_CRASH } else { 0 });
    // SAFETY: no segments are passed, so no memory is read.
    check(unsafe {
        libc::syscall(
            libc::SYS_kexec_load,
            0 as c_ulong,
            0 as c_ulong,
            ptr::null::<u8>(),
            flags,
        )
    })
}

/// Unloads the image for `exec`, or the crash image. Succeeds if there is none.
///
/// Uses kexec_file_load, which works under lockdown as well, or kexec_load if the kernel
/// has only that.
///
/// # Errors
/// The error of the call that was tried last.
pub fn unload(panic: bool) -> Result<(), SysError> {
    match file_unload(Flags::unload(panic)) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::NOSYS) => {
            classic_unload(panic).map_err(|errno| SysError::new("kexec_load", "", errno))
        }
        Err(errno) => Err(SysError::new("kexec_file_load", "", errno)),
    }
}

/// Returns which of the two system calls this kernel has: (kexec_file_load, kexec_load).
/// Returns `None` if they could not be probed safely.
///
/// They are called without CAP_SYS_BOOT, so that the kernel answers EPERM before it does
/// anything, and in particular before it counts a call against kexec_load_limit_*.
#[must_use]
pub fn probe_calls() -> Option<(bool, bool)> {
    capability::without_sys_boot(|| {
        (
            file_unload(Flags::unload(false)) != Err(rustix::io::Errno::NOSYS),
            classic_unload(false) != Err(rustix::io::Errno::NOSYS),
        )
    })
}

/// The file kernel.kexec_load_disabled, open for writing.
pub struct LoadSwitch(KernelFile);

impl LoadSwitch {
    /// Opens the switch, even if /proc is not mounted.
    ///
    /// # Errors
    /// The errors of [`KernelFile::open`].
    pub fn open() -> Result<LoadSwitch, SysError> {
        KernelFile::open("/proc/sys/kernel/kexec_load_disabled").map(LoadSwitch)
    }

    /// Makes this kernel refuse every load and unload from now on. The next kernel starts
    /// unlocked.
    ///
    /// # Errors
    /// The errors of [`KernelFile::write`].
    pub fn turn_off(&self) -> Result<(), SysError> {
        self.0.write("1")
    }
}

/// Loads and unloads by others, as seen by [`settle`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Others {
    /// There were none, or the kernel does not say.
    None,
    /// One was under way, and has ended.
    Ended,
    /// One is still under way.
    UnderWay,
}

/// Waits for a load that began before [`LoadSwitch::turn_off`], which does not stop it.
#[must_use]
pub fn settle() -> Others {
    for tries in 0..SETTLE_TRIES {
        if !is_locked() {
            return if tries == 0 {
                Others::None
            } else {
                Others::Ended
            };
        }
        wait_for_other();
    }
    Others::UnderWay
}

/// Returns whether the kernel's kexec lock is held. While it is held, the kernel does not
/// report how much memory is reserved for a crash image.
fn is_locked() -> bool {
    [
        "/sys/kernel/kexec/crash_size",
        "/sys/kernel/kexec_crash_size",
    ]
    .iter()
    .any(|path| exists(path) && read_kernel_file(path, 1).is_none())
}

/// `sync()`: writes the dirty pages of all file systems to their devices.
pub fn sync() {
    rustix::fs::sync();
}

/// `reboot(LINUX_REBOOT_CMD_KEXEC)`: jumps into the loaded image. Does not
/// return unless that image comes back (KEXEC_PRESERVE_CONTEXT).
///
/// # Errors
/// EINVAL if nothing is loaded, EPERM, EBUSY.
pub fn reboot() -> Result<(), SysError> {
    rustix::system::reboot(rustix::system::RebootCommand::Kexec)
        .map_err(|errno| SysError::new("reboot", "", errno))
}
