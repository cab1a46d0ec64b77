// SPDX-License-Identifier: GPL-2.0-or-later
//! bpf(2): maps, programs and BTF; one command per function. Layer: effects.
//!
//! Each structure is the part of `union bpf_attr` (include/uapi/linux/bpf.h) up to the
//! last field that is used: the kernel takes the rest as 0. tests/abi compares them
//! with the header.
#![allow(unsafe_code)]

use core::ffi::{c_int, c_long};
use core::ptr;

use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::io::Errno;

use super::{SysError, last_errno};

pub mod attr;
mod map;
mod program;
mod types;

pub use map::{MapFd, Value};
pub use program::{Program, Rejected, attach, load_program, load_types};
pub use types::KernelTypes;

/// `enum bpf_cmd`, which libc lacks.
mod command {
    use super::c_long;
    pub const MAP_CREATE: c_long = 0;
    pub const MAP_UPDATE_ELEM: c_long = 2;
    pub const PROG_LOAD: c_long = 5;
    pub const OBJ_GET_INFO_BY_FD: c_long = 15;
    pub const BTF_LOAD: c_long = 18;
    pub const BTF_GET_FD_BY_ID: c_long = 19;
    pub const MAP_FREEZE: c_long = 22;
    pub const BTF_GET_NEXT_ID: c_long = 23;
    pub const LINK_CREATE: c_long = 28;
}

/// `bpf(command, attr, sizeof(attr))`: runs a command of bpf(2).
///
/// # Safety
/// Each pointer in `attr` points to as much memory as the command reads or writes.
unsafe fn bpf<T>(command: c_long, attr: &mut T) -> Result<c_int, Errno> {
    // SAFETY: the size passed is that of `attr`; the caller vouches for the memory that
    // it points to.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, ptr::from_mut(attr), size_of::<T>()) };
    c_int::try_from(result)
        .ok()
        .filter(|result| *result >= 0)
        .ok_or_else(last_errno)
}

/// Runs a command that returns a descriptor.
///
/// # Safety
/// As for [`bpf`].
unsafe fn bpf_fd<T>(command: c_long, attr: &mut T) -> Result<OwnedFd, Errno> {
    // SAFETY: the caller vouches for the memory that `attr` points to.
    let fd = unsafe { bpf(command, attr) }?;
    // SAFETY: the kernel created the descriptor for this call, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn fail(call: &'static str) -> impl Fn(Errno) -> SysError {
    move |errno| SysError::new(call, "", errno)
}

/// Returns a pointer, as bpf(2) takes it, to memory that the kernel reads.
fn address<T: ?Sized>(memory: &T) -> u64 {
    ptr::from_ref(memory).cast::<u8>().expose_provenance() as u64
}

/// Returns a pointer, as bpf(2) takes it, to memory that the kernel writes; NULL for
/// none.
fn address_mut(memory: &mut [u8]) -> u64 {
    match memory {
        [] => 0,
        memory => memory.as_mut_ptr().expose_provenance() as u64,
    }
}

fn descriptor(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

fn length<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// Shortens a name to what the kernel accepts: 15 bytes and a NUL, and only these
/// characters.
fn short(name: &[u8]) -> [u8; attr::NAME_BYTES] {
    let mut short = [0; attr::NAME_BYTES];
    for (to, from) in short.iter_mut().take(attr::NAME_BYTES - 1).zip(name) {
        let is_fine = from.is_ascii_alphanumeric() || b"._".contains(from);
        *to = if is_fine { *from } else { b'_' };
    }
    short
}
