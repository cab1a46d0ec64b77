// SPDX-License-Identifier: GPL-2.0-or-later
//! /proc/kexec_bpf: each open file is a session; see bpf/include/kexec_bpf.h. Closing it
//! ends a load that waits for a parser. Layer: effects.
#![allow(unsafe_code)]

use alloc::vec::Vec;
use core::mem::{MaybeUninit, size_of};
use core::slice;

use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{Mode, OFlags, SeekFrom};
use rustix::io::Errno;

use super::SysError;
use super::event::EventFd;
use crate::abi;

/// An open session.
pub struct Session {
    fd: OwnedFd,
    abi_version: u32,
    /// The cookie with which programs are attached for this session; 0 for none.
    pub cookie: u64,
}

fn fail(call: &'static str, errno: Errno) -> SysError {
    SysError::new(call, "/proc/kexec_bpf", errno)
}

impl Session {
    /// Opens a session and registers the two eventfds: the kernel signals `ready` when a
    /// parser is waiting, this program signals `attached`. The module's default timeout
    /// limits the wait. `abi_version` is one that the module supports:
    /// [`abi::common_version`]; `flags` are 0 before version 4.
    ///
    /// # Errors
    /// ENOENT without the module, EPERM without CAP_SYS_BOOT, EINVAL for a version that
    /// the module does not support.
    pub fn open(
        ready: &EventFd,
        attached: &EventFd,
        abi_version: u32,
        flags: u32,
    ) -> Result<Session, SysError> {
        Session::register(abi::Register {
            abi_version,
            ready_fd: ready.as_fd().as_raw_fd(),
            attached_fd: attached.as_fd().as_raw_fd(),
            timeout_ms: 0,
            flags,
            reserved: [0; 11],
        })
    }

    /// Opens a session that serves no parser, only to set `flags` for the loads of this
    /// process. The module must support version 4.
    ///
    /// # Errors
    /// The errors of [`Session::open`].
    pub fn without_parser(flags: u32) -> Result<Session, SysError> {
        Session::register(abi::Register {
            abi_version: abi::ABI_VERSION,
            ready_fd: -1,
            attached_fd: -1,
            timeout_ms: 0,
            flags: flags | abi::REGISTER_NO_PARSER,
            reserved: [0; 11],
        })
    }

    fn register(register: abi::Register) -> Result<Session, SysError> {
        let abi_version = register.abi_version;
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        let fd = rustix::fs::open(abi::PROC_PATH, flags, Mode::empty())
            .map_err(|errno| fail("open", errno))?;
        let size = if abi_version > 3 {
            size_of::<abi::Register>()
        } else {
            abi::REGISTER_BYTES_V3
        };
        // SAFETY: the struct has only 4-byte fields and no padding, so all of its
        // bytes are initialised; it is at least that long and outlives the slice.
        let bytes = unsafe { slice::from_raw_parts((&raw const register).cast::<u8>(), size) };
        rustix::io::retry_on_intr(|| rustix::io::write(&fd, bytes))
            .map_err(|errno| fail("write", errno))?;
        let mut session = Session {
            fd,
            abi_version,
            cookie: 0,
        };
        if register.flags & abi::REGISTER_EARLY != 0 {
            let mut cookie = [0; 8];
            let read = rustix::io::pread(&session.fd, &mut cookie, abi::COOKIE_OFFSET);
            read.map_err(|errno| fail("pread", errno))?;
            session.cookie = u64::from_ne_bytes(cookie);
        }
        Ok(session)
    }

    /// Reads a parser from the kernel's own copy: at offset 0 the one that is waiting to
    /// be attached, at [`abi::UKI_PARSER_OFFSET`] and [`abi::ZBOOT_PARSER_OFFSET`] the
    /// module's.
    ///
    /// # Errors
    /// ENODATA if none is waiting, or no longer; EFBIG if it is larger than the interface
    /// allows.
    pub fn read_parser(&self, offset: u64) -> Result<Vec<u8>, SysError> {
        /// Parsers are 5 to 15 KiB in size.
        const STEP: usize = 16 << 10;
        let start = SeekFrom::Start(offset);
        rustix::fs::seek(&self.fd, start).map_err(|errno| fail("lseek", errno))?;
        let mut bytes = Vec::new();
        loop {
            let done = bytes.len();
            if done > abi::PARSER_MAX_BYTES {
                return Err(fail("read", Errno::FBIG));
            }
            bytes.resize(done.saturating_add(STEP), 0);
            let space = bytes.get_mut(done..).unwrap_or_default();
            let read = rustix::io::retry_on_intr(|| rustix::io::read(&self.fd, &mut *space))
                .map_err(|errno| fail("read", errno))?;
            bytes.truncate(done.saturating_add(read));
            if read == 0 {
                return Ok(bytes);
            }
        }
    }

    /// Returns the kernel's report on this session's last load; `None` if there was none.
    /// Fields that the session's version lacks are 0.
    #[must_use]
    pub fn report(&self) -> Option<abi::Report> {
        let mut report = MaybeUninit::<abi::Report>::zeroed();
        // SAFETY: the slice covers the struct, whose bytes were zeroed.
        let bytes = unsafe {
            slice::from_raw_parts_mut(report.as_mut_ptr().cast::<u8>(), size_of::<abi::Report>())
        };
        let read = rustix::io::pread(&self.fd, bytes, abi::REPORT_OFFSET).ok()?;
        // SAFETY: every bit pattern of its integers and bytes is valid.
        let report = unsafe { report.assume_init() };
        (read >= abi::REPORT_BYTES_V3 && report.abi_version == self.abi_version).then_some(report)
    }
}
