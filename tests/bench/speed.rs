// SPDX-License-Identifier: GPL-2.0-or-later
//! One fresh boot, one load, one jump: how long each took.

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

#[derive(Default)]
pub struct Samples(Vec<Sample>);

impl Samples {
    pub fn add(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    pub fn medians(&self) -> Sample {
        let of = |value: fn(&Sample) -> f64| median(self.0.iter().map(value).collect());
        Sample {
            wall_s: of(|sample| sample.wall_s),
            rss_kb: of(|sample| sample.rss_kb),
            first_line_s: of(|sample| sample.first_line_s),
            init_s: of(|sample| sample.init_s),
            // Steps of different boots have no median: the last one's.
            story: self
                .0
                .last()
                .map_or_else(Vec::new, |sample| sample.story.clone()),
        }
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

pub fn sample(contestant: Contestant, images: &Images) -> Sample {
    let folder = guest::work_dir(&format!("bench-{}-{}", images.name, contestant.name()));
    let script = format!(
        "mkdir /tmp\n{}measure {}\n{STORY}{LOADED}say jump\nfloor -e\n",
        contestant.prepare(),
        contestant.call(images)
    );
    let memory_mb = u32::try_from(images.initrd_mb * 5 + 768).expect("memory is small");
    let said = Machine::new(&folder, KERNEL, contestant.initramfs(&script, images))
        .memory_mb(memory_mb)
        .timeout_s(300)
        .run();
    said.expect("loaded", "1");
    said.expect("nonce", &images.nonce);
    let fields: Vec<f64> = said
        .one("measured")
        .split(' ')
        .filter_map(|field| field.parse().ok())
        .collect();
    let &[wall_us, rss_kb, _] = fields.as_slice() else {
        said.fail("the measurement is not three numbers");
    };
    let (first_line_s, init_s) = jump_times(&said);
    Sample {
        wall_s: wall_us / 1e6,
        rss_kb,
        first_line_s,
        init_s,
        story: said.all("story").into_iter().map(str::to_owned).collect(),
    }
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
