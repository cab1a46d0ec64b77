// SPDX-License-Identifier: GPL-2.0-or-later
//! `make bench`: kexec-bpf against the floor and its peers, one table.
//!
//! TCG's times say nothing by themselves, and vary within a boot: one sample
//! a boot, contestants in turn, medians, and ratios to the floor.
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
use speed::Samples;

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

    let mut samples: Vec<[Samples; 2]> = contestants.iter().map(|_| Default::default()).collect();
    for round in 1..=rounds {
        for (contestant, [of_small, of_large]) in contestants.iter().zip(&mut samples) {
            eprintln!("bench: round {round} of {rounds}, {}", contestant.name());
            of_small.add(speed::sample(*contestant, &small));
            of_large.add(speed::sample(*contestant, &large));
        }
    }
    let results: Vec<table::Result> = contestants
        .iter()
        .zip(samples)
        .map(|(contestant, [of_small, of_large])| {
            eprintln!("bench: smallest memory, {}", contestant.name());
            table::Result {
                contestant: *contestant,
                small: of_small.medians(),
                large: of_large.medians(),
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
