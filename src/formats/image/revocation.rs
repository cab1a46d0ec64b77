// SPDX-License-Identifier: GPL-2.0-or-later
//! Revocations by the firmware: of an image's digest, of a certificate in its signature,
//! or of the generation of one of its components. Layer: pure.
//!
//! Specs: UEFI, "Signature Database" (EFI_SIGNATURE_LIST); shim's SBAT.md. The variables
//! and the image are hostile. A part that cannot be parsed revokes nothing, because
//! revocations are only reported, never enforced.
use super::authenticode;
use super::pe::Pe;
use super::pkcs7::{Algorithm, Signature, tbs_sha256};
use crate::diagnosis::escape::escaped;
use crate::formats::field::{bytes_at, u32_at};
use crate::formats::source::{ReadAt, read_small};
use alloc::vec::Vec;
use core::fmt;

/// Limit on a variable; firmware has room for a dbx of 32 KiB.
pub const VARIABLE_MAX_BYTES: usize = 64 << 10;
/// Limit on `.sbat`; today's have a few hundred bytes.
const SBAT_MAX_BYTES: u64 = 8 << 10;

/// EFI_CERT_SHA256_GUID c1c41626-504c-4092-aca9-41f936934328: its bytes in memory, read
/// as a little-endian number.
const SHA256: u128 = 0x2843_9336_f941_a9ac_4092_504c_c1c4_1626;
/// EFI_CERT_X509_GUID a5c059a1-94e4-4aa7-87b5-ab155c2bf072.
const X509: u128 = 0x72f0_2b5c_15ab_b587_4aa7_94e4_a5c0_59a1;
/// EFI_CERT_X509_SHA256_GUID 3bd2a492-96c0-4079-b420-fcf98ef103ed.
const X509_SHA256: u128 = 0xed03_f18e_f9fc_20b4_4079_96c0_3bd2_a492;
const ATTRIBUTES_BYTES: usize = 4;
/// The size of a list's header: its type, and the sizes of the list, of the list's own
/// header and of each signature.
const LIST_HEADER_BYTES: usize = 28;
const HASH_BYTES: usize = 32;
/// The size of the GUID that names a signature's owner.
const OWNER_BYTES: usize = 16;

/// The EFI variables as efivarfs returns them: attributes (u32), then the value. Empty if
/// there is no such variable.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Revocations {
    pub dbx: Vec<u8>,
    /// SbatLevelRT, in which shim publishes the generations that it requires.
    pub sbat_level: Vec<u8>,
}

/// A reason why the firmware, or shim, would not start an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revoked<'a> {
    Digest,
    Certificate,
    /// The generation of one of the image's components is too low.
    Generation {
        component: &'a [u8],
        generation: u32,
        minimum: u32,
    },
}

impl fmt::Display for Revoked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Revoked::Digest => f.write_str("its digest is in dbx"),
            Revoked::Certificate => f.write_str("a certificate of its signature is in dbx"),
            Revoked::Generation {
                component,
                generation,
                minimum,
            } => write!(
                f,
                "its .sbat has {},{generation}; SbatLevelRT demands {minimum}",
                escaped(component)
            ),
        }
    }
}

impl Revocations {
    /// Calls `found` with the reasons why an image is revoked: the first one from each of
    /// the two variables. The image is hashed only when dbx has digests and no signature
    /// states the image's own digest: whoever verifies a signature refuses one that
    /// states a wrong digest.
    pub fn check<R: ReadAt + ?Sized>(
        &self,
        image: &R,
        pe: &Pe,
        found: &mut dyn FnMut(Revoked<'_>),
    ) {
        if let Some(revoked) = self.listed(image, pe) {
            found(revoked);
        }
        // Images without `.sbat` are not revoked by SbatLevelRT.
        if let Some(section) = pe.section(b".sbat")
            && let Ok(sbat) = read_small(image, section.slice, SBAT_MAX_BYTES)
            && let Some(revoked) = self.below_level(&sbat)
        {
            found(revoked);
        }
    }

    fn listed<R: ReadAt + ?Sized>(&self, image: &R, pe: &Pe) -> Option<Revoked<'static>> {
        let mut list = List::first(self.dbx.get(ATTRIBUTES_BYTES..)?)?;
        let signatures = authenticode::signatures(image, pe);
        let signatures = || signatures.iter().flatten();
        let mut digest = None;
        loop {
            if list.kind == SHA256 && digest.is_none() {
                let stated = signatures().find(|found| found.algorithm == Algorithm::Sha256);
                digest = Some(match stated {
                    Some(signature) => signature.digest.clone(),
                    None => authenticode::sha256(image, pe).ok()?.to_vec(),
                });
            }
            for entry in list.entries.chunks_exact(list.entry_bytes) {
                let data = entry.get(OWNER_BYTES..)?;
                let certificate = match list.kind {
                    SHA256 if digest.as_deref() == Some(data) => return Some(Revoked::Digest),
                    X509 => &tbs_sha256(data).unwrap_or_default(),
                    X509_SHA256 => data.get(..HASH_BYTES).unwrap_or_default(),
                    _ => continue,
                };
                let has = |found: &Signature| {
                    let mut all = found.certificates.iter();
                    // Compared as slices, because each comparison of arrays would add
                    // code of its own.
                    all.any(|known| known[..] == *certificate)
                };
                if signatures().any(has) {
                    return Some(Revoked::Certificate);
                }
            }
            list = List::first(list.rest)?;
        }
    }

    fn below_level<'a>(&self, sbat: &'a [u8]) -> Option<Revoked<'a>> {
        let level = self.sbat_level.get(ATTRIBUTES_BYTES..)?;
        for line in sbat.split(is_line_end) {
            let (component, generation) = entry(line);
            for line in level.split(is_line_end) {
                let (name, minimum) = entry(line);
                if !name.is_empty() && name == component && generation < minimum {
                    return Some(Revoked::Generation {
                        component,
                        generation,
                        minimum,
                    });
                }
            }
        }
        None
    }
}

/// An EFI_SIGNATURE_LIST in dbx.
struct List<'a> {
    kind: u128,
    entry_bytes: usize,
    entries: &'a [u8],
    rest: &'a [u8],
}

impl List<'_> {
    /// Parses the first list. Returns `None` when it is damaged or truncated, which ends
    /// the lists, as in the firmware.
    fn first(dbx: &[u8]) -> Option<List<'_>> {
        let size = |at| usize::try_from(u32_at(dbx, at)?).ok();
        let (list, rest) = dbx.split_at_checked(size(16)?)?;
        let entry_bytes = size(24)?;
        let entries = list.get(LIST_HEADER_BYTES.checked_add(size(20)?)?..)?;
        (entry_bytes > OWNER_BYTES).then_some(List {
            kind: u128::from_le_bytes(bytes_at(dbx, 0)?),
            entry_bytes,
            entries,
            rest,
        })
    }
}

/// Returns whether `byte` ends a line; NUL does, because sections are padded with it.
fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | 0)
}

/// Splits a line into the component's name and its generation. As in shim, a generation
/// that is not a number is 0.
fn entry(line: &[u8]) -> (&[u8], u32) {
    let mut fields = line.split(|byte| *byte == b',');
    let name = fields.next().unwrap_or_default();
    let mut generation = 0u32;
    for byte in fields.next().unwrap_or_default() {
        if !byte.is_ascii_digit() {
            break;
        }
        generation = generation.saturating_mul(10);
        generation = generation.saturating_add(u32::from(byte & 0xf));
    }
    (name, generation)
}
