// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. Which files go with an image, by systemd-stub's rules: names in, a
//! sorted choice out.
//!
//! Spec: systemd-stub(7); its src/boot/cpio.c, stub.c and util.c for what the
//! man page leaves open. `run::companions` lists the folders and opens files.

use alloc::string::String;
use alloc::vec::Vec;

use crate::initrd::extra::{ExtraDirectory, has_suffix};

/// Where companion files are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Folder {
    /// `NAME.efi.extra.d` beside the image.
    Own,
    /// `/loader/addons` of the image's file system, and so on.
    Addons,
    Credentials,
    Extensions,
}

impl Folder {
    /// The folders that serve all images, with their names below `/loader`.
    pub const GLOBAL: [(Folder, &str); 3] = [
        (Folder::Addons, "addons"),
        (Folder::Credentials, "credentials"),
        (Folder::Extensions, "extensions"),
    ];

    /// What a file of that name is there; `None` is not picked up.
    #[must_use]
    pub fn target(self, name: &[u8]) -> Option<Target> {
        if name.first() == Some(&b'.') {
            return None;
        }
        let takes_addons = matches!(self, Folder::Own | Folder::Addons);
        if takes_addons && has_suffix(name, ADDON_SUFFIX) {
            return Some(Target::Addon);
        }
        let directory = ExtraDirectory::of(name, self != Folder::Own)?;
        let fits = match self {
            Folder::Own => true,
            Folder::Addons => false,
            Folder::Credentials => directory.holds_credentials(),
            Folder::Extensions => !directory.holds_credentials(),
        };
        fits.then_some(Target::Member(directory))
    }
}

const ADDON_SUFFIX: &str = ".addon.efi";

/// What becomes of a companion file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A PE that adds to the command line and to the initrd.
    Addon,
    /// A file of the initrd.
    Member(&'static ExtraDirectory),
}

/// A file that is picked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pick {
    pub name: String,
    pub target: Target,
}

/// What one folder holds for the image.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// By name, byte by byte.
    pub picked: Vec<Pick>,
    /// Names that fit but for a character that the stub or the initrd's writer
    /// does not take: only printable ASCII.
    pub bad_names: Vec<Vec<u8>>,
}

/// Chooses among the names of a folder.
#[must_use]
pub fn choose(folder: Folder, names: Vec<Vec<u8>>) -> Choice {
    let mut choice = Choice::default();
    // There are few, and the library's sort is 8 KB of code.
    let mut sorted: Vec<Vec<u8>> = Vec::with_capacity(names.len());
    for name in names {
        let place = sorted.partition_point(|other| *other < name);
        sorted.insert(place, name);
    }
    for name in sorted {
        let Some(target) = folder.target(&name) else {
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

/// FAT has no control characters in names; where there are any, the stub's
/// archives could not be told from others.
fn is_clean(name: &[u8]) -> bool {
    name.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// The name of an image's own folder: the image's, without the counter of
/// automatic boot assessment.
#[must_use]
pub fn own_folder(image_name: &[u8]) -> Vec<u8> {
    [without_counter(image_name).as_slice(), b".extra.d"].concat()
}

/// `NAME+LEFT.efi` or `NAME+LEFT-DONE.efi` without what is between. Only the
/// first plus counts, and only digits up to a dot or the end.
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

/// What follows a decimal number that fits 64 bits.
fn after_number(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let number = core::str::from_utf8(digits).ok()?;
    number.parse::<u64>().ok().map(|_| rest)
}

#[cfg(test)]
mod tests;
