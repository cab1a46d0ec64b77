// SPDX-License-Identifier: GPL-2.0-or-later
//! FAT and exFAT. Specs: Microsoft FAT specification 1.03; Microsoft exFAT specification.
//! Layer: pure.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Device, Filesystem, READ_MAX_BYTES, text};
use crate::formats::disk::gpt;
use crate::formats::field::{u8_at, u16_at, u32_at};
use crate::formats::source::ReadAt;

/// Bytes of an entry of a root directory, in both file systems.
const ENTRY_BYTES: usize = 32;
/// Attributes of a directory's entry: a volume's label, and the mask that tells it from
/// a part of a long name.
const LABEL: u8 = 0x08;
const LONG_NAME: u8 = 0x0f;

/// Recognises FAT and exFAT.
pub(super) fn probe<R: ReadAt + ?Sized>(device: &Device<'_, R>) -> Option<Filesystem> {
    let head = device.read(0, 512);
    if let Some((serial, root)) = exfat(&head) {
        let label = exfat_label(&root.read(device)).unwrap_or_default();
        let label = label.into_bytes();
        return Some(Filesystem::new("exfat", volume_id(serial), label));
    }
    let (serial, own_label, root) = fat(&head)?;
    // The label is in two places, and programs may change only that in the root directory.
    let label = root.and_then(|root| fat_label(&root.read(device)));
    let label = label.unwrap_or(own_label);
    Some(Filesystem::new("vfat", volume_id(serial), label))
}

/// The place of a root directory: only its beginning, where the label is.
struct Root {
    offset: u64,
    bytes: u64,
}

impl Root {
    fn read<R: ReadAt + ?Sized>(&self, device: &Device<'_, R>) -> Vec<u8> {
        device.read(self.offset, self.bytes.min(READ_MAX_BYTES))
    }
}

fn volume_id(serial: u32) -> String {
    format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)
}

/// Returns the serial number, the label and the root directory of a FAT file system.
fn fat(head: &[u8]) -> Option<(u32, Vec<u8>, Option<Root>)> {
    let sector = u16_at(head, 11)?;
    let sound = u16_at(head, 510)? == 0xaa55 && (512..=4096).contains(&sector);
    // FAT12 and FAT16 have the size of a FAT here, FAT32 has 0.
    let is_fat32 = u16_at(head, 22)? == 0;
    let fields = head.get(if is_fat32 { 64 } else { 36 }..)?;
    let name = fields.get(18..)?;
    let is_fat = [&b"FAT"[..], b"MSDOS", b"MSWIN"]
        .iter()
        .any(|known| name.starts_with(known));
    if !sound || !sector.is_power_of_two() || !is_fat {
        return None;
    }
    let own_label = match fields.get(7..18)? {
        b"NO NAME    " => Vec::new(),
        label => text(label),
    };
    Some((u32_at(fields, 3)?, own_label, fat_root(head, is_fat32)))
}

fn fat_root(head: &[u8], is_fat32: bool) -> Option<Root> {
    let sector = u64::from(u16_at(head, 11)?);
    let reserved = u64::from(u16_at(head, 14)?);
    let copies = u64::from(u8_at(head, 16)?);
    let fat_sectors = match is_fat32 {
        true => u64::from(u32_at(head, 36)?),
        false => u64::from(u16_at(head, 22)?),
    };
    let data = copies.checked_mul(fat_sectors)?.checked_add(reserved)?;
    let data = data.checked_mul(sector)?;
    if !is_fat32 {
        let entries = u64::from(u16_at(head, 17)?);
        return Some(Root {
            offset: data,
            bytes: entries.checked_mul(32)?,
        });
    }
    let cluster = sector.checked_mul(u8_at(head, 13)?.into())?;
    // Clusters are counted from 2.
    let number = u64::from(u32_at(head, 44)?).checked_sub(2)?;
    Some(Root {
        offset: number.checked_mul(cluster)?.checked_add(data)?,
        bytes: cluster,
    })
}

/// Returns the label in a FAT's root directory.
fn fat_label(root: &[u8]) -> Option<Vec<u8>> {
    let mut entries = root.chunks_exact(ENTRY_BYTES);
    let entry = entries
        .by_ref()
        .take_while(|entry| entry.first() != Some(&0))
        .find(|entry| {
            let attributes = u8_at(entry, 11).unwrap_or(0);
            let is_label = attributes & LONG_NAME == LABEL;
            is_label && entry.first() != Some(&0xe5)
        })?;
    Some(text(entry.get(..11)?))
}

/// Returns the serial number and the root directory of an exFAT file system.
fn exfat(head: &[u8]) -> Option<(u32, Root)> {
    if !head.get(3..)?.starts_with(b"EXFAT   ") {
        return None;
    }
    let bytes_of = |shift: u8| 1u64.checked_shl(shift.into());
    let sector = bytes_of(u8_at(head, 108)?)?;
    let cluster = sector.checked_mul(bytes_of(u8_at(head, 109)?)?)?;
    let heap = u64::from(u32_at(head, 88)?).checked_mul(sector)?;
    let number = u64::from(u32_at(head, 96)?).checked_sub(2)?;
    let root = Root {
        offset: number.checked_mul(cluster)?.checked_add(heap)?,
        bytes: cluster,
    };
    Some((u32_at(head, 100)?, root))
}

/// Returns the label in an exFAT's root directory.
fn exfat_label(root: &[u8]) -> Option<String> {
    let entry = root
        .chunks_exact(ENTRY_BYTES)
        .take_while(|entry| entry.first() != Some(&0))
        .find(|entry| entry.first() == Some(&0x83))?;
    let units = usize::from(u8_at(entry, 1)?.min(11));
    Some(gpt::utf16(entry.get(2..)?.get(..units.checked_mul(2)?)?))
}
