// SPDX-License-Identifier: GPL-2.0-or-later
//! Fresh boots with one load in each: the time of the load, and of the jump after it.
//!
//! The guests have no KASLR, because the emulator's speed depends on where code is, and all
//! of their memory is allocated at the start.

use super::contestant::Contestant;
use super::images::{Images, KERNEL};
use guest::{Machine, Transcript};

/// Measurements of a load in a fresh boot.
pub struct Load {
    pub wall_s: f64,
    pub rss_kb: f64,
}

/// Measurements of a jump after a load in a fresh boot.
pub struct Jump {
    /// Time from the jump to the second kernel's first line.
    pub first_line_s: f64,
    /// Time from the jump to the second kernel's init.
    pub init_s: f64,
    /// Lines that the load printed about its steps.
    pub story: Vec<String>,
}

/// Returns the median of the ratios in each round: the host's speed changes from minute to
/// minute, so only loads of the same round are compared.
pub fn ratio(own: &[Load], floor: &[Load]) -> f64 {
    let pairs = own.iter().zip(floor);
    median(pairs.map(|(own, floor)| own.wall_s / floor.wall_s))
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

/// Command that reports whether an image is loaded.
pub const LOADED: &str = "say loaded \"$(cat /sys/kernel/kexec_loaded)\"\n";
/// Command that reports the contestant's output, which was buffered in memory because a
/// serial port is slow.
const STORY: &str = "while read -r line; do say story \"$line\"; done </story\n";

/// Measures a load by the clock.
pub fn load(contestant: Contestant, images: &Images) -> Load {
    let said = machine(contestant, images, "", "").run();
    let (wall_us, rss_kb) = measured(&said);
    Load {
        wall_s: wall_us / 1e6,
        rss_kb,
    }
}

/// Measures a jump after a load that prints its steps.
pub fn jump(contestant: Contestant, images: &Images) -> Jump {
    let then = "say jump\nfloor -e\n";
    let said = machine(contestant, images, contestant.verbose(), then).run();
    said.expect("loaded", "1");
    said.expect("nonce", &images.nonce);
    let (first_line_s, init_s) = jump_times(&said);
    Jump {
        first_line_s,
        init_s,
        story: said.all("story").into_iter().map(str::to_owned).collect(),
    }
}

/// Counts the instructions of a load, including the kernel's, in millions.
pub fn instructions(contestant: Contestant, images: &Images) -> f64 {
    let machine = machine(contestant, images, "", "").counting_instructions();
    let said = machine.timeout_s(600).run();
    measured(&said).0 / 1e3
}

fn machine(contestant: Contestant, images: &Images, more: &str, then: &str) -> Machine {
    let directory = guest::work_dir(&format!("bench-{}-{}", images.name, contestant.name()));
    let script = format!(
        "mkdir /tmp\n{}measure {}{more} >/story 2>&1\n{STORY}{LOADED}{then}",
        contestant.prepare(),
        contestant.call(images)
    );
    let memory_mb = u32::try_from(images.initrd_mb * 5 + 768).expect("memory is small");
    Machine::new(&directory, KERNEL, contestant.initramfs(&script, images))
        .memory_mb(memory_mb)
        .with_memory_at_hand()
        .append("nokaslr")
        .timeout_s(300)
}

/// Returns microseconds and peak RSS in kB of the only load.
fn measured(said: &Transcript) -> (f64, f64) {
    said.expect("loaded", "1");
    let fields: Vec<f64> = said
        .one("measured")
        .split(' ')
        .filter_map(|field| field.parse().ok())
        .collect();
    let &[wall_us, rss_kb, _] = fields.as_slice() else {
        said.fail("the measurement is not three numbers");
    };
    (wall_us, rss_kb)
}

fn jump_times(said: &Transcript) -> (f64, f64) {
    let at = |key| said.marks(key).next().map(|(at, _)| at);
    let (Some(jump), Some(init)) = (at("jump"), at("second")) else {
        said.fail("the jump or the second init was not seen");
    };
    let first_line = said
        .console
        .iter()
        .find(|line| line.at > jump && line.text.contains("Linux version"));
    let Some(first_line) = first_line else {
        said.fail("the second kernel's first line was not seen");
    };
    (
        (first_line.at - jump).as_secs_f64(),
        (init - jump).as_secs_f64(),
    )
}
