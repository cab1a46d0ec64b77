// SPDX-License-Identifier: GPL-2.0-or-later
//! .BTF.ext: the type of each function, for the verifier's checks, the source line of each
//! instruction, for its messages, and the instructions that have the offset of a field of
//! the kernel or the like in them, which the kernel puts right (CO-RE). Layer: pure.
//!
//! Spec: the kernel's Documentation/bpf/btf.rst and llvm_reloc.rst.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::ObjectError;
use super::btf::Btf;
use super::elf::Elf;
use super::instruction::BYTES;
use crate::formats::field::{u16_at, u32_at};
use crate::formats::sort::sort;

const MAGIC: u16 = 0xeb9f;

/// Records of one kind, in the order of their places.
pub struct Records<const FIELDS: usize>(Vec<Record<FIELDS>>);

#[derive(Clone, Copy)]
struct Record<const FIELDS: usize> {
    section: usize,
    /// The offset from the start of the section, in bytes.
    offset: u64,
    /// The fields after the offset.
    fields: [u32; FIELDS],
}

/// An object file's function types and source lines.
pub struct Lines {
    /// The ID of each function's type.
    pub functions: Records<1>,
    /// The offsets of file name and source text, then line and column in one number.
    pub lines: Records<3>,
    /// The ID of a type of this file, the offset of the path from there to a field, and the
    /// kind of the value: `struct bpf_core_relo`.
    pub relocations: Records<3>,
}

fn damaged() -> ObjectError {
    ObjectError::Types {
        what: ".BTF.ext is not a list of functions, lines and relocations",
    }
}

fn order<const FIELDS: usize>(a: &Record<FIELDS>, b: &Record<FIELDS>) -> Ordering {
    (a.section, a.offset).cmp(&(b.section, b.offset))
}

impl Lines {
    /// Parses .BTF.ext. Without that section, all lists are empty.
    ///
    /// # Errors
    /// [`ObjectError::Types`]
    pub fn parse(elf: &Elf<'_>, btf: &Btf<'_>) -> Result<Lines, ObjectError> {
        let Some(section) = elf.section(b".BTF.ext") else {
            return Ok(Lines {
                functions: Records(Vec::new()),
                lines: Records(Vec::new()),
                relocations: Records(Vec::new()),
            });
        };
        let bytes = section.bytes;
        let field = |offset| u32_at(bytes, offset).and_then(|value| usize::try_from(value).ok());
        let header = field(4).ok_or(damaged())?;
        if u16_at(bytes, 0) != Some(MAGIC) {
            return Err(damaged());
        }
        let part = |offset_at: usize| {
            let start = header.checked_add(field(offset_at)?)?;
            let size = field(offset_at.checked_add(4)?)?;
            bytes.get(start..start.checked_add(size)?)
        };
        // A header that is too short for the fields has no relocations.
        let relocations = match header >= 32 {
            true => part(24),
            false => Some(&[][..]),
        };
        Ok(Lines {
            functions: records(part(8).ok_or(damaged())?, elf, btf)?,
            lines: records(part(16).ok_or(damaged())?, elf, btf)?,
            relocations: records(relocations.ok_or(damaged())?, elf, btf)?,
        })
    }

    /// Returns whether a file without types has relocations.
    pub fn has_relocations(elf: &Elf<'_>) -> bool {
        let section = elf.section(b".BTF.ext");
        let bytes = section.map_or(&[][..], |section| section.bytes);
        let field = |offset| u32_at(bytes, offset).unwrap_or_default();
        // More than the size of a record.
        field(4) >= 32 && field(28) > 4
    }
}

/// Reads a table: the size of a record; then for each section its name, the number of its
/// records, and the records.
fn records<const FIELDS: usize>(
    table: &[u8],
    elf: &Elf<'_>,
    btf: &Btf<'_>,
) -> Result<Records<FIELDS>, ObjectError> {
    let mut found = Vec::new();
    let number = |offset| u32_at(table, offset).and_then(|value| usize::try_from(value).ok());
    let record_bytes = match number(0) {
        None => return Ok(Records(found)),
        // Each record has the offset before its fields.
        Some(bytes) if bytes >= size_of::<[u32; FIELDS]>().saturating_add(4) => bytes,
        Some(_) => return Err(damaged()),
    };
    let mut left = table.get(4..).unwrap_or_default();
    let mut groups = 0..elf.sections.len();
    while let (Some(name), Some(count)) = (u32_at(left, 0), u32_at(left, 4)) {
        let name = btf.name(name);
        let section = elf.sections.iter().position(|section| section.name == name);
        // There cannot be more groups than sections.
        if count == 0 || groups.next().is_none() {
            return Err(damaged());
        }
        let bytes = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(record_bytes))
            .ok_or(damaged())?;
        let (here, following) = left
            .get(8..)
            .and_then(|after| after.split_at_checked(bytes))
            .ok_or(damaged())?;
        left = following;
        let Some(section) = section else {
            continue;
        };
        found.extend(here.chunks_exact(record_bytes).map(|record| {
            let field = |index: usize| u32_at(record, index.saturating_mul(4)).unwrap_or(0);
            Record {
                section,
                offset: field(0).into(),
                fields: core::array::from_fn(|index| field(index.saturating_add(1))),
            }
        }));
    }
    if found.iter().any(|one| !one.offset.is_multiple_of(BYTES)) {
        return Err(damaged());
    }
    sort(&mut found, order);
    // Now a function has no more lines than instructions.
    found.dedup_by(|a, b| order(a, b).is_eq());
    Ok(Records(found))
}

impl<const FIELDS: usize> Records<FIELDS> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the records of `section` from `start` up to `end`, each with its distance
    /// from `start`, all in bytes.
    pub fn within(
        &self,
        section: usize,
        start: u64,
        end: u64,
    ) -> impl Iterator<Item = (u64, [u32; FIELDS])> {
        let from = self
            .0
            .partition_point(|record| (record.section, record.offset) < (section, start));
        self.0
            .iter()
            .skip(from)
            .take_while(move |record| record.section == section && record.offset < end)
            .map(move |record| (record.offset.saturating_sub(start), record.fields))
    }
}
