// SPDX-License-Identifier: GPL-2.0-or-later
//! The next kernel's initrd, in systemd-stub's order: microcode of addons (last first),
//! the image's microcode and initrd, companion files, sections that become files, addon
//! initrds; then the user's initrds. Layer: pure.

use alloc::vec::Vec;

use super::{CompanionKind, Manifest, PlanError, Route};
use crate::formats::image::uki::{SectionKind, Selection};
use crate::formats::initrd::concat::{ConcatError, ConcatPlan, Part};
use crate::formats::initrd::extra::{self, ExtraDirectory};
use crate::formats::initrd::newc::Archive;
use crate::formats::source::{FileOffset, FileSlice, InputId, ReadAt};

/// One piece of the initrd, for display; `Plan::concat` says how the pieces are joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InitrdPart {
    pub from: InitrdOrigin,
    /// The open file that holds it.
    pub source: InputId,
    pub slice: FileSlice,
}

/// The origin of a piece of the initrd.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitrdOrigin {
    /// A section of the image.
    Section(SectionKind),
    /// A section of the image that becomes a file below `.extra`.
    SectionFile(SectionKind),
    /// A section of an addon.
    Addon(SectionKind),
    /// The file that a thin image names.
    Thin,
    /// A file below this directory of the initrd.
    Member(&'static str),
    /// An initrd that the user passed.
    User,
}

impl InitrdOrigin {
    /// Returns the section that it is from.
    #[must_use]
    pub fn section(self) -> Option<SectionKind> {
        match self {
            InitrdOrigin::Section(kind)
            | InitrdOrigin::SectionFile(kind)
            | InitrdOrigin::Addon(kind) => Some(kind),
            InitrdOrigin::Member(_) | InitrdOrigin::Thin | InitrdOrigin::User => None,
        }
    }
}

/// The pieces and how they are joined.
pub struct Assembled {
    pub parts: Vec<InitrdPart>,
    pub concat: ConcatPlan,
}

/// Puts the pieces in order. On the handshake route the module joins them inside the
/// kernel, and only the user's initrds are handed over.
pub fn assemble<F: ReadAt>(
    route: Route,
    selection: Option<&Selection>,
    manifest: &Manifest<F>,
) -> Result<Assembled, PlanError> {
    let mut all = Assembled {
        parts: Vec::new(),
        concat: ConcatPlan::default(),
    };
    // Microcode goes first, because the kernel looks for it only in the uncompressed
    // archives at the very front, and the first match wins.
    for part in addon_sections(manifest, SectionKind::Ucode).rev() {
        all.push(part)?;
    }
    for kind in [SectionKind::Ucode, SectionKind::Initrd] {
        if let Some(slice) = own(selection, kind) {
            all.push(InitrdPart {
                from: InitrdOrigin::Section(kind),
                source: InputId::IMAGE,
                slice,
            })?;
        }
    }
    if let Some([_, (source, initrd)]) = manifest.thin()
        && initrd.file.file_bytes() > 0
    {
        all.push(InitrdPart {
            from: InitrdOrigin::Thin,
            source,
            slice: whole(&initrd.file),
        })?;
    }
    for directory in ExtraDirectory::all() {
        add_companions(directory, manifest, &mut all)?;
    }
    for (kind, name) in extra::SECTION_FILES {
        if let Some(slice) = own(selection, kind) {
            add_section_file(kind, name, slice, &mut all)?;
        }
    }
    for part in addon_sections(manifest, SectionKind::Initrd) {
        all.push(part)?;
    }
    if route == Route::Handshake {
        all.concat = ConcatPlan::default();
    }
    for (source, input) in manifest.initrds() {
        all.push(InitrdPart {
            from: InitrdOrigin::User,
            source,
            slice: whole(&input.file),
        })?;
    }
    Ok(all)
}

/// Returns the image's section of this kind, if it has any bytes.
fn own(selection: Option<&Selection>, kind: SectionKind) -> Option<FileSlice> {
    selection?.get(kind).filter(|slice| slice.bytes > 0)
}

impl Assembled {
    fn push(&mut self, part: InitrdPart) -> Result<(), ConcatError> {
        self.concat.push(part.to_concat())?;
        self.parts.push(part);
        Ok(())
    }

    fn archive(&mut self, archive: Archive) -> Result<(), ConcatError> {
        self.concat.push_archive(archive.finish())
    }
}

/// Returns a slice of the whole file.
pub fn whole<F: ReadAt>(file: &F) -> FileSlice {
    FileSlice {
        offset: FileOffset(0),
        bytes: file.file_bytes(),
    }
}

impl InitrdPart {
    fn to_concat(&self) -> Part {
        Part::File {
            source: self.source,
            slice: self.slice,
        }
    }
}

/// Returns the section of this kind from every PE addon that has one.
fn addon_sections<F>(
    manifest: &Manifest<F>,
    kind: SectionKind,
) -> impl DoubleEndedIterator<Item = InitrdPart> {
    manifest.addons().filter_map(move |(source, addon)| {
        let slice = match kind {
            SectionKind::Ucode => addon.ucode,
            _ => addon.initrd,
        }?;
        Some(InitrdPart {
            from: InitrdOrigin::Addon(kind),
            source,
            slice,
        })
    })
}

/// Adds a section as the only file of an archive.
fn add_section_file(
    kind: SectionKind,
    name: &'static str,
    slice: FileSlice,
    all: &mut Assembled,
) -> Result<(), PlanError> {
    let part = InitrdPart {
        from: InitrdOrigin::SectionFile(kind),
        source: InputId::IMAGE,
        slice,
    };
    let at_fault = |error| PlanError::Archive {
        source: InputId::IMAGE,
        error,
    };
    let (directory, mode) = (extra::SECTION_DIRECTORY, extra::SECTION_DIRECTORY_MODE);
    let mut archive = Archive::new(directory, mode).map_err(at_fault)?;
    let file = archive.file(name, extra::SECTION_FILE_MODE, part.to_concat());
    file.map_err(at_fault)?;
    all.parts.push(part);
    Ok(all.archive(archive)?)
}

/// Adds one archive with all companion files for `directory`, if there are any.
fn add_companions<F: ReadAt>(
    directory: &'static ExtraDirectory,
    manifest: &Manifest<F>,
    all: &mut Assembled,
) -> Result<(), PlanError> {
    let mut archive = None;
    for (source, companion) in manifest.companions() {
        let CompanionKind::Member {
            directory: own,
            name,
        } = &companion.kind
        else {
            continue;
        };
        if *own != directory {
            continue;
        }
        let part = InitrdPart {
            from: InitrdOrigin::Member(directory.path),
            source,
            slice: whole(&companion.input.file),
        };
        let at_fault = |error| PlanError::Archive { source, error };
        let archive = match &mut archive {
            Some(archive) => archive,
            none => {
                let new = Archive::new(directory.path, directory.directory_mode);
                none.insert(new.map_err(at_fault)?)
            }
        };
        let file = archive.file(name, directory.file_mode, part.to_concat());
        file.map_err(at_fault)?;
        all.parts.push(part);
    }
    match archive {
        Some(archive) => Ok(all.archive(archive)?),
        None => Ok(()),
    }
}
