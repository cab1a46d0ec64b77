// SPDX-License-Identifier: GPL-2.0-or-later
//! What kind of boot image a file is.
//!
//! Layer: pure. The order of the questions is the kernel's: what an arch
//! loader takes as it is (bzImage, Image) is that, whatever else the file
//! carries. A UKI is a PE that no arch loader takes.
use super::bzimage::{self, SetupHeader};
use super::error::{ImageError, LOOK_BYTES, LooksLike};
use super::linux_image::{self, ImageArch, ImageHeader};
use super::pe::{self, Pe, PeError};
use super::uki::{SectionKind, Uki, UkiError};
use super::zboot::{self, ZbootHeader};
use crate::field::bytes_at;
use crate::source::{FileSlice, ReadAt, SubSource, read_head};

/// A file whose headers are sound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Image {
    /// x86. `pe` is there when it has an EFI stub.
    BzImage {
        header: SetupHeader,
        pe: Option<Pe>,
    },
    /// arm64 or riscv64.
    LinuxImage {
        header: ImageHeader,
        pe: Option<Pe>,
    },
    Zboot {
        header: ZbootHeader,
        pe: Option<Pe>,
    },
    Uki {
        pe: Pe,
        uki: Uki,
    },
    /// A PE of an unknown format, with a parser of its own in `.bpf`.
    Opaque {
        pe: Pe,
    },
    /// Extends a UKI; cannot boot. `sections` has everything in its base.
    Addon {
        pe: Pe,
        sections: Uki,
    },
}

impl Image {
    pub fn pe(&self) -> Option<&Pe> {
        match self {
            Image::BzImage { pe, .. } | Image::LinuxImage { pe, .. } | Image::Zboot { pe, .. } => {
                pe.as_ref()
            }
            Image::Uki { pe, .. } | Image::Opaque { pe } | Image::Addon { pe, .. } => Some(pe),
        }
    }

    /// Whether the kernel can read the certificate table, if there is one.
    ///
    /// # Errors
    /// [`ImageError::Pe`]. The rest can be shown, but a load must not begin:
    /// the kernel's signature check does not look closely.
    pub fn check_certificates(&self) -> Result<(), ImageError> {
        match self.pe().map(|pe| &pe.certificate_table) {
            Some(Err(error)) => Err(ImageError::Pe(error.clone())),
            _ => Ok(()),
        }
    }

    /// Returns whether there is a signature; whose, and whether it is good, only the
    /// kernel can say.
    pub fn is_signed(&self) -> bool {
        let pe = self.pe();
        pe.is_some_and(|pe| matches!(pe.certificate_table, Ok(Some(_))))
    }

    /// For messages: "a UKI".
    pub fn kind_name(&self) -> &'static str {
        match self {
            Image::BzImage { .. } => "an x86 kernel (bzImage)",
            Image::LinuxImage { header, .. } => match header.arch {
                ImageArch::Arm64 => "an arm64 kernel (Image)",
                ImageArch::Riscv64 => "a riscv64 kernel (Image)",
            },
            Image::Zboot { .. } => "a compressed EFI kernel (zboot)",
            Image::Uki { .. } => "a UKI",
            Image::Opaque { .. } => "an image with a parser of its own",
            Image::Addon { .. } => "an addon",
        }
    }
}

/// Reads the headers of `source` and says what it is.
pub fn detect<R: ReadAt + ?Sized>(source: &R) -> Result<Image, ImageError> {
    let file_bytes = source.file_bytes();
    if file_bytes == 0 {
        return Err(ImageError::Empty);
    }
    let mut buf = [0; 0x206];
    let head = read_head(source, &mut buf)?;
    let magic_at = |offset| bytes_at::<4>(head, offset);

    if magic_at(bzimage::MAGIC_AT) == Some(bzimage::MAGIC) {
        let header = bzimage::parse(source)?;
        let pe = efi_stub(source, head)?;
        return Ok(Image::BzImage { header, pe });
    }
    let is_mz = head.starts_with(b"MZ");
    if is_mz && magic_at(zboot::MAGIC_AT) == Some(zboot::MAGIC) {
        let header = zboot::parse(source)?;
        let pe = efi_stub(source, head)?;
        return Ok(Image::Zboot { header, pe });
    }
    if ImageArch::from_head(head).is_some() {
        let header = linux_image::parse(source)?;
        let pe = efi_stub(source, head)?;
        return Ok(Image::LinuxImage { header, pe });
    }
    if is_mz {
        let pe = pe::parse(source)?;
        return match Uki::from_pe(&pe) {
            Ok(uki) => Ok(Image::Uki { pe, uki }),
            Err(UkiError::IsAddon { .. }) => {
                let sections = Uki::sort(&pe);
                Ok(Image::Addon { pe, sections })
            }
            Err(UkiError::NoLinux) if has_parser(&pe) => Ok(Image::Opaque { pe }),
            Err(error) => Err(ImageError::Uki(error)),
        };
    }
    let looks_like = LooksLike::from_head(head);
    if head.len() < LOOK_BYTES && looks_like == LooksLike::Nothing {
        return Err(ImageError::TooShort { file_bytes });
    }
    let mut first_bytes = [0; 8];
    first_bytes
        .iter_mut()
        .zip(head)
        .for_each(|(to, from)| *to = *from);
    Err(ImageError::Unrecognized {
        looks_like,
        first_bytes,
    })
}

fn has_parser(pe: &Pe) -> bool {
    let mut sections = pe.sections.iter();
    sections.any(|section| SectionKind::from_name(&section.name) == Some(SectionKind::Bpf))
}

/// What a UKI's `.linux` is. Errors are wrapped in [`ImageError::InLinux`], so
/// that they are not read as the outer file's.
///
/// A nested UKI is given as such; an addon cannot be a kernel.
pub fn detect_linux<R: ReadAt + ?Sized>(source: &R, linux: FileSlice) -> Result<Image, ImageError> {
    // `dyn`: one copy of all parsers in the program, not one for each source.
    let inner: &dyn ReadAt = &SubSource::new(source, linux);
    let image = detect(inner).map_err(ImageError::in_linux)?;
    match &image {
        Image::Addon { pe, .. } => match Uki::from_pe(pe) {
            Err(error) => Err(ImageError::in_linux(ImageError::Uki(error))),
            Ok(_) => Ok(image),
        },
        _ => Ok(image),
    }
}

/// The PE headers of a kernel that firmware can start as well. The arch loader
/// does not look at them, but the kernel's signature check does, and would read
/// outside of the file where they are wrong.
fn efi_stub<R: ReadAt + ?Sized>(source: &R, head: &[u8]) -> Result<Option<Pe>, PeError> {
    match head.starts_with(b"MZ") {
        true => pe::parse(source).map(Some),
        false => Ok(None),
    }
}
