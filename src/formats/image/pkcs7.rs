// SPDX-License-Identifier: GPL-2.0-or-later
//! The PKCS#7 signature of a PE file: the digest that was signed, and the named signers.
//! Layer: pure.
//!
//! Specs: RFC 2315; Microsoft's "Windows Authenticode Portable Executable Signature
//! Format". Nothing is verified here: that takes trusted keys, which only the kernel has.
use super::der::{CONTEXT_0, DerError, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use sha2::{Digest, Sha256};

const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// SPC_INDIRECT_DATA_OBJID: 1.3.6.1.4.1.311.2.1.4.
const INDIRECT_DATA: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04";
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
/// 2.16.840.1.101.3.4.2, followed by 1 for SHA-256, 2 for SHA-384, 3 for SHA-512.
const NIST_HASHES: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02";
/// id-at, followed by the attribute's number.
const X520: &[u8] = b"\x55\x04";
const EMAIL: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";
const BMP_STRING: u8 = 0x1e;

/// Limit on signers, more than any image has.
const SIGNERS_MAX: usize = 8;
/// Limit on certificates, more than any chain has; further ones are ignored.
const CERTIFICATES_MAX: usize = 16;
/// Limit on a name for display, in bytes.
const NAME_MAX_BYTES: usize = 200;

/// The hash algorithm of the file's digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Other,
}

impl Algorithm {
    fn from_oid(oid: &[u8]) -> Algorithm {
        match oid.strip_prefix(NIST_HASHES) {
            Some([1]) => Algorithm::Sha256,
            Some([2]) => Algorithm::Sha384,
            Some([3]) => Algorithm::Sha512,
            _ if oid == SHA1 => Algorithm::Sha1,
            _ => Algorithm::Other,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
            Algorithm::Other => "unrecognized",
        }
    }
}

/// The contents of a signature, none of them verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    pub algorithm: Algorithm,
    /// The digest of the file when it was signed.
    pub digest: Vec<u8>,
    /// The subjects of the signers' certificates, such as `CN=Test, O=Org`, not yet
    /// escaped for a terminal.
    pub signers: Vec<Vec<u8>>,
    /// The [`tbs_sha256`] of the first 16 certificates that come with the signature.
    pub certificates: Vec<[u8; 32]>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pkcs7Error {
    Der(DerError),
    /// A PKCS#7 message that is not signed data.
    NotSignedData,
    /// The signed content is not the digest of a PE file.
    NotAuthenticode,
    TooManySigners,
}

impl From<DerError> for Pkcs7Error {
    fn from(error: DerError) -> Pkcs7Error {
        Pkcs7Error::Der(error)
    }
}

impl fmt::Display for Pkcs7Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pkcs7Error::Der(error) => error.fmt(f),
            Pkcs7Error::NotSignedData => f.write_str("not PKCS#7 signed data"),
            Pkcs7Error::NotAuthenticode => f.write_str("does not sign a PE file"),
            Pkcs7Error::TooManySigners => write!(f, "more than {SIGNERS_MAX} signers"),
        }
    }
}

/// Parses a ContentInfo; zeros may follow it, up to a multiple of 8 bytes.
pub fn parse(bytes: &[u8]) -> Result<Signature, Pkcs7Error> {
    let mut outer = Reader(bytes);
    let mut info = outer.open(SEQUENCE)?;
    if outer.0.len() >= 8 || outer.0.iter().any(|byte| *byte != 0) {
        let bytes = outer.0.len();
        return Err(DerError::Trailing { bytes }.into());
    }
    if info.take(OID)? != SIGNED_DATA {
        return Err(Pkcs7Error::NotSignedData);
    }
    let mut signed = info.open(CONTEXT_0)?.open(SEQUENCE)?;
    signed.take(INTEGER)?;
    signed.take(SET)?;
    let (algorithm, digest) = file_digest(signed.open(SEQUENCE)?)?;
    let certificates = signed.optional(CONTEXT_0)?.unwrap_or_default();
    signed.optional(CONTEXT_0 | 1)?;
    let mut infos = signed.open(SET)?;
    let mut signers = Vec::new();
    while !infos.is_empty() {
        if signers.len() == SIGNERS_MAX {
            return Err(Pkcs7Error::TooManySigners);
        }
        signers.push(signer(infos.open(SEQUENCE)?, certificates)?);
    }
    Ok(Signature {
        algorithm,
        digest: digest.to_vec(),
        signers,
        certificates: certificate_hashes(certificates),
    })
}

/// Returns the SHA-256 of a certificate's signed part, its TBSCertificate, by which dbx
/// identifies certificates. `None` when `certificate` is not a certificate.
pub fn tbs_sha256(certificate: &[u8]) -> Option<[u8; 32]> {
    let mut certificate = Reader(certificate).open(SEQUENCE).ok()?;
    Some(Sha256::digest(certificate.whole().ok()?).into())
}

/// Hashes the certificates, at most 16, up to the first that cannot be read.
fn certificate_hashes(certificates: &[u8]) -> Vec<[u8; 32]> {
    let (mut hashes, mut certificates) = (Vec::new(), Reader(certificates));
    while hashes.len() < CERTIFICATES_MAX
        && let Ok(certificate) = certificates.whole()
        && let Some(hash) = tbs_sha256(certificate)
    {
        hashes.push(hash);
    }
    hashes
}

/// Reads the inner ContentInfo, an SpcIndirectDataContent: a description of what was
/// hashed, then a DigestInfo.
fn file_digest(mut content: Reader<'_>) -> Result<(Algorithm, &[u8]), Pkcs7Error> {
    if content.take(OID)? != INDIRECT_DATA {
        return Err(Pkcs7Error::NotAuthenticode);
    }
    let mut indirect = content.open(CONTEXT_0)?.open(SEQUENCE)?;
    indirect.take(SEQUENCE)?;
    let mut digest_info = indirect.open(SEQUENCE)?;
    let oid = digest_info.open(SEQUENCE)?.take(OID)?;
    Ok((Algorithm::from_oid(oid), digest_info.take(OCTET_STRING)?))
}

/// Returns the subject of the certificate that a SignerInfo names by issuer and serial
/// number.
fn signer(mut info: Reader<'_>, certificates: &[u8]) -> Result<Vec<u8>, DerError> {
    info.take(INTEGER)?;
    let mut id = info.open(SEQUENCE)?;
    let (issuer, serial) = (id.take(SEQUENCE)?, id.take(INTEGER)?);
    let mut certificates = Reader(certificates);
    while !certificates.is_empty() {
        let Ok(mut certificate) = certificates.element().map(|found| Reader(found.contents)) else {
            break;
        };
        let mut fields = certificate.open(SEQUENCE)?;
        fields.optional(CONTEXT_0)?;
        let its_serial = fields.take(INTEGER)?;
        fields.take(SEQUENCE)?;
        let its_issuer = fields.take(SEQUENCE)?;
        fields.take(SEQUENCE)?;
        let subject = fields.take(SEQUENCE)?;
        if its_serial == serial && its_issuer == issuer {
            return name(subject);
        }
    }
    let mut text = b"a certificate that is not included, of ".to_vec();
    text.extend_from_slice(&name(issuer)?);
    Ok(text)
}

/// Formats an X.501 name like RFC 4514, but in the order of the certificate.
fn name(contents: &[u8]) -> Result<Vec<u8>, DerError> {
    let (mut text, mut names) = (Vec::new(), Reader(contents));
    while !names.is_empty() {
        let mut attributes = names.open(SET)?;
        while !attributes.is_empty() {
            let mut attribute = attributes.open(SEQUENCE)?;
            let oid = attribute.take(OID)?;
            let value = attribute.element()?;
            if !text.is_empty() {
                text.extend_from_slice(b", ");
            }
            push_type(&mut text, oid);
            push_value(&mut text, value.tag, value.contents);
        }
    }
    if text.len() > NAME_MAX_BYTES {
        text.truncate(NAME_MAX_BYTES);
        text.extend_from_slice(b"...");
    }
    Ok(text)
}

fn push_type(text: &mut Vec<u8>, oid: &[u8]) {
    let known: &[u8] = match oid.strip_prefix(X520) {
        Some([3]) => b"CN=",
        Some([6]) => b"C=",
        Some([7]) => b"L=",
        Some([8]) => b"ST=",
        Some([10]) => b"O=",
        Some([11]) => b"OU=",
        _ if oid == EMAIL => b"emailAddress=",
        // The user should see that there is an attribute; which one does not matter.
        _ => b"?=",
    };
    text.extend_from_slice(known);
}

/// Appends a value with its special characters escaped, so that one name cannot look like
/// two.
fn push_value(text: &mut Vec<u8>, tag: u8, value: &[u8]) {
    let mut push = |bytes: &[u8]| {
        for byte in bytes {
            if b",+=\\".contains(byte) {
                text.push(b'\\');
            }
            text.push(*byte);
        }
    };
    if tag != BMP_STRING {
        return push(value);
    }
    let units = value.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let mut decoded = String::new();
    for unit in char::decode_utf16(units) {
        // Writing to a String cannot fail.
        let _ = decoded.write_char(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    push(decoded.as_bytes());
}
