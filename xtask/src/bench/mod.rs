// SPDX-License-Identifier: GPL-2.0-or-later
//! `make bench`: compares kexec-bpf with its peers, and with a program that makes only
//! the system call (the floor), in one table.
//!
//! Absolute times under TCG mean nothing, and they vary within a boot and with the size
//! of the guest. Therefore each boot makes one load, contestants take turns, initrds are
//! measured one after the other, and the table has medians and ratios to the floor.
//! Instructions are counted as well, because other work on the host cannot change them.
//!
//! BENCH_ROUNDS sets the number of rounds of loads (7), BENCH_JUMPS that of jumps (3),
//! BENCH_SMALL and BENCH_LARGE the initrds' sizes in MB (60 and 200), BENCH_SYSEXT that of
//! the system extension (100).

mod companions;
mod contestant;
mod images;
mod memory;
mod speed;
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

/// Returns the order of a round: no contestant is always first, or always after the same
/// one.
fn turns(round: usize) -> impl Iterator<Item = usize> {
    let all = Contestant::ALL.len();
    (0..all).map(move |turn| match round % 2 {
        0 => (round + turn) % all,
        _ => (round + all - turn) % all,
    })
}

/// Makes all measurements of one image, and returns them by contestant.
fn measure(images: &Images, rounds: usize, jumps: usize) -> Vec<Measured> {
    let megabytes = images.initrd_mb;
    let mut all: Vec<Measured> = Contestant::ALL.map(|_| Measured::default()).into();
    for round in 1..=rounds {
        for number in turns(round) {
            let contestant = Contestant::ALL[number];
            let load = speed::load(contestant, images);
            eprintln!(
                "bench: {megabytes} MB, load {round} of {rounds}, {}: {:.2} s",
                contestant.name(),
                load.wall_s
            );
            all[number].loads.push(load);
        }
    }
    for round in 1..=jumps {
        eprintln!("bench: {megabytes} MB, jump {round} of {jumps}");
        for number in turns(round) {
            let jump = speed::jump(Contestant::ALL[number], images);
            all[number].jumps.push(jump);
        }
    }
    eprintln!("bench: {megabytes} MB, instructions");
    for (contestant, of) in Contestant::ALL.iter().zip(&mut all) {
        of.instructions_m = speed::instructions(*contestant, images);
    }
    all
}

pub fn run() {
    let rounds = setting("BENCH_ROUNDS", 7);
    let jumps = setting("BENCH_JUMPS", 3);
    let small = Images::build("small", setting("BENCH_SMALL", 60));
    let large = Images::build("large", setting("BENCH_LARGE", 200));
    let of_small = measure(&small, rounds, jumps);
    let of_large = measure(&large, rounds, jumps);

    let results: Vec<table::Result> = Contestant::ALL
        .into_iter()
        .zip(of_small.into_iter().zip(of_large))
        .map(|(contestant, (of_small, of_large))| {
            eprintln!("bench: smallest memory, {}", contestant.name());
            table::Result {
                contestant,
                small: of_small,
                large: of_large,
                memory_mb: memory::smallest(contestant, &small),
                added: contestant.initramfs_bytes(),
            }
        })
        .collect();
    table::print(&results, &small, &large);
    let sysext_mb = setting("BENCH_SYSEXT", 100);
    eprintln!("bench: companion files");
    let companions = companions::measure(&small, sysext_mb);
    table::print_companions(&companions, sysext_mb);
}
