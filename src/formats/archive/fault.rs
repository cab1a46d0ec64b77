// SPDX-License-Identifier: GPL-2.0-or-later
//! A place in an initrd at which the kernel stops to unpack, so that files are missing.
//! Layer: pure.

use core::fmt;

use super::Format;
use super::foreign::{Advice, Foreign};
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::source::FileOffset;

/// The cause of most faults.
const UNPACKED: &str = "kernels unpack cpio archives (newc), plain or compressed";

/// A place and what is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The offset in the file.
    pub at: FileOffset,
    pub kind: FaultKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// A file in another format.
    Foreign(Foreign),
    /// A file in another format, compressed by gzip.
    Gzipped(Foreign),
    /// A format that has no name here, with its first bytes.
    Unknown([u8; 8]),
    /// The archive ends before what its headers describe.
    Cut(Format),
    Damaged(Format),
    /// An archive that does not begin at a multiple of 4.
    Misplaced(Format),
    /// An archive that was made with options whose results the kernel does not read.
    Options(Format),
    /// An xz archive with a check that the kernel does not compute.
    XzCheck,
    /// A zstd archive with a larger window than the kernel's decoder has.
    ZstdWindow,
    /// The kernel's lz4 decoder takes this archive for a part of the one before it.
    AfterLz4,
    /// Compressed data with nothing in it, before any archive.
    Empty(Format),
    /// In gzip, zeros before any archive.
    ZerosFirst,
    /// There is no archive at all.
    OnlyZeros,
}

impl Fault {
    /// Returns whether it is one only where no archive comes before.
    #[must_use]
    pub fn is_of_first(&self) -> bool {
        matches!(self.kind, FaultKind::Empty(_) | FaultKind::ZerosFirst)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match &self.kind {
            FaultKind::Foreign(foreign) => write!(out, "{} at {at}", foreign.name),
            FaultKind::Gzipped(foreign) => {
                write!(out, "{} in gzip at {at}", foreign.name)
            }
            FaultKind::Unknown(bytes) => {
                write!(out, "no archive at {at}, which begins with ")?;
                bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
            FaultKind::Cut(format) => {
                write!(out, "the {} data at {at} is cut short", format.name())
            }
            FaultKind::Damaged(format) => {
                write!(out, "the {} data at {at} is damaged", format.name())
            }
            FaultKind::Empty(format) => {
                write!(out, "the {} data at {at} is empty", format.name())
            }
            FaultKind::ZerosFirst => write!(out, "the gzip data at {at} begins with zeros"),
            FaultKind::Misplaced(format) => {
                write!(out, "{} at {at}, not a multiple of 4", format.name())
            }
            FaultKind::Options(format) => {
                let what = match format {
                    Format::Gzip => "other fields than a name",
                    Format::Xz => "a filter that the kernel lacks",
                    _ => "none or several checksums of a block",
                };
                write!(out, "{} with {what} at {at}", format.name())
            }
            FaultKind::XzCheck => write!(out, "xz with another check than CRC32 at {at}"),
            FaultKind::ZstdWindow => write!(out, "zstd with a window above 128 MiB at {at}"),
            FaultKind::AfterLz4 => write!(out, "lz4 without 4 zeros after it at {at}"),
            FaultKind::OnlyZeros => out.write_str("nothing but zeros"),
        }
    }
}

impl Diagnose for Fault {
    fn diagnose(&self) -> Diagnosis {
        let bad = Diagnosis::bad_image(self);
        match self.kind {
            FaultKind::Foreign(foreign) | FaultKind::Gzipped(foreign) => match foreign.advice {
                Advice::Lz4 => bad
                    .because("the kernel unpacks only lz4's legacy format")
                    .with_hint("compress it with lz4 -l"),
                Advice::Zstd => bad
                    .because("the kernel unpacks no skippable frames, as pzstd writes them")
                    .with_hint("compress it with zstd"),
                Advice::Newc => bad
                    .because("of cpio's formats, the kernel unpacks only newc")
                    .with_hint("make it with cpio -H newc"),
                Advice::Kernel => bad
                    .because(UNPACKED)
                    .with_hint("give the kernel first, then --initrd with the initrd"),
                Advice::Disk => bad
                    .because(UNPACKED)
                    .with_hint("load --force, if it is a RAM disk for root=/dev/ram0"),
                Advice::None => bad.because(UNPACKED).with_hint(INITRD),
            },
            FaultKind::Unknown(_) | FaultKind::Empty(_) | FaultKind::ZerosFirst => {
                bad.because(UNPACKED).with_hint(INITRD)
            }
            FaultKind::Cut(_) | FaultKind::Damaged(_) | FaultKind::OnlyZeros => {
                Diagnosis::cut_short(self)
            }
            FaultKind::Misplaced(_) => bad
                .because("the kernel finds archives only at multiples of 4")
                .with_hint("pass each archive with an --initrd of its own"),
            FaultKind::Options(Format::Gzip) => bad
                .because("the kernel's gunzip takes them for data")
                .with_hint("gunzip it, and compress it with gzip"),
            FaultKind::Options(Format::Xz) => bad
                .because("the kernel's xz has LZMA2 and filters for machine code only")
                .with_hint("compress it with xz --check=crc32"),
            FaultKind::Options(_) => bad
                .because("the kernel expects one, and takes others for data")
                .with_hint("compress it with lzop without options"),
            FaultKind::XzCheck => bad
                .because("the kernel's xz has no other check")
                .with_hint("compress it with xz --check=crc32"),
            FaultKind::ZstdWindow => bad
                .because("the kernel's zstd takes no larger window")
                .with_hint("compress it without --long, or with --long=27"),
            FaultKind::AfterLz4 => bad
                .because("the kernel takes what follows for a part of the lz4 archive")
                .with_hint("pass each archive with an --initrd of its own"),
        }
    }
}

const INITRD: &str = "an initrd, such as the initrd.img of the same kernel in /boot";
