// SPDX-License-Identifier: GPL-2.0-or-later
//! `make bench`: kexec-bpf against the floor and its peers, one table.
//!
//! TCG's times say nothing by themselves, and vary within a boot: one sample
//! a boot, contestants in turn, medians, and ratios to the floor. What no other
//! work on the host can change is counted, too: instructions.
//!
//! BENCH_ROUNDS sets the rounds (5); BENCH_SMALL and BENCH_LARGE the initrds'
//! sizes in MB (60 and 200).

#[allow(dead_code, unused_imports, reason = "the VM tests use the rest")]
mod guest;

#[path = "bench/companions.rs"]
mod companions;
#[path = "bench/contestant.rs"]
mod contestant;
#[path = "bench/images.rs"]
mod images;
#[path = "bench/memory.rs"]
mod memory;
#[path = "bench/speed.rs"]
mod speed;
#[path = "bench/table.rs"]
mod table;

use contestant::Contestant;
use images::Images;
use table::Measured;

fn setting(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is '{text}', not a number")),
        Err(_) => default,
    }
}

fn main() {
    let rounds = setting("BENCH_ROUNDS", 5);
    let small = Images::build("small", setting("BENCH_SMALL", 60));
    let large = Images::build("large", setting("BENCH_LARGE", 200));
    let contestants = Contestant::ALL;

    let mut measured: Vec<[Measured; 2]> = contestants.iter().map(|_| Default::default()).collect();
    for round in 1..=rounds {
        // Nobody is always the first, or behind the same one.
        for turn in 0..contestants.len() {
            let number = match round % 2 {
                0 => (round + turn) % contestants.len(),
                _ => (round + contestants.len() - turn) % contestants.len(),
            };
            let (contestant, both) = (contestants[number], &mut measured[number]);
            for (images, of) in [&small, &large].iter().zip(both) {
                let sample = speed::sample(contestant, images);
                eprintln!(
                    "bench: round {round} of {rounds}, {} MB, {}: {:.2} s",
                    images.initrd_mb,
                    contestant.name(),
                    sample.wall_s
                );
                of.rounds.add(sample);
            }
        }
    }
    let results: Vec<table::Result> = contestants
        .iter()
        .zip(measured)
        .map(|(contestant, [mut of_small, mut of_large])| {
            eprintln!("bench: instructions, {}", contestant.name());
            for (images, of) in [(&small, &mut of_small), (&large, &mut of_large)] {
                of.instructions_m = speed::instructions(*contestant, images);
            }
            eprintln!("bench: smallest memory, {}", contestant.name());
            table::Result {
                contestant: *contestant,
                small: of_small,
                large: of_large,
                memory_mb: memory::smallest(*contestant, &small),
                added: contestant.initramfs_bytes(),
            }
        })
        .collect();
    table::print(&results, &small, &large, rounds);
    let sysext_mb = setting("BENCH_SYSEXT", 100);
    eprintln!("bench: companion files");
    let companions = companions::measure(&small, sysext_mb);
    table::print_companions(&companions, sysext_mb);
}
