// SPDX-License-Identifier: GPL-2.0-or-later
//! Capabilities of this thread, see capabilities(7). Layer: effects.

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

/// Returns whether this thread may load an image and reboot into it.
pub fn has_sys_boot() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_BOOT))
}

/// Returns whether this thread may mount file systems.
pub fn may_mount() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// Runs `probe` while this thread has no CAP_SYS_BOOT, then restores the capability.
///
/// Returns `None` if the capability could not be dropped.
pub fn without_sys_boot<T>(probe: impl FnOnce() -> T) -> Option<T> {
    let sets = capabilities(None).ok()?;
    let lowered = CapabilitySets {
        effective: sets.effective.difference(CapabilitySet::SYS_BOOT),
        ..sets
    };
    set_capabilities(None, lowered).ok()?;
    let result = probe();
    // Raising a permitted capability cannot be refused. If it were, the load that follows
    // would fail with EPERM and say so.
    let _ = set_capabilities(None, sets);
    Some(result)
}
