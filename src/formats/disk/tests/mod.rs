// SPDX-License-Identifier: GPL-2.0-or-later
//! GUID partition tables.

mod mbr;
mod superblock;

use crate::diagnosis::errno::Errno;
use crate::formats::crc32::crc32;
use crate::formats::disk::gpt;
use crate::formats::disk::partition::{PartitionType, TableError};
use crate::formats::source::{FileOffset, ReadError, ReadErrorKind};

const ESP: [u8; 16] = [
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
];
const XBOOTLDR: [u8; 16] = [
    0xff, 0xc2, 0x13, 0xbc, 0xe6, 0x59, 0x62, 0x42, 0xa3, 0x52, 0xb2, 0x75, 0xfd, 0x6f, 0x71, 0x72,
];

/// Builds a disk that has both copies of a table with these partitions.
pub(crate) fn build(sector: usize, partitions: &[([u8; 16], u64, u64)]) -> Vec<u8> {
    let sectors = 256;
    let mut disk = vec![0; sectors * sector];
    let mut array = vec![0; 128 * 128];
    for (index, (kind, first, last)) in partitions.iter().enumerate() {
        let entry = &mut array[128 * index..];
        entry[..16].copy_from_slice(kind);
        entry[16..32].fill(u8::try_from(index + 1).unwrap());
        entry[32..40].copy_from_slice(&first.to_le_bytes());
        entry[40..48].copy_from_slice(&last.to_le_bytes());
        let label = format!("Part {}", index + 1);
        for (unit, at) in label.encode_utf16().zip((56..).step_by(2)) {
            entry[at..at + 2].copy_from_slice(&unit.to_le_bytes());
        }
    }
    let array_sectors = array.len().div_ceil(sector);
    for (at, array_at) in [(1, 2), (sectors - 1, sectors - 1 - array_sectors)] {
        let mut header = vec![0; 92];
        header[..8].copy_from_slice(b"EFI PART");
        header[8..12].copy_from_slice(&0x10000u32.to_le_bytes());
        header[12..16].copy_from_slice(&92u32.to_le_bytes());
        header[24..32].copy_from_slice(&(at as u64).to_le_bytes());
        header[72..80].copy_from_slice(&(array_at as u64).to_le_bytes());
        header[80..84].copy_from_slice(&128u32.to_le_bytes());
        header[84..88].copy_from_slice(&128u32.to_le_bytes());
        header[88..92].copy_from_slice(&crc32(0, &array).to_le_bytes());
        let crc = crc32(0, &header);
        header[16..20].copy_from_slice(&crc.to_le_bytes());
        disk[at * sector..][..92].copy_from_slice(&header);
        disk[array_at * sector..][..array.len()].copy_from_slice(&array);
    }
    disk
}

#[test]
fn partitions_are_found_with_small_and_large_sectors() {
    for sector in [512, 4096] {
        let disk = build(
            sector,
            &[(ESP, 40, 50), (XBOOTLDR, 60, 60), ([7; 16], 70, 80)],
        );
        let table = gpt::read(&disk[..]).unwrap();
        assert!(!table.from_backup);
        let types: Vec<_> = table
            .partitions
            .iter()
            .map(|one| (one.number, one.partition_type))
            .collect();
        assert_eq!(
            types,
            [
                (1, PartitionType::Esp),
                (2, PartitionType::Xbootldr),
                (3, PartitionType::Other)
            ]
        );
        let first = &table.partitions[0];
        assert_eq!(first.uuid, "01010101-0101-0101-0101-010101010101");
        assert_eq!(first.label, "Part 1");
        assert_eq!(first.slice.offset.0, 40 * sector as u64);
        assert_eq!(first.slice.bytes, 11 * sector as u64);
    }
}

#[test]
fn a_damaged_table_gives_way_to_the_other() {
    let sound = build(512, &[(ESP, 40, 50)]);
    // Damages the header's checksum, its own location, and the array.
    for at in [512 + 16, 512 + 24, 2 * 512 + 3] {
        let mut disk = sound.clone();
        disk[at] ^= 1;
        let table = gpt::read(&disk[..]).unwrap();
        assert!(table.from_backup, "{at}");
        assert_eq!(table.partitions[0].partition_type, PartitionType::Esp);
        // Damages the second table as well.
        disk[255 * 512 + 16] ^= 1;
        assert_eq!(gpt::read(&disk[..]), Err(TableError::Damaged));
    }
    let mut first_only = sound;
    first_only[512..1024].fill(0);
    assert!(gpt::read(&first_only[..]).unwrap().from_backup);
}

#[test]
fn what_is_no_table_is_none() {
    for bytes in [0, 1, 511, 512, 1024, 4096, 1 << 20] {
        let disk = vec![0; bytes];
        assert_eq!(gpt::read(&disk[..]), Err(TableError::None), "{bytes}");
    }
    // A partition that reaches beyond the end of the disk is ignored.
    let disk = build(
        512,
        &[(ESP, 250, 256), (ESP, 40, 39), (ESP, u64::MAX, u64::MAX)],
    );
    assert_eq!(gpt::read(&disk[..]).unwrap().partitions, []);
}

#[test]
fn a_table_s_error_has_a_text() {
    assert_eq!(TableError::None.to_string(), "no partition table");
    assert_eq!(
        TableError::Damaged.to_string(),
        "both partition tables are damaged"
    );
    let error = ReadError {
        offset: FileOffset(512),
        wanted_bytes: 512,
        kind: ReadErrorKind::Io(Errno::EIO),
    };
    assert_eq!(
        TableError::Read(error).to_string(),
        "reading 512 bytes at 0x200 failed: EIO (5)"
    );
}
