// SPDX-License-Identifier: GPL-2.0-or-later
//! Partition tables and superblocks: every partition is inside its disk.
#![no_main]
use kexec_bpf::parts::formats::{superblock, table};
use kexec_bpf_fuzz::inside;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|disk: &[u8]| {
    if let Ok(table) = table::read(disk) {
        for partition in table.partitions {
            inside(disk, partition.slice);
        }
    }
    let _ = superblock::probe(disk);
});
