// SPDX-License-Identifier: GPL-2.0-or-later
//! Fresh boots with one load in each, and a jump after it: by the clock, or counted.
//!
//! The guests have no KASLR, because the emulator's speed depends on where code is, and all
//! of their memory is allocated at the start.

use super::contestant::Contestant;
use super::images::{Images, KERNEL};
use guest::{Machine, Transcript};

/// Measurements of a fresh boot, by the clock.
pub struct Timed {
    pub load_s: f64,
    pub peak_kb: f64,
    /// Time from the jump to the second kernel's init.
    pub jump_s: f64,
}

/// Instructions of the whole system, in millions.
pub struct Counted {
    pub load_m: f64,
    /// Instructions from the jump to the second kernel's init.
    pub jump_m: f64,
}

/// Returns the median of the ratios in each round: the host's speed changes from minute to
/// minute, so only boots of the same round are compared.
pub fn ratio(own: &[f64], bare: &[f64]) -> f64 {
    median(own.iter().zip(bare).map(|(own, bare)| own / bare))
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
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
/// Command after which what the kernel does late in its boot is over. A guest whose
/// instructions are counted sleeps in no time.
const SETTLED: &str = "sleep 2\n";
const SETTLED_COUNTED: &str = "sleep 10\n";
/// Command that jumps, once the serial ports have sent what was said.
const JUMP: &str = "sleep 1\nsay jump $(tsc)\nfloor -e\n";

/// Measures a load and the jump after it by the clock.
pub fn time(contestant: Contestant, images: &Images) -> Timed {
    let load = format!(
        "{SETTLED}measure {} >/story 2>&1\n",
        contestant.call(images)
    );
    let said = jumped(machine(contestant, images, &load, JUMP), images);
    let fields: Vec<f64> = said
        .one("measured")
        .split(' ')
        .filter_map(|field| field.parse().ok())
        .collect();
    let &[load_us, peak_kb, _] = fields.as_slice() else {
        said.fail("the measurement is not three numbers");
    };
    let at = |key| said.marks(key).next().map(|(at, _)| at);
    let (Some(jump), Some(init)) = (at("jump"), at("second")) else {
        said.fail("the jump or the second init was not seen");
    };
    Timed {
        load_s: load_us / 1e6,
        peak_kb,
        jump_s: (init - jump).as_secs_f64(),
    }
}

/// Counts the instructions of a load and of the jump after it. Time that passes while the
/// processor waits counts as well, one instruction a nanosecond.
pub fn count(contestant: Contestant, images: &Images) -> Counted {
    let load = format!(
        "{SETTLED_COUNTED}before=$(tsc)\n{} >/story 2>&1\nafter=$(tsc)\n\
         say before $before\nsay after $after\n",
        contestant.call(images)
    );
    let machine = machine(contestant, images, &load, JUMP)
        .cpu("max,-erms,-fsrm")
        .counting_instructions()
        .timeout_s(1800);
    let said = jumped(machine, images);
    let number = |key| -> f64 {
        let value = said.one(key).parse();
        value.unwrap_or_else(|_| said.fail(&format!("{key} is not a number")))
    };
    Counted {
        load_m: (number("after") - number("before")) / 1e6,
        jump_m: (number("init") - number("jump")) / 1e6,
    }
}

/// Runs a guest that must have jumped into the right image.
fn jumped(machine: Machine, images: &Images) -> Transcript {
    let said = machine.run();
    said.expect("loaded", "1");
    said.expect("nonce", &images.nonce);
    said
}

fn machine(contestant: Contestant, images: &Images, load: &str, then: &str) -> Machine {
    let name = contestant.name.replace(' ', "-");
    let directory = guest::work_dir(&format!("bench-{}-{name}", images.initrd_mb));
    let script = format!(
        "mkdir /tmp\n{}{load}{STORY}{LOADED}{then}",
        contestant.prepare()
    );
    let memory_mb = u32::try_from(images.initrd_mb * 5 + 768).expect("memory is small");
    Machine::new(&directory, KERNEL, contestant.initramfs(&script, images))
        .memory_mb(memory_mb)
        .with_memory_at_hand()
        .append("nokaslr")
        .timeout_s(600)
}
