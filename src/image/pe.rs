// SPDX-License-Identifier: GPL-2.0-or-later
//! PE: the envelope of UKIs, addons, EFI kernels and zboot images.
//!
//! Layer: pure. Spec: Microsoft's "PE Format".
//!
//! Of goblin only the COFF header, optional header and section table parsers
//! are used, each on exactly the bytes that belong to it. `PE::parse` walks
//! import, debug and certificate tables that odd but bootable files get wrong,
//! and `SectionTable::data` copies.
use super::field::{u16_at, u32_at};
use super::source::{FileOffset, FileSlice, ReadAt, as_u64};
use crate::sort::sort;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use goblin::error::Error as GoblinError;
use goblin::pe::header::{
    self, COFF_MACHINE_ARM64, COFF_MACHINE_ARMNT, COFF_MACHINE_LOONGARCH64, COFF_MACHINE_RISCV64,
    COFF_MACHINE_THUMB, COFF_MACHINE_X86, COFF_MACHINE_X86_64,
};
use goblin::pe::section_table::{SIZEOF_SECTION_TABLE, SectionTable};

pub use error::PeError;

mod error;

/// More sections than any image has (a UKI with 100 profiles has about 400),
/// and few enough that the table's 40 KiB may be read at once.
pub const MAX_SECTIONS: u16 = 1024;

const DOS_HEADER_BYTES: u64 = 64;
const DOS_MAGIC: [u8; 2] = *b"MZ";
const E_LFANEW: usize = 0x3c;
const PE_MAGIC: u32 = header::PE_MAGIC;
/// The signature and the COFF header, which precede the optional header.
const NT_HEADER_BYTES: u64 = 24;
/// The same and PE32+'s optional header with all of its 16 data directories;
/// what may follow is not looked at.
const MAX_NT_HEADERS_BYTES: usize = 24 + 240;

/// The headers of a PE file, and its sections in table order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pe {
    pub machine: Machine,
    /// 10 is an EFI application, which every boot image is.
    pub subsystem: u16,
    pub sections: Vec<Section>,
    /// Where the optional header begins.
    pub optional_header: FileOffset,
    /// The Authenticode signatures, when there are any. Presence is not proof.
    /// An error when the table is not all in the file: a load refuses that, but
    /// the rest can still be shown.
    pub certificate_table: Result<Option<FileSlice>, PeError>,
}

impl Pe {
    /// The first section of that name, as systemd-stub chooses.
    pub fn section(&self, name: &SectionName) -> Option<&Section> {
        self.sections.iter().find(|s| s.name == *name)
    }
}

/// One entry of the section table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    pub name: SectionName,
    /// The section's contents: min(virtual, raw) bytes, as systemd-stub reads
    /// them. Raw beyond virtual is padding; virtual beyond raw is zeros that
    /// are not in the file. A section of virtual size 0 is therefore empty.
    pub slice: FileSlice,
    pub raw_bytes: u32,
    pub virtual_bytes: u32,
}

/// The 8 bytes of a section's name, padded with NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SectionName(pub [u8; 8]);

impl SectionName {
    /// Up to the first NUL.
    pub fn bytes(&self) -> &[u8] {
        self.0.split(|b| *b == 0).next().unwrap_or_default()
    }
}

impl fmt::Display for SectionName {
    /// At most 8 columns; what is not printable ASCII shows as `?`.
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

/// The COFF machine field.
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
            COFF_MACHINE_X86 => Machine::X86,
            COFF_MACHINE_X86_64 => Machine::X86_64,
            COFF_MACHINE_ARMNT | COFF_MACHINE_THUMB => Machine::Arm,
            COFF_MACHINE_ARM64 => Machine::Arm64,
            COFF_MACHINE_RISCV64 => Machine::Riscv64,
            COFF_MACHINE_LOONGARCH64 => Machine::Loongarch64,
            other => Machine::Other(other),
        }
    }

    /// Whether a machine of this `uname -m` may run it; what is unknown may.
    pub fn runs_on(self, uname: &str) -> bool {
        // A 64-bit x86 kernel loads no other; `uname -m` may say i686 to a
        // process with a 32-bit personality.
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
    /// The name that uname(2) has for it.
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

/// Reads the headers and the section table, nothing else.
pub fn parse<R: ReadAt + ?Sized>(source: &R) -> Result<Pe, PeError> {
    let file_bytes = source.file_bytes();
    let nt_offset = nt_header_offset(source)?;
    let mut nt_header = [0; 24];
    source.read_at(nt_offset, &mut nt_header)?;
    let signature = u32_at(&nt_header, 0).unwrap_or_default();
    if signature != PE_MAGIC {
        return Err(PeError::NoPeSignature {
            at: nt_offset,
            found: signature,
        });
    }
    let optional_bytes = u16_at(&nt_header, 20).unwrap_or_default();
    let headers = read_headers(source, nt_offset, optional_bytes)?;
    let optional = headers
        .optional_header
        .ok_or(PeError::OptionalHeaderSize { bytes: 0 })?;

    let table_offset = NT_HEADER_BYTES
        .checked_add(u64::from(optional_bytes))
        .and_then(|bytes| nt_offset.checked_add(bytes))
        .unwrap_or(FileOffset(u64::MAX));
    let sections = read_sections(source, table_offset, headers.coff_header.number_of_sections)?;
    reject_overlaps(&sections)?;

    let certificate_table = match optional.data_directories.get_certificate_table() {
        Some(directory) if directory.size != 0 => {
            // The one directory whose address is a file offset.
            let offset = FileOffset(u64::from(directory.virtual_address));
            let bytes = u64::from(directory.size);
            FileSlice::within(offset, bytes, file_bytes)
                .map(Some)
                .ok_or(PeError::CertificateTableOutOfFile {
                    offset,
                    end: offset.0.saturating_add(bytes),
                    file_bytes,
                })
        }
        _ => Ok(None),
    };
    Ok(Pe {
        machine: Machine::from_coff(headers.coff_header.machine),
        subsystem: optional.windows_fields.subsystem,
        sections,
        optional_header: FileOffset(nt_offset.0.saturating_add(NT_HEADER_BYTES)),
        certificate_table,
    })
}

/// Follows the DOS header to where signature and COFF header fit.
fn nt_header_offset<R: ReadAt + ?Sized>(source: &R) -> Result<FileOffset, PeError> {
    let file_bytes = source.file_bytes();
    if file_bytes < DOS_HEADER_BYTES {
        return Err(PeError::TooShort { file_bytes });
    }
    let mut dos_header = [0; 64];
    source.read_at(FileOffset(0), &mut dos_header)?;
    let [first, second, ..] = dos_header;
    if [first, second] != DOS_MAGIC {
        return Err(PeError::NoMz {
            found: [first, second],
        });
    }
    let e_lfanew = u32_at(&dos_header, E_LFANEW).unwrap_or_default();
    let offset = FileOffset(u64::from(e_lfanew));
    if offset.0 < DOS_HEADER_BYTES {
        return Err(PeError::HeaderInsideDosHeader { e_lfanew });
    }
    FileSlice::within(offset, NT_HEADER_BYTES, file_bytes).ok_or(PeError::HeaderOutOfFile {
        e_lfanew,
        file_bytes,
    })?;
    Ok(offset)
}

/// Signature, COFF header and optional header by goblin.
fn read_headers<R: ReadAt + ?Sized>(
    source: &R,
    nt_offset: FileOffset,
    optional_bytes: u16,
) -> Result<header::Header<'static>, PeError> {
    let file_bytes = source.file_bytes();
    let all_bytes = NT_HEADER_BYTES.saturating_add(u64::from(optional_bytes));
    FileSlice::within(nt_offset, all_bytes, file_bytes).ok_or(
        PeError::OptionalHeaderOutOfFile {
            end: FileOffset(nt_offset.0.saturating_add(all_bytes)),
            file_bytes,
        },
    )?;
    let mut buf = [0; MAX_NT_HEADERS_BYTES];
    let used = usize::try_from(all_bytes).unwrap_or(usize::MAX);
    let used = used.min(buf.len());
    let nt_headers = buf.get_mut(..used).unwrap_or_default();
    source.read_at(nt_offset, nt_headers)?;
    // The header borrows nothing when the DOS part is left out, but its type
    // says so only for its input: copy what is Copy.
    let parsed = header::Header::parse_without_dos(nt_headers).map_err(|error| match error {
        GoblinError::BadMagic(magic) => PeError::OptionalHeaderMagic {
            found: u16::try_from(magic).unwrap_or(u16::MAX),
        },
        _ => PeError::OptionalHeaderSize {
            bytes: optional_bytes,
        },
    })?;
    Ok(header::Header {
        coff_header: parsed.coff_header,
        optional_header: parsed.optional_header,
        ..header::Header::default()
    })
}

fn read_sections<R: ReadAt + ?Sized>(
    source: &R,
    offset: FileOffset,
    count: u16,
) -> Result<Vec<Section>, PeError> {
    match count {
        0 => return Err(PeError::NoSections),
        1..=MAX_SECTIONS => {}
        _ => return Err(PeError::TooManySections { count }),
    }
    let file_bytes = source.file_bytes();
    let table_bytes = usize::from(count).saturating_mul(SIZEOF_SECTION_TABLE);
    let out_of_file = PeError::SectionTableOutOfFile {
        end: FileOffset(offset.0.saturating_add(as_u64(table_bytes))),
        file_bytes,
    };
    if FileSlice::within(offset, as_u64(table_bytes), file_bytes).is_none() {
        return Err(out_of_file);
    }
    let mut table = vec![0; table_bytes];
    source.read_at(offset, &mut table)?;
    table
        .chunks_exact_mut(SIZEOF_SECTION_TABLE)
        .map(|entry| {
            let (name, header) = table_entry(entry).ok_or_else(|| out_of_file.clone())?;
            section(name, &header, file_bytes)
        })
        .collect()
}

/// `None` only for an entry that is too short.
fn table_entry(entry: &mut [u8]) -> Option<(SectionName, SectionTable)> {
    let raw_name: &mut [u8; 8] = entry.first_chunk_mut()?;
    let name = SectionName(*raw_name);
    // goblin takes "/123" for an offset into a COFF string table, which no
    // loader does; without a name it has nothing to follow.
    *raw_name = [0; 8];
    let header = SectionTable::parse(entry, &mut 0, 0).ok()?;
    Some((name, header))
}

/// Proves the section's bytes inside the file.
fn section(name: SectionName, header: &SectionTable, file_bytes: u64) -> Result<Section, PeError> {
    let raw_bytes = header.size_of_raw_data;
    let virtual_bytes = header.virtual_size;
    // Nothing is in the file, so the pointer means nothing.
    let offset = match raw_bytes {
        0 => FileOffset(0),
        _ => FileOffset(u64::from(header.pointer_to_raw_data)),
    };
    // All raw bytes must be there, not only those that are used: a file that
    // was cut in its last padding is cut all the same.
    let raw = FileSlice::within(offset, u64::from(raw_bytes), file_bytes).ok_or(
        PeError::SectionOutOfFile {
            name,
            offset,
            end: offset.0.saturating_add(u64::from(raw_bytes)),
            file_bytes,
        },
    )?;
    Ok(Section {
        name,
        slice: FileSlice {
            offset: raw.offset,
            bytes: u64::from(raw_bytes.min(virtual_bytes)),
        },
        raw_bytes,
        virtual_bytes,
    })
}

/// Those that have bytes in the file.
pub(super) fn in_file_order(sections: &[Section]) -> Vec<&Section> {
    let mut in_file: Vec<&Section> = sections.iter().filter(|s| s.raw_bytes != 0).collect();
    // At the same offset, as in the table: these are references into it.
    sort(&mut in_file, |a, b| {
        let place = |section: &&Section| (section.slice.offset, ptr::from_ref(*section));
        place(a).cmp(&place(b))
    });
    in_file
}

/// Two sections that share file bytes are an attempt to have one signature
/// cover two meanings, or a broken file; no tool makes them.
fn reject_overlaps(sections: &[Section]) -> Result<(), PeError> {
    for pair in in_file_order(sections).windows(2) {
        if let [first, second] = pair {
            let first_end = first
                .slice
                .offset
                .0
                .saturating_add(u64::from(first.raw_bytes));
            if second.slice.offset.0 < first_end {
                return Err(PeError::SectionsOverlap {
                    first: first.name,
                    second: second.name,
                    at: second.slice.offset,
                });
            }
        }
    }
    Ok(())
}
