// SPDX-License-Identifier: GPL-2.0-or-later
//! Sizes and durations for display. Layer: pure.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// A number of bytes for display, exact below 10 KiB: `512 bytes`, `13.1 MiB`.
#[derive(Clone, Copy)]
pub struct Size(u64);

/// Returns a size for display.
#[must_use]
pub fn size(bytes: u64) -> Size {
    Size(bytes)
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
        let bytes = self.0;
        if bytes < EXACT_BYTES {
            return write!(out, "{bytes} byte{}", if bytes == 1 { "" } else { "s" });
        }
        // The KiB and the rest apart, so that ten times as much is still a number.
        let ten = |number: u64| number.saturating_mul(10);
        let mut tenths = ten(bytes / 1024).saturating_add(ten(bytes % 1024) / 1024);
        let mut units = UNITS.iter();
        let mut unit = units.next().copied().unwrap_or_default();
        for next in units {
            if tenths < 10_240 {
                break;
            }
            tenths /= 1024;
            unit = next;
        }
        write!(out, "{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// The size up to which the exact number is shown.
const EXACT_BYTES: u64 = 10 << 10;

/// Returns the same, with the exact number after it if that differs.
#[must_use]
pub fn exact_size(bytes: u64) -> String {
    match bytes < EXACT_BYTES {
        true => format!("{}", size(bytes)),
        false => format!("{} ({bytes} bytes)", size(bytes)),
    }
}

/// Returns a duration with one decimal: `12.3 ms`.
#[must_use]
pub fn milliseconds(us: u64) -> String {
    format!("{}.{} ms", us / 1000, us % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::size;

    #[test]
    fn sizes_are_exact_when_small() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (10_239, "10239 bytes"),
            (10_240, "10.0 KiB"),
            (1 << 20, "1.0 MiB"),
            (80_740_352, "77.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(size(bytes).to_string(), text);
        }
    }
}
