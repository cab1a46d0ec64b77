// SPDX-License-Identifier: GPL-2.0-or-later
//! EFI zboot: a small EFI decompressor and the compressed kernel after it. Layer: pure.
//!
//! Spec: the kernel's drivers/firmware/efi/libstub/zboot-header.S and Makefile.zboot.
use crate::diagnosis::escape::escaped;
use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::field::{bytes_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, read_head};
use core::fmt;

const HEADER_BYTES: usize = 64;
pub(super) const MAGIC: [u8; 4] = *b"zimg";
pub(super) const MAGIC_AT: usize = 4;

/// The fields of the header that matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ZbootHeader {
    pub compression: Compression,
    /// The compressed kernel alone.
    pub payload: FileSlice,
    /// The size of the decompressed kernel, as the file states it: to be checked, not
    /// trusted.
    pub kernel_bytes: u32,
}

/// The compression formats of CONFIG_EFI_ZBOOT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    Gzip,
    Lz4,
    Lzma,
    Lzo,
    /// xz with the kernel's filters; "xzkern" in the header.
    Xz,
    /// "zstd" in the header, or "zstd22", which includes the level.
    Zstd,
}

impl Compression {
    fn from_header(name: &[u8]) -> Option<Compression> {
        Some(match name {
            b"gzip" => Compression::Gzip,
            b"lz4" => Compression::Lz4,
            b"lzma" => Compression::Lzma,
            b"lzo" => Compression::Lzo,
            b"xzkern" | b"xz" => Compression::Xz,
            b"zstd" | b"zstd22" => Compression::Zstd,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Lz4 => "lz4",
            Compression::Lzma => "lzma",
            Compression::Lzo => "lzo",
            Compression::Xz => "xz",
            Compression::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ZbootError {
    TooShort {
        file_bytes: u64,
    },
    NoMagic {
        found: [u8; 4],
    },
    UnknownCompression {
        name: [u8; 8],
    },
    /// Not all of the payload is in the file, or not all of the 4 bytes with the kernel's
    /// size.
    PayloadOutOfFile {
        end: FileOffset,
        file_bytes: u64,
    },
    /// The payload is too small to contain anything.
    PayloadTooSmall {
        bytes: u32,
    },
    Read(ReadError),
}

impl Diagnose for ZbootError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            ZbootError::TooShort { .. } | ZbootError::PayloadOutOfFile { .. } => {
                Diagnosis::cut_short(self)
            }
            ZbootError::NoMagic { .. }
            | ZbootError::UnknownCompression { .. }
            | ZbootError::PayloadTooSmall { .. } => Diagnosis::bad_image(self),
            ZbootError::Read(error) => error.diagnose(),
        }
    }
}

impl From<ReadError> for ZbootError {
    fn from(error: ReadError) -> Self {
        ZbootError::Read(error)
    }
}

impl fmt::Display for ZbootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ZbootError::*;
        match self {
            TooShort { file_bytes } => {
                write!(f, "too short for a zboot image: {}", size(*file_bytes))
            }
            NoMagic { found } => {
                write!(f, "no \"zimg\" at 0x4, found \"{}\"", found.escape_ascii())
            }
            UnknownCompression { name } => {
                let name = name.split(|b| *b == 0).next().unwrap_or_default();
                write!(f, "zboot compression \"{}\" is unknown", escaped(name))
            }
            PayloadOutOfFile { end, file_bytes } => {
                write!(f, "zboot payload ends at {end}, file at {file_bytes:#x}")
            }
            PayloadTooSmall { bytes } => {
                write!(f, "zboot payload of {bytes} bytes cannot be a kernel")
            }
            Read(error) => write!(f, "{error}"),
        }
    }
}

/// Parses the header and reads the size of the kernel.
pub fn parse<R: ReadAt + ?Sized>(source: &R) -> Result<ZbootHeader, ZbootError> {
    let file_bytes = source.file_bytes();
    let mut buf = [0; HEADER_BYTES];
    let header = read_head(source, &mut buf)?;
    if header.len() < HEADER_BYTES {
        return Err(ZbootError::TooShort { file_bytes });
    }
    // From here on, `header` is known to be long enough for every field.
    let found = bytes_at(header, MAGIC_AT).unwrap_or_default();
    if found != MAGIC {
        return Err(ZbootError::NoMagic { found });
    }
    let name: [u8; 32] = bytes_at(header, 0x18).unwrap_or_default();
    let name = name.split(|b| *b == 0).next().unwrap_or_default();
    let compression = Compression::from_header(name)
        .ok_or(ZbootError::UnknownCompression { name: padded(name) })?;
    let offset = FileOffset(u64::from(u32_at(header, 0x08).unwrap_or_default()));
    let bytes = u32_at(header, 0x0c).unwrap_or_default();
    if bytes < 4 {
        return Err(ZbootError::PayloadTooSmall { bytes });
    }
    // gzip's own trailer, inside the payload, ends with the size. For all other formats
    // the kernel's build appends it after the payload.
    let size_bytes = match compression {
        Compression::Gzip => 0,
        _ => 4,
    };
    let payload = FileSlice {
        offset,
        bytes: u64::from(bytes),
    };
    let end = FileOffset(payload.end().0.saturating_add(size_bytes));
    if end.0 > file_bytes {
        return Err(ZbootError::PayloadOutOfFile { end, file_bytes });
    }
    let mut size = [0; 4];
    source.read_at(FileOffset(end.0.saturating_sub(4)), &mut size)?;
    Ok(ZbootHeader {
        compression,
        payload,
        kernel_bytes: u32::from_le_bytes(size),
    })
}

/// Returns the first 8 bytes, padded with NUL: enough to show an unknown name.
fn padded(name: &[u8]) -> [u8; 8] {
    let mut out = [0; 8];
    out.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    out
}
