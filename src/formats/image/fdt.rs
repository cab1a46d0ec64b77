// SPDX-License-Identifier: GPL-2.0-or-later
//! Flattened device trees: the root's `compatible`, and nothing else. Layer: pure.
//!
//! Spec: Devicetree Specification, chapter 5. Big-endian. The blob may have megabytes, so
//! it is read word by word.
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, as_u64};
use alloc::vec::Vec;

const MAGIC: u32 = 0xd00d_feed;
const BEGIN_NODE: u32 = 1;
const PROP: u32 = 3;
const NOP: u32 = 4;
/// Limit on the properties of a root; real ones have about ten.
const PROPERTIES_MAX: u32 = 256;
/// Limit on the name of a machine, in bytes.
const NAME_MAX_BYTES: usize = 128;
const COMPATIBLE: &[u8; 11] = b"compatible\0";

/// Returns the first string of the root's `compatible`, which names the machine; later
/// strings may name only its chip. `Ok(None)` when there is no such string, or when the
/// slice is not a device tree.
pub fn compatible<R: ReadAt + ?Sized>(
    source: &R,
    blob: FileSlice,
) -> Result<Option<Vec<u8>>, ReadError> {
    let tree = Blob { source, blob };
    // magic, total size, offsets of structure and strings.
    let (Some(MAGIC), Some(size), Some(mut at), Some(strings)) =
        (tree.word(0)?, tree.word(4)?, tree.word(8)?, tree.word(12)?)
    else {
        return Ok(None);
    };
    if u64::from(size) > blob.bytes {
        return Ok(None);
    }
    for _ in 0..PROPERTIES_MAX {
        let token = tree.word(at)?;
        at = at.saturating_add(4);
        match token {
            // The root's name is empty. A child ends the root's properties.
            Some(BEGIN_NODE) if tree.word(at)? == Some(0) => at = at.saturating_add(4),
            Some(NOP) => {}
            Some(PROP) => {
                let (Some(bytes), Some(name)) = (tree.word(at)?, tree.word(at.saturating_add(4))?)
                else {
                    return Ok(None);
                };
                let value = at.saturating_add(8);
                if tree.is_compatible(strings.saturating_add(name))? {
                    return tree.string(value, bytes);
                }
                at = value.saturating_add(bytes).saturating_add(3) & !3;
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

struct Blob<'blob, R: ReadAt + ?Sized> {
    source: &'blob R,
    blob: FileSlice,
}

impl<R: ReadAt + ?Sized> Blob<'_, R> {
    /// Fills `buffer` from `at`; returns `false` when that is not all in the blob.
    fn read(&self, at: u32, buffer: &mut [u8]) -> Result<bool, ReadError> {
        let bytes = as_u64(buffer.len());
        let inside = FileSlice::within(FileOffset(at.into()), bytes, self.blob.bytes);
        let Some(offset) = inside.and(self.blob.offset.checked_add(at.into())) else {
            return Ok(false);
        };
        self.source.read_at(offset, buffer).map(|()| true)
    }

    fn word(&self, at: u32) -> Result<Option<u32>, ReadError> {
        let mut word = [0; 4];
        let inside = self.read(at, &mut word)?;
        Ok(inside.then_some(u32::from_be_bytes(word)))
    }

    fn is_compatible(&self, at: u32) -> Result<bool, ReadError> {
        let mut name = [0; COMPATIBLE.len()];
        Ok(self.read(at, &mut name)? && name == *COMPATIBLE)
    }

    /// Reads the string at `at` up to its NUL, which must be within `bytes`.
    fn string(&self, at: u32, bytes: u32) -> Result<Option<Vec<u8>>, ReadError> {
        let mut buffer = [0; NAME_MAX_BYTES];
        let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
        let text = buffer.get_mut(..wanted.min(NAME_MAX_BYTES));
        let text = text.unwrap_or_default();
        if !self.read(at, text)? {
            return Ok(None);
        }
        let end = text.iter().position(|byte| *byte == 0);
        Ok(end.and_then(|end| text.get(..end)).map(<[u8]>::to_vec))
    }
}
