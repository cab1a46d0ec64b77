// SPDX-License-Identifier: GPL-2.0-or-later
//! The next kernel's initrd, in systemd-stub's order: microcode of addons
//! (last first), the image's microcode and initrd, companion files, addon
//! initrds; then what the user passed.

use alloc::vec::Vec;

use super::{AddonFile, IMAGE, PlanError, Request, Route};
use crate::image::source::{FileOffset, FileSlice};
use crate::image::uki::{SectionKind, Selection};
use crate::initrd::concat::{ConcatPlan, Part};
use crate::initrd::extra::ExtraDirectory;
use crate::initrd::newc::Archive;

/// One piece of the initrd, for people; `Plan::concat` is for the machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InitrdPart {
    pub from: InitrdOrigin,
    /// The open file that holds it.
    pub source: u32,
    pub slice: FileSlice,
}

/// Where a piece of the initrd comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitrdOrigin {
    /// A section of the image.
    Section(SectionKind),
    /// A section of an addon.
    Addon(SectionKind),
    /// A file below this directory of the initrd.
    Member(&'static str),
    /// The user's own.
    User,
}

/// The pieces and how they are joined.
pub struct Assembled {
    pub parts: Vec<InitrdPart>,
    pub concat: ConcatPlan,
}

/// The image's own initrd: microcode first, because the kernel looks for it
/// only in the uncompressed archive at the very front.
pub fn own_parts(selection: &Selection) -> Vec<InitrdPart> {
    [SectionKind::Ucode, SectionKind::Initrd]
        .into_iter()
        .filter_map(|kind| {
            Some(InitrdPart {
                from: InitrdOrigin::Section(kind),
                source: IMAGE,
                slice: selection.get(kind)?,
            })
        })
        .filter(|part| part.slice.bytes > 0)
        .collect()
}

/// Puts everything in order. On the handshake route the kernel joins, and only
/// the user's own initrds are handed over.
pub fn assemble(
    route: Route,
    own: &[InitrdPart],
    request: &Request,
) -> Result<Assembled, PlanError> {
    let mut parts: Vec<InitrdPart> = addon_sections(request, SectionKind::Ucode).rev().collect();
    parts.extend(own.iter().cloned());
    let mut concat = ConcatPlan::default();
    for part in &parts {
        concat.push(part.to_concat())?;
    }
    for directory in ExtraDirectory::all() {
        add_archive(directory, request, &mut parts, &mut concat)?;
    }
    for part in addon_sections(request, SectionKind::Initrd) {
        concat.push(part.to_concat())?;
        parts.push(part);
    }
    if route == Route::Handshake {
        concat = ConcatPlan::default();
    }
    for (number, &bytes) in (0u32..).zip(&request.initrd_bytes) {
        let part = InitrdPart {
            from: InitrdOrigin::User,
            source: Request::initrd_source(number),
            slice: whole(bytes),
        };
        concat.push(part.to_concat())?;
        parts.push(part);
    }
    Ok(Assembled { parts, concat })
}

fn whole(bytes: u64) -> FileSlice {
    FileSlice {
        offset: FileOffset(0),
        bytes,
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

/// That section of every PE addon that has it.
fn addon_sections(
    request: &Request,
    kind: SectionKind,
) -> impl DoubleEndedIterator<Item = InitrdPart> {
    request.pe_addons().filter_map(move |(source, addon)| {
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

/// One archive of all companion files for `directory`, if there are any.
fn add_archive(
    directory: &'static ExtraDirectory,
    request: &Request,
    parts: &mut Vec<InitrdPart>,
    concat: &mut ConcatPlan,
) -> Result<(), PlanError> {
    let mut archive = None;
    for (number, file) in (0u32..).zip(&request.addons) {
        let AddonFile::Member {
            directory: own,
            name,
            bytes,
        } = file
        else {
            continue;
        };
        if *own != directory {
            continue;
        }
        let part = InitrdPart {
            from: InitrdOrigin::Member(directory.path),
            source: request.addon_source(number),
            slice: whole(*bytes),
        };
        let archive = match &mut archive {
            Some(archive) => archive,
            none => none.insert(Archive::new(directory.path, directory.directory_mode)?),
        };
        archive.file(name, directory.file_mode, part.to_concat())?;
        parts.push(part);
    }
    for part in archive.into_iter().flat_map(Archive::finish) {
        concat.push(part)?;
    }
    Ok(())
}
