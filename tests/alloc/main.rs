// SPDX-License-Identifier: GPL-2.0-or-later
//! Uses the program's allocator, which is no part of the library, as this test's own: the
//! standard library and its test threads run on it as well.

#[path = "../../src/rt/alloc.rs"]
mod alloc;

use std::thread;

/// A block with what must be in it: its bytes count up from a start.
struct Block {
    start: u8,
    bytes: Vec<u8>,
}

impl Block {
    fn extend(&mut self, count: usize) {
        self.bytes.reserve_exact(count);
        for _ in 0..count {
            let next = self.start.wrapping_add(self.bytes.len() as u8);
            self.bytes.push(next);
        }
    }

    fn check(&self) {
        for (index, &byte) in self.bytes.iter().enumerate() {
            assert_eq!(byte, self.start.wrapping_add(index as u8), "byte {index}");
        }
    }
}

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// Sizes near those where small blocks, classes and pages end are frequent.
    fn size(&mut self) -> usize {
        let power = 1_usize << self.below(15);
        (power + self.below(5)).saturating_sub(2)
    }
}

/// Makes, grows, shrinks and frees blocks, and finds in each what was written to it.
fn churn(seed: u64) {
    let mut numbers = Numbers(seed);
    let mut blocks: Vec<Block> = Vec::new();
    for round in 0..20_000 {
        let size = numbers.size();
        match numbers.below(4) {
            0 | 1 if blocks.len() < 200 => {
                let mut block = Block {
                    start: round as u8,
                    bytes: Vec::new(),
                };
                block.extend(size);
                blocks.push(block);
            }
            2 if !blocks.is_empty() => {
                let at = numbers.below(blocks.len());
                blocks[at].check();
                blocks[at].extend(size);
                blocks[at].check();
            }
            3 if !blocks.is_empty() => {
                let at = numbers.below(blocks.len());
                blocks[at].bytes.truncate(size);
                blocks[at].bytes.shrink_to_fit();
                blocks[at].check();
            }
            _ if !blocks.is_empty() => {
                let at = numbers.below(blocks.len());
                blocks.swap_remove(at).check();
            }
            _ => (),
        }
    }
    blocks.iter().for_each(Block::check);
}

#[test]
fn blocks_keep_their_bytes_in_several_threads() {
    thread::scope(|scope| {
        for seed in 1..=4 {
            scope.spawn(move || churn(seed));
        }
    });
}

/// Returns this process's resident memory in bytes, as /proc tells it.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("read statm");
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn freed_memory_is_used_again() {
    let round = || {
        for size in [1, 16, 17, 100, 2048, 2049, 5000, 1 << 20] {
            let blocks: Vec<Vec<u8>> = (0..32).map(|_| vec![1; size]).collect();
            assert_eq!(
                blocks
                    .iter()
                    .map(|block| usize::from(block[size - 1]))
                    .sum::<usize>(),
                32
            );
        }
    };
    round();
    let before = resident();
    (0..20).for_each(|_| round());
    // The other test's blocks are within this; without reuse 20 rounds take 640 MiB.
    assert!(
        resident() < before + (100 << 20),
        "{before} -> {}",
        resident()
    );
}

#[test]
fn blocks_are_aligned_and_zeroed() {
    #[derive(Clone, Copy)]
    #[repr(align(256))]
    struct Wide(u8);

    for count in [1, 3, 100] {
        let wide = vec![Wide(7); count];
        assert!((&raw const wide[0]).addr().is_multiple_of(256));
        assert!(wide.iter().all(|wide| wide.0 == 7));
        let words = vec![1_u128; count];
        assert!(words.as_ptr().addr().is_multiple_of(16));
    }
    for size in [1, 64, 2048, 4096, 100_000] {
        drop(vec![0xff_u8; size]);
        assert!(vec![0_u8; size].iter().all(|&byte| byte == 0), "{size}");
    }
}
