// SPDX-License-Identifier: GPL-2.0-or-later
//! What can be wrong with a PE file, with the values that are wrong.
//!
//! Layer: pure.
use super::super::source::{FileOffset, ReadError};
use super::{MAX_SECTIONS, SectionName};
use core::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeError {
    /// Shorter than a DOS header.
    TooShort {
        file_bytes: u64,
    },
    NoMz {
        found: [u8; 2],
    },
    /// The DOS header's pointer points into the DOS header.
    HeaderInsideDosHeader {
        e_lfanew: u32,
    },
    /// No room for signature and COFF header where the DOS header points.
    HeaderOutOfFile {
        e_lfanew: u32,
        file_bytes: u64,
    },
    NoPeSignature {
        at: FileOffset,
        found: u32,
    },
    NoSections,
    TooManySections {
        count: u16,
    },
    OptionalHeaderOutOfFile {
        end: FileOffset,
        file_bytes: u64,
    },
    OptionalHeaderMagic {
        found: u16,
    },
    /// The header says that it is smaller than its fields, or names more data
    /// directories than there can be.
    OptionalHeaderSize {
        bytes: u16,
    },
    SectionTableOutOfFile {
        end: FileOffset,
        file_bytes: u64,
    },
    SectionOutOfFile {
        name: SectionName,
        offset: FileOffset,
        end: u64,
        file_bytes: u64,
    },
    /// Their bytes in the file overlap; in file order.
    SectionsOverlap {
        first: SectionName,
        second: SectionName,
        at: FileOffset,
    },
    CertificateTableOutOfFile {
        offset: FileOffset,
        end: u64,
        file_bytes: u64,
    },
    Read(ReadError),
}

impl From<ReadError> for PeError {
    fn from(error: ReadError) -> Self {
        PeError::Read(error)
    }
}

impl fmt::Display for PeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use PeError::*;
        match self {
            TooShort { file_bytes } => {
                write!(f, "{file_bytes} bytes are too few for a PE file")
            }
            NoMz { found } => {
                write!(f, "not a PE file: starts with \"{}\"", found.escape_ascii())
            }
            HeaderInsideDosHeader { e_lfanew } => {
                write!(f, "PE header at {e_lfanew:#x} is inside the DOS header")
            }
            HeaderOutOfFile {
                e_lfanew,
                file_bytes,
            } => write!(
                f,
                "PE header at {e_lfanew:#x} is past the file's end at {file_bytes:#x}"
            ),
            NoPeSignature { at, found } => {
                write!(f, "no PE signature at {at}, found {found:#010x}")
            }
            NoSections => f.write_str("PE file has no sections"),
            TooManySections { count } => {
                write!(
                    f,
                    "PE file has {count} sections, at most {MAX_SECTIONS} allowed"
                )
            }
            OptionalHeaderOutOfFile { end, file_bytes } => {
                write!(f, "optional header ends at {end}, file at {file_bytes:#x}")
            }
            OptionalHeaderMagic { found } => {
                write!(f, "optional header has unknown magic {found:#06x}")
            }
            OptionalHeaderSize { bytes } => {
                write!(f, "optional header's {bytes} bytes do not hold its fields")
            }
            SectionTableOutOfFile { end, file_bytes } => {
                write!(f, "section table ends at {end}, file at {file_bytes:#x}")
            }
            SectionOutOfFile {
                name,
                offset,
                end,
                file_bytes,
            } => write!(
                f,
                "section {name} at {offset} ends at {end:#x}, file at {file_bytes:#x}"
            ),
            SectionsOverlap { first, second, at } => {
                write!(f, "sections {first} and {second} overlap at {at}")
            }
            CertificateTableOutOfFile {
                offset,
                end,
                file_bytes,
            } => write!(
                f,
                "certificate table at {offset} ends at {end:#x}, file at {file_bytes:#x}"
            ),
            Read(error) => write!(f, "{error}"),
        }
    }
}
