// SPDX-License-Identifier: GPL-2.0-or-later
//! MBR partition tables, with logical partitions. Specs: UEFI 2.10, chapter 5.2; UAPI.1,
//! "The Partitions"; the kernel's block/partitions/msdos.c for the numbers of logical
//! partitions. Layer: pure.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::partition::{Partition, PartitionType, Table};
use crate::formats::field::{u8_at, u16_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, read_small};

const MBR_BYTES: u64 = 512;
const SLOTS: core::ops::Range<u32> = 0..4;
/// The numbers of logical partitions.
const LOGICAL: core::ops::Range<u32> = 5..256;
/// Limit on the sectors of a chain in a row that have no partition.
const EMPTY_MAX: u32 = 100;
/// The slots of a sector of a chain that count in any case. DR-DOS and OS/2 wrote more than
/// two; the others may contain anything.
const FIRST_SLOTS: u32 = 2;

/// One slot of a table. Positions and sizes are in sectors.
#[derive(Clone, Copy)]
struct Slot {
    status: u8,
    kind: u8,
    start: u32,
    count: u32,
}

impl Slot {
    fn is_extended(self) -> bool {
        matches!(self.kind, 0x05 | 0x0f | 0x85)
    }

    fn partition_type(self) -> PartitionType {
        match self.kind {
            0xef => PartitionType::Esp,
            0xea => PartitionType::Xbootldr,
            _ => PartitionType::Other,
        }
    }
}

/// A table with four slots, as sector 0 has it, and each sector of a chain.
struct Sector(Vec<u8>);

impl Sector {
    /// Reads the table at `offset`; `None` when there is none.
    fn read<R: ReadAt + ?Sized>(disk: &R, offset: u64) -> Result<Option<Sector>, ReadError> {
        let slice = FileSlice::within(FileOffset(offset), MBR_BYTES, disk.file_bytes());
        let Some(slice) = slice else { return Ok(None) };
        let sector = Sector(read_small(disk, slice, MBR_BYTES)?);
        Ok((u16_at(&sector.0, 510) == Some(0xaa55)).then_some(sector))
    }

    fn slot(&self, number: u32) -> Option<Slot> {
        let at = usize::try_from(number).ok()?.checked_mul(16)?;
        let slot = self.0.get(446..510)?.get(at..)?;
        Some(Slot {
            status: u8_at(slot, 0)?,
            kind: u8_at(slot, 4)?,
            start: u32_at(slot, 8)?,
            count: u32_at(slot, 12)?,
        })
    }

    /// Returns the slots that are in use, with their numbers from 0.
    fn used(&self) -> impl Iterator<Item = (u32, Slot)> + '_ {
        SLOTS
            .filter_map(|number| Some((number, self.slot(number)?)))
            .filter(|(_, slot)| slot.count > 0)
    }

    fn stands_for_gpt(&self) -> bool {
        self.used().any(|(_, slot)| slot.kind == 0xee)
    }
}

/// Returns whether the MBR of a disk says that the disk has a GPT.
///
/// # Errors
/// [`ReadError`].
pub fn stands_for_gpt<R: ReadAt + ?Sized>(disk: &R) -> Result<bool, ReadError> {
    let first = Sector::read(disk, 0)?;
    Ok(first.is_some_and(|first| first.stands_for_gpt()))
}

/// Reads the MBR of a disk; returns `None` when there is none, when it only protects a
/// GPT, and when it is the boot sector of a file system. As for the kernel, a sector has the
/// disk's own size.
///
/// # Errors
/// [`ReadError`].
pub fn read<R: ReadAt + ?Sized>(disk: &R, sector: u64) -> Result<Option<Table>, ReadError> {
    let Some(first) = Sector::read(disk, 0)? else {
        return Ok(None);
    };
    let mut slots = SLOTS.filter_map(|number| first.slot(number));
    // In a boot sector there is code at this place.
    let is_table = slots.all(|slot| matches!(slot.status, 0 | 0x80));
    if !is_table || first.stands_for_gpt() || first.used().next().is_none() {
        return Ok(None);
    }
    let signature = u32_at(&first.0, 440).unwrap_or(0);
    let mut partitions = Vec::new();
    for (number, slot) in first.used() {
        if slot.is_extended() {
            continue;
        }
        let number = number.saturating_add(1);
        let start = u64::from(slot.start);
        partitions.extend(partition(disk, sector, signature, number, start, slot));
    }
    let mut numbers = LOGICAL;
    for (_, slot) in first.used().filter(|(_, slot)| slot.is_extended()) {
        partitions.extend(chain(disk, sector, signature, slot, &mut numbers)?);
    }
    Ok(Some(Table {
        partitions,
        from_backup: false,
    }))
}

fn partition<R: ReadAt + ?Sized>(
    disk: &R,
    sector: u64,
    signature: u32,
    number: u32,
    start: u64,
    slot: Slot,
) -> Option<Partition> {
    let offset = FileOffset(start.checked_mul(sector)?);
    let bytes = u64::from(slot.count).checked_mul(sector)?;
    // The kernel cuts one off that reaches beyond the end of the disk, as on a copy to a
    // smaller disk.
    let left = disk.file_bytes().checked_sub(offset.0)?;
    let bytes = Some(bytes.min(left)).filter(|bytes| *bytes > 0)?;
    Some(Partition {
        number,
        partition_type: slot.partition_type(),
        uuid: format!("{signature:08x}-{number:02x}"),
        label: String::new(),
        slice: FileSlice::within(offset, bytes, disk.file_bytes())?,
    })
}

/// Follows the chain of logical partitions in an extended one, and takes their numbers from
/// `numbers`. Each sector of the chain has one partition, and the place of the next sector.
fn chain<R: ReadAt + ?Sized>(
    disk: &R,
    sector: u64,
    signature: u32,
    extended: Slot,
    numbers: &mut core::ops::Range<u32>,
) -> Result<Vec<Partition>, ReadError> {
    let mut partitions = Vec::new();
    let first = u64::from(extended.start);
    let (mut here, mut count) = (first, u64::from(extended.count));
    let end = first.saturating_add(count);
    let mut seen = Vec::new();
    let mut empty = 0..EMPTY_MAX;
    // A circle has the same partitions again.
    while !seen.contains(&here) && empty.next().is_some() {
        seen.push(here);
        let Some(table) = Sector::read(disk, here.saturating_mul(sector))? else {
            break;
        };
        let (links, used): (Vec<_>, Vec<_>) =
            table.used().partition(|(_, slot)| slot.is_extended());
        for (place, slot) in used {
            let (offset, bytes) = (u64::from(slot.start), u64::from(slot.count));
            let start = here.saturating_add(offset);
            let is_inside = offset.saturating_add(bytes) <= count
                && start >= first
                && start.saturating_add(bytes) <= end;
            if place >= FIRST_SLOTS && !is_inside {
                continue;
            }
            let Some(number) = numbers.next() else {
                return Ok(partitions);
            };
            partitions.extend(partition(disk, sector, signature, number, start, slot));
            empty = 0..EMPTY_MAX;
        }
        let Some((_, next)) = links.first() else {
            break;
        };
        // Relative to the start of the extended partition.
        here = first.saturating_add(next.start.into());
        count = next.count.into();
    }
    Ok(partitions)
}
