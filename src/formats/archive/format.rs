// SPDX-License-Identifier: GPL-2.0-or-later
//! The formats of archives, by their first bytes. Layer: pure.

/// The format that an archive is packed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Cpio,
    Gzip,
    Xz,
    Zstd,
    Lz4,
    Lzma,
    Bzip2,
    Lzop,
    /// Not a known format; the next kernel stops here.
    Unknown,
}

impl Format {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Cpio => "cpio",
            Format::Gzip => "gzip",
            Format::Xz => "xz",
            Format::Zstd => "zstd",
            Format::Lz4 => "lz4",
            Format::Lzma => "lzma",
            Format::Bzip2 => "bzip2",
            Format::Lzop => "lzop",
            Format::Unknown => "no known format",
        }
    }

    /// Recognises the magic numbers that init/initramfs.c and the decompressors look for.
    pub(super) fn of(head: &[u8]) -> Format {
        const MAGICS: [(&[u8], Format); 9] = [
            (b"070701", Format::Cpio),
            (b"070702", Format::Cpio),
            (b"\x1f\x8b\x08", Format::Gzip),
            (b"\xfd7zXZ\0", Format::Xz),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x02\x21\x4c\x18", Format::Lz4),
            (b"\x5d\0", Format::Lzma),
            (b"BZh", Format::Bzip2),
            (b"\x89LZO\0\r\n\x1a\n", Format::Lzop),
        ];
        let found = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
        found.map_or(Format::Unknown, |(_, format)| *format)
    }
}
