// SPDX-License-Identifier: GPL-2.0-or-later
//! The table: a column for each contestant, a line for each measurement.

use super::companions::Companions;
use super::contestant::{Added, Contestant};
use super::images::{Images, KERNEL};
use super::speed::{Jump, Load, median, ratio};

/// The measurements of one image.
#[derive(Default)]
pub struct Measured {
    pub loads: Vec<Load>,
    pub jumps: Vec<Jump>,
    pub instructions_m: f64,
}

impl Measured {
    fn rss_kb(&self) -> f64 {
        median(self.loads.iter().map(|load| load.rss_kb))
    }
}

pub struct Result {
    pub contestant: Contestant,
    pub small: Measured,
    pub large: Measured,
    pub memory_mb: u32,
    pub added: Added,
}

pub fn print(results: &[Result], small: &Images, large: &Images) {
    let floor = results
        .iter()
        .find(|result| result.contestant == Contestant::Floor)
        .expect("the floor is measured");
    let (small_mb, large_mb) = (small.initrd_mb, large.initrd_mb);
    println!(
        "Loading a UKI on {} in QEMU/TCG, medians of {} loads and {} jumps.",
        KERNEL.release(),
        floor.small.loads.len(),
        floor.small.jumps.len()
    );
    println!("Only ratios mean something, because TCG is slow in its own way. A ratio of times");
    println!("is the median of those of each round; instructions are from one boot, and exact.");
    println!();
    let line = |title: &str, value: &dyn Fn(&Result) -> String| {
        print!("{title:<32}");
        for result in results {
            print!("{:>12}", value(result));
        }
        println!();
    };
    line("", &|result| result.contestant.name().to_owned());
    line("version", &|result| result.contestant.version());
    for (megabytes, of) in [(small_mb, SMALL), (large_mb, LARGE)] {
        line(&format!("load {megabytes} MB initrd, s"), &|result| {
            let walls = of(result).loads.iter().map(|load| load.wall_s);
            format!("{:.2}", median(walls))
        });
        line("  ratio to the floor", &|result| {
            format!("{:.2}", ratio(&of(result).loads, &of(floor).loads))
        });
        line("  million instructions", &|result| {
            format!("{:.0}", of(result).instructions_m)
        });
        line("  ratio to the floor", &|result| {
            format!("{:.2}", instructions_ratio(of(result), of(floor)))
        });
        line("  peak RSS, kB", &|result| {
            format!("{:.0}", of(result).rss_kb())
        });
        line("  exec to first line, s", &|result| {
            let seconds = of(result).jumps.iter().map(|jump| jump.first_line_s);
            format!("{:.2}", median(seconds))
        });
        line("  exec to init, s", &|result| {
            let seconds = of(result).jumps.iter().map(|jump| jump.init_s);
            format!("{:.2}", median(seconds))
        });
    }
    line(
        &format!("RAM to load {} MB UKI, MB", small.uki_mb()),
        &|result| result.memory_mb.to_string(),
    );
    line("  above the floor, MB", &|result| {
        (i64::from(result.memory_mb) - i64::from(floor.memory_mb)).to_string()
    });
    line("added to an initramfs, bytes", &|result| {
        result.added.raw.to_string()
    });
    line("  after zstd -19", &|result| {
        result.added.compressed.to_string()
    });
    println!();
    handshake_steps(results, small);
    expectations(results, floor, small);
}

const SMALL: fn(&Result) -> &Measured = |result| &result.small;
const LARGE: fn(&Result) -> &Measured = |result| &result.large;

fn instructions_ratio(own: &Measured, floor: &Measured) -> f64 {
    own.instructions_m / floor.instructions_m
}

/// Prints whether companion files stay off the heap.
pub fn print_companions(companions: &[Companions], sysext_mb: usize) {
    println!();
    println!("Peak RSS in kB, without and with 100 credentials and a {sysext_mb} MB sysext:");
    for Companions {
        route,
        without_kb,
        with_kb,
    } in companions
    {
        let grown_kb = with_kb - without_kb;
        let verdict = if grown_kb <= 256.0 {
            "kept"
        } else {
            "NOT KEPT"
        };
        println!("{verdict:<9} {route}: {without_kb:.0} and {with_kb:.0} (at most 256 more)");
    }
}

/// Prints the time that each step of the handshake took, in the last jump.
fn handshake_steps(results: &[Result], small: &Images) {
    let found = results
        .iter()
        .find(|result| result.contestant == Contestant::Handshake);
    println!("The handshake's own time, {} MB initrd:", small.initrd_mb);
    // A step begins with its time; other lines were wrapped.
    let mut of_interest = false;
    for line in found
        .into_iter()
        .filter_map(|result| result.small.jumps.last())
        .flat_map(|jump| &jump.story)
    {
        let is_step = line.starts_with('[');
        if is_step {
            of_interest = line.contains("thread B:") || line.contains(" handshake ");
        }
        if of_interest {
            println!("{}{line}", if is_step { "    " } else { "            " });
        }
    }
    println!();
}

/// Prints the limits that both routes are expected to keep, and whether they do.
fn expectations(results: &[Result], floor: &Result, small: &Images) {
    // The size of the image, rounded up to a step of the search.
    let one_copy_mb = small.uki_mb().next_multiple_of(16) as f64;
    let program_bytes = std::fs::metadata(guest::program())
        .expect("the program exists")
        .len() as f64;
    let mut kept = vec![("binary, bytes".to_owned(), program_bytes, 524_288.0)];
    for (contestant, small_limit, large_limit, ram_limit_mb) in [
        (Contestant::KexecBpf, 1.05, 1.30, one_copy_mb),
        (Contestant::Handshake, 1.10, 1.06, 32.0),
    ] {
        let ours = results
            .iter()
            .find(|result| result.contestant == contestant)
            .expect("both routes are measured");
        let above_mb = f64::from(ours.memory_mb) - f64::from(floor.memory_mb);
        let mut expect = |what: &str, value, limit| {
            kept.push((format!("{}: {what}", contestant.name()), value, limit));
        };
        for (which, of, limit) in [
            ("smaller initrd", SMALL, small_limit),
            ("larger initrd", LARGE, large_limit),
        ] {
            let (own, floor) = (of(ours), of(floor));
            let ratio = ratio(&own.loads, &floor.loads);
            expect(&format!("wall ratio, {which}"), ratio, limit);
            let ratio = instructions_ratio(own, floor);
            expect(&format!("instructions ratio, {which}"), ratio, limit);
        }
        expect("RAM above the floor, MB", above_mb, ram_limit_mb);
        if contestant == Contestant::KexecBpf {
            expect("peak RSS, kB", ours.large.rss_kb(), 1024.0);
        }
    }
    for (what, value, limit) in kept {
        let verdict = if value <= limit { "kept" } else { "NOT KEPT" };
        let digits = if limit < 2.0 { 2 } else { 0 };
        println!("{verdict:<9} {what}: {value:.digits$} (at most {limit:.digits$})");
    }
}
