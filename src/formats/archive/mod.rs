// SPDX-License-Identifier: GPL-2.0-or-later
//! Sizes of initrds after the next kernel has unpacked them, from headers alone.
//! Layer: pure.
//!
//! An initrd is a sequence of archives, each a cpio archive, plain or compressed; nothing
//! is decompressed here. The formats state different things:
//!
//! | format | read | result |
//! |---|---|---|
//! | cpio (newc) | each member's header | exact |
//! | zstd | frame header, else each block's header | exact, or at most |
//! | xz | each LZMA2 chunk's header | exact |
//! | lz4 (legacy) | each block's size; a block holds 8 MiB | at most |
//! | gzip | the size in each trailer, found by the next header | exact |
//! | lzma | header, where it has the size | exact, or a guess |
//! | bzip2, lzop | nothing | a guess |
//!
//! Sources: init/initramfs.c and lib/decompress_*.c of Linux, RFC 1952, RFC
//! 8878, the .xz file format 1.2.

mod cpio;
mod gzip;
mod lz4;
mod window;
mod xz;
mod zstd;

use alloc::vec::Vec;

use crate::formats::source::{FileSlice, ReadAt, ReadError};
use window::Window;

/// Limit on the archives that are walked one by one; the rest is one guess.
const ARCHIVES_MAX: usize = 64;
/// The ratio that is assumed for a format that does not state its size: unpacked initrds
/// are between 2 and 5 times as large as their archives.
const GUESSED_RATIO: u64 = 8;

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

    /// Recognises the magic numbers that lib/decompress.c and init/initramfs.c look for.
    fn of(head: &[u8]) -> Format {
        const MAGICS: [(&[u8], Format); 11] = [
            (b"070701", Format::Cpio),
            (b"070702", Format::Cpio),
            (b"\x1f\x8b", Format::Gzip),
            (b"\x1f\x9e", Format::Gzip),
            (b"\xfd7zXZ\0", Format::Xz),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x02\x21\x4c\x18", Format::Lz4),
            (b"\x02\x21", Format::Lz4),
            (b"\x5d\0\0", Format::Lzma),
            (b"BZh", Format::Bzip2),
            (b"\x89LZO", Format::Lzop),
        ];
        let found = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
        found.map_or(Format::Unknown, |(_, format)| *format)
    }
}

/// The certainty of a size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Known {
    Exact,
    /// The size may be less.
    AtMost,
    Guess,
}

/// One archive of an initrd.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Archive {
    pub format: Format,
    pub packed_bytes: u64,
    /// The size of the unpacked stream.
    pub unpacked_bytes: u64,
    /// The memory that the unpacked files take, with their inodes, each file rounded up
    /// to whole pages.
    pub memory_bytes: u64,
    pub known: Known,
}

/// The result of a walk: the end of the archive, and its unpacked size.
struct Walked {
    end: u64,
    unpacked_bytes: u64,
    known: Known,
    /// The memory of the files, if the format shows single files.
    memory_bytes: Option<u64>,
}

/// Walks the archives of a slice, in bounded time whatever the slice contains.
///
/// # Errors
/// [`ReadError`] when the file cannot be read. Contents that are not understood give a
/// guess.
pub fn walk<R: ReadAt + ?Sized>(source: &R, slice: FileSlice) -> Result<Vec<Archive>, ReadError> {
    let mut window = Window::new(source, slice);
    let mut archives = Vec::new();
    let mut at = 0;
    while let Some(archive) = next(&mut window, &mut at, archives.len() < ARCHIVES_MAX) {
        archives.push(archive);
    }
    window.failed.map_or(Ok(archives), Err)
}

/// Skips the zeros at `at`, returns the archive after them, and moves `at` to its end.
fn next<R: ReadAt + ?Sized>(
    window: &mut Window<'_, R>,
    at: &mut u64,
    may_walk: bool,
) -> Option<Archive> {
    // If skipping them exceeds the budget, the zeros count as a part of the rest.
    let start = window.skip_zeros(*at).unwrap_or(*at);
    if start >= window.bytes() || window.failed.is_some() {
        return None;
    }
    let format = window
        .head(start)
        .map_or(Format::Unknown, |head| Format::of(&head));
    let walked = match format {
        _ if !may_walk => None,
        Format::Cpio => cpio::walk(window, start),
        Format::Gzip => gzip::walk(window, start),
        Format::Xz => xz::walk(window, start),
        Format::Zstd => zstd::walk(window, start),
        Format::Lz4 => lz4::walk(window, start),
        Format::Lzma => lzma(window, start),
        Format::Bzip2 | Format::Lzop => None,
        // The next kernel reports such data, and continues without the rest.
        Format::Unknown => Some(Walked {
            end: window.bytes(),
            unpacked_bytes: 0,
            known: Known::Exact,
            memory_bytes: Some(0),
        }),
    };
    let left = window.bytes().saturating_sub(start);
    let walked = walked.filter(|walked| walked.end > start);
    let walked = walked.unwrap_or_else(|| Walked {
        end: window.bytes(),
        unpacked_bytes: left.saturating_mul(GUESSED_RATIO),
        known: Known::Guess,
        memory_bytes: None,
    });
    *at = walked.end.min(window.bytes());
    let unpacked_bytes = walked.unpacked_bytes;
    Some(Archive {
        format,
        packed_bytes: at.saturating_sub(start),
        unpacked_bytes,
        // An eighth is added for an unknown number of files. That is right for files of
        // 25 KiB on average, and more than enough for larger ones.
        memory_bytes: walked
            .memory_bytes
            .unwrap_or(unpacked_bytes.saturating_add(unpacked_bytes / 8)),
        known: walked.known,
    })
}

/// Reads the size in the header of a .lzma archive. The format has no end mark, so the
/// archive is assumed to reach the end of the slice.
fn lzma<R: ReadAt + ?Sized>(window: &mut Window<'_, R>, at: u64) -> Option<Walked> {
    let size = window.array::<8>(at.saturating_add(5))?;
    let unpacked_bytes = u64::from_le_bytes(size);
    let packed_bytes = window.bytes().saturating_sub(at);
    // All ones mean that the size is not known. A size that LZMA cannot reach is damage.
    if unpacked_bytes < packed_bytes || unpacked_bytes / 8192 > packed_bytes {
        return None;
    }
    Some(Walked {
        end: window.bytes(),
        unpacked_bytes,
        known: Known::Exact,
        memory_bytes: None,
    })
}
