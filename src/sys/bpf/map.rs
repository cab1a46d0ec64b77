// SPDX-License-Identifier: GPL-2.0-or-later
//! Maps: BPF_MAP_CREATE, BPF_MAP_UPDATE_ELEM, BPF_MAP_FREEZE. Layer: effects.
#![allow(unsafe_code)]

use core::ffi::c_int;

use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::Errno;

use super::{SysError, address, attr, bpf, bpf_fd, command, fail, short};
use crate::abi;
use crate::formats::object::{ARRAY, Map};

/// The types of values in maps.
///
/// # Safety
/// The type has no padding: the kernel reads all of its bytes.
pub unsafe trait Value: Copy {}
// SAFETY: four fields of 4 bytes.
unsafe impl Value for abi::Selection {}
// SAFETY: bytes only.
unsafe impl Value for abi::Addon {}

/// A map in the kernel, which frees the map when its last user is gone.
pub struct MapFd {
    fd: OwnedFd,
    kind: u32,
    key_bytes: u32,
    value_bytes: u32,
    max_entries: u32,
}

impl MapFd {
    /// Creates a map and sets its contents.
    ///
    /// # Errors
    /// ENOMEM, EPERM, E2BIG; EINVAL for a kind of map that the kernel does not have.
    pub fn create(map: &Map<'_>) -> Result<MapFd, SysError> {
        let mut create = attr::MapCreate {
            map_type: map.kind,
            key_size: map.key_bytes,
            value_size: map.value_bytes,
            max_entries: map.max_entries,
            map_flags: map.flags,
            map_name: short(map.name),
            ..attr::MapCreate::default()
        };
        // SAFETY: `create` contains no pointers.
        let fd = unsafe { bpf_fd(command::MAP_CREATE, &mut create) };
        let made = MapFd {
            fd: fd.map_err(fail("BPF_MAP_CREATE"))?,
            kind: map.kind,
            key_bytes: map.key_bytes,
            value_bytes: map.value_bytes,
            max_entries: map.max_entries,
        };
        if let Some(content) = map.content.filter(|content| !content.is_empty()) {
            made.set_bytes(content)?;
        }
        if map.is_constant() {
            made.freeze()?;
        }
        Ok(made)
    }

    /// Returns whether the map is an array of at least `count` values of type `T`.
    #[must_use]
    pub fn fits<T: Value>(&self, count: usize) -> bool {
        self.is_array()
            && self.value_bytes as usize == size_of::<T>()
            && count <= self.max_entries as usize
    }

    /// Sets the value at `index` of an array.
    ///
    /// # Errors
    /// EINVAL when the map is not an array of such values.
    pub fn set<T: Value>(&self, index: u32, value: &T) -> Result<(), SysError> {
        if !self.fits::<T>(0) {
            return Err(fail("BPF_MAP_UPDATE_ELEM")(Errno::INVAL));
        }
        // SAFETY: the map is an array, and `value` has the size of its values.
        unsafe { self.update(index, address(value)) }
    }

    /// Returns whether the map is an array. Other kinds have other keys, and some have
    /// one value per processor.
    fn is_array(&self) -> bool {
        self.kind == ARRAY && self.key_bytes as usize == size_of::<u32>()
    }

    /// Sets the first value to `bytes`, followed by zeros.
    fn set_bytes(&self, bytes: &[u8]) -> Result<(), SysError> {
        if !self.is_array() {
            return Err(fail("BPF_MAP_UPDATE_ELEM")(Errno::INVAL));
        }
        let mut value = bytes.to_vec();
        value.resize(self.value_bytes as usize, 0);
        // SAFETY: the map is an array, and `value` was resized to the size of its values.
        unsafe { self.update(0, address(value.as_slice())) }
    }

    /// Sets the value at `index`.
    ///
    /// # Safety
    /// The map is an array, and `value` points to as much memory as one of its values
    /// takes.
    unsafe fn update(&self, index: u32, value: u64) -> Result<(), SysError> {
        let mut update = attr::MapElem {
            map_fd: self.raw().cast_unsigned(),
            key: address(&index),
            value,
            ..attr::MapElem::default()
        };
        // SAFETY: the key is an array index; the caller vouches for the value.
        let done = unsafe { bpf(command::MAP_UPDATE_ELEM, &mut update) };
        done.map(|_| ()).map_err(fail("BPF_MAP_UPDATE_ELEM"))
    }

    /// Freezes the map, so that user space can no longer write to it.
    fn freeze(&self) -> Result<(), SysError> {
        let mut freeze = attr::MapFreeze {
            map_fd: self.raw().cast_unsigned(),
        };
        // SAFETY: `freeze` contains no pointers.
        let done = unsafe { bpf(command::MAP_FREEZE, &mut freeze) };
        done.map(|_| ()).map_err(fail("BPF_MAP_FREEZE"))
    }

    /// Returns the descriptor, by which instructions name the map.
    #[must_use]
    pub fn raw(&self) -> c_int {
        self.fd.as_raw_fd()
    }
}
