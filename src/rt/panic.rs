// SPDX-License-Identifier: GPL-2.0-or-later
//! The panic handler: one line to stderr and to /dev/kmsg, then abort. Layer: effects.
//!
//! The kernel cleans up the rest: descriptors, mappings and this process's half of a
//! handshake all end with the process.

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use kexec_bpf::panic_line;

pub fn abort() -> ! {
    // SAFETY: abort() may be called at any time.
    unsafe { libc::abort() }
}

/// True from the first panic on. A line takes memory, and that may be what is missing.
static IS_PANICKING: AtomicBool = AtomicBool::new(false);

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if IS_PANICKING.swap(true, Ordering::Relaxed) {
        abort();
    }
    panic_line(format_args!("kexec-bpf: internal error: {info}"));
    abort()
}
