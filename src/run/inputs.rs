// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The open input files of a load: the image, the user's initrds and
//! the addons, in the order of the plan's source indices.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::RunError;
use crate::abi;
use crate::facts::Facts;
use crate::image::addon::{self, Addon};
use crate::image::detect::{self, Image};
use crate::image::error::ImageError;
use crate::image::profile;
use crate::image::revocation::Revoked;
use crate::initrd::extra::ExtraDirectory;
use crate::plan::{self, AddonFile, IMAGE, Plan, PlanError, Request};
use crate::source::ReadAt;
use crate::sys::file::{self, InputFile};
use crate::sys::{Fd, efivar};

/// One open file and its path as the user gave it, or as it was found.
pub struct Input<'arg> {
    pub path: Cow<'arg, [u8]>,
    pub file: InputFile,
}

/// A file that extends the image.
pub struct Companion<'arg> {
    pub input: Input<'arg>,
    pub file: AddonFile,
    /// By itself; the user did not name it.
    pub was_found: bool,
}

/// All open files.
pub struct Inputs<'arg> {
    /// What paths are relative to; `None` for the working directory.
    pub(super) root: Option<Fd<'arg>>,
    image: Input<'arg>,
    initrds: Vec<Input<'arg>>,
    addons: Vec<Companion<'arg>>,
    /// Addons that were found and then refused by the kernel.
    refused: usize,
}

fn open<'arg>(root: Option<Fd<'_>>, path: &'arg [u8]) -> Result<Input<'arg>, RunError> {
    let file = InputFile::open(root, path).map_err(|error| RunError::open(path, error))?;
    let path = Cow::Borrowed(path);
    Ok(Input { path, file })
}

impl<'arg> Inputs<'arg> {
    /// Opens the image and what goes with it, beneath `root` if there is one.
    ///
    /// # Errors
    /// [`RunError::Open`] for the first that cannot be used; an initrd of no
    /// bytes is refused as well, because it is a mistake. For addons
    /// [`RunError::Image`], [`RunError::Plan`] and [`RunError::AddonName`].
    pub fn open(
        root: Option<Fd<'arg>>,
        image: &'arg [u8],
        initrds: &[&'arg [u8]],
        addons: &[&'arg [u8]],
    ) -> Result<Inputs<'arg>, RunError> {
        let open_all = |paths: &[&'arg [u8]]| -> Result<Vec<Input<'arg>>, RunError> {
            paths.iter().map(|path| open(root, path)).collect()
        };
        let image = open(root, image)?;
        let initrds = open_all(initrds)?;
        let addons = open_all(addons)?.into_iter().map(describe);
        let inputs = Inputs {
            root,
            image,
            initrds,
            addons: addons.collect::<Result<_, _>>()?,
            refused: 0,
        };
        let mut empty = inputs.initrds.iter();
        match empty.find(|input| input.file.file_bytes() == 0) {
            Some(input) => Err(RunError::EmptyInitrd {
                path: input.path.to_vec(),
            }),
            None => Ok(inputs),
        }
    }

    /// The image's file.
    #[must_use]
    pub fn image(&self) -> &InputFile {
        &self.image.file
    }

    /// The image's path, as the user gave it.
    #[must_use]
    pub fn image_path(&self) -> &[u8] {
        &self.image.path
    }

    fn all(&self) -> impl Iterator<Item = &Input<'arg>> {
        let image = core::iter::once(&self.image);
        let addons = self.addons.iter().map(|addon| &addon.input);
        image.chain(&self.initrds).chain(addons)
    }

    /// The file behind a [`plan`] source index; `None` only when the plan was
    /// made for other inputs.
    #[must_use]
    pub fn get(&self, source: u32) -> Option<&Input<'arg>> {
        self.all().nth(usize::try_from(source).ok()?)
    }

    /// The path behind a [`plan`] source index.
    #[must_use]
    pub fn path(&self, source: u32) -> &[u8] {
        self.get(source).map_or(&b""[..], |input| &input.path)
    }

    /// Sizes of the user's initrds.
    #[must_use]
    pub fn initrd_bytes(&self) -> Vec<u64> {
        let initrds = self.initrds.iter();
        initrds.map(|input| input.file.file_bytes()).collect()
    }

    /// What the addons are, in the order of the plan's sources.
    #[must_use]
    pub fn addons(&self) -> Vec<AddonFile> {
        self.addons.iter().map(|addon| addon.file.clone()).collect()
    }

    /// Puts what was found before what the user named.
    pub(super) fn join_found(&mut self, found: Vec<Companion<'arg>>) {
        self.addons.splice(0..0, found);
    }

    /// Drops a file that was found, and returns its path. `None` for one that
    /// the user named, and when `max` were dropped before.
    pub(super) fn remove_found(&mut self, number: usize, max: usize) -> Option<Vec<u8>> {
        if self.refused >= max || !self.addons.get(number)?.was_found {
            return None;
        }
        self.refused = self.refused.saturating_add(1);
        Some(self.addons.remove(number).input.path.into_owned())
    }

    /// The numbers of the addons in the order in which the module takes them:
    /// files directory by directory, then PE addons.
    ///
    /// # Errors
    /// [`RunError::TooManyAddons`]
    pub(super) fn abi_order(&self) -> Result<Vec<usize>, RunError> {
        let count = self.addons.len();
        if count > abi::ADDONS_MAX {
            return Err(RunError::TooManyAddons { count });
        }
        let directory = |addon: &Companion<'_>| match addon.file {
            AddonFile::Pe(_) => None,
            AddonFile::Member { directory, .. } => Some(directory),
        };
        let mut order = Vec::with_capacity(count);
        for wanted in ExtraDirectory::all().map(Some).chain([None]) {
            let numbered = self.addons.iter().enumerate();
            let fitting = numbered.filter(|(_, addon)| directory(addon) == wanted);
            order.extend(fitting.map(|(number, _)| number));
        }
        Ok(order)
    }

    /// An addon as the module takes it: by its absolute path.
    ///
    /// # Errors
    /// [`RunError::AddonPath`], [`RunError::NoSuchInput`].
    pub(super) fn abi_addon(&self, number: usize) -> Result<abi::Addon, RunError> {
        let Companion { input, file, .. } = self.addons.get(number).ok_or(RunError::NoSuchInput)?;
        let dst_dir = match file {
            AddonFile::Pe(_) => "",
            AddonFile::Member { directory, .. } => directory.path,
        };
        let path = file::absolute(self.root, &input.path)?;
        abi::Addon::new(dst_dir.as_bytes(), &path).ok_or_else(|| RunError::AddonPath {
            path: input.path.to_vec(),
        })
    }

    /// Recognises the image and reads its headers.
    ///
    /// # Errors
    /// [`RunError::Image`].
    pub fn detect(&self) -> Result<Image, RunError> {
        detect_input(&self.image)
    }

    /// The number of the profile that the user named; 0 when none was named.
    ///
    /// # Errors
    /// [`RunError::Plan`] when no profile has that ID.
    pub fn profile(&self, image: &Image, wanted: Option<&[u8]>) -> Result<u32, RunError> {
        let Some(wanted) = wanted else {
            return Ok(0);
        };
        let wanted = String::from_utf8_lossy(wanted);
        let fail = |error| RunError::plan(self.image_path(), error);
        let found = match image {
            Image::Uki { uki, .. } => profile::find::<dyn ReadAt>(self.image(), uki, &wanted)
                .map_err(|error| fail(error.into()))?,
            _ => None,
        };
        found.ok_or_else(|| {
            fail(PlanError::NoProfile {
                wanted: wanted.into_owned(),
            })
        })
    }

    /// Tells of the image and the PE addons that the firmware has revoked, and why.
    pub fn revoked(&self, on_found: &mut dyn FnMut(&[u8], Revoked<'_>)) {
        let revocations = efivar::revocations();
        for input in self.all() {
            if let Ok(image) = detect_input(input)
                && let Some(pe) = image.pe()
            {
                let mut on_found = |revoked: Revoked<'_>| on_found(&input.path, revoked);
                revocations.check::<dyn ReadAt>(&input.file, pe, &mut on_found);
            }
        }
    }

    /// Plans the load of the detected image.
    ///
    /// # Errors
    /// [`RunError::Plan`].
    pub fn plan(&self, image: &Image, request: &Request, facts: &Facts) -> Result<Plan, RunError> {
        plan::plan::<dyn ReadAt>(self.image(), image, request, facts).map_err(|error| {
            let at_fault = match error {
                PlanError::Addon { source, .. } => source,
                _ => IMAGE,
            };
            RunError::plan(self.path(at_fault), error)
        })
    }

    /// Whether an input file's size changed since it was opened; this explains
    /// failures that would otherwise be blamed on something else.
    pub(super) fn changed(&self) -> Option<RunError> {
        self.all().find_map(|input| {
            let now_bytes = input.file.bytes_now().ok()?;
            let opened_bytes = input.file.file_bytes();
            (now_bytes != opened_bytes).then(|| RunError::FileChanged {
                path: input.path.to_vec(),
                opened_bytes,
                now_bytes,
            })
        })
    }
}

fn detect_input(input: &Input<'_>) -> Result<Image, RunError> {
    detect::detect::<dyn ReadAt>(&input.file).map_err(bad(input))
}

fn bad(input: &Input<'_>) -> impl Fn(ImageError) -> RunError {
    |error| RunError::Image {
        path: input.path.to_vec(),
        error,
    }
}

/// What the user named: a PE addon by its content, another file by its name.
fn describe(input: Input<'_>) -> Result<Companion<'_>, RunError> {
    let name = input.path.rsplit(|byte| *byte == b'/').next();
    let name = name.unwrap_or_default();
    let file = match ExtraDirectory::of(name, false) {
        None => AddonFile::Pe(describe_addon(&input)?),
        Some(directory) => match core::str::from_utf8(name) {
            Ok(name) => AddonFile::Member {
                directory,
                name: name.into(),
                bytes: input.file.file_bytes(),
            },
            Err(_) => {
                return Err(RunError::AddonName {
                    path: input.path.into_owned(),
                });
            }
        },
    };
    Ok(Companion {
        input,
        file,
        was_found: false,
    })
}

/// # Errors
/// [`RunError::Image`], and [`RunError::Plan`] for a PE that is no addon.
pub(super) fn describe_addon(input: &Input<'_>) -> Result<Addon, RunError> {
    let image = detect_input(input)?;
    image.check_certificates().map_err(bad(input))?;
    addon::open::<dyn ReadAt>(&input.file, &image).map_err(|error| {
        RunError::plan(
            &input.path,
            PlanError::Addon {
                source: IMAGE,
                error,
            },
        )
    })
}

/// [`IMAGE`] is the first of [`Inputs::all`].
const _: () = assert!(IMAGE == 0);
