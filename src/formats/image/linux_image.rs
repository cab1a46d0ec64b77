// SPDX-License-Identifier: GPL-2.0-or-later
//! Flat kernel images of arm64 and riscv64, with or without an EFI stub. Layer: pure.
//!
//! Spec: the kernel's Documentation/arch/arm64/booting.rst and
//! Documentation/arch/riscv/boot-image-header.rst.
use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::field::{bytes_at, u64_at};
use crate::formats::source::{FileOffset, ReadAt, ReadError, read_head};
use core::fmt;

const HEADER_BYTES: usize = 64;
const MAGIC_AT: usize = 0x38;

/// The architecture of a flat kernel image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImageArch {
    Arm64,
    Riscv64,
}

impl ImageArch {
    /// Recognises the magic in the head of a file; `None` without one.
    pub fn from_head(head: &[u8]) -> Option<ImageArch> {
        match &bytes_at::<4>(head, MAGIC_AT)? {
            b"ARM\x64" => Some(ImageArch::Arm64),
            b"RSC\x05" => Some(ImageArch::Riscv64),
            _ => None,
        }
    }

    /// Returns the architecture's name, as uname(2) has it.
    pub fn name(self) -> &'static str {
        match self {
            ImageArch::Arm64 => "aarch64",
            ImageArch::Riscv64 => "riscv64",
        }
    }
}

impl fmt::Display for ImageArch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The fields of the header, under their names in the specs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImageHeader {
    pub arch: ImageArch,
    /// The distance of the image from a 2 MiB aligned address, in bytes.
    pub text_offset: u64,
    /// The memory that the kernel occupies, in bytes: more than the file's size, and
    /// never 0.
    pub image_bytes: u64,
    pub flags: u64,
    /// True when the image begins with "MZ", so that firmware can start it, too.
    pub has_efi_stub: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinuxImageError {
    TooShort {
        file_bytes: u64,
    },
    NoMagic {
        found: [u8; 4],
    },
    /// The size is 0, as in arm64 kernels before 3.17; kexec cannot place such an image.
    NoImageSize,
    /// The size is so large that no address could hold the image.
    ImageSizeOverflows {
        text_offset: u64,
        image_bytes: u64,
    },
    Read(ReadError),
}

impl Diagnose for LinuxImageError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            LinuxImageError::TooShort { .. } => Diagnosis::cut_short(self),
            LinuxImageError::NoMagic { .. }
            | LinuxImageError::NoImageSize
            | LinuxImageError::ImageSizeOverflows { .. } => Diagnosis::bad_image(self),
            LinuxImageError::Read(error) => error.diagnose(),
        }
    }
}

impl From<ReadError> for LinuxImageError {
    fn from(error: ReadError) -> Self {
        LinuxImageError::Read(error)
    }
}

impl fmt::Display for LinuxImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use LinuxImageError::*;
        match self {
            TooShort { file_bytes } => {
                write!(f, "too short for a kernel image: {}", size(*file_bytes))
            }
            NoMagic { found } => write!(
                f,
                "no kernel magic at 0x38, found \"{}\"",
                found.escape_ascii()
            ),
            NoImageSize => f.write_str("kernel image does not say its size (at 0x10)"),
            ImageSizeOverflows {
                text_offset,
                image_bytes,
            } => write!(
                f,
                "kernel image of {image_bytes:#x} bytes at +{text_offset:#x} does not fit in memory"
            ),
            Read(error) => write!(f, "{error}"),
        }
    }
}

/// Parses the header.
pub fn parse<R: ReadAt + ?Sized>(source: &R) -> Result<ImageHeader, LinuxImageError> {
    let mut buf = [0; HEADER_BYTES];
    let header = read_head(source, &mut buf)?;
    if header.len() < HEADER_BYTES {
        return Err(LinuxImageError::TooShort {
            file_bytes: source.file_bytes(),
        });
    }
    // From here on, `header` is known to be long enough for every field.
    let arch = ImageArch::from_head(header).ok_or(LinuxImageError::NoMagic {
        found: bytes_at(header, MAGIC_AT).unwrap_or_default(),
    })?;
    let text_offset = u64_at(header, 0x08).unwrap_or_default();
    let image_bytes = u64_at(header, 0x10).unwrap_or_default();
    if image_bytes == 0 {
        return Err(LinuxImageError::NoImageSize);
    }
    if FileOffset(text_offset).checked_add(image_bytes).is_none() {
        return Err(LinuxImageError::ImageSizeOverflows {
            text_offset,
            image_bytes,
        });
    }
    Ok(ImageHeader {
        arch,
        text_offset,
        image_bytes,
        flags: u64_at(header, 0x18).unwrap_or_default(),
        has_efi_stub: header.starts_with(b"MZ"),
    })
}
