// SPDX-License-Identifier: GPL-2.0-or-later
//! Compressed archives, as programs make them that build initrds.

use std::path::Path;

use crate::cpio::Archive;
use crate::pe::packed;

/// The formats that the module decompresses.
pub const FORMATS: [&str; 5] = ["gzip", "zstd", "xz", "lz4", "lzo"];

/// Line of a kernel's log about the table of [`early`].
pub const EARLY_FOUND: &str = "ACPI table found in initrd [kernel/firmware/acpi/test.aml]";

/// Returns an archive that the kernel looks for before it unpacks anything, with an ACPI table
/// without contents.
pub fn early() -> Vec<u8> {
    let mut table = b"SSDT\x24\0\0\0\x02\0TESTERTESTTEST\x01\0\0\0TEST\x01\0\0\0".to_vec();
    let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    table[9] = 0_u8.wrapping_sub(sum);
    let mut archive = Archive::new();
    archive.file("kernel/firmware/acpi/test.aml", 0o644, &table);
    archive.finish()
}

/// Returns `archive` as a stream of `format`: a program's name, or "lzo". Files go to
/// `directory`.
pub fn compressed(directory: &Path, format: &str, archive: &[u8]) -> Vec<u8> {
    let options: &[&str] = match format {
        "lzo" => return lzop(archive),
        "xz" => &["--check=crc32"],
        "zstd" => &["-q"],
        "lz4" => &["-q", "-l"],
        _ => &[],
    };
    compressed_by(directory, format, options, archive)
}

/// Returns what `program` makes of `archive`.
pub fn compressed_by(directory: &Path, program: &str, options: &[&str], archive: &[u8]) -> Vec<u8> {
    let path = directory.join("archive");
    std::fs::write(&path, archive).expect("write the archive");
    packed(directory, &path, program, options)
}

/// Appends zeros up to the next multiple of `align` bytes.
pub fn pad(bytes: &mut Vec<u8>, align: usize) {
    bytes.resize(bytes.len().next_multiple_of(align), 0);
}

const LZO_BLOCK: usize = 256 << 10;

/// A file of lzop, with the checksum of each block's data, as the kernel expects it; the
/// kernel does not verify it. Only blocks of one value are compressed.
fn lzop(data: &[u8]) -> Vec<u8> {
    let mut file = b"\x89LZO\x00\r\n\x1a\n".to_vec();
    // Version, that of the library, that needed to extract, method, level, flags.
    file.extend_from_slice(b"\x10\x30\x20\x80\x09\x40\x01\x05\0\0\0\x01");
    // Mode, time, no name, checksum.
    file.extend_from_slice(&[0; 17]);
    for block in data.chunks(LZO_BLOCK) {
        let stored = lzo_run(block).unwrap_or_else(|| block.to_vec());
        for bytes in [block.len(), stored.len()] {
            let bytes = u32::try_from(bytes).expect("a block is small");
            file.extend_from_slice(&bytes.to_be_bytes());
        }
        file.extend_from_slice(&[0; 4]);
        file.extend_from_slice(&stored);
    }
    file.extend_from_slice(&[0; 4]);
    file
}

/// LZO1X: 4 literals, a match that repeats the last of them, the end.
fn lzo_run(block: &[u8]) -> Option<Vec<u8>> {
    let first = *block.first()?;
    if block.len() < 1000 || block.iter().any(|byte| *byte != first) {
        return None;
    }
    let more = block.len() - 4 - 33;
    let (zeros, last) = ((more - 1) / 255, (more - 1) % 255 + 1);
    let mut packed = vec![17 + 4, first, first, first, first, 0x20];
    packed.resize(packed.len() + zeros, 0);
    packed.push(u8::try_from(last).expect("at most 255"));
    packed.extend_from_slice(&[0, 0, 0x11, 0, 0]);
    Some(packed)
}
