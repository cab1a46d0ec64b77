// SPDX-License-Identifier: GPL-2.0-or-later
//! The archives of an initrd: what they are, whether the next kernel can unpack them, and
//! how much memory they take then, from headers alone. Layer: pure.
//!
//! An initrd is a sequence of archives, each a cpio archive, plain or compressed. Of what
//! is compressed, only the first bytes in gzip are decompressed. The formats state
//! different things:
//!
//! | format | read | end | size |
//! |---|---|---|---|
//! | cpio (newc) | each member's header | exact | exact |
//! | zstd | frame header, each block's header | exact | exact, or at most |
//! | xz | each LZMA2 chunk's header | exact | exact |
//! | lz4 (legacy) | each block's size; a block holds 8 MiB | exact | at most |
//! | gzip | the size in each trailer, found by the next header | a guess | exact, or a guess |
//! | lzma | header, where it has the size | none | exact, or a guess |
//! | lzop | each block's sizes | exact | exact |
//! | bzip2 | nothing | none | a guess |
//!
//! A fault counts up to the first archive whose end is not exact: what seems to follow it
//! may be a part of it.
//!
//! Sources: init/initramfs.c, lib/decompress.c, lib/decompress_*.c and lib/xz of Linux;
//! tools/bootconfig of Linux; RFC 1952, RFC 8878, the .xz file format 1.2.

mod cpio;
mod fault;
mod foreign;
mod format;
mod gzip;
mod inflate;
mod inside;
mod lz4;
mod lzma;
mod lzop;
mod window;
mod xz;
mod zstd;

use alloc::vec::Vec;

use crate::formats::source::{
    FileOffset, FileSlice, KERNEL_READS_MAX_BYTES, ReadAt, ReadError, SubSource,
};
pub use fault::{Fault, FaultKind};
pub use foreign::Advice;
pub use format::Format;
pub use inflate::{End, inflate};
use window::{Stop, Window};

/// Limit on the archives that are walked one by one; the rest is one guess.
const ARCHIVES_MAX: usize = 64;
/// The ratio that is assumed for a format that does not state its size: unpacked initrds
/// are between 2 and 5 times as large as their archives.
const GUESSED_RATIO: u64 = 8;
/// The least number of bytes that can be an archive. Fewer after another one are no fault,
/// because no file is missing.
const LEAST_BYTES: u64 = 4;

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
#[derive(Clone, Copy)]
struct Walked {
    end: u64,
    unpacked_bytes: u64,
    known: Known,
    /// The memory of the files, if the format shows single files.
    memory_bytes: Option<u64>,
}

impl Walked {
    /// Returns whether nothing is in it. In a cpio archive that may be files of no size.
    fn is_empty(&self, format: Format) -> bool {
        let is_compressed = !matches!(format, Format::Cpio | Format::Unknown);
        is_compressed && self.known == Known::Exact && self.unpacked_bytes == 0
    }
}

/// The depth to which a slice is walked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Depth {
    /// As `Faults`, but with small budgets: for lists of entries.
    Glance,
    /// Only for faults, in few reads: up to the first archive whose end is not exact.
    #[default]
    Faults,
    /// To the end of the slice, for the sizes.
    Sizes,
}

impl Depth {
    /// Returns the budget for reads of headers, of 1 KiB each: 400,000 are an initrd of as
    /// many files, or 50 GB of zstd blocks.
    fn reads_max(self) -> u32 {
        match self {
            Depth::Glance => 20_000,
            Depth::Faults | Depth::Sizes => 400_000,
        }
    }

    /// Returns the budget for bytes that are searched for the next archive.
    fn scan_max_bytes(self) -> u64 {
        match self {
            Depth::Glance | Depth::Faults => 64 << 20,
            Depth::Sizes => 1 << 30,
        }
    }

    /// Returns the budget for zeros that are read. The kernel reads no larger file.
    fn zeros_max_bytes(self) -> u64 {
        match self {
            Depth::Glance => 1 << 20,
            Depth::Faults | Depth::Sizes => KERNEL_READS_MAX_BYTES,
        }
    }
}

/// The archives of a slice.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Walk {
    pub archives: Vec<Archive>,
    /// The first place at which the kernel stops, so that files are missing.
    pub fault: Option<Fault>,
}

/// Walks the archives of a slice, in bounded time whatever the slice contains. Only at
/// the end of an initrd, `is_last`, can a boot configuration follow them.
///
/// # Errors
/// [`ReadError`] when the file cannot be read. Contents that are not understood give a
/// guess.
pub fn walk<R: ReadAt + ?Sized>(
    source: &R,
    slice: FileSlice,
    depth: Depth,
    is_last: bool,
) -> Result<Walk, ReadError> {
    let source = SubSource::new(source, slice);
    let bytes = match is_last {
        true => before_bootconfig(&source, slice.bytes)?,
        false => slice.bytes,
    };
    let mut walker = Walker {
        window: Window::new(&source, bytes, depth),
        walk: Walk::default(),
        at: 0,
        previous: None,
        depth,
        is_sure: true,
        is_last,
    };
    while walker.next() {}
    let Walker { window, walk, .. } = walker;
    if let Some(error) = window.failed {
        return Err(error);
    }
    let in_file = |fault: Fault| Fault {
        at: FileOffset(slice.offset.0.saturating_add(fault.at.0)),
        ..fault
    };
    Ok(Walk {
        fault: walk.fault.map(in_file),
        ..walk
    })
}

/// Returns where the boot configuration starts that the kernel's tool bootconfig appended
/// to an initrd, or the initrd's end.
fn before_bootconfig(source: &dyn ReadAt, bytes: u64) -> Result<u64, ReadError> {
    const MAGIC: &[u8] = b"#BOOTCONFIG\n";
    /// Its size, its checksum, the magic, and up to 3 bytes of padding.
    const TAIL_BYTES: usize = 8 + 12 + 3;
    let mut tail = [0; TAIL_BYTES];
    let Some(start) = bytes.checked_sub(TAIL_BYTES as u64) else {
        return Ok(bytes);
    };
    source.read_at(FileOffset(start), &mut tail)?;
    let found = || {
        let magic_at = tail.windows(MAGIC.len()).rposition(|part| part == MAGIC)?;
        let size_at = magic_at.checked_sub(8)?;
        let size = tail.get(size_at..)?.first_chunk().copied()?;
        let header = start.saturating_add(size_at as u64);
        header.checked_sub(u64::from(u32::from_le_bytes(size)))
    };
    Ok(found().unwrap_or(bytes))
}

/// A walk under way.
struct Walker<'source> {
    window: Window<'source>,
    walk: Walk,
    at: u64,
    previous: Option<Format>,
    depth: Depth,
    /// True while the ends of all archives so far are exact.
    is_sure: bool,
    is_last: bool,
}

impl Walker<'_> {
    /// Walks the next archive; returns whether to go on.
    fn next(&mut self) -> bool {
        // If skipping them exceeds the budget, the zeros count as a part of the rest.
        let skipped = self.window.skip_zeros(self.at);
        let start = skipped.unwrap_or(self.at);
        let bytes = self.window.bytes();
        if start >= bytes {
            if self.walk.archives.is_empty() && bytes > 0 {
                self.fault(0, FaultKind::OnlyZeros);
            }
            return false;
        }
        if self.window.failed.is_some() {
            return false;
        }
        let may_walk = self.walk.archives.len() < ARCHIVES_MAX;
        let head = self.window.head(start);
        let format = head.map_or(Format::Unknown, |head| Format::of(&head));
        let walked = match (may_walk && skipped.is_some() && head.is_ok(), format) {
            (is_seen, Format::Unknown) => {
                if is_seen {
                    self.foreign(start);
                }
                // The kernel reports it, and goes on without the rest.
                Ok(Walked {
                    end: bytes,
                    unpacked_bytes: 0,
                    known: Known::Exact,
                    memory_bytes: Some(0),
                })
            }
            (false, _) => Err(Stop::Unknown),
            _ => self
                .placed(format, start)
                .and_then(|()| self.archive(format, start)),
        };
        match walked {
            Err(Stop::Cut) => self.fault(start, FaultKind::Cut(format)),
            Err(Stop::At(at, kind)) => self.fault(at, kind),
            Ok(walked) if self.previous.is_none() && walked.is_empty(format) => {
                self.fault(start, FaultKind::Empty(format));
            }
            _ => {}
        }
        self.push(format, start, walked.ok());
        self.previous = Some(format);
        let is_exact = walked.is_ok()
            && matches!(
                format,
                Format::Cpio | Format::Xz | Format::Zstd | Format::Lz4 | Format::Lzop
            );
        self.is_sure &= is_exact;
        self.depth == Depth::Sizes || self.is_sure
    }

    /// Notes what makes the kernel stop, unless something did before.
    fn fault(&mut self, at: u64, kind: FaultKind) {
        let at = FileOffset(at);
        if self.is_sure {
            self.walk.fault.get_or_insert(Fault { at, kind });
        }
    }

    /// Names data in a format that the kernel does not know.
    fn foreign(&mut self, start: u64) {
        let bytes = self.window.bytes();
        let is_first = self.walk.archives.is_empty();
        if self.is_sure && (is_first || bytes.saturating_sub(start) >= LEAST_BYTES) {
            // Behind what was compressed, and at the end, the kernel has all of the files.
            let compressed = self.previous.filter(|format| *format != Format::Cpio);
            let is_surplus = self.is_last && compressed.is_some();
            // Zeros may belong to the format.
            let from = if is_first { 0 } else { start };
            let source = self.window.source;
            let (at, kind) = match foreign::name(source, from, bytes) {
                _ if foreign::is_cut_cpio(source, from, bytes) => {
                    (from, FaultKind::Cut(Format::Cpio))
                }
                named if is_surplus && named.is_none_or(|one| one.advice == Advice::None) => {
                    return;
                }
                Some(named) => (from, FaultKind::Foreign(named)),
                None => {
                    let [a, b, c, d, e, f, g, h, ..] = self.window.head(start).unwrap_or_default();
                    (start, FaultKind::Unknown([a, b, c, d, e, f, g, h]))
                }
            };
            self.fault(at, kind);
        }
    }

    /// Checks the alignment: a compressed archive may start anywhere after another one.
    fn placed(&self, format: Format, start: u64) -> Result<(), Stop> {
        let matters = format == Format::Cpio || self.previous == Some(Format::Cpio);
        match matters && !start.is_multiple_of(4) {
            true => Err(Stop::At(start, FaultKind::Misplaced(format))),
            false => Ok(()),
        }
    }

    fn archive(&mut self, format: Format, start: u64) -> Result<Walked, Stop> {
        match (format, self.depth) {
            (Format::Cpio, _) => cpio::walk(&mut self.window, start),
            (Format::Gzip, depth) => {
                if self.is_sure {
                    inside::check(&mut self.window, start, self.previous.is_none())?;
                }
                match depth {
                    Depth::Glance | Depth::Faults => Err(Stop::Unknown),
                    Depth::Sizes => gzip::walk(&mut self.window, start),
                }
            }
            (Format::Xz, _) => {
                if !xz::has_known_check(&mut self.window, start)? {
                    self.fault(start, FaultKind::XzCheck);
                }
                if !xz::has_known_filters(&mut self.window, start)? {
                    self.fault(start, FaultKind::Options(format));
                }
                xz::walk(&mut self.window, start)
            }
            (Format::Zstd, _) => {
                let walked = zstd::walk(&mut self.window, start)?;
                if let Some(at) = walked.large_window {
                    self.fault(at, FaultKind::ZstdWindow);
                }
                Ok(walked.walked)
            }
            (Format::Lz4, _) => lz4::walk(&mut self.window, start),
            (Format::Lzma, _) => lzma::walk(&mut self.window, start),
            (Format::Lzop, _) => lzop::walk(&mut self.window, start),
            (Format::Bzip2, _) => match self.window.head(start)? {
                [_, _, _, _, 0x17, 0x72, 0x45, 0x38, ..] if self.previous.is_none() => {
                    Err(Stop::At(start, FaultKind::Empty(format)))
                }
                _ => Err(Stop::Unknown),
            },
            (Format::Unknown, _) => Err(Stop::Unknown),
        }
    }

    /// Adds an archive; one that was not walked is guessed to reach the end.
    fn push(&mut self, format: Format, start: u64, walked: Option<Walked>) {
        let bytes = self.window.bytes();
        let walked = walked.filter(|walked| walked.end > start);
        let walked = walked.unwrap_or_else(|| Walked {
            end: bytes,
            unpacked_bytes: bytes.saturating_sub(start).saturating_mul(GUESSED_RATIO),
            known: Known::Guess,
            memory_bytes: None,
        });
        self.at = walked.end.min(bytes);
        let unpacked_bytes = walked.unpacked_bytes;
        self.walk.archives.push(Archive {
            format,
            packed_bytes: self.at.saturating_sub(start),
            unpacked_bytes,
            // An eighth is added for an unknown number of files. That is right for files
            // of 25 KiB on average, and more than enough for larger ones.
            memory_bytes: walked
                .memory_bytes
                .unwrap_or(unpacked_bytes.saturating_add(unpacked_bytes / 8)),
            known: walked.known,
        });
    }
}
