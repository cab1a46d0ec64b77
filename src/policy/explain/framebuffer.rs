// SPDX-License-Identifier: GPL-2.0-or-later
//! The warning that the next kernel cannot draw on this kernel's framebuffer.
//! Layer: pure.
//!
//! The next kernel is told (in screen_info) where the firmware's framebuffer was. A
//! graphics driver has since switched to another, so the screen shows nothing new until
//! the next kernel loads that driver, too.

use alloc::format;
use alloc::string::String;

use crate::formats::cmdline::words;
use crate::host::Host;

/// Drivers that draw on the firmware's framebuffer, which stays where it was.
const FIRMWARE: [&str; 4] = ["simpledrm", "efidrm", "vesadrm", "ofdrm"];

/// Returns a warning when the next kernel's console will not be visible at first.
/// `cmdline` is the next kernel's command line; empty if unknown.
#[must_use]
pub fn framebuffer(host: &Host, cmdline: &[u8]) -> Option<String> {
    let driver = host.framebuffer.as_deref()?;
    let moved = driver.ends_with("drmfb") && !FIRMWARE.iter().any(|own| driver.starts_with(own));
    let (mut named, mut on_screen) = (false, false);
    for name in words(cmdline).filter_map(|word| word.strip_prefix(b"console=")) {
        named = true;
        on_screen |= name.starts_with(b"tty") && !name.starts_with(b"ttyS");
    }
    (moved && (on_screen || !named)).then(|| {
        format!(
            "{driver} drives the screen: the next kernel's messages appear there only once it has \
loaded that driver; console= can name a serial port instead"
        )
    })
}
