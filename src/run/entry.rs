// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads one boot entry, and looks whether the files that it names could be loaded.
//! Layer: effects.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::options::LoadOptions;
use super::seen::Seen;
use super::text::{self, read_text, unusable};
use super::volume::BootPlace;
use super::{RunError, manifest, prepared, thin};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::errno::Errno;
use crate::formats::archive::Depth;
use crate::formats::entries::error::{EntryError, shown};
use crate::formats::entries::grubenv::Grubenv;
use crate::formats::entries::type1::{EntryKind, Type1};
use crate::formats::image::detect::{Image, detect};
use crate::formats::image::uki::{SectionKind, Uki};
use crate::formats::image::{env_file, osrel, profile as profile_text};
use crate::formats::source::{InputId, ReadAt};
use crate::host::Host;
use crate::policy::boot::entry::{Entry, Kind};
use crate::policy::boot::error::Problem;
use crate::policy::explain::Rule;
use crate::policy::plan::{Manifest, Options, PlanError, Profile};
use crate::sys::AsFd;
use crate::sys::directory::Directory;
use crate::sys::file::{InputFile, OpenError};

/// Limit on the profiles of an image: systemd-boot shows no more.
const PROFILES_MAX: u32 = 256;

/// Returns the options to load an image of a place.
#[must_use]
pub fn options<'a>(place: BootPlace<'a>, common: LoadOptions<'a>) -> LoadOptions<'a> {
    LoadOptions {
        root: Some(place.volume.root.as_fd()),
        extras_root: place.extras_root(),
        ..common
    }
}

/// Reads and parses a type 1 entry, with grub's variables.
///
/// # Errors
/// The problem of the entry's file. A problem in its text is in the returned value.
pub fn type1(
    place: BootPlace<'_>,
    file_name: &[u8],
    machine: &str,
    variables: Option<&Grubenv>,
) -> Result<Type1, Problem> {
    let root = &place.volume.root;
    let text = read_text(root, &place.path_of(Kind::Type1, file_name))?;
    let mut entry = Type1::parse(&text, machine, variables);
    let find = place.finder(&entry.image);
    // No boot loader finds it there: the path is for where the partition is mounted.
    let is_partition = place.boot.is_empty() && !place.volume.disks.is_empty();
    entry.is_misplaced = is_partition && find(&entry.image) != entry.image;
    let is_empty = |path: &[u8]| root.file_bytes(&find(path)) == Some(0);
    let is_uki = is_uki(root, &find(&entry.image));
    entry.choose_initrds(is_uki, is_empty);
    if !is_uki {
        entry.take_default_options(variables);
    }
    let early = variables.and_then(|variables| variables.set(b"early_initrd"));
    if let Some(names) = early.filter(|_| entry.kind == Some(EntryKind::Linux)) {
        let has_bytes = |path: &[u8]| root.file_bytes(&find(path)).is_some_and(|bytes| bytes > 0);
        entry.take_early(names, &has_bytes);
    }
    for path in entry.files() {
        *path = find(path);
    }
    Ok(entry)
}

fn is_uki(root: &Directory, path: &[u8]) -> bool {
    let Ok(file) = InputFile::open(Some(root.as_fd()), path) else {
        return false;
    };
    matches!(detect::<dyn ReadAt>(&file), Ok(Image::Uki { .. }))
}

/// Returns whether nothing has this path.
#[must_use]
pub fn is_absent(root: &Directory, path: &[u8]) -> bool {
    matches!(not_a_file(root, path), Some(Problem::Missing(_)))
}

/// Returns the reason why a path cannot be opened; `None` for a file.
fn not_a_file(root: &Directory, path: &[u8]) -> Option<Problem> {
    if root.has_file(path) {
        return None;
    }
    // A name that is too long is nobody's.
    let is_absent = |errno: Errno| errno.is_absent() || errno == Errno::ENAMETOOLONG;
    match InputFile::open(Some(root.as_fd()), path).err()? {
        OpenError::Sys(error) if is_absent(error.errno) => Some(Problem::Missing(shown(path))),
        error => Some(unusable(&RunError::open(path, error))),
    }
}

/// Returns the profile that a type 1 entry names, except in its options.
#[must_use]
pub fn profile(text: &Type1) -> Profile {
    match text.profile {
        0 => Profile::First,
        number => Profile::Number(number),
    }
}

/// Looks at the files that a type 1 entry names, unless its text has a problem already. Returns
/// a reason to doubt that it can boot.
///
/// # Errors
/// The first problem of its files.
pub fn check_files(
    place: BootPlace<'_>,
    text: &Type1,
    host: &Host,
    seen: &Seen,
) -> Result<Option<Problem>, Problem> {
    if text.problem.is_some() {
        return Ok(None);
    }
    let root = &place.volume.root;
    let mut files = core::iter::once(&text.image).chain(&text.initrds);
    if let Some(problem) = files.find_map(|path| not_a_file(root, path)) {
        return Err(problem);
    }
    let image = LoadOptions {
        image: &text.image,
        initrds: text.initrds.iter().map(Vec::as_slice).collect(),
        seen: Some(seen),
        wanted: Options {
            entry_words: text.options.clone(),
            profile: profile(text),
            ..Options::default()
        },
        ..options(place, LoadOptions::default())
    };
    let mut manifest = match manifest::open(&image) {
        Ok(manifest) => manifest,
        Err(error) => return Err(problem_of(&error)),
    };
    let refused = || refused(&manifest.detected, text).map(Problem::Enforce);
    let refused = host.enforces().then(refused).flatten();
    match refused {
        Some(problem) => Err(problem),
        None => planned(&image, &mut manifest, host),
    }
}

/// Returns the rule of enforce that a type 1 entry breaks.
fn refused(image: &Image, text: &Type1) -> Option<Rule> {
    match image {
        Image::Uki { .. } if image.is_signed() => Rule::broken_by(text),
        Image::Uki { .. } => Some(Rule::Signed),
        _ => Some(Rule::Uki),
    }
}

/// Plans the load of an image. Returns the reason why this machine would refuse it; another
/// image may be a better one.
///
/// # Errors
/// The reason why the image cannot be planned. What depends on the module only is left to the
/// load, which says more about it.
fn planned(
    image: &LoadOptions<'_>,
    manifest: &mut Manifest<InputFile>,
    host: &Host,
) -> Result<Option<Problem>, Problem> {
    if let Some(problem) = thin::problem(manifest, image, host) {
        return Err(problem);
    }
    let is_uki = matches!(manifest.detected, Image::Uki { .. });
    match prepared::plan(image, manifest, host, Some(Depth::Glance)) {
        Ok(plan) => {
            let blocker = plan.image_blocker(&image.wanted, manifest, host);
            Ok(blocker.as_ref().map(text::refused))
        }
        Err(RunError::Plan { error, .. })
            if is_uki && matches!(*error, PlanError::NoHandshake(_)) =>
        {
            Ok(None)
        }
        Err(error) => Err(problem_of(&error)),
    }
}

/// Converts an error of a file.
pub fn problem_of(error: &RunError) -> Problem {
    match error {
        RunError::Image { error, .. } => unusable(error),
        // The entry shows the image's path already.
        RunError::Plan { error, .. } if error.source() == InputId::IMAGE => unusable(&**error),
        error => unusable(error),
    }
}

/// Returns the entries of a UKI, one for each profile.
#[inline(never)]
pub fn profiles(
    place: BootPlace<'_>,
    entry: &Entry,
    host: &Host,
    seen: &Seen,
) -> Result<Vec<Entry>, Problem> {
    let path = place.path_of(entry.kind, &entry.file_name);
    let options = LoadOptions {
        image: &path,
        seen: Some(seen),
        ..options(place, LoadOptions::default())
    };
    let mut manifest = manifest::open(&options).map_err(|error| problem_of(&error))?;
    let image = &manifest.detected;
    let Image::Uki { pe, uki, .. } = image else {
        let what = ["not a UKI, but ", image.kind_name()].concat();
        return Err(Problem::File(Diagnosis::bad_image(&what)));
    };
    if !pe.machine.runs_on(&host.machine) {
        let machine = pe.machine.to_string().into_bytes();
        return Err(Problem::Entry(EntryError::Architecture(machine)));
    }
    if host.enforces() && !image.is_signed() {
        return Err(Problem::Enforce(Rule::Signed));
    }
    let mut entries = Vec::new();
    for number in 0..uki.profile_count().clamp(1, PROFILES_MAX) {
        entries.push(of_profile(&manifest.image.file, entry, uki, number)?);
    }
    for entry in &mut entries {
        manifest.profile = entry.profile;
        match planned(&options, &mut manifest, host) {
            Ok(doubt) => entry.doubt = doubt,
            Err(problem) => entry.problem = Some(problem),
        }
    }
    Ok(entries)
}

fn of_profile(file: &dyn ReadAt, entry: &Entry, uki: &Uki, number: u32) -> Result<Entry, Problem> {
    let selection = uki.select(number).map_err(|error| unusable(&error))?;
    let text = |kind| match selection.get(kind) {
        Some(slice) => env_file::read(file, slice).map_err(|error| unusable(&error)),
        None => Ok(Vec::new()),
    };
    let system = osrel::parse(&text(SectionKind::Osrel)?);
    let own = profile_text::parse(&text(SectionKind::Profile)?);
    Ok(entry.of_profile(&system, number, &own))
}
