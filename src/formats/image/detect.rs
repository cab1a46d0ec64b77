// SPDX-License-Identifier: GPL-2.0-or-later
//! Recognition of boot images. Layer: pure.
//!
//! The formats are tried in the kernel's order: a file that an arch loader takes as it is
//! (bzImage, Image) counts as that, whatever else it contains. A UKI is a PE that no arch
//! loader takes.
use super::bzimage::{self, SetupHeader};
use super::error::{ImageError, LOOK_BYTES, LooksLike};
use super::linux_image::{self, ImageArch, ImageHeader};
use super::pe::{self, Pe, PeError};
use super::thin::{self, Thin};
use super::uki::{EfiProgram, SectionKind, Uki, UkiError};
use super::zboot::{self, ZbootHeader};
use crate::formats::field::bytes_at;
use crate::formats::source::{FileOffset, FileSlice, ReadAt, SubSource, read_head};

/// A recognised file whose headers are sound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Image {
    /// An x86 kernel; `pe` is present when it has an EFI stub.
    BzImage {
        header: SetupHeader,
        pe: Option<Pe>,
    },
    /// An arm64 or riscv64 kernel.
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
        /// The files of a thin image, which has their paths in `.linux` and `.initrd`.
        thin: Option<Thin>,
    },
    /// A PE of an unknown format, with its own parser in `.bpf`.
    Opaque {
        pe: Pe,
    },
    /// A PE that extends a UKI and cannot boot by itself; it has no profiles.
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

    /// Checks that the kernel can read the certificate table, if there is one.
    ///
    /// # Errors
    /// [`ImageError::Pe`]. The rest of the image can still be shown, but must not be
    /// loaded: the kernel's signature check does not look closely.
    pub fn check_certificates(&self) -> Result<(), ImageError> {
        match self.pe().map(|pe| &pe.certificate_table) {
            Some(Err(error)) => Err(ImageError::Pe(error.clone())),
            _ => Ok(()),
        }
    }

    /// Returns whether the image has a signature. Only the kernel can say whose it is and
    /// whether it is good.
    pub fn is_signed(&self) -> bool {
        let pe = self.pe();
        pe.is_some_and(|pe| matches!(pe.certificate_table, Ok(Some(_))))
    }

    /// Returns the kind as messages name it, such as "a UKI".
    pub fn kind_name(&self) -> &'static str {
        match self {
            Image::BzImage { .. } => "an x86 kernel (bzImage)",
            Image::LinuxImage { header, .. } => match header.arch {
                ImageArch::Arm64 => "an arm64 kernel (Image)",
                ImageArch::Riscv64 => "a riscv64 kernel (Image)",
            },
            Image::Zboot { .. } => "a compressed EFI kernel (zboot)",
            Image::Uki { thin: Some(_), .. } => "a thin UKI (lanzaboote)",
            Image::Uki { thin: None, .. } => "a UKI",
            Image::Opaque { .. } => "an image with a parser of its own",
            Image::Addon { .. } => "an addon",
        }
    }
}

/// Reads the headers of `source` and returns the kind of image.
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
        let whole = FileSlice {
            offset: FileOffset(0),
            bytes: file_bytes,
        };
        let thin = thin::read(&SubSource::new(source, whole), &pe)?;
        return match Uki::from_pe(&pe) {
            Ok(uki) => Ok(Image::Uki { pe, uki, thin }),
            Err(UkiError::IsAddon { .. }) => {
                let sections = Uki::sort(&pe);
                Ok(Image::Addon { pe, sections })
            }
            Err(UkiError::NoLinux) if has_parser(&pe) => Ok(Image::Opaque { pe }),
            Err(error) => Err(ImageError::Uki(match EfiProgram::read(source, &pe) {
                Some(program) => UkiError::Bare(program),
                None => error,
            })),
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

/// Recognises the contents of a UKI's `.linux`. Errors are wrapped in
/// `ImageError::InLinux`, so that they are not taken for the outer file's.
///
/// A nested UKI is returned as such; an addon is an error, because it cannot be a kernel.
pub fn detect_linux<R: ReadAt + ?Sized>(source: &R, linux: FileSlice) -> Result<Image, ImageError> {
    // `dyn`, so that the program has one copy of all parsers, not one for each source.
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

/// Reads the PE headers of a kernel that firmware can start, too. The arch loader does
/// not look at them, but the kernel's signature check does, and would read outside the
/// file if they are wrong.
fn efi_stub<R: ReadAt + ?Sized>(source: &R, head: &[u8]) -> Result<Option<Pe>, PeError> {
    match head.starts_with(b"MZ") {
        true => pe::parse(source).map(Some),
        false => Ok(None),
    }
}
