// SPDX-License-Identifier: GPL-2.0-or-later
//! The one error of the image layer, made for a three-line report.
//!
//! Layer: pure. `Display` is what failed, [`ImageError::cause`] and
//! [`ImageError::hint`] are the lines behind "cause:" and "try:"; each is one
//! line of at most about 70 columns.
use super::bzimage::BzImageError;
use super::linux_image::LinuxImageError;
use super::pe::PeError;
use super::uki::UkiError;
use super::zboot::ZbootError;
use crate::errno::Errno;
use crate::source::{ReadError, ReadErrorKind};
use alloc::boxed::Box;
use core::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImageError {
    Empty,
    /// Smaller than any header that could be recognised.
    TooShort {
        file_bytes: u64,
    },
    Unrecognized {
        looks_like: LooksLike,
        first_bytes: [u8; 8],
    },
    Pe(PeError),
    Uki(UkiError),
    BzImage(BzImageError),
    Zboot(ZbootError),
    LinuxImage(LinuxImageError),
    /// The image is sound, its `.linux` section is not.
    InLinux(Box<ImageError>),
    Read(ReadError),
}

/// What a file that is no boot image seems to be, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LooksLike {
    Gzip,
    Zstd,
    Xz,
    Lz4,
    Bzip2,
    Elf,
    /// newc or old ASCII cpio: an initrd.
    Cpio,
    Squashfs,
    Script,
    Text,
    Zeros,
    Nothing,
}

/// The longest magic that [`LooksLike::from_head`] asks for.
pub(super) const LOOK_BYTES: usize = 64;

impl LooksLike {
    pub(super) fn from_head(head: &[u8]) -> LooksLike {
        const MAGICS: &[(&[u8], LooksLike)] = &[
            (b"\x1f\x8b", LooksLike::Gzip),
            (b"\x28\xb5\x2f\xfd", LooksLike::Zstd),
            (b"\xfd7zXZ\0", LooksLike::Xz),
            // The frame format, and the legacy one that Linux initrds use.
            (b"\x04\x22\x4d\x18", LooksLike::Lz4),
            (b"\x02\x21\x4c\x18", LooksLike::Lz4),
            (b"BZh", LooksLike::Bzip2),
            (b"\x7fELF", LooksLike::Elf),
            (b"07070", LooksLike::Cpio),
            (b"hsqs", LooksLike::Squashfs),
            (b"#!", LooksLike::Script),
        ];
        let head = head.get(..LOOK_BYTES).unwrap_or(head);
        let known = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
        match known {
            Some((_, kind)) => *kind,
            None if head.iter().all(|b| *b == 0) => LooksLike::Zeros,
            None if head.iter().all(is_text) => LooksLike::Text,
            None => LooksLike::Nothing,
        }
    }

    fn name(self) -> &'static str {
        match self {
            LooksLike::Gzip => "a gzip file",
            LooksLike::Zstd => "a zstd file",
            LooksLike::Xz => "an xz file",
            LooksLike::Lz4 => "an lz4 file",
            LooksLike::Bzip2 => "a bzip2 file",
            LooksLike::Elf => "an ELF file",
            LooksLike::Cpio => "a cpio archive",
            LooksLike::Squashfs => "a squashfs file system",
            LooksLike::Script => "a script",
            LooksLike::Text => "a text file",
            LooksLike::Zeros => "starts with zeros",
            LooksLike::Nothing => "unknown",
        }
    }

    fn cause(self) -> Option<&'static str> {
        match self {
            LooksLike::Gzip
            | LooksLike::Zstd
            | LooksLike::Xz
            | LooksLike::Lz4
            | LooksLike::Bzip2 => {
                Some("possibly an initrd, or a kernel that is compressed as a whole")
            }
            LooksLike::Elf => Some("possibly a vmlinux; kexec needs the vmlinuz made of it"),
            LooksLike::Cpio => Some("cpio archives are initrds"),
            _ => None,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            LooksLike::Cpio => "give the kernel first, then --initrd with this file",
            LooksLike::Gzip
            | LooksLike::Zstd
            | LooksLike::Xz
            | LooksLike::Lz4
            | LooksLike::Bzip2 => {
                "if an initrd: give it by --initrd; if a kernel: decompress it first"
            }
            LooksLike::Elf => "the vmlinuz or bzImage of the same kernel, from /boot",
            _ => "a UKI (*.efi in EFI/Linux) or a kernel (vmlinuz in /boot)",
        }
    }
}

fn is_text(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageError::Empty => f.write_str("the file is empty"),
            ImageError::TooShort { file_bytes } => {
                write!(f, "{file_bytes} bytes are too few for a boot image")
            }
            ImageError::Unrecognized {
                looks_like: LooksLike::Nothing,
                first_bytes,
            } => write!(
                f,
                "not a boot image: starts with \"{}\"",
                first_bytes.escape_ascii()
            ),
            ImageError::Unrecognized { looks_like, .. } => {
                write!(f, "not a boot image: {}", looks_like.name())
            }
            ImageError::Pe(error) => write!(f, "{error}"),
            ImageError::Uki(error) => write!(f, "{error}"),
            ImageError::BzImage(error) => write!(f, "{error}"),
            ImageError::Zboot(error) => write!(f, "{error}"),
            ImageError::LinuxImage(error) => write!(f, "{error}"),
            ImageError::InLinux(error) => write!(f, "section .linux: {error}"),
            ImageError::Read(error) => write!(f, "{error}"),
        }
    }
}

impl ImageError {
    /// The same error, met in a UKI's `.linux`.
    pub fn in_linux(self) -> ImageError {
        ImageError::InLinux(Box::new(self))
    }

    /// Whether it is the PE headers that are wrong, here or in `.linux`.
    pub fn is_in_pe(&self) -> bool {
        match self {
            ImageError::Pe(_) => true,
            ImageError::InLinux(error) => error.is_in_pe(),
            _ => false,
        }
    }

    /// The read that failed, when that is all that is wrong.
    pub fn read_error(&self) -> Option<&ReadError> {
        match self {
            ImageError::Read(error)
            | ImageError::Pe(PeError::Read(error))
            | ImageError::BzImage(BzImageError::Read(error))
            | ImageError::Zboot(ZbootError::Read(error))
            | ImageError::LinuxImage(LinuxImageError::Read(error)) => Some(error),
            ImageError::InLinux(error) => error.read_error(),
            _ => None,
        }
    }

    /// The errno of a failed read. Then the image may be fine, and the caller
    /// must not call it bad: exit code 1, not 3.
    pub fn io_errno(&self) -> Option<Errno> {
        match self.read_error()?.kind {
            ReadErrorKind::Io(errno) => Some(errno),
            ReadErrorKind::Truncated | ReadErrorKind::TooLarge { .. } => None,
        }
    }

    /// Why, when it is known or likely.
    pub fn cause(&self) -> Option<&'static str> {
        if let Some(error) = self.read_error() {
            return match error.kind {
                ReadErrorKind::Truncated => Some("the file shrank while it was being read"),
                ReadErrorKind::TooLarge { .. } | ReadErrorKind::Io(_) => None,
            };
        }
        match self {
            ImageError::Unrecognized { looks_like, .. } => looks_like.cause(),
            ImageError::Uki(error) => error.cause(),
            ImageError::InLinux(error) => error.cause(),
            _ if self.is_cut() => Some("possibly cut short when it was copied or downloaded"),
            ImageError::Pe(error) if error.is_contradiction() => {
                Some("no tool makes such files: damaged, or made to do harm")
            }
            ImageError::Pe(PeError::SectionsOverlap { .. }) => {
                Some("possibly sections added with wrong offsets")
            }
            _ => None,
        }
    }

    /// What to try.
    pub fn hint(&self) -> Option<&'static str> {
        if self.read_error().is_some() {
            return None;
        }
        match self {
            ImageError::Unrecognized { looks_like, .. } => Some(looks_like.hint()),
            ImageError::Uki(error) => error.hint(),
            ImageError::InLinux(_) => {
                Some("kexec-bpf inspect IMAGE; then build the UKI anew from a kernel")
            }
            _ if self.is_cut() => Some("compare its size and checksum with the original's"),
            _ => None,
        }
    }

    /// Something lies behind the end of the file.
    fn is_cut(&self) -> bool {
        matches!(
            self,
            ImageError::Empty
                | ImageError::TooShort { .. }
                | ImageError::Pe(
                    PeError::TooShort { .. }
                        | PeError::HeaderOutOfFile { .. }
                        | PeError::OptionalHeaderOutOfFile { .. }
                        | PeError::HeadersOutOfFile { .. }
                        | PeError::SectionOutOfFile { .. }
                        | PeError::CertificateTableOutOfFile { .. }
                )
                | ImageError::BzImage(
                    BzImageError::TooShort { .. }
                        | BzImageError::SetupOutOfFile { .. }
                        | BzImageError::KernelOutOfFile { .. }
                        | BzImageError::PayloadOutOfFile { .. }
                )
                | ImageError::Zboot(
                    ZbootError::TooShort { .. } | ZbootError::PayloadOutOfFile { .. }
                )
                | ImageError::LinuxImage(LinuxImageError::TooShort { .. })
        )
    }
}

impl From<PeError> for ImageError {
    fn from(error: PeError) -> Self {
        ImageError::Pe(error)
    }
}

impl From<UkiError> for ImageError {
    fn from(error: UkiError) -> Self {
        ImageError::Uki(error)
    }
}

impl From<BzImageError> for ImageError {
    fn from(error: BzImageError) -> Self {
        ImageError::BzImage(error)
    }
}

impl From<ZbootError> for ImageError {
    fn from(error: ZbootError) -> Self {
        ImageError::Zboot(error)
    }
}

impl From<LinuxImageError> for ImageError {
    fn from(error: LinuxImageError) -> Self {
        ImageError::LinuxImage(error)
    }
}

impl From<ReadError> for ImageError {
    fn from(error: ReadError) -> Self {
        ImageError::Read(error)
    }
}
