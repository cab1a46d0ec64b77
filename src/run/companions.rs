// SPDX-License-Identifier: GPL-2.0-or-later
//! Finds an image's companion files by the rules of [`crate::policy::companion`], and
//! opens them. A file that cannot be used is left out and reported, as the stub does it.
//! Layer: effects.

use alloc::vec::Vec;

use super::RunError;
use super::error::{Refusal, Skipped};
use super::options::LoadOptions;
use crate::abi;
use crate::formats::image::addon::{self, Addon};
use crate::formats::image::detect::Image;
use crate::formats::image::pe::Machine;
use crate::formats::source::ReadAt;
use crate::policy::companion::{self, CompanionDirectory, Pick, Target};
use crate::policy::plan::{Companion, CompanionKind, Input, Manifest, PlanError};
use crate::sys::SysError;
use crate::sys::directory::Directory;
use crate::sys::file::{InputFile, OpenError};

/// Limit on the size of a companion file: the module reads no larger one.
const FILE_MAX_BYTES: u64 = (1 << 31) - 1;

/// Called for each file that is left out; an error that it returns ends the load.
pub type OnSkip<'log> = &'log mut dyn FnMut(Skipped) -> Result<(), RunError>;

/// The image's demands on its addons.
struct Demands {
    machine: Machine,
    uname: Option<Vec<u8>>,
    /// True if addons must be signed.
    signed_only: bool,
}

/// Adds the files that a boot entry names, after those that are found or that the user
/// named.
///
/// # Errors
/// [`RunError::Plan`] when the image has no such profile, [`RunError::TooManyCompanions`],
/// and the errors that `on_skip` returns.
pub fn add_of_entry(
    manifest: &mut Manifest<InputFile>,
    options: &LoadOptions<'_>,
    signed_only: bool,
    on_skip: OnSkip<'_>,
) -> Result<(), RunError> {
    if options.entry_extras.is_empty() {
        return Ok(());
    }
    let count = manifest
        .companions
        .len()
        .saturating_add(options.entry_extras.len());
    if count > abi::ADDONS_MAX {
        return Err(RunError::TooManyCompanions { count });
    }
    let demands = demands(manifest, signed_only)?;
    for path in &options.entry_extras {
        match open_named(path, options, demands.as_ref()) {
            Ok(companion) => manifest.companions.push(companion),
            Err(why) => on_skip(Skipped {
                path: path.to_vec(),
                why,
            })?,
        }
    }
    Ok(())
}

/// Opens one file that a boot entry names.
fn open_named(
    path: &[u8],
    options: &LoadOptions<'_>,
    demands: Option<&Demands>,
) -> Result<Companion<InputFile>, Refusal> {
    let (parent, name) = split(path);
    let choice = companion::choose(CompanionDirectory::Own, alloc::vec![name.to_vec()]);
    let Some(pick) = choice.picked.into_iter().next() else {
        return Err(match choice.bad_names.is_empty() {
            true => Refusal::Suffix,
            false => Refusal::Name,
        });
    };
    let directory = Directory::open(options.root, parent).map_err(Refusal::Directory)?;
    let companion = open(&directory, parent, pick, demands)?;
    match companion.input.file.file_bytes() {
        0 => Err(Refusal::Empty),
        _ => Ok(companion),
    }
}

/// Returns the image's demands on addons; `None` for an image that is not a UKI.
fn demands(manifest: &Manifest<InputFile>, signed_only: bool) -> Result<Option<Demands>, RunError> {
    let Image::Uki { pe, uki, .. } = &manifest.detected else {
        return Ok(None);
    };
    let image: &Input<InputFile> = &manifest.image;
    let fail = |error: PlanError| RunError::plan(&image.path, error);
    let selection = uki.select(manifest.profile);
    let selection = selection.map_err(|error| fail(error.into()))?;
    let uname = addon::uname::<dyn ReadAt>(&image.file, &selection);
    Ok(Some(Demands {
        machine: pe.machine,
        uname: uname.map_err(|error| fail(error.into()))?,
        signed_only,
    }))
}

/// Adds the files that systemd-stub would find with the image: those of its own
/// directory, and those of `/loader` on its file system or below the root that the
/// options name. Images other than UKIs have none. With `signed_only`, addons without a
/// signature are left out.
///
/// # Errors
/// [`RunError::Open`] when that root cannot be opened, [`RunError::Plan`] when the image
/// has no such profile, [`RunError::TooManyCompanions`], and the errors that `on_skip`
/// returns.
pub fn add_found(
    manifest: &mut Manifest<InputFile>,
    options: &LoadOptions<'_>,
    signed_only: bool,
    on_skip: OnSkip<'_>,
) -> Result<(), RunError> {
    let Some(demands) = demands(manifest, signed_only)? else {
        return Ok(());
    };
    let image: &Input<InputFile> = &manifest.image;
    let is_thin = manifest.thin.is_some();
    let (parent, name) = split(&image.path);
    let beside = opened(options, parent)?;
    let own_kind = match is_thin {
        true => CompanionDirectory::Thin,
        false => CompanionDirectory::Own,
    };
    let own = own_kind.beside(name);
    let own_path = join(&path_of(options, &beside, parent), &own);
    let own = beside.below(&own);
    let root = root_above(options, beside)?;
    let loader_path = root.join(b"loader");
    let loader = told(root.directory.below(b"loader"), &loader_path, on_skip)?;
    let mut found = Vec::new();
    let global = |wanted, found: &mut Vec<_>, on_skip: OnSkip<'_>| -> Result<(), RunError> {
        let Some(loader) = &loader else {
            return Ok(());
        };
        for (kind, name) in CompanionDirectory::GLOBAL {
            if is_thin && kind != CompanionDirectory::Credentials {
                continue;
            }
            // Global addons come before the image's own directory, the other global files
            // after it, which is their order in the initrd.
            if (kind == CompanionDirectory::Addons) == (wanted == CompanionDirectory::Addons) {
                let path = join(&loader_path, name.as_bytes());
                let opened = told(loader.below(name.as_bytes()), &path, on_skip)?;
                collect(kind, opened, &path, &demands, found, on_skip)?;
            }
        }
        Ok(())
    };
    global(CompanionDirectory::Addons, &mut found, &mut *on_skip)?;
    let own = told(own, &own_path, on_skip)?;
    collect(own_kind, own, &own_path, &demands, &mut found, on_skip)?;
    global(CompanionDirectory::Credentials, &mut found, on_skip)?;
    // They go before the files that the user named.
    manifest.companions.splice(0..0, found);
    Ok(())
}

/// The root of an image's file system.
pub(super) struct ImageRoot {
    pub directory: Directory,
    path: Vec<u8>,
}

impl ImageRoot {
    /// Returns the path of a file below it, for messages.
    pub fn join(&self, path: &[u8]) -> Vec<u8> {
        join(&self.path, path)
    }
}

/// Returns the root of the file system that the image is on, or the directory that the
/// options name instead.
///
/// # Errors
/// [`RunError::Open`].
pub(super) fn image_root(options: &LoadOptions<'_>, image: &[u8]) -> Result<ImageRoot, RunError> {
    root_above(options, opened(options, split(image).0)?)
}

fn root_above(options: &LoadOptions<'_>, beside: Directory) -> Result<ImageRoot, RunError> {
    // With options.root, stop at that directory: it may be below a mount's root, and a
    // mount that is attached nowhere has no parents to walk up to.
    let directory = match options.extras_root.or(options.root.map(|_| &b"/"[..])) {
        Some(path) => opened(options, path)?,
        None => beside.root(),
    };
    let path = path_of(options, &directory, b"/");
    Ok(ImageRoot { directory, path })
}

fn opened(options: &LoadOptions<'_>, path: &[u8]) -> Result<Directory, RunError> {
    Directory::open(options.root, path).map_err(|error| RunError::open(path, OpenError::Sys(error)))
}

/// Returns a directory's path for messages; with `options.root`, paths are relative to it.
fn path_of(options: &LoadOptions<'_>, directory: &Directory, else_path: &[u8]) -> Vec<u8> {
    let path = directory.path().filter(|_| options.root.is_none());
    path.unwrap_or_else(|| else_path.to_vec())
}

/// Leaves out the addon that the kernel refused, if it was found and not named by the
/// user. The load may then be tried again.
pub fn leave_out(manifest: &mut Manifest<InputFile>, error: &RunError) -> Option<Skipped> {
    let RunError::Kernel { diagnosis, addon } = error else {
        return None;
    };
    let path = manifest.leave_out((*addon)?)?;
    let why = Refusal::Kernel(diagnosis.cause_text().into());
    Some(Skipped { path, why })
}

/// Splits a path into its directory and its name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else {
        return (b".", path);
    };
    let (directory, name) = path.split_at_checked(slash).unwrap_or((path, b""));
    let directory = if directory.is_empty() {
        b"/"
    } else {
        directory
    };
    (directory, name.get(1..).unwrap_or_default())
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if directory.ends_with(b"/") { b"" } else { b"/" };
    [directory, slash, name].concat()
}

/// Returns the directory, if there is one; if it cannot be opened, reports and skips it.
fn told(
    opened: Result<Option<Directory>, SysError>,
    path: &[u8],
    on_skip: OnSkip<'_>,
) -> Result<Option<Directory>, RunError> {
    opened.or_else(|error| {
        let path = path.to_vec();
        let why = Refusal::Directory(error);
        on_skip(Skipped { path, why }).map(|()| None)
    })
}

/// Opens the files of a directory that go with the image.
fn collect(
    kind: CompanionDirectory,
    opened: Option<Directory>,
    path: &[u8],
    demands: &Demands,
    found: &mut Vec<Companion<InputFile>>,
    on_skip: OnSkip<'_>,
) -> Result<(), RunError> {
    let Some(directory) = opened else {
        return Ok(());
    };
    let mut skip = |name: &[u8], why| {
        let path = join(path, name);
        on_skip(Skipped { path, why })
    };
    let wanted = |name: &[u8]| kind.target(name).is_some();
    let names = match directory.names(b".", abi::ADDONS_MAX, &wanted) {
        Ok(names) => names,
        Err(error) => return skip(b"", Refusal::Directory(error)),
    };
    // Taking some of them would be an arbitrary choice.
    let count = names.len().saturating_add(found.len());
    if count > abi::ADDONS_MAX {
        return Err(RunError::TooManyCompanions { count });
    }
    let choice = companion::choose(kind, names);
    for name in choice.bad_names {
        skip(&name, Refusal::Name)?;
    }
    for pick in choice.picked {
        let name = pick.name.clone();
        match open(&directory, path, pick, Some(demands)) {
            Ok(companion) => found.push(companion),
            Err(why) => skip(name.as_bytes(), why)?,
        }
    }
    Ok(())
}

fn open(
    directory: &Directory,
    path: &[u8],
    pick: Pick,
    demands: Option<&Demands>,
) -> Result<Companion<InputFile>, Refusal> {
    let name = pick.name.as_bytes();
    let file = InputFile::open_at(directory, name).map_err(Refusal::Open)?;
    if file.file_bytes() > FILE_MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let input = Input {
        path: join(path, name),
        file,
    };
    let kind = match pick.target {
        Target::Member(directory) => CompanionKind::Member {
            directory,
            name: pick.name,
        },
        Target::Addon => match demands {
            Some(demands) => CompanionKind::Addon(demands.addon(&input)?),
            None => return Err(Refusal::NeedsUki),
        },
    };
    Ok(Companion {
        input,
        kind,
        was_found: true,
    })
}

impl Demands {
    /// Reads an addon, and refuses one that may not extend this image.
    fn addon(&self, input: &Input<InputFile>) -> Result<Addon, Refusal> {
        let addon = addon::read::<dyn ReadAt>(&input.file).map_err(Refusal::Addon)?;
        let fits = addon.check(self.machine, self.uname.as_deref());
        fits.map_err(Refusal::Addon)?;
        match self.signed_only && !addon.is_signed {
            true => Err(Refusal::Unsigned),
            false => Ok(addon),
        }
    }
}
