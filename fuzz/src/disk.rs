// SPDX-License-Identifier: GPL-2.0-or-later
//! Disks that are larger than the input they are made from.

use kexec_bpf::parts::source::{FileOffset, ReadAt, ReadError, ReadErrorKind};

/// A disk of which `fill` makes any part.
pub struct Disk<Fill: Fn(u64, &mut [u8])> {
    pub bytes: u64,
    pub fill: Fill,
}

impl<Fill: Fn(u64, &mut [u8])> ReadAt for Disk<Fill> {
    fn file_bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, offset: FileOffset, buffer: &mut [u8]) -> Result<(), ReadError> {
        let wanted_bytes = buffer.len() as u64;
        assert!(wanted_bytes <= 1 << 20, "a read of {wanted_bytes} bytes");
        if offset
            .0
            .checked_add(wanted_bytes)
            .is_none_or(|end| end > self.bytes)
        {
            return Err(ReadError {
                offset,
                wanted_bytes,
                kind: ReadErrorKind::Truncated,
            });
        }
        (self.fill)(offset.0, buffer);
        Ok(())
    }
}

/// Returns the little-endian number at `at`; zeros follow the end of the bytes.
pub fn number(bytes: &[u8], at: usize) -> u32 {
    (0..4).fold(0, |sum, place| {
        let byte = bytes.get(at + place).copied().unwrap_or(0);
        sum | u32::from(byte) << (8 * place)
    })
}
