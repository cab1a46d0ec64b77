// SPDX-License-Identifier: GPL-2.0-or-later
//! MBR partition tables, primary and logical partitions.

use super::{ESP, build};
use crate::formats::disk::mbr;
use crate::formats::disk::partition::{Partition, PartitionType, TableError};
use crate::formats::disk::table;

const SECTORS: usize = 4096;

/// Writes a table with these slots (type, start, count) into a sector of the disk.
fn write(disk: &mut [u8], sector: usize, at: usize, slots: &[(u8, u32, u32)]) {
    let table = &mut disk[at * sector..][..512];
    for (slot, (kind, start, count)) in table[446..510].chunks_exact_mut(16).zip(slots) {
        slot[4] = *kind;
        slot[8..12].copy_from_slice(&start.to_le_bytes());
        slot[12..16].copy_from_slice(&count.to_le_bytes());
    }
    table[510..].copy_from_slice(&[0x55, 0xaa]);
}

fn disk(slots: &[(u8, u32, u32)]) -> Vec<u8> {
    let mut disk = vec![0; SECTORS * 512];
    disk[440..444].copy_from_slice(&0x1234_abcdu32.to_le_bytes());
    write(&mut disk, 512, 0, slots);
    disk
}

fn summary(partitions: &[Partition]) -> Vec<(u32, PartitionType, u64, u64)> {
    let summary = partitions.iter().map(|one| {
        let (start, count) = (one.slice.offset.0 / 512, one.slice.bytes / 512);
        (one.number, one.partition_type, start, count)
    });
    summary.collect()
}

#[test]
fn esp_and_xbootldr_have_types_of_their_own() {
    let disk = disk(&[(0x83, 8, 8), (0xef, 16, 8), (0, 0, 0), (0xea, 32, 8)]);
    let table = table::read(&disk[..], 512).unwrap();
    assert_eq!(
        summary(&table.partitions),
        [
            (1, PartitionType::Other, 8, 8),
            (2, PartitionType::Esp, 16, 8),
            (4, PartitionType::Xbootldr, 32, 8),
        ]
    );
    assert_eq!(table.partitions[1].uuid, "1234abcd-02");
    assert_eq!(table.partitions[2].uuid, "1234abcd-04");
    assert!(!table.from_backup);
}

/// The kernel counts logical partitions from 5, wherever the extended one is.
#[test]
fn logical_partitions_follow_the_chain() {
    for kind in [0x05, 0x0f, 0x85] {
        let mut disk = disk(&[(kind, 100, 900), (0x83, 8, 8)]);
        write(&mut disk, 512, 100, &[(0x83, 8, 16), (0x05, 200, 100)]);
        write(&mut disk, 512, 300, &[(0xef, 8, 16), (0x05, 400, 100)]);
        write(&mut disk, 512, 500, &[(0xea, 8, 16)]);
        let table = table::read(&disk[..], 512).unwrap();
        assert_eq!(
            summary(&table.partitions),
            [
                (2, PartitionType::Other, 8, 8),
                (5, PartitionType::Other, 108, 16),
                (6, PartitionType::Esp, 308, 16),
                (7, PartitionType::Xbootldr, 508, 16),
            ]
        );
        assert_eq!(table.partitions[2].uuid, "1234abcd-06");
    }
}

#[test]
fn all_partitions_have_the_disks_sectors() {
    let mut disk = vec![0; SECTORS * 512];
    write(&mut disk, 512, 0, &[(0xef, 8, 16), (0x05, 100, 300)]);
    write(&mut disk, 4096, 100, &[(0xef, 8, 16)]);
    let places = |sector| -> Vec<_> {
        let found = mbr::read(&disk[..], sector).unwrap().unwrap().partitions;
        let one = |one: Partition| (one.number, one.slice.offset.0, one.slice.bytes);
        found.into_iter().map(one).collect()
    };
    let large = [(1, 8 * 4096, 16 * 4096), (5, 108 * 4096, 16 * 4096)];
    assert_eq!(places(4096), large);
    assert_eq!(places(512), [(1, 8 * 512, 16 * 512)]);
}

#[test]
fn a_chain_ends() {
    // A circle; a sector beyond the end; a sector without a table; no sector at all.
    for next in [0, 5000, 7, u32::MAX] {
        let mut disk = disk(&[(0x05, 100, 900)]);
        write(&mut disk, 512, 100, &[(0xef, 8, 16), (0x05, next, 100)]);
        let found = mbr::read(&disk[..], 512).unwrap().unwrap().partitions;
        assert_eq!(
            summary(&found),
            [(5, PartitionType::Esp, 108, 16)],
            "{next}"
        );
    }
    // As many as the kernel has, and sectors without any.
    let mut disk = disk(&[(0x05, 100, 3000)]);
    for at in 0..300 {
        write(
            &mut disk,
            512,
            100 + 2 * at,
            &[(0xef, 1, 1), (0x05, 2 * at as u32 + 2, 2)],
        );
    }
    let found = mbr::read(&disk[..], 512).unwrap().unwrap().partitions;
    assert_eq!((found.len(), found[250].number), (251, 255));
    for (empty, wanted) in [(99, Some(5)), (100, None)] {
        for at in 0..empty {
            write(&mut disk, 512, 100 + 2 * at, &[(0, 0, 0)]);
        }
        let found = mbr::read(&disk[..], 512).unwrap().unwrap().partitions;
        assert_eq!(found.first().map(|one| one.number), wanted, "{empty}");
    }
}

/// DR-DOS put the link first, OS/2 used all slots. The kernel counts those that are inside.
#[test]
fn slots_of_a_chain_count_as_for_the_kernel() {
    let mut disk = disk(&[(0x05, 100, 900)]);
    let slots = [
        (0x05, 200, 100),
        (0x83, 1, 2),
        (0xef, 10, 5),
        (0xef, 890, 20),
    ];
    write(&mut disk, 512, 100, &slots);
    write(
        &mut disk,
        512,
        300,
        &[(0, 0, 0), (0, 0, 0), (0x05, 400, 100), (0x83, 3, 4)],
    );
    write(&mut disk, 512, 500, &[(0xea, 8, 16)]);
    let found = mbr::read(&disk[..], 512).unwrap().unwrap().partitions;
    assert_eq!(
        summary(&found),
        [
            (5, PartitionType::Other, 101, 2),
            (6, PartitionType::Esp, 110, 5),
            (7, PartitionType::Other, 303, 4),
            (8, PartitionType::Xbootldr, 508, 16),
        ]
    );
}

/// As the kernel does: a disk may have been copied to a smaller one.
#[test]
fn a_partition_is_cut_off_at_the_end_of_the_disk() {
    let disk = disk(&[
        (0xef, 4000, 97),
        (0xef, u32::MAX, u32::MAX),
        (0xef, 4096, 1),
    ]);
    let found = mbr::read(&disk[..], 512).unwrap().unwrap().partitions;
    assert_eq!(summary(&found), [(1, PartitionType::Esp, 4000, 96)]);
}

#[test]
fn the_mbr_decides_which_table_counts() {
    // With a protective MBR, or one for both, the GPT counts.
    let mut gpt = build(512, &[(ESP, 40, 50)]);
    for slots in [&[(0xee, 1, 255)][..], &[(0xee, 1, 39), (0x83, 60, 10)], &[]] {
        gpt[446..512].fill(0);
        write(&mut gpt, 512, 0, slots);
        let found = table::read(&gpt[..], 512).unwrap().partitions;
        assert_eq!(summary(&found), [(1, PartitionType::Esp, 40, 11)]);
    }
    // Without, it is left over from earlier.
    gpt[446..512].fill(0);
    write(&mut gpt, 512, 0, &[(0xea, 60, 10)]);
    let found = table::read(&gpt[..], 512).unwrap().partitions;
    assert_eq!(summary(&found), [(1, PartitionType::Xbootldr, 60, 10)]);
}

/// mkfs.fat on a whole disk leaves the second table of a GPT alone.
#[test]
fn a_file_system_on_the_whole_disk_has_no_table() {
    let mut disk = build(512, &[(ESP, 40, 50)]);
    disk[512..1024].fill(0);
    assert!(table::read(&disk[..], 512).unwrap().from_backup);
    for (at, text) in [
        (11, &512u16.to_le_bytes()[..]),
        (82, b"FAT32   "),
        (510, &[0x55, 0xaa]),
    ] {
        disk[at..at + text.len()].copy_from_slice(text);
    }
    assert_eq!(table::read(&disk[..], 512), Err(TableError::None));
    // With a protective MBR, what looks like a file system is left over.
    write(&mut disk, 512, 0, &[(0xee, 1, 255)]);
    assert!(table::read(&disk[..], 512).unwrap().from_backup);
}

/// The boot sector of a file system has the same mark at its end, and code in the slots.
#[test]
fn a_boot_sector_is_no_table() {
    let mut disk = disk(&[(0xef, 8, 8)]);
    disk[446] = 0x4d;
    assert_eq!(table::read(&disk[..], 512), Err(TableError::None));
    disk[446] = 0x80;
    assert!(table::read(&disk[..], 512).is_ok());
    disk[510] = 0;
    assert_eq!(table::read(&disk[..], 512), Err(TableError::None));
}
