// SPDX-License-Identifier: GPL-2.0-or-later
//! Smaller stand-ins for C functions that libelf and zlib ask for. The linker
//! finds these first and leaves out the originals. build.rs lists functions
//! that are asked for and never called.

use core::ffi::{c_char, c_uint, c_ulong};
use core::slice;

use kexec_bpf::crc32::crc32 as continued;

/// zlib's, for /proc/config.gz; zlib's own has 8 KB of tables.
///
/// # Safety
/// `bytes` is NULL or has `size` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn crc32(crc: c_ulong, bytes: *const u8, size: c_uint) -> c_ulong {
    // zlib asks for the value to begin with by NULL.
    if bytes.is_null() {
        return 0;
    }
    // SAFETY: the caller promises that many bytes.
    let bytes = unsafe { slice::from_raw_parts(bytes, size as usize) };
    // The upper half is always 0.
    c_ulong::from(continued(crc as u32, bytes))
}

/// libelf's messages have no translations here.
#[unsafe(no_mangle)]
extern "C" fn dgettext(_domain: *const c_char, text: *const c_char) -> *mut c_char {
    text.cast_mut()
}
