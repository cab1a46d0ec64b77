// SPDX-License-Identifier: GPL-2.0-or-later
//! Signatures of a PE file: their contents, and whether they match the file. Layer: pure.
//!
//! Specs: Microsoft's "PE Format", attribute certificate table; for the digest, the
//! kernel's crypto/asymmetric_keys/verify_pefile.c. A digest that matches proves nothing
//! about who signed.
use super::pe::{self, Pe, PeError};
use super::pkcs7::{self, Algorithm, Pkcs7Error, Signature};
use crate::formats::field::{u16_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, as_u64, read_small};
use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use sha2::{Digest, Sha256};

/// Limit on an entry, larger than any signature with its chain of certificates.
const ENTRY_MAX_BYTES: u64 = 64 << 10;
const ENTRIES_MAX: usize = 8;
/// Size of dwLength, wRevision and wCertificateType.
const ENTRY_HEADER_BYTES: u64 = 8;
const REVISION_2: u16 = 0x200;
const PKCS_SIGNED_DATA: u16 = 2;
/// The size of the pieces in which the file is hashed.
const PIECE_BYTES: usize = 16 << 10;

/// A reason why a signature or the file's digest cannot be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignatureError {
    Read(ReadError),
    Table(PeError),
    /// The entry is longer than the rest of the table.
    EntryOutOfTable {
        at: FileOffset,
        bytes: u64,
        left_bytes: u64,
    },
    EntryTooLarge {
        bytes: u64,
    },
    TooManyEntries,
    /// The entry is not WIN_CERT_TYPE_PKCS_SIGNED_DATA of revision 2.
    OtherEntry {
        revision: u16,
        kind: u16,
    },
    Pkcs7(Pkcs7Error),
}

impl From<ReadError> for SignatureError {
    fn from(error: ReadError) -> SignatureError {
        SignatureError::Read(error)
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureError::Read(error) => error.fmt(f),
            SignatureError::Table(error) => error.fmt(f),
            SignatureError::EntryOutOfTable {
                at,
                bytes,
                left_bytes,
            } => write!(
                f,
                "entry at {at} claims {bytes} bytes; {left_bytes} are left"
            ),
            SignatureError::EntryTooLarge { bytes } => {
                write!(f, "{bytes} bytes; at most {ENTRY_MAX_BYTES} are read")
            }
            SignatureError::TooManyEntries => write!(f, "more than {ENTRIES_MAX} entries"),
            SignatureError::OtherEntry { revision, kind } => {
                write!(f, "type {kind:#x}, revision {revision:#x}, not PKCS#7")
            }
            SignatureError::Pkcs7(error) => error.fmt(f),
        }
    }
}

/// Everything that can be found out about a file's signatures without keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Examination {
    /// The signatures in file order; empty when the file is not signed.
    pub signatures: Vec<Result<Signature, SignatureError>>,
    /// The SHA-256 of the file as it is; `None` when no signature uses SHA-256.
    pub sha256: Option<Result<[u8; 32], SignatureError>>,
}

impl Examination {
    /// Returns whether the file is the one that `signature` signed; `None` when its
    /// digest was not computed.
    pub fn matches(&self, signature: &Signature) -> Option<bool> {
        match (&self.sha256, signature.algorithm) {
            (Some(Ok(computed)), Algorithm::Sha256) => Some(signature.digest == computed),
            _ => None,
        }
    }

    /// Returns a line of text for each signature, not yet escaped for a terminal.
    pub fn summaries(&self) -> Vec<Vec<u8>> {
        self.signatures
            .iter()
            .map(|found| match found {
                Ok(signature) => self.note(signature),
                Err(error) => format!("damaged: {error}").into_bytes(),
            })
            .collect()
    }

    fn note(&self, signature: &Signature) -> Vec<u8> {
        let algorithm = signature.algorithm.name();
        let digest = match (self.matches(signature), &self.sha256) {
            (Some(true), _) => "matches".into(),
            (Some(false), _) => "differs".into(),
            (None, Some(Err(error))) => format!("could not be computed: {error}"),
            (None, _) => "was not computed".into(),
        };
        let mut note = b"by ".to_vec();
        note.extend_from_slice(&match signature.signers.as_slice() {
            [] => b"nobody".to_vec(),
            signers => signers.join(&b" and "[..]),
        });
        note.extend_from_slice(format!("; the {algorithm} digest {digest}").as_bytes());
        note
    }

    /// Returns whether the file certainly differs from the one that was signed. Only the
    /// first signature counts, because the kernel looks at no other.
    pub fn was_changed(&self) -> bool {
        match self.signatures.first() {
            Some(Ok(signature)) => self.matches(signature) == Some(false),
            _ => false,
        }
    }
}

/// Reads the signatures, and hashes the file if one of them uses SHA-256.
pub fn examine<R: ReadAt + ?Sized>(source: &R, pe: &Pe) -> Examination {
    let signatures = signatures(source, pe);
    let has_sha256 = |found: &Result<Signature, _>| {
        found
            .as_ref()
            .is_ok_and(|signature| signature.algorithm == Algorithm::Sha256)
    };
    let sha256 = signatures
        .iter()
        .any(has_sha256)
        .then(|| sha256(source, pe));
    Examination { signatures, sha256 }
}

/// Reads the signatures without hashing the file that they sign.
pub(super) fn signatures<R: ReadAt + ?Sized>(
    source: &R,
    pe: &Pe,
) -> Vec<Result<Signature, SignatureError>> {
    match &pe.certificate_table {
        Ok(Some(table)) => read_table(source, *table),
        Ok(None) => Vec::new(),
        Err(error) => alloc::vec![Err(SignatureError::Table(error.clone()))],
    }
}

/// Reads every entry, up to the first one that is not in the table.
fn read_table<R: ReadAt + ?Sized>(
    source: &R,
    table: FileSlice,
) -> Vec<Result<Signature, SignatureError>> {
    let (mut found, mut at, mut left) = (Vec::new(), table.offset, table.bytes);
    while left > 0 {
        if found.len() == ENTRIES_MAX {
            found.push(Err(SignatureError::TooManyEntries));
            break;
        }
        let entry = entry_header(source, at, left);
        let bytes = entry.as_ref().map_or(left, |(bytes, ..)| *bytes);
        let end = entry.is_err();
        found.push(entry.and_then(|entry| read_entry(source, at, entry)));
        if end {
            break;
        }
        // Entries begin at multiples of 8; the padding of the last one may be absent.
        let step = bytes.next_multiple_of(8).min(left);
        left = left.saturating_sub(step);
        at = FileOffset(at.0.saturating_add(step));
    }
    found
}

/// Reads an entry's length, revision and type.
fn entry_header<R: ReadAt + ?Sized>(
    source: &R,
    at: FileOffset,
    left_bytes: u64,
) -> Result<(u64, u16, u16), SignatureError> {
    let mut header = [0; 8];
    let mut bytes = left_bytes;
    if left_bytes >= ENTRY_HEADER_BYTES {
        source.read_at(at, &mut header)?;
        bytes = u64::from(u32_at(&header, 0).unwrap_or_default());
    }
    if bytes < ENTRY_HEADER_BYTES || bytes > left_bytes {
        return Err(SignatureError::EntryOutOfTable {
            at,
            bytes,
            left_bytes,
        });
    }
    let field = |offset| u16_at(&header, offset).unwrap_or_default();
    Ok((bytes, field(4), field(6)))
}

fn read_entry<R: ReadAt + ?Sized>(
    source: &R,
    at: FileOffset,
    (bytes, revision, kind): (u64, u16, u16),
) -> Result<Signature, SignatureError> {
    if (revision, kind) != (REVISION_2, PKCS_SIGNED_DATA) {
        return Err(SignatureError::OtherEntry { revision, kind });
    }
    if bytes > ENTRY_MAX_BYTES {
        return Err(SignatureError::EntryTooLarge { bytes });
    }
    let slice = FileSlice {
        offset: FileOffset(at.0.saturating_add(ENTRY_HEADER_BYTES)),
        bytes: bytes.saturating_sub(ENTRY_HEADER_BYTES),
    };
    let der = read_small(source, slice, ENTRY_MAX_BYTES)?;
    pkcs7::parse(&der).map_err(SignatureError::Pkcs7)
}

/// Computes the SHA-256 digest over the headers without CheckSum and the certificate
/// table's directory entry, the sections in file order, and the bytes after them except
/// the certificate table.
pub(super) fn sha256<R: ReadAt + ?Sized>(source: &R, pe: &Pe) -> Result<[u8; 32], SignatureError> {
    let table_bytes = match pe.certificate_table {
        Ok(Some(table)) => table.bytes,
        _ => 0,
    };
    let mut hash = Hash {
        source,
        state: Sha256::new(),
    };
    let (checksum, entry) = (pe.checksum_at.0, pe.certificate_entry_at.0);
    hash.range(0, checksum)?;
    hash.range(checksum.saturating_add(4), entry)?;
    hash.range(entry.saturating_add(8), pe.headers_bytes)?;
    // Headers, sections and table share no bytes, so this sum is within the file.
    let mut hashed = pe.headers_bytes;
    for section in pe::in_file_order(&pe.sections) {
        let raw = section.raw();
        hash.range(raw.offset.0, raw.end().0)?;
        hashed = hashed.saturating_add(raw.bytes);
    }
    hash.range(hashed, source.file_bytes().saturating_sub(table_bytes))?;
    Ok(hash.state.finalize().into())
}

/// Computes the SHA-256 of a whole file.
///
/// # Errors
/// [`ReadError`].
pub fn file_sha256(source: &dyn ReadAt) -> Result<[u8; 32], ReadError> {
    let mut hash = Hash {
        source,
        state: Sha256::new(),
    };
    hash.range(0, source.file_bytes())?;
    Ok(hash.state.finalize().into())
}

struct Hash<'a, R: ReadAt + ?Sized> {
    source: &'a R,
    state: Sha256,
}

impl<R: ReadAt + ?Sized> Hash<'_, R> {
    /// Hashes the bytes from `start` to `end`, both counted from the start of the file.
    fn range(&mut self, start: u64, end: u64) -> Result<(), ReadError> {
        let mut piece = [0; PIECE_BYTES];
        let mut left = end.saturating_sub(start);
        let mut at = start;
        while left > 0 {
            let bytes = left.min(as_u64(PIECE_BYTES));
            let used = usize::try_from(bytes).unwrap_or(PIECE_BYTES);
            let piece = piece.get_mut(..used).unwrap_or_default();
            self.source.read_at(FileOffset(at), piece)?;
            self.state.update(&*piece);
            at = at.saturating_add(bytes);
            left = left.saturating_sub(bytes);
        }
        Ok(())
    }
}
