// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Keeps the end of libbpf's log, in memory of a fixed size.
#![allow(unsafe_code)]

use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

mod c {
    use super::{c_char, c_int, c_void};
    unsafe extern "C" {
        // On the architectures that this program is built for, a va_list
        // argument is passed as a pointer.
        pub fn vasprintf(text: *mut *mut c_char, format: *const c_char, args: *mut c_void)
        -> c_int;
        pub fn free(block: *mut c_void);
    }
}

/// Bytes of log that are kept: the newest. A verifier log ends with what is
/// wrong.
const KEPT_BYTES: usize = 8 << 10;
/// libbpf_print_level: 0 warn, 1 info, 2 debug.
const LIBBPF_DEBUG: c_int = 2;

/// A ring of the newest bytes. Atomics, because the callback has no context
/// argument and may be called from any thread.
static RING: [AtomicU8; KEPT_BYTES] = [const { AtomicU8::new(0) }; KEPT_BYTES];
/// Bytes ever written.
static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// libbpf_print_fn_t: formats a message and keeps its end.
pub extern "C" fn print(level: c_int, format: *const c_char, args: *mut c_void) -> c_int {
    if level >= LIBBPF_DEBUG {
        return 0;
    }
    let mut text: *mut c_char = ptr::null_mut();
    // SAFETY: format and arguments belong together, because libbpf passes them
    // on as it got them; the text is allocated for us.
    let length = unsafe { c::vasprintf(&raw mut text, format, args) };
    let Ok(bytes) = usize::try_from(length) else {
        // No memory: then nothing was allocated.
        return 0;
    };
    // SAFETY: vasprintf wrote that many bytes and a NUL behind them.
    let message = unsafe { slice::from_raw_parts(text.cast::<u8>(), bytes) };
    keep(message);
    // SAFETY: allocated by vasprintf, not used any more.
    unsafe { c::free(text.cast()) };
    length
}

fn keep(message: &[u8]) {
    let start = message.len().saturating_sub(KEPT_BYTES);
    for byte in message.get(start..).unwrap_or_default() {
        let at = WRITTEN.fetch_add(1, Ordering::Relaxed) % KEPT_BYTES;
        if let Some(slot) = RING.get(at) {
            slot.store(*byte, Ordering::Relaxed);
        }
    }
}

/// Takes the last `lines` lines that are not empty, and forgets the rest.
pub fn take(lines: usize) -> Vec<String> {
    let written = WRITTEN.swap(0, Ordering::Relaxed);
    let kept = written.min(KEPT_BYTES);
    let start = written.saturating_sub(kept);
    let bytes: Vec<u8> = (start..written)
        .filter_map(|at| RING.get(at % KEPT_BYTES))
        .map(|slot| slot.load(Ordering::Relaxed))
        .collect();
    let text = String::from_utf8_lossy(&bytes);
    let mut last: Vec<String> = text
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(lines)
        .map(String::from)
        .collect();
    last.reverse();
    last
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES, keep, take};

    #[test]
    fn the_end_of_a_long_log_is_kept() {
        let mut log = "processed one more insn\n".repeat(KEPT_BYTES);
        log += "R1 invalid mem access\n\n";
        keep(log.as_bytes());
        keep(b"-- END --\n");
        assert_eq!(
            take(3),
            [
                "processed one more insn",
                "R1 invalid mem access",
                "-- END --"
            ]
        );
        assert_eq!(take(3), [""; 0]);
    }
}
