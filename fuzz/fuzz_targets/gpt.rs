// SPDX-License-Identifier: GPL-2.0-or-later
//! Partition tables: every partition is inside its disk. If the first byte is odd, the
//! checksums of a GPT are made good, so that its fields are read.
#![no_main]
use kexec_bpf::parts::formats::table;
use kexec_bpf_fuzz::disk::number;
use kexec_bpf_fuzz::{crc32, inside};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut disk = input.to_vec();
    if disk.first().is_some_and(|byte| byte % 2 == 1) {
        let sector = if disk[0] & 2 == 0 { 512 } else { 4096 };
        repair(&mut disk, sector);
    }
    if let Ok(table) = table::read(&disk[..], 512) {
        assert!(table.partitions.len() <= 2048);
        for partition in table.partitions {
            inside(&disk, partition.slice);
            assert!(partition.number > 0 && partition.uuid.is_ascii());
        }
    }
});

fn repair(disk: &mut [u8], sector: usize) {
    let place = number(disk, sector + 72) as usize;
    let bytes = number(disk, sector + 80).checked_mul(number(disk, sector + 84));
    let array = place
        .checked_mul(sector)
        .and_then(|start| disk.get(start..)?.get(..bytes? as usize));
    let array = array.map(crc32);
    let Some(header) = disk.get_mut(sector..) else {
        return;
    };
    if header.len() < 92 {
        return;
    }
    header[..8].copy_from_slice(b"EFI PART");
    if let Some(array) = array {
        header[88..92].copy_from_slice(&array.to_le_bytes());
    }
    header[16..20].fill(0);
    let covered = number(header, 12) as usize;
    let crc = header.get(..covered).map(crc32).unwrap_or_default();
    header[16..20].copy_from_slice(&crc.to_le_bytes());
}
