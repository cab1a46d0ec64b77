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
        "lzo" => return lzop(archive, &LZOP),
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

/// Fields of the header of a file of lzop. The kernel reads no version before 0x940.
pub struct Lzop {
    pub version: u16,
    pub flags: u32,
}

/// Makes files like the kernel expects them, with a checksum of each block's data. The kernel
/// does not verify it.
pub const LZOP: Lzop = Lzop {
    version: 0x1030,
    flags: LZOP_ADLER32,
};
const LZOP_ADLER32: u32 = 0x1;
const LZOP_ADLER32_PACKED: u32 = 0x2;
const LZOP_EXTRA: u32 = 0x40;
const LZOP_CRC32: u32 = 0x100;
const LZOP_FILTER: u32 = 0x800;

/// Returns a file of lzop. All checksums are 0, and only blocks of one value are compressed.
pub fn lzop(data: &[u8], header: &Lzop) -> Vec<u8> {
    let with = |flag: u32, bytes: usize| if header.flags & flag == 0 { 0 } else { bytes };
    let new = header.version >= 0x0940;
    let mut file = b"\x89LZO\x00\r\n\x1a\n".to_vec();
    file.extend(header.version.to_be_bytes());
    // Version of the library, that needed to extract; method and level.
    file.extend(if new {
        &b"\x20\x80\x09\x40\x01\x05"[..]
    } else {
        b"\x20\x80\x01"
    });
    file.extend(header.flags.to_be_bytes());
    // Filter, mode, time, no name, checksum, a field of no bytes and its checksum.
    let bytes = with(LZOP_FILTER, 4) + if new { 17 } else { 13 } + with(LZOP_EXTRA, 8);
    file.resize(file.len() + bytes, 0);
    for block in data.chunks(LZO_BLOCK) {
        let run = lzo_run(block);
        let packed_sum = if run.is_some() {
            with(LZOP_ADLER32_PACKED, 4)
        } else {
            0
        };
        let stored = run.unwrap_or_else(|| block.to_vec());
        for bytes in [block.len(), stored.len()] {
            let bytes = u32::try_from(bytes).expect("a block is small");
            file.extend_from_slice(&bytes.to_be_bytes());
        }
        let sums = with(LZOP_ADLER32, 4) + with(LZOP_CRC32, 4) + packed_sum;
        file.resize(file.len() + sums, 0);
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
