// SPDX-License-Identifier: GPL-2.0-or-later
//! Little-endian fields at fixed offsets of a header. Layer: pure.
//!
//! A field beyond the end of the header reads as `None`.

fn array<const N: usize>(header: &[u8], offset: usize) -> Option<[u8; N]> {
    header.get(offset..)?.first_chunk().copied()
}

pub fn u8_at(header: &[u8], offset: usize) -> Option<u8> {
    header.get(offset).copied()
}

pub fn u16_at(header: &[u8], offset: usize) -> Option<u16> {
    array(header, offset).map(u16::from_le_bytes)
}

pub fn u32_at(header: &[u8], offset: usize) -> Option<u32> {
    array(header, offset).map(u32::from_le_bytes)
}

pub fn u64_at(header: &[u8], offset: usize) -> Option<u64> {
    array(header, offset).map(u64::from_le_bytes)
}

pub fn bytes_at<const N: usize>(header: &[u8], offset: usize) -> Option<[u8; N]> {
    array(header, offset)
}
