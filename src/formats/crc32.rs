// SPDX-License-Identifier: GPL-2.0-or-later
//! The CRC of gzip and of GPT headers: ISO 3309, reflected polynomial 0xEDB88320.
//! Layer: pure.
//!
//! Computed bit by bit: the inputs are small, and a table would be larger than the rest
//! of the code.

/// Extends the checksum `crc`, which is initially 0, with `bytes`.
#[must_use]
pub fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!crc, |crc, byte| {
        (0..u8::BITS).fold(crc ^ u32::from(*byte), |crc, _| {
            let polynomial = if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            (crc >> 1) ^ polynomial
        })
    })
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_check_value_of_the_standard() {
        assert_eq!(crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(0, b""), 0);
    }

    #[test]
    fn bytes_can_come_in_parts() {
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), crc32(0, b"123456789"));
    }
}
