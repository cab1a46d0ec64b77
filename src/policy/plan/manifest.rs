// SPDX-License-Identifier: GPL-2.0-or-later
//! The open files of a load: the image, the user's initrds, and the companion files. Only
//! this file knows which number each of them has. Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Options, PlanError, Profile};
use crate::formats::image::addon::Addon;
use crate::formats::image::detect::Image;
use crate::formats::image::profile;
use crate::formats::initrd::extra::ExtraDirectory;
use crate::formats::source::{InputId, ReadAt};

/// One open file.
pub struct Input<F> {
    /// The path as the user gave it, or as it was found.
    pub path: Vec<u8>,
    pub file: F,
}

/// A file that extends the image.
pub struct Companion<F> {
    pub input: Input<F>,
    pub kind: CompanionKind,
    /// True when it was found by search, not named by the user.
    pub was_found: bool,
}

/// The use of a companion file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CompanionKind {
    /// A PE addon, which adds to the command line and the initrd.
    Addon(Addon),
    /// A file that goes below /.extra as it is.
    Member {
        directory: &'static ExtraDirectory,
        name: String,
    },
}

/// The files of a thin image.
pub struct ThinFiles<F> {
    pub kernel: Input<F>,
    pub initrd: Input<F>,
}

/// All open files of a load.
pub struct Manifest<F> {
    pub image: Input<F>,
    /// The recognised image, with its headers.
    pub detected: Image,
    /// The UKI's profile, from 0.
    pub profile: u32,
    pub initrds: Vec<Input<F>>,
    /// In the order of their directories: the ones for all images, the image's own, then
    /// files that the user named.
    pub companions: Vec<Companion<F>>,
    /// The files that the image names, if it is a thin one.
    pub thin: Option<ThinFiles<F>>,
}

impl<F> Manifest<F> {
    /// Returns all files in the order of their numbers.
    pub fn inputs(&self) -> impl Iterator<Item = &Input<F>> {
        let companions = self.companions.iter().map(|companion| &companion.input);
        let image = core::iter::once(&self.image);
        let thin = self.thin.iter();
        let thin = thin.flat_map(|files| [&files.kernel, &files.initrd]);
        image.chain(&self.initrds).chain(companions).chain(thin)
    }

    /// Returns the file with this number; `None` for a number of another manifest.
    #[must_use]
    pub fn get(&self, id: InputId) -> Option<&Input<F>> {
        self.inputs().nth(usize::try_from(id.0).ok()?)
    }

    /// Returns the path of the file with this number.
    #[must_use]
    pub fn path(&self, id: InputId) -> &[u8] {
        self.get(id).map_or(&b""[..], |input| &input.path)
    }

    /// Returns the user's initrds with their numbers.
    pub fn initrds(&self) -> impl Iterator<Item = (InputId, &Input<F>)> {
        (1..).map(InputId).zip(&self.initrds)
    }

    /// Returns the companion files with their numbers.
    pub fn companions(&self) -> impl DoubleEndedIterator<Item = (InputId, &Companion<F>)> {
        let before = number(self.initrds.len()).saturating_add(1);
        let all = self.companions.iter().enumerate();
        all.map(move |(index, companion)| {
            let id = InputId(before.saturating_add(number(index)));
            (id, companion)
        })
    }

    /// Returns the kernel and the initrd of a thin image with their numbers.
    #[must_use]
    pub fn thin(&self) -> Option<[(InputId, &Input<F>); 2]> {
        let files = self.thin.as_ref()?;
        let before = self.initrds.len().saturating_add(self.companions.len());
        let kernel = number(before).saturating_add(1);
        Some([
            (InputId(kernel), &files.kernel),
            (InputId(kernel.saturating_add(1)), &files.initrd),
        ])
    }

    /// Returns the PE addons with their numbers.
    pub fn addons(&self) -> impl DoubleEndedIterator<Item = (InputId, &Addon)> {
        self.companions()
            .filter_map(|(id, companion)| match &companion.kind {
                CompanionKind::Addon(addon) => Some((id, addon)),
                CompanionKind::Member { .. } => None,
            })
    }

    /// Leaves out a companion file that was found, and returns its path. Returns `None`
    /// for one that the user named.
    pub fn leave_out(&mut self, id: InputId) -> Option<Vec<u8>> {
        let mut numbered = self.companions();
        let at = numbered.position(|(own, companion)| own == id && companion.was_found)?;
        drop(numbered);
        Some(self.companions.remove(at).input.path)
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Returns the number of the profile that the options name in `image`, which was detected
/// in `source`: by `--profile`, or at the beginning of the words for a UKI.
///
/// # Errors
/// [`PlanError::NoProfile`] when no profile has that ID. A number is not checked.
pub fn profile_number(
    source: &dyn ReadAt,
    image: &Image,
    options: &Options,
) -> Result<u32, PlanError> {
    let is_uki = matches!(image, Image::Uki { .. });
    let in_words = options.profile_in_words().filter(|_| is_uki);
    let name = match (&options.profile, in_words) {
        (Profile::First, None) => return Ok(0),
        (Profile::Number(number), _) => return Ok(*number),
        (Profile::First, Some(name)) => String::from_utf8_lossy(name),
        (Profile::Named(name), _) => String::from_utf8_lossy(name),
    };
    let found = match image {
        Image::Uki { uki, .. } => profile::find(source, uki, &name)?,
        _ => None,
    };
    found.ok_or_else(|| PlanError::NoProfile {
        wanted: name.into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::image::build;
    use crate::policy::plan::build::{TestFile, manifest};

    #[test]
    fn files_are_numbered_image_initrds_companions() {
        let image = build::uki();
        let directory = ExtraDirectory::all().next().unwrap();
        let member = |name: &str| CompanionKind::Member {
            directory,
            name: name.into(),
        };
        let mut manifest = manifest(&image)
            .with_initrds(&[10, 11])
            .with_companion(member("a"), 12)
            .with_companion(member("b"), 13);
        manifest.companions[1].was_found = false;
        for (input, path) in (0..).zip(manifest.inputs().map(|input| &input.file)) {
            let id = InputId(input);
            let found = &manifest.get(id).unwrap().file;
            assert_eq!(found.file_bytes(), path.file_bytes());
        }
        let bytes = |id: u32| {
            manifest
                .get(InputId(id))
                .map(|input| input.file.file_bytes())
        };
        assert_eq!(bytes(2), Some(11));
        assert_eq!(bytes(5), None);
        let initrds: Vec<u32> = manifest.initrds().map(|(id, _)| id.0).collect();
        assert_eq!(initrds, [1, 2]);
        let companions: Vec<u32> = manifest.companions().map(|(id, _)| id.0).collect();
        assert_eq!(companions, [3, 4]);
        let last = manifest.companions().next_back().unwrap();
        let TestFile::Size(13) = last.1.input.file else {
            panic!("not the last one");
        };
        // Files that the user named stay; the other numbers are not a companion's.
        for kept in [0, 2, 4, 5] {
            assert_eq!(manifest.leave_out(InputId(kept)), None, "{kept}");
        }
        assert!(manifest.leave_out(InputId(3)).is_some());
        assert_eq!(manifest.companions.len(), 1);
    }

    #[test]
    fn a_profile_is_named_by_its_id_or_its_number() {
        let kernel = build::bzimage();
        let image = build::pe(&[
            (".linux", &kernel),
            (".profile", b"ID=main\n"),
            (".profile", b"ID=rescue\n"),
        ]);
        let number = |image: &[u8], wanted| {
            let kind = manifest(image).detected;
            let options = Options {
                profile: wanted,
                ..Options::default()
            };
            profile_number(&TestFile::Bytes(image), &kind, &options)
        };
        let named = |name: &str| Profile::Named(name.into());
        for (wanted, expected) in [
            (Profile::First, Ok(0)),
            (Profile::Number(7), Ok(7)),
            (named("rescue"), Ok(1)),
            (named("1"), Ok(1)),
            (
                named("none"),
                Err(PlanError::NoProfile {
                    wanted: "none".into(),
                }),
            ),
        ] {
            assert_eq!(number(&image, wanted), expected);
        }
        // Only what could control a terminal is escaped.
        let shown = |name| number(&image, named(name)).unwrap_err().to_string();
        assert_eq!(shown("gr\u{fc}n\x1b"), "no profile gr\u{fc}n\\u{1b}");
        // A bare kernel has no profiles.
        assert_eq!(number(&kernel, Profile::First), Ok(0));
        assert!(number(&kernel, named("main")).is_err());
    }
}
