// SPDX-License-Identifier: GPL-2.0-or-later
//! DOS header, PE signature, COFF header and optional header. Layer: pure.
use super::{MAX_DIRECTORIES, MIN_DIRECTORIES, PeError};
use crate::formats::field::{u16_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, as_u64};

const DOS_HEADER_BYTES: u64 = 64;
const DOS_MAGIC: [u8; 2] = *b"MZ";
const E_LFANEW_AT: usize = 0x3c;
/// "PE\0\0"
const PE_MAGIC: u32 = 0x4550;
/// Size of the signature and the COFF header, which precede the optional header.
const NT_BYTES: u64 = 24;
const MACHINE_AT: usize = 4;
const SECTION_COUNT_AT: usize = 6;
const OPTIONAL_BYTES_AT: usize = 20;

const PE32_MAGIC: u16 = 0x10b;
const PE32_PLUS_MAGIC: u16 = 0x20b;
/// The size of the optional header before its data directories. Their number is the last
/// field before them.
const PE32_FIXED: usize = 96;
const PE32_PLUS_FIXED: usize = 112;
/// The fields that both kinds of optional header have in the same place.
const HEADERS_BYTES_AT: usize = 60;
const CHECKSUM_AT: u64 = 64;
const SUBSYSTEM_AT: usize = 68;

const DIRECTORY_BYTES: u64 = 8;
const CERTIFICATE_DIRECTORY: u64 = 4;

/// The fields of the headers that matter, and the places that they determine.
pub struct Headers {
    pub machine: u16,
    pub subsystem: u16,
    pub section_count: u16,
    pub section_table: FileOffset,
    /// SizeOfHeaders, which is less than the file's size.
    pub headers_bytes: u64,
    pub checksum_at: FileOffset,
    /// The offset of the certificate table's directory entry, which precedes the section
    /// table.
    pub certificate_entry_at: FileOffset,
}

/// Reads the headers and checks that there is only one place for the section table.
pub fn read<R: ReadAt + ?Sized>(source: &R) -> Result<Headers, PeError> {
    let file_bytes = source.file_bytes();
    let nt = nt_offset(source)?;
    let optional_at = nt.0.saturating_add(NT_BYTES);

    let mut buf = [0; 24 + PE32_PLUS_FIXED];
    let left = file_bytes.saturating_sub(nt.0);
    let bytes = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
    let buf = buf.get_mut(..bytes).unwrap_or_default();
    source.read_at(nt, buf)?;
    let found = u32_at(buf, 0).unwrap_or_default();
    if found != PE_MAGIC {
        return Err(PeError::NoPeSignature { at: nt, found });
    }
    let coff = |at| u16_at(buf, at).unwrap_or_default();
    let optional = buf.get(24..).unwrap_or_default();
    let out_of_file = |bytes: usize| PeError::OptionalHeaderOutOfFile {
        end: FileOffset(optional_at.saturating_add(as_u64(bytes))),
        file_bytes,
    };
    let fixed = match u16_at(optional, 0).ok_or_else(|| out_of_file(2))? {
        PE32_MAGIC => PE32_FIXED,
        PE32_PLUS_MAGIC => PE32_PLUS_FIXED,
        found => return Err(PeError::OptionalHeaderMagic { found }),
    };
    let fields = optional.get(..fixed).ok_or_else(|| out_of_file(fixed))?;
    let long = |at| u32_at(fields, at).unwrap_or_default();

    let count = long(fixed.saturating_sub(4));
    if !(MIN_DIRECTORIES..=MAX_DIRECTORIES).contains(&count) {
        return Err(PeError::DirectoryCount { count });
    }
    let directories_at = optional_at.saturating_add(as_u64(fixed));
    let directories_bytes = u64::from(count).saturating_mul(DIRECTORY_BYTES);
    let (bytes, wanted) = (
        coff(OPTIONAL_BYTES_AT),
        as_u64(fixed).saturating_add(directories_bytes),
    );
    if u64::from(bytes) != wanted {
        return Err(PeError::OptionalHeaderSize { bytes, wanted });
    }
    let headers_bytes = u64::from(long(HEADERS_BYTES_AT));
    if headers_bytes >= file_bytes {
        return Err(PeError::HeadersOutOfFile {
            headers_bytes,
            file_bytes,
        });
    }
    let certificate_entry = CERTIFICATE_DIRECTORY.saturating_mul(DIRECTORY_BYTES);
    Ok(Headers {
        machine: coff(MACHINE_AT),
        subsystem: u16_at(fields, SUBSYSTEM_AT).unwrap_or_default(),
        section_count: coff(SECTION_COUNT_AT),
        section_table: FileOffset(directories_at.saturating_add(directories_bytes)),
        headers_bytes,
        checksum_at: FileOffset(optional_at.saturating_add(CHECKSUM_AT)),
        certificate_entry_at: FileOffset(directories_at.saturating_add(certificate_entry)),
    })
}

/// Follows the DOS header's pointer, and checks that signature and COFF header fit there.
fn nt_offset<R: ReadAt + ?Sized>(source: &R) -> Result<FileOffset, PeError> {
    let file_bytes = source.file_bytes();
    // The kernel's check requires more than a DOS header, and counts in 32 bits.
    if file_bytes <= DOS_HEADER_BYTES {
        return Err(PeError::TooShort { file_bytes });
    }
    if file_bytes > u64::from(u32::MAX) {
        return Err(PeError::TooLarge { file_bytes });
    }
    let mut dos_header = [0; 64];
    source.read_at(FileOffset(0), &mut dos_header)?;
    let [first, second, ..] = dos_header;
    if [first, second] != DOS_MAGIC {
        return Err(PeError::NoMz {
            found: [first, second],
        });
    }
    let e_lfanew = u32_at(&dos_header, E_LFANEW_AT).unwrap_or_default();
    let offset = FileOffset(u64::from(e_lfanew));
    if offset.0 < DOS_HEADER_BYTES {
        return Err(PeError::HeaderInsideDosHeader { e_lfanew });
    }
    FileSlice::within(offset, NT_BYTES, file_bytes).ok_or(PeError::HeaderOutOfFile {
        e_lfanew,
        file_bytes,
    })?;
    Ok(offset)
}
