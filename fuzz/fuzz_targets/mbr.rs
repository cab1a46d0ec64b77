// SPDX-License-Identifier: GPL-2.0-or-later
//! MBR tables: partitions have the numbers and places that the kernel gives them
//! (block/partitions/msdos.c). The input is the disk's size, the four slots of the MBR, and
//! then sectors of a chain: the number of each and its four slots.
#![no_main]
use std::collections::HashMap;

use kexec_bpf::parts::formats::table;
use kexec_bpf_fuzz::disk::{Disk, number};
use kexec_bpf_fuzz::inside_bytes;
use libfuzzer_sys::fuzz_target;

const SLOTS_BYTES: usize = 64;
const SECTOR: u64 = 512;
/// The first number of a logical partition, and the kernel's limit on numbers.
const LOGICAL: std::ops::Range<u32> = 5..256;

/// A slot: type, first sector, number of sectors.
fn slots(table: &[u8]) -> [(u8, u64, u64); 4] {
    [0, 16, 32, 48].map(|at| {
        let kind = table.get(at + 4).copied().unwrap_or(0);
        let field = |place| u64::from(number(table, at + place));
        (kind, field(8), field(12))
    })
}

fn is_extended(kind: u8) -> bool {
    matches!(kind, 0x05 | 0x0f | 0x85)
}

/// Returns the number, the first sector and the size of each partition, as the kernel has
/// them. Where it would read the same sectors again, this ends.
fn model(mbr: &[u8], chain: &HashMap<u64, &[u8]>, disk_sectors: u64) -> Vec<(u32, u64, u64)> {
    let mut found = Vec::new();
    let mut put = |number, start: u64, count: u64| {
        if start < disk_sectors {
            found.push((number, start, count.min(disk_sectors - start)));
        }
    };
    for (number, (kind, start, count)) in (1..).zip(slots(mbr)) {
        if count > 0 && !is_extended(kind) {
            put(number, start, count);
        }
    }
    let mut numbers = LOGICAL;
    for (kind, first, first_count) in slots(mbr) {
        if first_count == 0 || !is_extended(kind) {
            continue;
        }
        let (mut here, mut here_count) = (first, first_count);
        let mut seen = Vec::new();
        let mut empty = 0;
        loop {
            empty += 1;
            if empty > 100 || seen.contains(&here) || here >= disk_sectors {
                break;
            }
            seen.push(here);
            // A chain may begin with the MBR itself.
            let table = if here == 0 {
                Some(&mbr)
            } else {
                chain.get(&here)
            };
            let Some(table) = table else {
                break;
            };
            for (slot, (kind, start, count)) in slots(table).into_iter().enumerate() {
                if count == 0 || is_extended(kind) {
                    continue;
                }
                let at = here + start;
                let is_garbage =
                    start + count > here_count || at < first || at + count > first + first_count;
                if slot >= 2 && is_garbage {
                    continue;
                }
                let Some(number) = numbers.next() else {
                    return found;
                };
                put(number, at, count);
                empty = 0;
            }
            let next = slots(table)
                .into_iter()
                .find(|(kind, _, count)| *count > 0 && is_extended(*kind));
            let Some((_, start, count)) = next else {
                break;
            };
            (here, here_count) = (first + start, count);
        }
    }
    found
}

fuzz_target!(|input: &[u8]| {
    let disk_sectors = u64::from(number(input, 0));
    let Some(mbr) = input.get(4..4 + SLOTS_BYTES) else {
        return;
    };
    let mut chain = HashMap::new();
    for one in input[4 + SLOTS_BYTES..].chunks(4 + SLOTS_BYTES) {
        let place = u64::from(number(one, 0));
        if place > 0 {
            chain
                .entry(place)
                .or_insert(one.get(4..).unwrap_or_default());
        }
    }
    let disk = Disk {
        bytes: disk_sectors * SECTOR,
        fill: |offset: u64, buffer: &mut [u8]| {
            buffer.fill(0);
            let place = offset / SECTOR;
            let table = if place == 0 {
                Some(mbr)
            } else {
                chain.get(&place).copied()
            };
            if let Some(table) = table
                && offset % SECTOR == 0
                && buffer.len() >= 512
            {
                buffer[446..446 + table.len()].copy_from_slice(table);
                buffer[510..512].copy_from_slice(&[0x55, 0xaa]);
            }
        },
    };
    let Ok(found) = table::read(&disk, SECTOR) else {
        return;
    };
    assert!(!found.from_backup);
    let found: Vec<_> = found
        .partitions
        .iter()
        .map(|one| {
            inside_bytes(disk.bytes, one.slice);
            (
                one.number,
                one.slice.offset.0 / SECTOR,
                one.slice.bytes / SECTOR,
            )
        })
        .collect();
    assert_eq!(found, model(mbr, &chain, disk_sectors));
});
