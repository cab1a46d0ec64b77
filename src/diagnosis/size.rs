// SPDX-License-Identifier: GPL-2.0-or-later
//! Sizes and durations for display. Layer: pure.

use alloc::format;
use alloc::string::String;

/// Returns a size for display, exact below 10 KiB: `512 bytes`, `13.1 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 10 << 10 {
        return format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" });
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
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Returns the same, with the exact number after it if that differs.
#[must_use]
pub fn exact_size(bytes: u64) -> String {
    let size = size(bytes);
    if size.contains('.') {
        return format!("{size} ({bytes} bytes)");
    }
    size
}

/// Returns a duration with one decimal: `12.3 ms`.
#[must_use]
pub fn milliseconds(us: u64) -> String {
    format!("{}.{} ms", us / 1000, us % 1000 / 100)
}

#[cfg(test)]
mod tests {
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
            assert_eq!(size(bytes), text);
        }
    }
}
