// SPDX-License-Identifier: GPL-2.0-or-later
//! Parts that a `no_std` program on musl's crt has to provide itself: the allocator, the
//! panic handler, `main`, and the two unwinding symbols. Layer: effects.
//!
//! Part of the binary, not of the library: tests link the library with std.
#![allow(unsafe_code)]

mod alloc;
mod panic;

use core::ffi::{CStr, c_char, c_int};

use ::alloc::vec::Vec;

/// Runs the program and returns its exit code. musl's crt calls this once libc is set up.
#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    kexec_bpf::open_standard();
    let count = usize::try_from(argc).unwrap_or(0);
    let mut args: Vec<&'static [u8]> = Vec::with_capacity(count);
    for index in 0..count {
        // SAFETY: the C runtime passes an array of `argc` pointers.
        let slot = unsafe { argv.add(index) };
        // SAFETY: `index` is less than `argc`, so this is inside that array.
        let argument = unsafe { *slot };
        // SAFETY: each is a NUL-terminated string that lives as long as the process.
        let argument = unsafe { CStr::from_ptr(argument) };
        args.push(argument.to_bytes());
    }
    c_int::from(kexec_bpf::main(&args))
}

/// Satisfies the prebuilt liballoc, which names it in landing pads that `panic=abort`
/// never runs. Remove when Rust ships a liballoc built with panic=abort.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// Aborts; see [`rust_eh_personality`].
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    panic::abort()
}
