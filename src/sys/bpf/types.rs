// SPDX-License-Identifier: GPL-2.0-or-later
//! BTF in the kernel: BPF_BTF_GET_NEXT_ID, BPF_BTF_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD.
//! Layer: effects.
#![allow(unsafe_code)]

use alloc::vec;
use alloc::vec::Vec;
use core::ffi::{CStr, c_int};
use core::ptr;

use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::io::Errno;

use super::{SysError, address_mut, attr, bpf, bpf_fd, command, descriptor, fail, length};

/// The BTF of the kernel or of a module.
pub struct KernelTypes {
    pub fd: OwnedFd,
    pub bytes: Vec<u8>,
}

impl KernelTypes {
    /// Returns the descriptor, by which instructions name the BTF.
    #[must_use]
    pub fn raw(&self) -> c_int {
        self.fd.as_raw_fd()
    }

    /// Finds BTF by the name of a module. Returns `None` if the kernel has
    /// none, or if the module's does not match this kernel.
    ///
    /// # Errors
    /// EPERM.
    pub fn of(name: &str) -> Result<Option<KernelTypes>, SysError> {
        let mut next = attr::NextId::default();
        loop {
            // SAFETY: `next` contains no pointers.
            match unsafe { bpf(command::BTF_GET_NEXT_ID, &mut next) } {
                Ok(_) => next.start_id = next.next_id,
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(fail("BPF_BTF_GET_NEXT_ID")(errno)),
            }
            let mut id = attr::BtfById {
                btf_id: next.next_id,
            };
            // SAFETY: `id` contains no pointers.
            let fd = match unsafe { bpf_fd(command::BTF_GET_FD_BY_ID, &mut id) } {
                Ok(fd) => fd,
                // The BTF was removed in between.
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(fail("BPF_BTF_GET_FD_BY_ID")(errno)),
            };
            if let Some(bytes) = bytes_of(&fd, name)? {
                return Ok(Some(KernelTypes { fd, bytes }));
            }
        }
    }
}

/// Returns the bytes of the BTF `fd`, if it is the kernel's or a module's and has this
/// name.
fn bytes_of(fd: &OwnedFd, name: &str) -> Result<Option<Vec<u8>>, SysError> {
    let mut found = [0; attr::MODULE_NAME_BYTES];
    let info = info(fd, &mut [], &mut found)?;
    let found = CStr::from_bytes_until_nul(&found).unwrap_or_default();
    if info.kernel_btf == 0 || found.to_bytes() != name.as_bytes() {
        return Ok(None);
    }
    let mut bytes = vec![0; info.btf_size as usize];
    self::info(fd, &mut bytes, &mut [])?;
    Ok(Some(bytes))
}

/// Returns the kernel's description of the BTF, and fills `types` and `name` as far as
/// they go.
fn info(fd: &OwnedFd, types: &mut [u8], name: &mut [u8]) -> Result<attr::BtfInfo, SysError> {
    let mut info = attr::BtfInfo {
        btf_size: length(types),
        btf: address_mut(types),
        name_len: length(name),
        name: address_mut(name),
        ..attr::BtfInfo::default()
    };
    let mut get = attr::ObjectInfo {
        bpf_fd: descriptor(fd.as_fd()),
        info_len: u32::try_from(size_of::<attr::BtfInfo>()).unwrap_or(0),
        info: ptr::from_mut(&mut info).expose_provenance() as u64,
    };
    // SAFETY: `get` points to `info`, of that size, and `info` to slices of the sizes
    // beside them.
    let done = unsafe { bpf(command::OBJ_GET_INFO_BY_FD, &mut get) };
    done.map(|_| info).map_err(fail("BPF_OBJ_GET_INFO_BY_FD"))
}
