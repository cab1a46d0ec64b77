// SPDX-License-Identifier: GPL-2.0-or-later
//! `complete`: words that the completion scripts offer, one a line. No help shows it.
//! Layer: effects.
//!
//! Names come from disks that somebody else may have written, and a shell may run what is
//! on its line; so what is not a plain word is left out.

use alloc::string::String;
use alloc::vec::Vec;

use super::console;
use crate::formats::image::detect::Image;
use crate::formats::image::env_file;
use crate::formats::image::profile;
use crate::formats::image::uki::SectionKind;
use crate::run::volumes::Place;
use crate::run::{self, LoadOptions, entries};
use crate::sys::{block, host, signals};

/// The command's name.
pub const NAME: &[u8] = b"complete";
/// The time after which nothing is offered.
const TIME_S: u32 = 1;

/// Prints the words of a kind: `entries`, `profiles` or `devices`. `line` has the words that
/// have been typed after the command. There is no error: nothing is offered then.
pub fn complete(arguments: &[&[u8]]) -> u8 {
    let [kind, line @ ..] = arguments else {
        return 2;
    };
    // Whoever types does not wait, and has asked for nothing yet.
    signals::end_after_s(TIME_S);
    block::seal();
    let words = match *kind {
        b"entries" => of_entries(line),
        b"profiles" => of_profiles(line),
        b"devices" => block::all()
            .into_iter()
            .map(|one| one.name.into_bytes())
            .collect(),
        _ => return 2,
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._+@%,:-".contains(byte);
    // A word that begins with a hyphen would be an option.
    let is_safe = |word: &&Vec<u8>| !word.starts_with(b"-") && word.iter().all(is_plain);
    let mut out = String::new();
    let mut before = &Vec::new();
    for word in words.iter().filter(is_safe) {
        // Another file system may have it, too.
        if word == before {
            continue;
        }
        before = word;
        out.push_str(&String::from_utf8_lossy(word));
        out.push('\n');
    }
    match console::write(&out) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

/// Returns the value of a flag, in one word or in two; bash makes `=` a word of its own.
fn value<'line>(line: &[&'line [u8]], flag: &[u8]) -> Option<&'line [u8]> {
    let (at, rest) = line.iter().enumerate().find_map(|(at, word)| {
        let rest = word.strip_prefix(flag)?;
        Some((at, rest))
    })?;
    match rest {
        [] => line
            .iter()
            .skip(at)
            .skip(1)
            .find(|word| **word != b"=")
            .copied(),
        [b'=', value @ ..] => Some(value),
        _ => None,
    }
}

fn of_entries(line: &[&[u8]]) -> Vec<Vec<u8>> {
    let place = match (value(line, b"--root"), value(line, b"--device")) {
        (Some(root), _) => Place::Root(root),
        (None, Some(device)) => Place::Device(device),
        (None, None) => Place::Anywhere,
    };
    match entries::find(place, 0, None, &host::read()) {
        Ok(found) => found.entries.into_iter().map(|entry| entry.id).collect(),
        Err(_) => Vec::new(),
    }
}

/// Returns the profiles of the first word that is a UKI's path: IDs, or numbers.
fn of_profiles(line: &[&[u8]]) -> Vec<Vec<u8>> {
    let opened = line.iter().find_map(|image| {
        let options = LoadOptions {
            image,
            ..LoadOptions::default()
        };
        let manifest = run::open(&options).ok()?;
        matches!(manifest.detected, Image::Uki { .. }).then_some(manifest)
    });
    let Some(manifest) = opened else {
        return Vec::new();
    };
    let Image::Uki { uki, .. } = &manifest.detected else {
        return Vec::new();
    };
    let name = |number: u32| {
        let selection = uki.select(number).ok()?;
        let text = env_file::read(&manifest.image.file, selection.get(SectionKind::Profile)?);
        profile::parse(&text.ok()?).id
    };
    let numbers = 0..uki.profile_count();
    numbers
        .map(|number| name(number).unwrap_or_else(|| alloc::format!("{number}").into_bytes()))
        .collect()
}
