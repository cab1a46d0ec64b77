// SPDX-License-Identifier: GPL-2.0-or-later
//! Thin images of lanzaboote, NixOS's Secure Boot: `.linux` and `.initrd` hold the paths of
//! two files, `.linuxh` and `.initrdh` the SHA-256 of their contents. Layer: pure.
//!
//! Spec: lanzaboote 0.4 to 1.1, its stub and its tool. A path is UTF-8 without a NUL, from
//! the root of the file system that the image is on; a hash is 32 bytes. Both files and
//! all four sections are required. The stub reads neither profiles nor other sections of
//! a UKI than `.cmdline`.
use super::pe::Pe;
use super::uki::SectionKind;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::source::{FileSlice, KERNEL_READS_MAX_BYTES, ReadAt, ReadError, read_small};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// Limit on the length of a path. Real ones have about 70 bytes.
pub const PATH_MAX_BYTES: u64 = 1024;
const HASH_BYTES: u64 = 32;
const REINSTALL: &str = "nixos-rebuild boot, which installs the image anew; or an older entry";

/// A file that a thin image names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The path without the first slash, with slashes for backslashes.
    pub path: Vec<u8>,
    pub sha256: [u8; 32],
    /// The section with the path.
    pub section: SectionKind,
}

/// The two files of a thin image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thin {
    pub kernel: Reference,
    pub initrd: Reference,
}

/// A reason why an image is not a thin one that can be followed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ThinError {
    /// A section is missing although another one makes the image a thin one.
    Missing {
        section: &'static str,
    },
    HashBytes {
        section: &'static str,
        bytes: u64,
    },
    Path {
        section: SectionKind,
        why: &'static str,
    },
    Profiles,
    /// A file with more bytes than the kernel reads.
    TooLarge {
        section: SectionKind,
        bytes: u64,
    },
    /// Not the file that the image was made for.
    Differs {
        section: SectionKind,
        wanted: [u8; 32],
        found: [u8; 32],
    },
    Read(ReadError),
}

impl fmt::Display for ThinError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ThinError::Missing { section } => write!(out, "a thin image without {section}"),
            ThinError::HashBytes { section, bytes } => {
                write!(
                    out,
                    "section {section}: {bytes} bytes, where a SHA-256 has 32"
                )
            }
            ThinError::Path { section, why } => write!(out, "section {section}: the path {why}"),
            ThinError::Profiles => out.write_str("a thin image with profiles"),
            ThinError::TooLarge { section, bytes } => write!(
                out,
                "{bytes} bytes for {section}; the kernel reads at most {KERNEL_READS_MAX_BYTES}"
            ),
            ThinError::Differs { section, .. } => {
                write!(out, "its SHA-256 is not the one that {section}h demands")
            }
            ThinError::Read(error) => error.fmt(out),
        }
    }
}

impl Diagnose for ThinError {
    fn diagnose(&self) -> Diagnosis {
        let bad = Diagnosis::bad_image(self).with_hint(REINSTALL);
        match self {
            ThinError::Missing { .. } => bad.maybe("made by lanzaboote before 0.4, or damaged"),
            ThinError::HashBytes { .. }
            | ThinError::Path { .. }
            | ThinError::Profiles
            | ThinError::TooLarge { .. } => bad,
            ThinError::Differs { wanted, found, .. } => {
                bad.because(&format!("wanted {}, found {}", hex(wanted), hex(found)))
            }
            ThinError::Read(error) => error.diagnose(),
        }
    }
}

impl From<ReadError> for ThinError {
    fn from(error: ReadError) -> ThinError {
        ThinError::Read(error)
    }
}

/// Reads the paths and the hashes of a thin image; `None` for another image. One hash
/// makes it a thin image.
///
/// # Errors
/// Any [`ThinError`] about the image itself.
pub fn read(source: &dyn ReadAt, pe: &Pe) -> Result<Option<Thin>, ThinError> {
    let [linux, initrd] = [SectionKind::Linux, SectionKind::Initrd];
    if section(pe, hash_name(linux)).is_none() && section(pe, hash_name(initrd)).is_none() {
        return Ok(None);
    }
    if section(pe, SectionKind::Profile.name()).is_some() {
        return Err(ThinError::Profiles);
    }
    Ok(Some(Thin {
        kernel: reference(source, pe, linux)?,
        initrd: reference(source, pe, initrd)?,
    }))
}

fn hash_name(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Linux => ".linuxh",
        _ => ".initrdh",
    }
}

fn section(pe: &Pe, name: &str) -> Option<FileSlice> {
    pe.section(name.as_bytes()).map(|section| section.slice)
}

fn reference(source: &dyn ReadAt, pe: &Pe, kind: SectionKind) -> Result<Reference, ThinError> {
    let get = |name| section(pe, name).ok_or(ThinError::Missing { section: name });
    let text = get(kind.name())?;
    let hash = get(hash_name(kind))?;
    let bad_path = |why| ThinError::Path { section: kind, why };
    if text.bytes > PATH_MAX_BYTES {
        return Err(bad_path("is longer than 1024 bytes"));
    }
    let path = path(read_small(source, text, PATH_MAX_BYTES)?).map_err(bad_path)?;
    if hash.bytes != HASH_BYTES {
        return Err(ThinError::HashBytes {
            section: hash_name(kind),
            bytes: hash.bytes,
        });
    }
    let mut sha256 = [0; 32];
    source.read_at(hash.offset, &mut sha256)?;
    Ok(Reference {
        path,
        sha256,
        section: kind,
    })
}

/// Converts a path of UEFI; the error says what is wrong with it.
fn path(mut text: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    for byte in &mut text {
        if *byte == b'\\' {
            *byte = b'/';
        }
    }
    let first = text.iter().position(|byte| *byte != b'/');
    let Some(path) = first.and_then(|first| text.get(first..)) else {
        return Err("is empty");
    };
    let Ok(chars) = core::str::from_utf8(path) else {
        return Err("is not UTF-8");
    };
    if chars.chars().any(char::is_control) {
        return Err("has control characters");
    }
    match path.split(|byte| *byte == b'/').any(|name| name == b"..") {
        true => Err("has '..' in it"),
        false => Ok(path.to_vec()),
    }
}

impl Reference {
    /// Checks that the kernel reads a file of this size.
    ///
    /// # Errors
    /// [`ThinError::TooLarge`].
    pub fn check_size(&self, bytes: u64) -> Result<(), ThinError> {
        let section = self.section;
        match bytes <= KERNEL_READS_MAX_BYTES {
            true => Ok(()),
            false => Err(ThinError::TooLarge { section, bytes }),
        }
    }

    /// Checks by its SHA-256 that this is the file that the image was made for.
    ///
    /// # Errors
    /// [`ThinError::Differs`].
    pub fn check(&self, found: [u8; 32]) -> Result<(), ThinError> {
        match found == self.sha256 {
            true => Ok(()),
            false => Err(ThinError::Differs {
                section: self.section,
                wanted: self.sha256,
                found,
            }),
        }
    }
}

/// Returns bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
