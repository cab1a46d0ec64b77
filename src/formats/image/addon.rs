// SPDX-License-Identifier: GPL-2.0-or-later
//! Addons: PE files that extend a UKI's command line and initrd. Layer: pure.
//!
//! Spec: systemd-stub(7). The machine and `.uname` must match.
use super::detect::{Image, detect};
use super::error::ImageError;
use super::pe::Machine;
use super::uki::{SectionKind, Selection};
use crate::diagnosis::escape::printable;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::cmdline;
use crate::formats::source::{FileSlice, ReadAt, ReadError, read_small};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The longest `.uname` that is read; a kernel's release has at most 64 bytes.
const UNAME_MAX_BYTES: u64 = 1024;

/// The contents of an addon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addon {
    pub machine: Machine,
    /// The kernel release that the addon is made for; `None` fits any release.
    pub uname: Option<Vec<u8>>,
    /// The command line as systemd-stub takes it; empty when the addon has none.
    pub cmdline: Vec<u8>,
    pub initrd: Option<FileSlice>,
    pub ucode: Option<FileSlice>,
    /// True when there is a signature. Only the kernel can say whose it is and whether it
    /// is good.
    pub is_signed: bool,
}

/// A reason why a file cannot extend an image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AddonError {
    /// The file is not an image at all.
    Image(ImageError),
    /// The file is an image of another kind.
    NotAnAddon {
        kind: &'static str,
    },
    WrongMachine {
        addon: Machine,
        image: Machine,
    },
    WrongUname {
        addon: String,
        image: String,
    },
    Read(ReadError),
}

impl From<ImageError> for AddonError {
    fn from(error: ImageError) -> AddonError {
        AddonError::Image(error)
    }
}

impl From<ReadError> for AddonError {
    fn from(error: ReadError) -> AddonError {
        AddonError::Read(error)
    }
}

impl fmt::Display for AddonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddonError::Image(error) => error.fmt(f),
            AddonError::NotAnAddon { kind } => write!(f, "not an addon, but {kind}"),
            AddonError::WrongMachine { addon, image } => {
                write!(f, "an addon for {addon}, but the image is for {image}")
            }
            AddonError::WrongUname { addon, image } => {
                write!(f, "an addon for kernel {addon}, but the image has {image}")
            }
            AddonError::Read(error) => error.fmt(f),
        }
    }
}

impl Diagnose for AddonError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            AddonError::NotAnAddon { .. }
            | AddonError::WrongMachine { .. }
            | AddonError::WrongUname { .. } => {
                Diagnosis::bad_image(self).with_hint("use an addon built for this image")
            }
            AddonError::Image(error) => error.diagnose(),
            AddonError::Read(error) => error.diagnose(),
        }
    }
}

/// Returns the kernel release that addons of this image must be made for, as its `.uname`
/// names it. `None` when the section is missing or empty.
pub fn uname<R: ReadAt + ?Sized>(
    source: &R,
    selection: &Selection,
) -> Result<Option<Vec<u8>>, ReadError> {
    let slice = selection.get(SectionKind::Uname);
    let slice = slice.filter(|slice| slice.bytes > 0);
    slice.map(|slice| read_uname(source, slice)).transpose()
}

/// Recognises `source` and returns its contents as an addon.
pub fn read<R: ReadAt + ?Sized>(source: &R) -> Result<Addon, AddonError> {
    let image = detect(source)?;
    image.check_certificates()?;
    open(source, &image)
}

/// Reads a whole `.uname` section.
fn read_uname<R: ReadAt + ?Sized>(source: &R, slice: FileSlice) -> Result<Vec<u8>, ReadError> {
    read_small(source, slice, UNAME_MAX_BYTES)
}

/// Returns whether an addon's `.uname` matches the image's. The stub compares up to a NUL
/// in both, but at most as many bytes as the addon's section has, so an addon may name
/// the beginning of a release.
fn uname_fits(addon: &[u8], image: &[u8]) -> bool {
    let text = |bytes: &[u8]| bytes.iter().position(|byte| *byte == 0);
    let image = image.get(..text(image).unwrap_or(image.len()));
    let image = image.unwrap_or_default();
    match text(addon) {
        Some(end) => addon.get(..end) == Some(image),
        None => image.starts_with(addon),
    }
}

/// Returns the contents of a detected addon. If several sections have the same name, the
/// first one counts.
pub fn open<R: ReadAt + ?Sized>(source: &R, image: &Image) -> Result<Addon, AddonError> {
    let Image::Addon { pe, sections } = image else {
        return Err(AddonError::NotAnAddon {
            kind: image.kind_name(),
        });
    };
    let find = |kind| {
        let mut all = sections.sections();
        all.find(|section| section.kind == kind)
            .map(|section| section.slice)
            .filter(|slice| slice.bytes > 0)
    };
    let cmdline = match find(SectionKind::Cmdline) {
        Some(slice) => cmdline::mangle(&read_small(source, slice, cmdline::MAX_SECTION_BYTES)?),
        None => Vec::new(),
    };
    let uname = match find(SectionKind::Uname) {
        Some(slice) => Some(read_uname(source, slice)?),
        None => None,
    };
    Ok(Addon {
        machine: pe.machine,
        uname,
        cmdline,
        initrd: find(SectionKind::Initrd),
        ucode: find(SectionKind::Ucode),
        is_signed: image.is_signed(),
    })
}

impl Addon {
    /// Checks whether the addon may extend an image for `machine`. The two `.uname`
    /// sections are compared only when both are present and not empty.
    pub fn check(&self, machine: Machine, uname: Option<&[u8]>) -> Result<(), AddonError> {
        if self.machine != machine {
            return Err(AddonError::WrongMachine {
                addon: self.machine,
                image: machine,
            });
        }
        match (self.uname.as_deref(), uname) {
            (Some(own), Some(image)) if !uname_fits(own, image) => Err(AddonError::WrongUname {
                addon: printable(own),
                image: printable(image),
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::uname_fits;

    #[test]
    fn releases_are_compared_as_the_stub_does() {
        for (addon, image, fits) in [
            (&b"6.12.0"[..], &b"6.12.0"[..], true),
            (b"6.12", b"6.12.0", true),
            (b"6.12\0\0", b"6.12.0", false),
            (b"6.12\0x", b"6.12\0y", true),
            (b"6.12.0", b"6.12", false),
            (b"6.12.0\n", b"6.12.0", false),
        ] {
            assert_eq!(uname_fits(addon, image), fits, "{addon:?} {image:?}");
        }
    }
}
