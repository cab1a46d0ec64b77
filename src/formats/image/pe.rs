// SPDX-License-Identifier: GPL-2.0-or-later
//! PE: the container format of UKIs, addons, EFI kernels and zboot images. Layer: pure.
//!
//! Specs: Microsoft's "PE Format", and what the kernel's signature check reads,
//! crypto/asymmetric_keys/verify_pefile.c.
//!
//! A file has one reading or is refused. The kernel finds the section table after as many
//! data directories as the header counts; other readers find it after as many bytes as
//! the header states. The kernel's check reads the fifth directory whether or not it is
//! counted, and hashes sections without checking where they lie. Anything that two
//! readers could interpret differently, and anything that the kernel's check would read
//! outside the file, is an error here. bpf/kmod/pe.c has the same rules.
use crate::formats::sort::sort;
use crate::formats::source::{FileOffset, FileSlice, ReadAt};
use alloc::vec::Vec;
use core::fmt;
use core::ptr;

pub use error::PeError;

mod certificates;
mod error;
mod headers;
mod sections;

/// Limit on sections: more than any image has (a UKI with 100 profiles has about 400),
/// and few enough to read the table at once, which then has 40 KiB.
pub const MAX_SECTIONS: u16 = 1024;

/// The minimum of data directories: the kernel reads the fifth.
pub const MIN_DIRECTORIES: u32 = 5;
/// The maximum of data directories: the format has no more.
pub const MAX_DIRECTORIES: u32 = 16;

/// The headers of a PE file, and its sections in table order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pe {
    pub machine: Machine,
    /// 10 for an EFI application, which every boot image is.
    pub subsystem: u16,
    pub sections: Vec<Section>,
    /// SizeOfHeaders: the headers are hashed first, and hold the section table.
    pub headers_bytes: u64,
    /// The offset of the header's own checksum, which no signature covers.
    pub checksum_at: FileOffset,
    /// The offset of the certificate table's directory entry, which no signature covers,
    /// either.
    pub certificate_entry_at: FileOffset,
    /// The certificate table with the Authenticode signatures, if there is one; its
    /// presence proves nothing. An error when the kernel could not read the table: a load
    /// is refused then, but the rest of the image can still be shown.
    pub certificate_table: Result<Option<FileSlice>, PeError>,
}

impl Pe {
    /// Finds the first section with this name.
    #[must_use]
    pub fn section(&self, name: &[u8]) -> Option<&Section> {
        let mut sections = self.sections.iter();
        sections.find(|section| section.name.bytes() == name)
    }
}

/// An entry of the section table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    pub name: SectionName,
    /// The contents of the section: min(virtual, raw) bytes, as systemd-stub reads them.
    /// Raw bytes beyond the virtual size are padding; virtual bytes beyond the raw size
    /// are zeros that are not in the file. A section of virtual size 0 is therefore
    /// empty.
    pub slice: FileSlice,
    pub raw_bytes: u32,
    pub virtual_bytes: u32,
}

impl Section {
    /// Returns all bytes of the section in the file, padding included.
    pub(super) fn raw(&self) -> FileSlice {
        FileSlice {
            offset: self.slice.offset,
            bytes: u64::from(self.raw_bytes),
        }
    }
}

/// The 8 bytes of a section's name, padded with NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SectionName(pub [u8; 8]);

impl SectionName {
    /// Returns the name up to its first NUL.
    pub fn bytes(&self) -> &[u8] {
        self.0.split(|b| *b == 0).next().unwrap_or_default()
    }
}

impl fmt::Display for SectionName {
    /// Writes at most 8 columns, so that messages keep their width: a byte that is not
    /// printable ASCII shows as `?` and is not escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        let show = |b: u8| {
            if b.is_ascii_graphic() {
                char::from(b)
            } else {
                '?'
            }
        };
        self.bytes().iter().try_for_each(|b| f.write_char(show(*b)))
    }
}

impl fmt::Debug for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes().escape_ascii())
    }
}

/// Values of the COFF machine field.
const COFF_X86: u16 = 0x14c;
const COFF_X86_64: u16 = 0x8664;
const COFF_THUMB: u16 = 0x1c2;
const COFF_ARMNT: u16 = 0x1c4;
const COFF_ARM64: u16 = 0xaa64;
const COFF_RISCV64: u16 = 0x5064;
const COFF_LOONGARCH64: u16 = 0x6264;

/// The machine that an image is built for, from the COFF machine field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Machine {
    X86,
    X86_64,
    Arm,
    Arm64,
    Riscv64,
    Loongarch64,
    Other(u16),
}

impl Machine {
    fn from_coff(machine: u16) -> Machine {
        match machine {
            COFF_X86 => Machine::X86,
            COFF_X86_64 => Machine::X86_64,
            COFF_ARMNT | COFF_THUMB => Machine::Arm,
            COFF_ARM64 => Machine::Arm64,
            COFF_RISCV64 => Machine::Riscv64,
            COFF_LOONGARCH64 => Machine::Loongarch64,
            other => Machine::Other(other),
        }
    }

    /// Returns whether a machine with this `uname -m` may run the image; an unknown one
    /// may.
    pub fn runs_on(self, uname: &str) -> bool {
        // A 64-bit x86 kernel loads nothing else; to a process with a 32-bit personality
        // `uname -m` may say i686.
        match uname {
            "x86_64" | "i686" => self == Machine::X86_64,
            "aarch64" => self == Machine::Arm64,
            "riscv64" => self == Machine::Riscv64,
            "loongarch64" => self == Machine::Loongarch64,
            _ => true,
        }
    }
}

impl fmt::Display for Machine {
    /// Writes the machine's name, as uname(2) has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Machine::X86 => f.write_str("i686"),
            Machine::X86_64 => f.write_str("x86_64"),
            Machine::Arm => f.write_str("arm"),
            Machine::Arm64 => f.write_str("aarch64"),
            Machine::Riscv64 => f.write_str("riscv64"),
            Machine::Loongarch64 => f.write_str("loongarch64"),
            Machine::Other(machine) => write!(f, "PE machine {machine:#06x}"),
        }
    }
}

/// Parses the headers and the section table, and finds the certificate table.
///
/// # Errors
/// The first [`PeError`], in the order in which the kernel's check would find them.
pub fn parse<R: ReadAt + ?Sized>(source: &R) -> Result<Pe, PeError> {
    let headers = headers::read(source)?;
    let sections = sections::read(source, &headers)?;
    let certificate_table = match certificates::find(source, &headers, &sections) {
        Err(PeError::Read(error)) => return Err(error.into()),
        found => found,
    };
    Ok(Pe {
        machine: Machine::from_coff(headers.machine),
        subsystem: headers.subsystem,
        headers_bytes: headers.headers_bytes,
        checksum_at: headers.checksum_at,
        certificate_entry_at: headers.certificate_entry_at,
        sections,
        certificate_table,
    })
}

/// Returns the sections that have bytes in the file, sorted by their offset.
pub(super) fn in_file_order(sections: &[Section]) -> Vec<&Section> {
    let mut in_file: Vec<&Section> = sections.iter().filter(|s| s.raw_bytes != 0).collect();
    // Sections at the same offset keep the table's order, because these references point
    // into the table.
    sort(&mut in_file, |a, b| {
        let place = |section: &&Section| (section.slice.offset, ptr::from_ref(*section));
        place(a).cmp(&place(b))
    });
    in_file
}
