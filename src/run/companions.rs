// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Finds the companion files of an image by [`crate::companion`]'s
//! rules, and opens them. What cannot be used is left out and told, as the
//! stub does it.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::{Refusal, Skipped};
use super::inputs::{Companion, Input, describe_addon};
use super::{Inputs, RunError};
use crate::abi;
use crate::companion::{self, Folder, Pick, Target};
use crate::image::detect::Image;
use crate::image::pe::Machine;
use crate::plan::{self, AddonFile, PlanError, Request};
use crate::sys::SysError;
use crate::sys::directory::Directory;
use crate::sys::file::{InputFile, OpenError};

/// The kernel reads no larger file (kernel_read_file_from_fd).
const FILE_MAX_BYTES: u64 = (1 << 31) - 1;
/// How many addons the kernel may refuse before the load fails.
const REFUSALS_MAX: usize = 16;

/// Told what is left out; an error ends the load.
pub type OnSkip<'log> = &'log mut dyn FnMut(Skipped) -> Result<(), RunError>;

/// What the image says of its addons.
struct Host {
    machine: Machine,
    uname: Option<Vec<u8>>,
    /// Whether its addons must be signed.
    signed_only: bool,
}

impl Inputs<'_> {
    /// Adds the files that systemd-stub would find with the image, which was
    /// detected before: those of its own folder, and those of `/loader` on its
    /// file system or below `root`. Other images than UKIs have none. With
    /// `signed_only`, addons without a signature are left out.
    ///
    /// # Errors
    /// [`RunError::Open`] when `root` cannot be opened, [`RunError::Plan`] when
    /// the profile is not there, [`RunError::TooManyAddons`], and what `on_skip`
    /// makes of what is left out.
    pub fn discover(
        &mut self,
        image: &Image,
        profile: u32,
        signed_only: bool,
        root: Option<&[u8]>,
        on_skip: OnSkip<'_>,
    ) -> Result<(), RunError> {
        let Image::Uki { pe, uki } = image else {
            return Ok(());
        };
        let fail = |error: PlanError| RunError::plan(self.image_path(), error);
        let selection = uki.select(profile).map_err(|error| fail(error.into()))?;
        let uname = plan::uname(self.image(), &selection).map_err(|error| fail(error.into()))?;
        let host = Host {
            machine: pe.machine,
            uname,
            signed_only,
        };
        let opened = |path: &[u8]| {
            Directory::open(self.root, path)
                .map_err(|error| RunError::open(path, OpenError::Sys(error)))
        };
        let (parent, name) = split(self.image_path());
        let beside = opened(parent)?;
        let own = companion::own_folder(name);
        // Beneath a root, paths are relative to that.
        let path_of = |directory: &Directory, else_path: &[u8]| {
            let path = directory.path().filter(|_| self.root.is_none());
            path.unwrap_or_else(|| else_path.to_vec())
        };
        let own_path = join(&path_of(&beside, parent), &own);
        let own = beside.below(&own);

        // A folder that paths are beneath need be no file system's root, and
        // one that is mounted nowhere has nothing above it to climb to.
        let root = match root.or(self.root.map(|_| &b"/"[..])) {
            Some(path) => opened(path)?,
            None => beside.root(),
        };
        let root_path = path_of(&root, b"/");
        let loader_path = join(&root_path, b"loader");
        let loader = told(root.below(b"loader"), &loader_path, on_skip)?;
        let mut found = Vec::new();
        let global = |wanted, found: &mut Vec<_>, on_skip: OnSkip<'_>| -> Result<(), RunError> {
            let Some(loader) = &loader else {
                return Ok(());
            };
            for (folder, name) in Folder::GLOBAL {
                // Addons go before the image's own, the others' order is the
                // initrd's.
                if (folder == Folder::Addons) == (wanted == Folder::Addons) {
                    let path = join(&loader_path, name.as_bytes());
                    let opened = told(loader.below(name.as_bytes()), &path, on_skip)?;
                    collect(folder, opened, &path, &host, found, on_skip)?;
                }
            }
            Ok(())
        };
        global(Folder::Addons, &mut found, &mut *on_skip)?;
        let own = told(own, &own_path, on_skip)?;
        collect(Folder::Own, own, &own_path, &host, &mut found, on_skip)?;
        global(Folder::Credentials, &mut found, on_skip)?;
        self.join_found(found);
        Ok(())
    }

    /// Leaves out the addon that the kernel refused, if it was found and not
    /// asked for: then the load may be tried again.
    pub fn leave_out(&mut self, request: &mut Request, error: &RunError) -> Option<Skipped> {
        let RunError::Kernel { diagnosis, addon } = error else {
            return None;
        };
        let number = (*addon)?;
        let path = self.remove_found(number, REFUSALS_MAX)?;
        request.addons = self.addons();
        let why = Refusal::Kernel(diagnosis.cause_text().into());
        Some(Skipped { path, why })
    }
}

/// A path's folder and name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else {
        return (b".", path);
    };
    let (folder, name) = path.split_at_checked(slash).unwrap_or((path, b""));
    let folder = if folder.is_empty() { b"/" } else { folder };
    (folder, name.get(1..).unwrap_or_default())
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if folder.ends_with(b"/") { b"" } else { b"/" };
    [folder, slash, name].concat()
}

/// A folder that is there but cannot be opened is told, and left out.
fn told(
    folder: Result<Option<Directory>, SysError>,
    path: &[u8],
    on_skip: OnSkip<'_>,
) -> Result<Option<Directory>, RunError> {
    folder.or_else(|error| {
        let path = path.to_vec();
        let why = Refusal::Folder(error);
        on_skip(Skipped { path, why }).map(|()| None)
    })
}

/// Opens what a folder holds for the image.
fn collect(
    folder: Folder,
    opened: Option<Directory>,
    path: &[u8],
    host: &Host,
    found: &mut Vec<Companion<'_>>,
    on_skip: OnSkip<'_>,
) -> Result<(), RunError> {
    let Some(directory) = opened else {
        return Ok(());
    };
    let mut skip = |name: &[u8], why| {
        let path = join(path, name);
        on_skip(Skipped { path, why })
    };
    let wanted = |name: &[u8]| folder.target(name).is_some();
    let names = match directory.names(b".", abi::ADDONS_MAX, &wanted) {
        Ok(names) => names,
        Err(error) => return skip(b"", Refusal::Folder(error)),
    };
    // A part of them would be an arbitrary one.
    let count = names.len().saturating_add(found.len());
    if count > abi::ADDONS_MAX {
        return Err(RunError::TooManyAddons { count });
    }
    let choice = companion::choose(folder, names);
    for name in choice.bad_names {
        skip(&name, Refusal::Name)?;
    }
    for pick in choice.picked {
        let name = pick.name.clone();
        match open(&directory, path, pick, host) {
            Ok(companion) => found.push(companion),
            Err(why) => skip(name.as_bytes(), why)?,
        }
    }
    Ok(())
}

fn open(
    directory: &Directory,
    folder: &[u8],
    pick: Pick,
    host: &Host,
) -> Result<Companion<'static>, Refusal> {
    let name = pick.name.as_bytes();
    let file = InputFile::open_at(directory, name).map_err(Refusal::Open)?;
    let bytes = crate::source::ReadAt::file_bytes(&file);
    if bytes > FILE_MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let input = Input {
        path: Cow::Owned(join(folder, name)),
        file,
    };
    let file = match pick.target {
        Target::Member(directory) => AddonFile::Member {
            directory,
            name: pick.name,
            bytes,
        },
        Target::Addon => AddonFile::Pe(describe_addon(&input).map_err(Refusal::Addon)?),
    };
    if let AddonFile::Pe(addon) = &file {
        let fits = addon.check(host.machine, host.uname.as_deref());
        fits.map_err(|error| {
            let error = PlanError::Addon { source: 0, error };
            Refusal::Addon(RunError::plan(&input.path, error))
        })?;
        if host.signed_only && !addon.is_signed {
            return Err(Refusal::Unsigned);
        }
    }
    Ok(Companion {
        input,
        file,
        was_found: true,
    })
}
