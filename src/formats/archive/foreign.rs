// SPDX-License-Identifier: GPL-2.0-or-later
//! Formats that the kernel does not unpack, by the names that people know them by.
//! Layer: pure.

use crate::formats::field::{bytes_at, u16_at, u32_at};
use crate::formats::image::detect::detect;
use crate::formats::image::error::LooksLike;
use crate::formats::source::{FileOffset, FileSlice, ReadAt, SubSource, read_head};

/// The number of bytes that a format is recognised by: the superblock of ext4 is the
/// last that is looked at.
pub const LOOK_BYTES: usize = 1100;

/// A format that the kernel does not unpack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// The name with its article.
    pub name: &'static str,
    pub advice: Advice,
}

/// The kind of advice that helps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    None,
    Lz4,
    Zstd,
    Newc,
    Kernel,
    /// The kernel may take it as a RAM disk.
    Disk,
}

/// The first volume descriptor of an ISO 9660 file system.
const ISO_MAGIC: &[u8; 6] = b"\x01CD001";
const ISO_MAGIC_AT: u64 = 16 * 2048;

/// Formats by their first bytes.
const STARTS: &[(&[u8], &str, Advice)] = &[
    (b"\x04\x22\x4d\x18", "an lz4 frame", Advice::Lz4),
    (b"070707", "an old cpio archive (odc)", Advice::Newc),
    (b"\xc7\x71", "an old cpio archive (binary)", Advice::Newc),
    (b"\x71\xc7", "an old cpio archive (binary)", Advice::Newc),
    (b"-----BEGIN CERT", "a certificate (PEM)", Advice::None),
    (b"-----BEGIN ", "a key (PEM)", Advice::None),
    (b"PK\x03\x04", "a zip archive", Advice::None),
    (b"\x45\x3d\xcd\x28", "a cramfs file system", Advice::Disk),
    (b"-rom1fs-", "a romfs file system", Advice::Disk),
    (b"XFSB", "an XFS file system", Advice::Disk),
    (
        b"\x27\x05\x19\x56",
        "a U-Boot image (mkimage)",
        Advice::None,
    ),
    (b"\x1f\x9d", "a file of compress (.Z)", Advice::None),
    (b"!<arch>\n", "an ar archive, such as a .deb", Advice::None),
    (b"\xed\xab\xee\xdb", "an RPM package", Advice::None),
];

/// Names the format at `at`, up to `end`; `None` if it is not known.
pub fn name(source: &dyn ReadAt, at: u64, end: u64) -> Option<Foreign> {
    let rest = FileSlice {
        offset: FileOffset(at),
        bytes: end.saturating_sub(at),
    };
    let rest: &dyn ReadAt = &SubSource::new(source, rest);
    let mut buffer = [0; LOOK_BYTES];
    let head = read_head(rest, &mut buffer).unwrap_or_default();
    if let Ok(image) = detect(rest) {
        let name = image.kind_name();
        let advice = Advice::Kernel;
        return Some(Foreign { name, advice });
    }
    let mut volume = [0; ISO_MAGIC.len()];
    let volume_at = FileOffset(ISO_MAGIC_AT);
    if rest.read_at(volume_at, &mut volume).is_ok() && volume == *ISO_MAGIC {
        let name = "an ISO 9660 file system, as on CDs";
        let advice = Advice::None;
        return Some(Foreign { name, advice });
    }
    of_head(head)
}

/// Returns whether the bytes from `at` to `end` are the beginning of a cpio archive's magic
/// number, and no more.
pub fn is_cut_cpio(source: &dyn ReadAt, at: u64, end: u64) -> bool {
    const MAGIC: &[u8] = b"07070";
    let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
    MAGIC.get(..left).is_some_and(|magic| {
        let mut head = [0; MAGIC.len()];
        let head = head.get_mut(..left).unwrap_or_default();
        source.read_at(FileOffset(at), head).is_ok() && *head == *magic
    })
}

/// Returns whether this is a header of tar by its checksum: the oldest ones have no magic
/// number.
fn is_tar(head: &[u8]) -> bool {
    const CHECKSUM: core::ops::Range<usize> = 148..156;
    let field = head.get(CHECKSUM).unwrap_or_default();
    let digits = field.iter().take_while(|byte| !matches!(byte, 0));
    let Some(header) = head.get(..512).filter(|header| header.first() != Some(&0)) else {
        return false;
    };
    let bytes = header.iter().zip(0usize..);
    let sum: u32 = bytes
        .map(|(byte, at)| match CHECKSUM.contains(&at) {
            true => u32::from(b' '),
            false => u32::from(*byte),
        })
        .sum();
    let mut value = 0u32;
    for digit in digits.filter(|byte| **byte != b' ') {
        let Some(digit) = char::from(*digit).to_digit(8) else {
            return false;
        };
        value = value.wrapping_mul(8).wrapping_add(digit);
    }
    value == sum
}

/// Names the format that begins with these bytes; `None` for an unknown one.
pub fn of_head(head: &[u8]) -> Option<Foreign> {
    let found = |name, advice| Some(Foreign { name, advice });
    let start = STARTS.iter().find(|(magic, ..)| head.starts_with(magic));
    if let Some((_, name, advice)) = start {
        return found(name, *advice);
    }
    let is_skippable = |magic: u32| magic & !0xf == 0x184d_2a50;
    if u32_at(head, 0).is_some_and(is_skippable) {
        return found("a skippable zstd frame", Advice::Zstd);
    }
    if bytes_at(head, 0x202) == Some(*b"HdrS") {
        return found("an x86 kernel (bzImage)", Advice::Kernel);
    }
    if bytes_at(head, 0x38) == Some(*b"ARM\x64") {
        return found("an arm64 kernel (Image)", Advice::Kernel);
    }
    if head.starts_with(b"MZ") {
        return found("an EFI program", Advice::Kernel);
    }
    // A SEQUENCE in a SEQUENCE, both with lengths of 2 bytes.
    if head.starts_with(b"\x30\x82") && bytes_at(head, 4) == Some([0x30, 0x82]) {
        return found("a certificate (DER)", Advice::None);
    }
    if bytes_at(head, 257) == Some(*b"ustar") || is_tar(head) {
        return found("a tar archive", Advice::Newc);
    }
    if u16_at(head, 1080) == Some(0xef53) {
        return found("an ext2, ext3 or ext4 file system", Advice::Disk);
    }
    if u32_at(head, 1024) == Some(0xe0f5_e1e2) {
        return found("an EROFS file system", Advice::Disk);
    }
    if bytes_at(head, 510) == Some([0x55, 0xaa]) {
        return found("a disk or a FAT file system", Advice::Disk);
    }
    match LooksLike::from_head(head) {
        LooksLike::Nothing | LooksLike::Zeros => None,
        LooksLike::Squashfs => found(LooksLike::Squashfs.name(), Advice::Disk),
        LooksLike::Elf => found(LooksLike::Elf.name(), Advice::Kernel),
        other => found(other.name(), Advice::None),
    }
}
