// SPDX-License-Identifier: GPL-2.0-or-later
//! GUID partition tables. Spec: UEFI 2.10, chapter 5.3. Layer: pure.
//!
//! The kernel reads these tables as well. But sysfs has no partition types, there is no
//! udev, and if the first table is damaged, the kernel does not try the second one.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::partition::{Partition, PartitionType, SECTORS, Table, TableError};
use crate::formats::crc32::crc32;
use crate::formats::field::{bytes_at, u16_at, u32_at, u64_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, read_small};

/// The number of header bytes that are read. The header states how many of them it uses.
const HEADER_BYTES: u64 = 512;
const HEADER_MIN_BYTES: u32 = 92;
/// The largest array of entries that is read. Usually it has 128 entries of 128 bytes.
const ARRAY_MAX_BYTES: u64 = 256 << 10;

const ESP: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
const XBOOTLDR: &str = "bc13c2ff-59e6-4262-a352-b275fd6f7172";

/// Returns the text of a GUID. Its first three fields are little-endian.
#[must_use]
pub fn guid(bytes: [u8; 16]) -> String {
    let mut text = String::new();
    for index in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15usize] {
        if matches!(index, 5 | 7 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{:02x}", bytes.get(index).unwrap_or(&0)));
    }
    text
}

/// Reads the table of a disk.
///
/// # Errors
/// [`TableError`].
pub fn read<R: ReadAt + ?Sized>(disk: &R) -> Result<Table, TableError> {
    let mut found = TableError::None;
    for from_backup in [false, true] {
        for sector in SECTORS {
            let at = if from_backup {
                disk.file_bytes()
                    .checked_div(sector)
                    .map_or(0, |count| count.saturating_sub(1))
            } else {
                1
            };
            match read_at(disk, sector, at) {
                Ok(partitions) => {
                    return Ok(Table {
                        partitions,
                        from_backup,
                    });
                }
                Err(TableError::Damaged) => found = TableError::Damaged,
                Err(TableError::None) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Err(found)
}

/// Returns `bytes` bytes from the sector `first` on; `None` when they are not all on the
/// disk.
fn sectors<R: ReadAt + ?Sized>(disk: &R, sector: u64, first: u64, bytes: u64) -> Option<FileSlice> {
    let offset = FileOffset(first.checked_mul(sector)?);
    FileSlice::within(offset, bytes, disk.file_bytes())
}

fn read_at<R: ReadAt + ?Sized>(
    disk: &R,
    sector: u64,
    at: u64,
) -> Result<Vec<Partition>, TableError> {
    let slice = sectors(disk, sector, at, HEADER_BYTES).ok_or(TableError::None)?;
    let header = read_small(disk, slice, HEADER_BYTES)?;
    if !header.starts_with(b"EFI PART") {
        return Err(TableError::None);
    }
    let (place, count, size) = check_header(&header, at).ok_or(TableError::Damaged)?;
    let bytes = u64::from(count).checked_mul(u64::from(size));
    let bytes = bytes.filter(|bytes| *bytes <= ARRAY_MAX_BYTES);
    let slice = bytes.and_then(|bytes| sectors(disk, sector, place, bytes));
    let array = read_small(disk, slice.ok_or(TableError::Damaged)?, ARRAY_MAX_BYTES)?;
    if u32_at(&header, 88) != Some(crc32(0, &array)) {
        return Err(TableError::Damaged);
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let entries = (1..).zip(array.chunks_exact(size));
    Ok(entries
        .filter_map(|(number, entry)| partition(disk, sector, number, entry))
        .collect())
}

/// Returns the array's first sector, its number of entries and the size of each; `None`
/// when the header is damaged.
fn check_header(header: &[u8], at: u64) -> Option<(u64, u32, u32)> {
    let bytes = u32_at(header, 12).filter(|bytes| *bytes >= HEADER_MIN_BYTES)?;
    let covered = header.get(..usize::try_from(bytes).ok()?)?;
    // The checksum is computed with zeros in its own field.
    let mut zeroed = covered.to_vec();
    zeroed.get_mut(16..20)?.fill(0);
    let size = u32_at(header, 84).filter(|size| *size >= 128 && size.is_power_of_two())?;
    let sound = crc32(0, &zeroed) == u32_at(header, 16)? && u64_at(header, 24)? == at;
    sound.then_some((u64_at(header, 72)?, u32_at(header, 80)?, size))
}

/// Returns a text of little-endian UTF-16 units, up to the first that is 0.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|unit| u16_at(unit, 0));
    let text = char::decode_utf16(units.take_while(|unit| *unit != 0));
    text.map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn partition<R: ReadAt + ?Sized>(
    disk: &R,
    sector: u64,
    number: u32,
    entry: &[u8],
) -> Option<Partition> {
    let partition_type = match guid(bytes_at(entry, 0)?).as_str() {
        ESP => PartitionType::Esp,
        XBOOTLDR => PartitionType::Xbootldr,
        "00000000-0000-0000-0000-000000000000" => return None,
        _ => PartitionType::Other,
    };
    let (first, last) = (u64_at(entry, 32)?, u64_at(entry, 40)?);
    let count = last.checked_sub(first)?.checked_add(1)?;
    Some(Partition {
        number,
        partition_type,
        uuid: guid(bytes_at(entry, 16)?),
        label: utf16(entry.get(56..128)?),
        slice: sectors(disk, sector, first, count.checked_mul(sector)?)?,
    })
}
