// SPDX-License-Identifier: GPL-2.0-or-later
//! The error type of the image formats. Layer: pure.
use super::bzimage::BzImageError;
use super::linux_image::LinuxImageError;
use super::pe::PeError;
use super::thin::ThinError;
use super::uki::UkiError;
use super::zboot::ZbootError;
use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnose, Diagnosis, Hint};
use crate::formats::source::ReadError;
use alloc::boxed::Box;
use core::fmt;

/// A reason why a file is not a boot image, or is a damaged one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImageError {
    Empty,
    /// The file is smaller than any header that could be recognised.
    TooShort {
        file_bytes: u64,
    },
    Unrecognized {
        looks_like: LooksLike,
        first_bytes: [u8; 8],
    },
    Pe(PeError),
    Uki(UkiError),
    Thin(ThinError),
    BzImage(BzImageError),
    Zboot(ZbootError),
    LinuxImage(LinuxImageError),
    /// The image is sound, but its `.linux` section is not.
    InLinux(Box<ImageError>),
    Read(ReadError),
}

/// The format of a file that is not a boot image, guessed from its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LooksLike {
    Gzip,
    Zstd,
    Xz,
    Lz4,
    Bzip2,
    Elf,
    /// A newc or old ASCII cpio archive: an initrd.
    Cpio,
    Squashfs,
    Script,
    Text,
    Zeros,
    Nothing,
}

/// The number of bytes that [`LooksLike::from_head`] looks at.
pub(super) const LOOK_BYTES: usize = 64;

impl LooksLike {
    pub fn from_head(head: &[u8]) -> LooksLike {
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

    pub fn name(self) -> &'static str {
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

    /// Returns the diagnosis of a file in this format, which says what the file is for.
    fn diagnose(self, what: &dyn fmt::Display) -> Diagnosis {
        const BOOTABLE: &str = "a UKI (*.efi in EFI/Linux) or a kernel (vmlinuz in /boot)";
        let bad = Diagnosis::bad_image(what);
        match self {
            LooksLike::Gzip
            | LooksLike::Zstd
            | LooksLike::Xz
            | LooksLike::Lz4
            | LooksLike::Bzip2 => bad
                .maybe("an initrd, or a kernel compressed as a whole")
                .with_hint("if an initrd: pass it with --initrd; if a kernel: decompress it first"),
            LooksLike::Elf => bad
                .maybe("a vmlinux; kexec needs the vmlinuz made from it")
                .with_hint("use the vmlinuz or bzImage of the same kernel, from /boot"),
            LooksLike::Cpio => bad
                .because("cpio archives are initrds")
                .with_hint("give the kernel first, then --initrd with this file"),
            LooksLike::Squashfs
            | LooksLike::Script
            | LooksLike::Text
            | LooksLike::Zeros
            | LooksLike::Nothing => bad.with_hint(BOOTABLE),
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
                write!(f, "too short for a boot image: {}", size(*file_bytes))
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
            ImageError::Thin(error) => write!(f, "{error}"),
            ImageError::BzImage(error) => write!(f, "{error}"),
            ImageError::Zboot(error) => write!(f, "{error}"),
            ImageError::LinuxImage(error) => write!(f, "{error}"),
            ImageError::InLinux(error) => write!(f, "section .linux: {error}"),
            ImageError::Read(error) => write!(f, "{error}"),
        }
    }
}

impl ImageError {
    /// Returns the same error, as one that occurred in a UKI's `.linux`.
    pub fn in_linux(self) -> ImageError {
        ImageError::InLinux(Box::new(self))
    }

    /// Returns whether the PE headers are wrong, in this file or in its `.linux`.
    pub fn is_in_pe(&self) -> bool {
        match self {
            ImageError::Pe(_) => true,
            ImageError::InLinux(error) => error.is_in_pe(),
            _ => false,
        }
    }

    /// Returns whether the only error is a failed read.
    fn is_read(&self) -> bool {
        match self {
            ImageError::Read(_)
            | ImageError::Pe(PeError::Read(_))
            | ImageError::BzImage(BzImageError::Read(_))
            | ImageError::Zboot(ZbootError::Read(_))
            | ImageError::LinuxImage(LinuxImageError::Read(_))
            | ImageError::Thin(ThinError::Read(_)) => true,
            ImageError::InLinux(error) => error.is_read(),
            _ => false,
        }
    }
}

impl Diagnose for ImageError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            ImageError::Empty | ImageError::TooShort { .. } => Diagnosis::cut_short(self),
            ImageError::Unrecognized { looks_like, .. } => looks_like.diagnose(self),
            ImageError::Pe(error) => error.diagnose(),
            ImageError::Uki(error) => error.diagnose(),
            ImageError::Thin(error) => error.diagnose(),
            ImageError::BzImage(error) => error.diagnose(),
            ImageError::Zboot(error) => error.diagnose(),
            ImageError::LinuxImage(error) => error.diagnose(),
            ImageError::InLinux(error) => {
                let inner = error.diagnose().with_what(self);
                match error.is_read() {
                    true => inner,
                    false => inner.with_hints(&[
                        Hint::Inspect,
                        Hint::Text("then rebuild the UKI with a kernel"),
                    ]),
                }
            }
            ImageError::Read(error) => error.diagnose(),
        }
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

impl From<ThinError> for ImageError {
    fn from(error: ThinError) -> Self {
        ImageError::Thin(error)
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
