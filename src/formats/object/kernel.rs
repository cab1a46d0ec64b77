// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's own BTF, read in pieces: some 5 MB with 110 000 types, of which a parser
//! needs the number, and at most a few functions. Layer: pure.

use alloc::vec;
use alloc::vec::Vec;

use super::ObjectError;
use super::btf::{COMMON_BYTES, HEADER_BYTES, Parts, UNKNOWN, extent, kind};
use super::elf::text;
use crate::formats::field::u32_at;
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError};

/// The size of a piece.
const PIECE_BYTES: usize = 64 << 10;
/// KSYM_NAME_LEN of the kernel, with the NUL.
const NAME_BYTES: usize = 512;

/// The kernel's types and their names.
pub struct KernelBtf<'a> {
    source: &'a dyn ReadAt,
    types: FileSlice,
    strings: FileSlice,
}

/// The result of a walk over the types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Survey {
    /// The number of types; those of a module are numbered from the one after.
    pub count: u32,
    /// The ID of each named function; `None` for one that is missing.
    pub functions: Vec<Option<u32>>,
}

/// A reason why the kernel's types cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KernelBtfError {
    Read(ReadError),
    /// The format is unknown.
    Format(ObjectError),
}

impl From<ReadError> for KernelBtfError {
    fn from(error: ReadError) -> KernelBtfError {
        KernelBtfError::Read(error)
    }
}

impl From<ObjectError> for KernelBtfError {
    fn from(error: ObjectError) -> KernelBtfError {
        KernelBtfError::Format(error)
    }
}

/// A slice of a source, of which one piece is in memory.
struct Pieces<'a> {
    source: &'a dyn ReadAt,
    slice: FileSlice,
    piece: Vec<u8>,
    /// The piece's offset in the slice.
    at: u64,
}

impl<'a> Pieces<'a> {
    fn new(source: &'a dyn ReadAt, slice: FileSlice) -> Pieces<'a> {
        Pieces {
            source,
            slice,
            piece: Vec::new(),
            at: 0,
        }
    }

    /// Returns what is in memory from `offset` on: at least `bytes`, or all that the slice
    /// has there.
    fn read(&mut self, offset: u64, bytes: usize) -> Result<&[u8], ReadError> {
        let here = |pieces: &Self| {
            let start = usize::try_from(offset.checked_sub(pieces.at)?).ok()?;
            let end = start.checked_add(bytes)?;
            (end <= pieces.piece.len()).then_some(start)
        };
        let start = match here(self) {
            Some(start) => start,
            None => {
                let left = usize::try_from(self.slice.bytes.saturating_sub(offset));
                self.piece.resize(left.unwrap_or(0).min(PIECE_BYTES), 0);
                let from = self.slice.offset.0.saturating_add(offset);
                self.source.read_at(FileOffset(from), &mut self.piece)?;
                self.at = offset;
                0
            }
        };
        Ok(self.piece.get(start..).unwrap_or_default())
    }
}

impl<'a> KernelBtf<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`KernelBtfError`]
    pub fn open(source: &'a dyn ReadAt) -> Result<KernelBtf<'a>, KernelBtfError> {
        let mut header = [0; HEADER_BYTES as usize];
        source.read_at(FileOffset(0), &mut header)?;
        let parts = Parts::parse(&header)?;
        let slice = |[start, bytes]: [u32; 2]| FileSlice {
            offset: FileOffset(start.into()),
            bytes: bytes.into(),
        };
        Ok(KernelBtf {
            source,
            types: slice(parts.types),
            strings: slice(parts.strings),
        })
    }

    /// Returns the size of the names. Those of a module are numbered from there.
    #[must_use]
    pub fn string_bytes(&self) -> usize {
        usize::try_from(self.strings.bytes).unwrap_or(usize::MAX)
    }

    /// Returns the name at `offset`, if there is one.
    #[must_use]
    pub fn name(&self, offset: u32) -> Option<Vec<u8>> {
        let left = self.strings.bytes.checked_sub(offset.into())?;
        let bytes = usize::try_from(left).ok()?.min(NAME_BYTES);
        let mut name = vec![0; bytes];
        let at = self.strings.offset.checked_add(offset.into())?;
        self.source.read_at(at, &mut name).ok()?;
        text(&name, 0).map(<[u8]>::to_vec)
    }

    /// Counts the types, and finds functions by their names. All types of one name share
    /// one string, as pahole writes them.
    ///
    /// # Errors
    /// [`KernelBtfError`]
    pub fn survey(&self, names: &[&[u8]]) -> Result<Survey, KernelBtfError> {
        let places = self.places(names)?;
        let mut functions = vec![None; names.len()];
        let mut pieces = Pieces::new(self.source, self.types);
        let (mut at, mut count) = (0u64, 0u32);
        while at < self.types.bytes {
            let piece = pieces.read(at, COMMON_BYTES)?;
            // Only this loop takes time, so it looks at as little as it can.
            let mut left = piece;
            let mut over = 0;
            while let Some(common) = left.first_chunk() {
                let Some((bytes, kind)) = extent(common) else {
                    return Err(ObjectError::Types { what: UNKNOWN }.into());
                };
                count = count.wrapping_add(1);
                if kind == kind::FUNC && !places.is_empty() {
                    let name_at = u32_at(common, 0);
                    let same = places.iter().filter(|(place, _)| Some(*place) == name_at);
                    for (_, number) in same {
                        if let Some(slot) = functions.get_mut(*number) {
                            slot.get_or_insert(count);
                        }
                    }
                }
                left = left.get(bytes..).unwrap_or_else(|| {
                    over = bytes.saturating_sub(left.len());
                    &[]
                });
            }
            let done = piece.len().saturating_sub(left.len()).saturating_add(over);
            if done == 0 {
                return Err(ObjectError::Types { what: UNKNOWN }.into());
            }
            at = at.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
        }
        match at == self.types.bytes {
            true => Ok(Survey { count, functions }),
            false => Err(ObjectError::Types { what: UNKNOWN }.into()),
        }
    }

    /// Returns the offset of each name that is there, with its number in the list.
    fn places(&self, names: &[&[u8]]) -> Result<Vec<(u32, usize)>, ReadError> {
        let mut found = Vec::new();
        let mut pieces = Pieces::new(self.source, self.strings);
        let mut at = 0u64;
        while at < self.strings.bytes && !names.is_empty() {
            let piece = pieces.read(at, PIECE_BYTES)?;
            let mut strings = piece.split_inclusive(|byte| *byte == 0);
            // A string longer than a piece is no name.
            let mut string = strings.next().unwrap_or_default();
            loop {
                let start = u32::try_from(at).unwrap_or(u32::MAX);
                if let Some(name) = string.strip_suffix(b"\0") {
                    let same = names.iter().zip(0..).filter(|(wanted, _)| **wanted == name);
                    found.extend(same.map(|(_, number)| (start, number)));
                }
                at = at.saturating_add(u64::try_from(string.len()).unwrap_or(u64::MAX));
                match strings.next() {
                    Some(next) if next.ends_with(b"\0") => string = next,
                    // The next piece begins with it.
                    _ => break,
                }
            }
        }
        Ok(found)
    }
}
