// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The open input files of a load: the image, the user's initrds and
//! the addons, in the order of the plan's source indices.

use alloc::vec::Vec;

use super::RunError;
use crate::abi;
use crate::facts::Facts;
use crate::image::addon;
use crate::image::detect::{self, Image};
use crate::image::source::ReadAt;
use crate::initrd::extra::ExtraDirectory;
use crate::plan::{self, AddonFile, IMAGE, Plan, PlanError, Request};
use crate::sys::Fd;
use crate::sys::file::{self, InputFile};

/// One open file and its path as the user gave it.
pub struct Input<'arg> {
    pub path: &'arg [u8],
    pub file: InputFile,
}

/// All open files.
pub struct Inputs<'arg> {
    /// What paths are relative to; `None` for the working directory.
    root: Option<Fd<'arg>>,
    image: Input<'arg>,
    initrds: Vec<Input<'arg>>,
    addons: Vec<Input<'arg>>,
}

fn open<'arg>(root: Option<Fd<'_>>, path: &'arg [u8]) -> Result<Input<'arg>, RunError> {
    let file = InputFile::open(root, path).map_err(|error| RunError::open(path, error))?;
    Ok(Input { path, file })
}

impl<'arg> Inputs<'arg> {
    /// Opens the image and what goes with it, beneath `root` if there is one.
    ///
    /// # Errors
    /// [`RunError::Open`] for the first that cannot be used; an initrd of no
    /// bytes is refused as well, because it is a mistake.
    pub fn open(
        root: Option<Fd<'arg>>,
        image: &'arg [u8],
        initrds: &[&'arg [u8]],
        addons: &[&'arg [u8]],
    ) -> Result<Inputs<'arg>, RunError> {
        let open_all = |paths: &[&'arg [u8]]| -> Result<Vec<Input<'arg>>, RunError> {
            paths.iter().map(|path| open(root, path)).collect()
        };
        let inputs = Inputs {
            root,
            image: open(root, image)?,
            initrds: open_all(initrds)?,
            addons: open_all(addons)?,
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
    pub fn image_path(&self) -> &'arg [u8] {
        self.image.path
    }

    fn all(&self) -> impl Iterator<Item = &Input<'arg>> {
        let image = core::iter::once(&self.image);
        image.chain(&self.initrds).chain(&self.addons)
    }

    /// The file behind a [`plan`] source index; `None` only when the plan was
    /// made for other inputs.
    #[must_use]
    pub fn get(&self, source: u32) -> Option<&Input<'arg>> {
        self.all().nth(usize::try_from(source).ok()?)
    }

    /// The path behind a [`plan`] source index.
    #[must_use]
    pub fn path(&self, source: u32) -> &'arg [u8] {
        self.get(source).map_or(&b""[..], |input| input.path)
    }

    /// Sizes of the user's initrds.
    #[must_use]
    pub fn initrd_bytes(&self) -> Vec<u64> {
        let initrds = self.initrds.iter();
        initrds.map(|input| input.file.file_bytes()).collect()
    }

    /// What the addons are: PE addons by their content, companion files by
    /// their names.
    ///
    /// # Errors
    /// [`RunError::Image`], [`RunError::Plan`] for a PE that is no addon, and
    /// [`RunError::AddonName`].
    pub fn addons(&self) -> Result<Vec<AddonFile>, RunError> {
        let first = Request::initrd_source(u32::try_from(self.initrds.len()).unwrap_or(u32::MAX));
        let addons = (first..).zip(&self.addons);
        addons
            .map(|(source, input)| describe_addon(source, input))
            .collect()
    }

    /// The addons as the module takes them: absolute paths.
    ///
    /// # Errors
    /// [`RunError::AddonPath`], [`RunError::TooManyAddons`].
    pub fn abi_addons(&self, files: &[AddonFile]) -> Result<Vec<abi::Addon>, RunError> {
        if files.len() > abi::ADDONS_MAX {
            return Err(RunError::TooManyAddons { count: files.len() });
        }
        self.addons
            .iter()
            .zip(files)
            .map(|(input, file)| {
                let dst_dir = match file {
                    AddonFile::Pe(_) => "",
                    AddonFile::Member { directory, .. } => directory.path,
                };
                let path = file::absolute(self.root, input.path)?;
                abi::Addon::new(dst_dir.as_bytes(), &path).ok_or_else(|| RunError::AddonPath {
                    path: input.path.to_vec(),
                })
            })
            .collect()
    }

    /// Recognises the image and reads its headers.
    ///
    /// # Errors
    /// [`RunError::Image`].
    pub fn detect(&self) -> Result<Image, RunError> {
        detect_input(&self.image)
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
    detect::detect::<dyn ReadAt>(&input.file).map_err(|error| RunError::Image {
        path: input.path.to_vec(),
        error,
    })
}

fn describe_addon(source: u32, input: &Input<'_>) -> Result<AddonFile, RunError> {
    let name = input.path.rsplit(|byte| *byte == b'/').next();
    let name = name.unwrap_or_default();
    if let Some(directory) = ExtraDirectory::of(name) {
        let Ok(name) = core::str::from_utf8(name) else {
            return Err(RunError::AddonName {
                path: input.path.to_vec(),
            });
        };
        return Ok(AddonFile::Member {
            directory,
            name: name.into(),
            bytes: input.file.file_bytes(),
        });
    }
    let image = detect_input(input)?;
    addon::open::<dyn ReadAt>(&input.file, &image)
        .map(AddonFile::Pe)
        .map_err(|error| RunError::plan(input.path, PlanError::Addon { source, error }))
}

/// [`IMAGE`] is the first of [`Inputs::all`].
const _: () = assert!(IMAGE == 0);
