// SPDX-License-Identifier: GPL-2.0-or-later
//! `make bench`: compares kexec-bpf with its peers, and with a program that makes only
//! the system call (the bare call).
//!
//! Instructions decide: they are exact, and other work on the host cannot change them.
//! Absolute times under TCG mean nothing, and they vary within a boot and with the size
//! of the guest. Therefore each boot makes one load and one jump, contestants take turns,
//! initrds are measured one after the other, and times are medians, with ratios to the
//! bare call of the same round.
//!
//! BENCH_ONLY names the parts to run (counts, times and sizes; with none, it only shows
//! the figures that there are), BENCH_CONTESTANTS the contestants, with commas between
//! them, BENCH_SIZES the sizes of initrds in MB ("1 60 200"), BENCH_ROUNDS the number of
//! rounds by the clock (5). Unless sizes or rounds are changed, the figures go into
//! docs/bench.tsv, and from there into README and docs/bench.svg.

mod bounds;
mod companions;
mod contestant;
mod images;
mod memory;
mod plot;
mod readme;
mod results;
mod speed;
mod table;

use std::fs;
use std::time::Instant;

use contestant::{ALL, BARE, Contestant};
use guest::{host_program, tree};
use images::{Images, KERNEL};
use results::{Measure, Part, Results, Run};

pub use plot::document as plot;
pub use readme::document as readme;

/// The file with the figures.
const FILE: &str = "docs/bench.tsv";
const SIZES: [usize; 3] = [1, 60, 200];
const ROUNDS: usize = 5;
/// Size of the initrd for what does not depend on it much, in MB.
const USUAL_MB: usize = 60;
/// Size of the system extension beside the image, in MB.
const SYSEXT_MB: usize = 100;

/// What a run measures, from the environment.
struct Settings {
    parts: Vec<Part>,
    contestants: Vec<Contestant>,
    sizes: Vec<usize>,
    rounds: usize,
}

impl Settings {
    fn new() -> Result<Self, String> {
        let setting = |name| std::env::var(name).unwrap_or_default();
        let only = setting("BENCH_ONLY");
        let named = |name: &str| Part::named(name).ok_or_else(|| format!("no part '{name}'"));
        let parts: Vec<Part> = match only.as_str() {
            "" => vec![Part::Counts, Part::Times, Part::Sizes],
            "none" => vec![],
            _ => only
                .split_whitespace()
                .map(named)
                .collect::<Result<_, _>>()?,
        };
        let names = setting("BENCH_CONTESTANTS");
        let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
        if let Some(name) = names
            .iter()
            .find(|name| ALL.iter().all(|of| of.name != **name))
        {
            return Err(format!("no contestant '{name}'"));
        }
        let is_chosen = |contestant: &&Contestant| {
            let name = contestant.name;
            names.is_empty() || name == BARE || names.contains(&name)
        };
        let number = |text: &str| {
            text.parse()
                .map_err(|_| format!("'{text}' is not a number"))
        };
        let sizes = setting("BENCH_SIZES");
        let sizes: Vec<usize> = sizes
            .split_whitespace()
            .map(number)
            .collect::<Result<_, _>>()?;
        let rounds = match setting("BENCH_ROUNDS").as_str() {
            "" => ROUNDS,
            text => number(text)?,
        };
        Ok(Self {
            parts,
            contestants: ALL.iter().filter(is_chosen).copied().collect(),
            sizes: if sizes.is_empty() {
                SIZES.to_vec()
            } else {
                sizes
            },
            rounds: rounds.max(1),
        })
    }

    /// Returns whether the figures are worth keeping.
    fn is_whole(&self) -> bool {
        self.sizes == SIZES && self.rounds >= ROUNDS
    }

    /// Writes the figures that there are, in case a later guest fails.
    fn save(&self, results: &Results) -> Result<(), String> {
        match self.is_whole() {
            true => {
                fs::write(tree(FILE), results.text()).map_err(|error| format!("{FILE}: {error}"))
            }
            false => Ok(()),
        }
    }
}

/// Returns the order of a round: no contestant is always first, or always after the same
/// one.
fn turns(round: usize, all: usize) -> impl Iterator<Item = usize> {
    (0..all).map(move |turn| match round % 2 {
        0 => (round + turn) % all,
        _ => (round + all - turn) % all,
    })
}

fn counts(settings: &Settings, results: &mut Results) -> Result<(), String> {
    for &size in &settings.sizes {
        let images = Images::build(size);
        for contestant in &settings.contestants {
            let start = Instant::now();
            let counted = speed::count(*contestant, &images);
            eprintln!(
                "bench: {size} MB, counted, {}: load {:.0}, jump {:.0} million instructions \
                 ({:.0} s)",
                contestant.name,
                counted.load_m,
                counted.jump_m,
                start.elapsed().as_secs_f64()
            );
            results.set(Measure::LoadCount, size, contestant.name, counted.load_m);
            results.set(Measure::JumpCount, size, contestant.name, counted.jump_m);
        }
        settings.save(results)?;
    }
    Ok(())
}

fn times(settings: &Settings, results: &mut Results) -> Result<(), String> {
    for &size in &settings.sizes {
        let images = Images::build(size);
        let mut all: Vec<Vec<speed::Timed>> = Vec::new();
        all.resize_with(settings.contestants.len(), Vec::new);
        for round in 1..=settings.rounds {
            for number in turns(round, all.len()) {
                let contestant = settings.contestants[number];
                let timed = speed::time(contestant, &images);
                eprintln!(
                    "bench: {size} MB, round {round} of {}, {}: load {:.2} s, jump {:.2} s",
                    settings.rounds, contestant.name, timed.load_s, timed.jump_s
                );
                all[number].push(timed);
            }
        }
        let column = |timed: &[speed::Timed], value: fn(&speed::Timed) -> f64| -> Vec<f64> {
            timed.iter().map(value).collect()
        };
        let loads = |timed: &[speed::Timed]| column(timed, |timed| timed.load_s);
        let jumps = |timed: &[speed::Timed]| column(timed, |timed| timed.jump_s);
        // The bare call is always chosen, and comes first.
        let (bare_loads, bare_jumps) = (loads(&all[0]), jumps(&all[0]));
        for (contestant, timed) in settings.contestants.iter().zip(&all) {
            let peaks = column(timed, |timed| timed.peak_kb);
            let mut set = |measure, value| results.set(measure, size, contestant.name, value);
            let (loads, jumps) = (loads(timed), jumps(timed));
            set(Measure::LoadRatio, speed::ratio(&loads, &bare_loads));
            set(Measure::JumpRatio, speed::ratio(&jumps, &bare_jumps));
            set(Measure::LoadTime, speed::median(loads));
            set(Measure::JumpTime, speed::median(jumps));
            set(Measure::PeakKb, speed::median(peaks));
        }
        settings.save(results)?;
    }
    Ok(())
}

fn sizes(settings: &Settings, results: &mut Results) -> Result<(), String> {
    let images = Images::build(USUAL_MB);
    let uki_mb = images.uki_mb() as f64;
    let contestants = settings.contestants.iter();
    for contestant in contestants.filter(|contestant| !contestant.is_variant()) {
        let memory_mb = memory::smallest(*contestant, &images);
        eprintln!("bench: {}: loads in {memory_mb} MB", contestant.name);
        let added = contestant.initramfs_bytes();
        let mut set = |measure, size, value| results.set(measure, size, contestant.name, value);
        set(Measure::RamMb, USUAL_MB, f64::from(memory_mb));
        set(Measure::UkiMb, USUAL_MB, uki_mb);
        set(Measure::AddedBytes, 0, added.raw as f64);
        set(Measure::PackedBytes, 0, added.compressed as f64);
    }
    eprintln!("bench: companion files");
    for companions in companions::measure(&images, SYSEXT_MB) {
        let name = format!("kexec-bpf {}", companions.route);
        let mut set = |measure, value| results.set(measure, USUAL_MB, &name, value);
        set(Measure::WithoutCompanionsKb, companions.without_kb);
        set(Measure::WithCompanionsKb, companions.with_kb);
    }
    settings.save(results)
}

/// Returns what `date -u` and QEMU say.
fn run_now(rounds: usize) -> Run {
    let line = |program: &str, option: &[&str]| {
        let output = guest::run(host_program(program).args(option)).stdout;
        let text = String::from_utf8_lossy(&output);
        text.lines().next().unwrap_or_default().trim().to_owned()
    };
    let qemu = line("qemu-system-x86_64", &["--version"]);
    let version = qemu.split(' ').nth(3).unwrap_or(&qemu);
    Run {
        date: line("date", &["-u", "+%F"]),
        kernel: KERNEL.release(),
        qemu: format!("QEMU {version}"),
        rounds,
    }
}

/// Reads the committed figures.
fn committed() -> Result<Results, String> {
    let text = fs::read_to_string(tree(FILE)).map_err(|error| format!("{FILE}: {error}"))?;
    Results::parse(&text).map_err(|error| format!("{FILE}: {error}"))
}

pub fn run() -> Result<(), String> {
    let settings = Settings::new()?;
    let mut results = match settings.is_whole() && tree(FILE).exists() {
        true => committed()?,
        false => Results::default(),
    };
    let names: Vec<&str> = settings.contestants.iter().map(|of| of.name).collect();
    let versions = ALL.iter().map(|of| (of.name.to_owned(), of.version()));
    results.compare(versions.collect());
    for &part in &settings.parts {
        let rounds = if part == Part::Times {
            settings.rounds
        } else {
            1
        };
        results.begin(part, run_now(rounds), &names);
        match part {
            Part::Counts => counts(&settings, &mut results)?,
            Part::Times => times(&settings, &mut results)?,
            Part::Sizes => sizes(&settings, &mut results)?,
        }
    }
    println!("{}", table::tables(&results));
    for line in bounds::lines(&results) {
        println!("{line}");
    }
    if !settings.is_whole() {
        println!("{FILE} is unchanged, because sizes or rounds are not the usual ones.");
        return Ok(());
    }
    crate::docs::write()
}

#[cfg(test)]
mod tests {
    use super::turns;

    #[test]
    fn each_round_has_all_contestants() {
        for round in 1..=6 {
            let mut order: Vec<usize> = turns(round, 5).collect();
            assert_eq!(order[0], round % 5);
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3, 4]);
        }
    }
}
