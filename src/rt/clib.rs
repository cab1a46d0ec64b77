// SPDX-License-Identifier: GPL-2.0-or-later
//! Smaller stand-ins for C functions that libelf and zlib ask for. The linker
//! finds these first and leaves out the originals. build.rs lists functions
//! that are asked for and never called.

use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use core::slice;

use kexec_bpf::errno::Errno;
use kexec_bpf::sys::bpf::is_of_module;

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

mod libbpf {
    use super::{c_char, c_int, c_uint, c_void};
    unsafe extern "C" {
        pub fn __real_btf__find_by_name_kind(
            types: *const c_void,
            name: *const c_char,
            kind: c_uint,
        ) -> c_int;
        pub fn btf__find_by_name_kind_own(
            types: *const c_void,
            name: *const c_char,
            kind: c_uint,
        ) -> c_int;
        pub fn btf__base_btf(types: *const c_void) -> *const c_void;
    }
}

/// libbpf's search for a name in BTF, of a module and of the kernel below it.
/// For the hook and for each kfunc libbpf goes through all of the kernel's types,
/// some 110 000, though they are the module's: half of what loading a parser
/// takes.
///
/// # Safety
/// As libbpf's: `types` is a BTF object, `name` a C string.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_btf__find_by_name_kind(
    types: *const c_void,
    name: *const c_char,
    kind: c_uint,
) -> c_int {
    // SAFETY: the caller promises a C string.
    let of_module = is_of_module(unsafe { CStr::from_ptr(name) }.to_bytes());
    // SAFETY: the caller promises BTF; so for the calls below, with its arguments.
    if of_module && unsafe { libbpf::btf__base_btf(types) }.is_null() {
        return -Errno::ENOENT.0;
    }
    if of_module {
        // SAFETY: as above.
        return unsafe { libbpf::btf__find_by_name_kind_own(types, name, kind) };
    }
    // SAFETY: as above.
    unsafe { libbpf::__real_btf__find_by_name_kind(types, name, kind) }
}
