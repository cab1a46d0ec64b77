// SPDX-License-Identifier: GPL-2.0-or-later
//! Errors in PE files, with the wrong values. Layer: pure.
use super::{MAX_DIRECTORIES, MAX_SECTIONS, MIN_DIRECTORIES, SectionName};
use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::source::{FileOffset, ReadError};
use core::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeError {
    /// The file is not longer than a DOS header.
    TooShort {
        file_bytes: u64,
    },
    /// The file is 4 GiB or larger: the format counts in 32 bits, and so does the kernel.
    TooLarge {
        file_bytes: u64,
    },
    NoMz {
        found: [u8; 2],
    },
    /// The DOS header's pointer points into the DOS header.
    HeaderInsideDosHeader {
        e_lfanew: u32,
    },
    /// Signature and COFF header are not all in the file at the place that the DOS header
    /// states.
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
    /// NumberOfRvaAndSizes is out of range.
    DirectoryCount {
        count: u32,
    },
    /// SizeOfOptionalHeader does not match the number of data directories, so readers
    /// disagree about where the section table is.
    OptionalHeaderSize {
        bytes: u16,
        wanted: u64,
    },
    /// SizeOfHeaders reaches the end of the file.
    HeadersOutOfFile {
        headers_bytes: u64,
        file_bytes: u64,
    },
    SectionTableOutOfHeaders {
        end: FileOffset,
        headers_bytes: u64,
    },
    SectionInHeaders {
        name: SectionName,
        offset: FileOffset,
        headers_bytes: u64,
    },
    SectionOutOfFile {
        name: SectionName,
        offset: FileOffset,
        end: u64,
        file_bytes: u64,
    },
    /// The sections' bytes in the file overlap; `first` and `second` are in file order.
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
    CertificateTableInHeaders {
        offset: FileOffset,
        headers_bytes: u64,
    },
    CertificateTableOverlaps {
        offset: FileOffset,
        section: SectionName,
    },
    /// The table is too small for an entry's header.
    CertificateTableSize {
        bytes: u64,
    },
    /// dwLength of the first entry is less than its header, or more than the table.
    CertificateLength {
        bytes: u64,
        table_bytes: u64,
    },
    Read(ReadError),
}

impl Diagnose for PeError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            PeError::TooShort { .. }
            | PeError::HeaderOutOfFile { .. }
            | PeError::OptionalHeaderOutOfFile { .. }
            | PeError::HeadersOutOfFile { .. }
            | PeError::SectionOutOfFile { .. }
            | PeError::CertificateTableOutOfFile { .. } => Diagnosis::cut_short(self),
            // The file's own fields contradict each other, or are far out of range.
            PeError::TooManySections { .. }
            | PeError::DirectoryCount { .. }
            | PeError::OptionalHeaderSize { .. }
            | PeError::SectionTableOutOfHeaders { .. }
            | PeError::SectionInHeaders { .. }
            | PeError::CertificateTableInHeaders { .. }
            | PeError::CertificateTableOverlaps { .. }
            | PeError::CertificateTableSize { .. }
            | PeError::CertificateLength { .. } => {
                Diagnosis::bad_image(self).because("no tool makes such files: damaged or malicious")
            }
            PeError::SectionsOverlap { .. } => {
                Diagnosis::bad_image(self).maybe("sections added with wrong offsets")
            }
            PeError::TooLarge { .. }
            | PeError::NoMz { .. }
            | PeError::HeaderInsideDosHeader { .. }
            | PeError::NoPeSignature { .. }
            | PeError::NoSections
            | PeError::OptionalHeaderMagic { .. } => Diagnosis::bad_image(self),
            PeError::Read(error) => error.diagnose(),
        }
    }
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
                write!(f, "too short for a PE file: {}", size(*file_bytes))
            }
            TooLarge { file_bytes } => {
                write!(
                    f,
                    "{file_bytes} bytes: a PE file must be smaller than 4 GiB"
                )
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
                "PE header at {e_lfanew:#x} is not within the file's {file_bytes:#x} bytes"
            ),
            NoPeSignature { at, found } => {
                write!(f, "no PE signature at {at}, found {found:#010x}")
            }
            NoSections => f.write_str("PE file has no sections"),
            TooManySections { count } => {
                write!(
                    f,
                    "PE file has {count} sections; at most {MAX_SECTIONS} are allowed"
                )
            }
            OptionalHeaderOutOfFile { end, file_bytes } => {
                write!(f, "optional header ends at {end}, file at {file_bytes:#x}")
            }
            OptionalHeaderMagic { found } => {
                write!(f, "optional header has unknown magic {found:#06x}")
            }
            DirectoryCount { count } => write!(
                f,
                "data directories: {count}, but {MIN_DIRECTORIES} to {MAX_DIRECTORIES} are allowed"
            ),
            OptionalHeaderSize { bytes, wanted } => {
                write!(
                    f,
                    "optional header's size is {bytes}, but its fields need {wanted}"
                )
            }
            HeadersOutOfFile {
                headers_bytes,
                file_bytes,
            } => write!(
                f,
                "headers end at {headers_bytes:#x}, file at {file_bytes:#x}"
            ),
            SectionTableOutOfHeaders { end, headers_bytes } => {
                write!(
                    f,
                    "section table ends at {end}, headers at {headers_bytes:#x}"
                )
            }
            SectionInHeaders {
                name,
                offset,
                headers_bytes,
            } => write!(
                f,
                "section {name} at {offset} is in the headers, which end at {headers_bytes:#x}"
            ),
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
            CertificateTableInHeaders {
                offset,
                headers_bytes,
            } => write!(
                f,
                "certificate table at {offset} is in the headers, which end at {headers_bytes:#x}"
            ),
            CertificateTableOverlaps { offset, section } => {
                write!(
                    f,
                    "certificate table at {offset} overlaps section {section}"
                )
            }
            CertificateTableSize { bytes } => {
                write!(
                    f,
                    "certificate table of {bytes} bytes is too small for an entry"
                )
            }
            CertificateLength { bytes, table_bytes } => write!(
                f,
                "first certificate's length is {bytes}, its table's is {table_bytes}"
            ),
            Read(error) => write!(f, "{error}"),
        }
    }
}
