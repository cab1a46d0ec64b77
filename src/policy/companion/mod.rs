// SPDX-License-Identifier: GPL-2.0-or-later
//! Choice of the files that go with an image, by systemd-stub's rules: names in, a sorted
//! choice out. Layer: pure.
//!
//! Spec: systemd-stub(7); its src/boot/cpio.c, stub.c and util.c for what the man page
//! leaves open. `run::companions` lists the directories and opens the files.

use alloc::string::String;
use alloc::vec::Vec;

use crate::formats::initrd::extra::{ExtraDirectory, has_suffix};

/// A directory in which companion files are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompanionDirectory {
    /// `NAME.efi.extra.d` beside the image.
    Own,
    /// `NAME.efi.extra` beside a thin image, which lanzaboote's stub reads instead.
    Thin,
    /// `/loader/addons` on the image's file system; the next two are beside it.
    Addons,
    Credentials,
    Extensions,
}

impl CompanionDirectory {
    /// The directories that serve all images, with their names below `/loader`.
    pub const GLOBAL: [(CompanionDirectory, &str); 3] = [
        (CompanionDirectory::Addons, "addons"),
        (CompanionDirectory::Credentials, "credentials"),
        (CompanionDirectory::Extensions, "extensions"),
    ];

    /// Returns the name of an image's own directory.
    #[must_use]
    pub fn beside(self, image_name: &[u8]) -> Vec<u8> {
        match self {
            CompanionDirectory::Thin => [image_name, b".extra"].concat(),
            _ => own_directory(image_name),
        }
    }

    /// Returns the use of a file with this name in this directory; `None` when it is
    /// skipped.
    #[must_use]
    pub fn target(self, name: &[u8]) -> Option<Target> {
        if name.first() == Some(&b'.') {
            return None;
        }
        let takes_addons = matches!(self, CompanionDirectory::Own | CompanionDirectory::Addons);
        if takes_addons && has_suffix(name, ADDON_SUFFIX) {
            return Some(Target::Addon);
        }
        // lanzaboote's stub knows no confexts.
        let is_thin_extension = self == CompanionDirectory::Thin && has_suffix(name, ".raw");
        let name: &[u8] = if is_thin_extension { b"a.raw" } else { name };
        let is_own = matches!(self, CompanionDirectory::Own | CompanionDirectory::Thin);
        let directory = ExtraDirectory::of(name, !is_own)?;
        let fits = match self {
            CompanionDirectory::Own | CompanionDirectory::Thin => true,
            CompanionDirectory::Addons => false,
            CompanionDirectory::Credentials => directory.holds_credentials(),
            CompanionDirectory::Extensions => !directory.holds_credentials(),
        };
        fits.then_some(Target::Member(directory))
    }
}

const ADDON_SUFFIX: &str = ".addon.efi";

/// The use of a companion file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A PE that adds to the command line and the initrd.
    Addon,
    /// A file that becomes a member of the initrd.
    Member(&'static ExtraDirectory),
}

/// A file that is picked up, and its use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pick {
    pub name: String,
    pub target: Target,
}

/// The files of one directory that go with the image.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// In the order of their names, byte by byte.
    pub picked: Vec<Pick>,
    /// Names that would match, but have bytes other than printable ASCII, which the stub
    /// or the initrd's writer does not accept.
    pub bad_names: Vec<Vec<u8>>,
}

/// Chooses among the names of a directory's files.
#[must_use]
pub fn choose(directory: CompanionDirectory, names: Vec<Vec<u8>>) -> Choice {
    let mut choice = Choice::default();
    // There are few names, and the standard library's sort is 8 KB of code.
    let mut sorted: Vec<Vec<u8>> = Vec::with_capacity(names.len());
    for name in names {
        let place = sorted.partition_point(|other| *other < name);
        sorted.insert(place, name);
    }
    for name in sorted {
        let Some(target) = directory.target(&name) else {
            continue;
        };
        match String::from_utf8(name) {
            Ok(name) if is_clean(name.as_bytes()) => choice.picked.push(Pick { name, target }),
            Ok(name) => choice.bad_names.push(name.into_bytes()),
            Err(error) => choice.bad_names.push(error.into_bytes()),
        }
    }
    choice
}

/// Returns whether a name is printable ASCII. The stub skips names that are not ASCII,
/// and FAT has no control characters in names.
fn is_clean(name: &[u8]) -> bool {
    name.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// Returns the name of an image's own directory: the image's name without the counter of
/// automatic boot assessment, followed by `.extra.d`.
#[must_use]
pub fn own_directory(image_name: &[u8]) -> Vec<u8> {
    [without_counter(image_name).as_slice(), b".extra.d"].concat()
}

/// Removes the counter from `NAME+LEFT.efi` or `NAME+LEFT-DONE.efi`. Only the first plus
/// counts, and only digits up to a dot or the end.
#[must_use]
pub fn without_counter(name: &[u8]) -> Vec<u8> {
    let unchanged = || name.to_vec();
    let Some(plus) = name.iter().position(|byte| *byte == b'+') else {
        return unchanged();
    };
    let (head, tail) = name.split_at_checked(plus).unwrap_or((name, b""));
    let Some(mut rest) = after_number(tail.get(1..).unwrap_or_default()) else {
        return unchanged();
    };
    if let Some(done) = rest.strip_prefix(b"-") {
        match after_number(done) {
            Some(after) => rest = after,
            None => return unchanged(),
        }
    }
    match rest.first() {
        None | Some(b'.') => [head, rest].concat(),
        Some(_) => unchanged(),
    }
}

/// Returns the text after a decimal number that fits into 64 bits.
fn after_number(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let number = core::str::from_utf8(digits).ok()?;
    number.parse::<u64>().ok().map(|_| rest)
}

#[cfg(test)]
mod tests;
