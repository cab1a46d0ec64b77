// SPDX-License-Identifier: GPL-2.0-or-later
//! The smallest guest that loads an image.

use super::contestant::Contestant;
use super::images::{Images, KERNEL};
use super::speed::LOADED;
use guest::Machine;

/// Resolution of the search.
const STEP_MB: u32 = 16;

/// Returns the memory of the smallest guest in MB, by bisection: a guest with more memory
/// can load whatever a smaller one can.
pub fn smallest(contestant: Contestant, images: &Images) -> u32 {
    // In steps: the first guest is too small for its own initramfs, the second has plenty.
    let mut fails = 8;
    let mut loads = 64;
    assert!(
        is_loaded(contestant, images, loads * STEP_MB),
        "{} cannot load the image in {} MB",
        contestant.name,
        loads * STEP_MB
    );
    while loads - fails > 1 {
        let middle = fails.midpoint(loads);
        if is_loaded(contestant, images, middle * STEP_MB) {
            loads = middle;
        } else {
            fails = middle;
        }
    }
    loads * STEP_MB
}

fn is_loaded(contestant: Contestant, images: &Images, memory_mb: u32) -> bool {
    let directory = guest::work_dir(&format!("bench-memory-{}", contestant.name));
    let script = format!(
        "mkdir /tmp\n{}{}\n{LOADED}",
        contestant.prepare(),
        contestant.call(images)
    );
    let said = Machine::new(&directory, KERNEL, contestant.initramfs(&script, images))
        .memory_mb(memory_mb)
        .timeout_s(90)
        .boot();
    said.all("loaded") == ["1"]
}
