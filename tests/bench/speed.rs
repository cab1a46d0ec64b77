// SPDX-License-Identifier: GPL-2.0-or-later
//! One fresh boot, one load, one jump: how long each took.
//!
//! Without KASLR, because the emulator's speed depends on where code lies; and
//! with all of the guest's memory at hand.

use crate::contestant::Contestant;
use crate::guest::{self, Machine, Transcript};
use crate::images::{Images, KERNEL};

/// What one boot shows.
pub struct Sample {
    pub wall_s: f64,
    pub rss_kb: f64,
    /// From the jump to the second kernel's first line.
    pub first_line_s: f64,
    /// From the jump to the second kernel's init.
    pub init_s: f64,
    /// What it told of its own steps.
    pub story: Vec<String>,
}

/// One sample of each round.
#[derive(Default)]
pub struct Samples(Vec<Sample>);

impl Samples {
    pub fn add(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    pub fn median(&self, value: fn(&Sample) -> f64) -> f64 {
        median(self.0.iter().map(value).collect())
    }

    /// The host's speed changes from minute to minute: what was measured in one
    /// round is compared, and then the median taken.
    pub fn ratio_to(&self, floor: &Samples) -> f64 {
        let pairs = self.0.iter().zip(&floor.0);
        let ratios = pairs.map(|(own, floor)| own.wall_s / floor.wall_s);
        median(ratios.collect())
    }

    /// Steps of different boots have no median: the last one's.
    pub fn story(&self) -> &[String] {
        self.0.last().map_or(&[], |sample| &sample.story)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

/// Says whether an image is loaded now.
pub const LOADED: &str = "say loaded \"$(cat /sys/kernel/kexec_loaded)\"\n";
/// Passes on what a contestant wrote about its own steps.
const STORY: &str = "[ ! -f /story ] || while read -r line; do say story \"$line\"; done </story\n";

/// Loads and jumps, by the clock.
pub fn sample(contestant: Contestant, images: &Images) -> Sample {
    let said = machine(contestant, images, "say jump\nfloor -e\n").run();
    said.expect("nonce", &images.nonce);
    let (first_line_s, init_s) = jump_times(&said);
    let (wall_us, rss_kb) = measured(&said);
    Sample {
        wall_s: wall_us / 1e6,
        rss_kb,
        first_line_s,
        init_s,
        story: said.all("story").into_iter().map(str::to_owned).collect(),
    }
}

/// Instructions of the load, the kernel's included, in millions.
pub fn instructions(contestant: Contestant, images: &Images) -> f64 {
    let machine = machine(contestant, images, "").counting_instructions();
    let said = machine.timeout_s(600).run();
    measured(&said).0 / 1e3
}

fn machine(contestant: Contestant, images: &Images, then: &str) -> Machine {
    let folder = guest::work_dir(&format!("bench-{}-{}", images.name, contestant.name()));
    let script = format!(
        "mkdir /tmp\n{}measure {}\n{STORY}{LOADED}{then}",
        contestant.prepare(),
        contestant.call(images)
    );
    let memory_mb = u32::try_from(images.initrd_mb * 5 + 768).expect("memory is small");
    Machine::new(&folder, KERNEL, contestant.initramfs(&script, images))
        .memory_mb(memory_mb)
        .with_memory_at_hand()
        .append("nokaslr")
        .timeout_s(300)
}

/// Microseconds and peak RSS in kB of the one load.
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
