// SPDX-License-Identifier: GPL-2.0-or-later
//! `boot`: choose an entry, load it, count the try, jump.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::entry::{catalogue, line, place};
use super::load::{self, Order};
use super::menu;
use super::parse::Parsed;
use super::plan;
use super::table::Id;
use super::table::value::MenuTime;
use super::text::field;
use super::{print, progress, warning};
use crate::boot::choose::{self, Because};
use crate::boot::counter::Name;
use crate::boot::entry::{Entry, Kind};
use crate::boot::error::BootError;
use crate::boot::type1::Starts;
use crate::diagnosis::Diagnosis;
use crate::escape::printable;
use crate::facts::Facts;
use crate::plan::{Request, Route};
use crate::run::boot::{self as entries, Catalogue};
use crate::run::discover::{self, Place, Volume};
use crate::run::{self, RunError};
use crate::sys::{AsFd, efivar, facts};

/// Of a folder full of broken entries, the first ones will do.
const SKIPPED_SHOWN: usize = 4;

/// What is asked for, on the command line or on the kernel's.
pub struct Wish<'arg> {
    pub place: Place<'arg>,
    /// An entry, or a path when it has a `/`; empty or `None` for the default.
    pub name: Option<&'arg [u8]>,
    pub next: bool,
    pub menu: Option<MenuTime>,
    pub timeout_s: u32,
    pub append: Vec<Vec<u8>>,
    pub route: Option<Route>,
    pub dry_run: bool,
    pub sync: bool,
    pub verbose: bool,
    pub in_hook: bool,
}

pub fn boot(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    run(&Wish {
        place: place(parsed),
        name: parsed.operand,
        next: parsed.has(Id::Next),
        menu: parsed.menu_time(Id::Menu),
        timeout_s: parsed.seconds(Id::Timeout).unwrap_or(0),
        append: parsed.values(Id::Append).map(<[u8]>::to_vec).collect(),
        route: load::route(parsed),
        dry_run: parsed.has(Id::DryRun),
        sync: !parsed.has(Id::NoSync),
        verbose: parsed.has(Id::Verbose),
        in_hook: false,
    })
}

/// Boots; returns only when that failed, or after a dry run.
pub fn run(wish: &Wish<'_>) -> Result<(), Diagnosis> {
    let facts = facts::read();
    let mut warn = warning(wish.in_hook);
    let name = wish.name.filter(|name| !name.is_empty());
    let cmdline = match name.filter(|name| name.contains(&b'/')) {
        Some(path) => load_path(path, wish, &facts)?,
        None => load_entry(name, wish, &facts, &mut warn)?,
    };
    if wish.dry_run {
        return Ok(());
    }
    // Everything is unmounted by now.
    let mut progress = progress(wish.verbose);
    let result = run::exec(
        wish.sync,
        &facts::read(),
        &cmdline,
        &mut warn,
        &mut progress,
    );
    // It is this command's image, and nobody else's to find.
    let _ = run::unload(false, &facts);
    Ok(result?)
}

/// Loads the image at a path of the first file system that has it.
fn load_path(path: &[u8], wish: &Wish<'_>, facts: &Facts) -> Result<Vec<u8>, Diagnosis> {
    let found = discover::find(wish.place, &efivar::read(), wish.timeout_s)?;
    let has = |volume: &&Volume| volume.root.has_file(path);
    let volume = found.volumes.iter().find(has);
    let volume = volume.ok_or_else(|| no_entry(path))?;
    load(wish, facts, volume, path, &[], request(wish, &[]))
}

fn no_entry(name: &[u8]) -> RunError {
    BootError::NoSuchEntry {
        name: name.to_vec(),
    }
    .into()
}

/// What is the same for all images; `options` go in front of what is appended.
fn request(wish: &Wish<'_>, options: &[u8]) -> Request {
    let mut append = alloc::vec![options.to_vec()];
    append.extend_from_slice(&wish.append);
    Request {
        route: wish.route,
        append,
        ..Request::default()
    }
}

fn load(
    wish: &Wish<'_>,
    facts: &Facts,
    volume: &Volume,
    image: &[u8],
    initrds: &[Vec<u8>],
    request: Request,
) -> Result<Vec<u8>, Diagnosis> {
    let order = Order {
        root: Some(volume.root.as_fd()),
        image,
        initrds: initrds.iter().map(Vec::as_slice).collect(),
        extras: true,
        request,
        dry_run: wish.dry_run,
        verbose: wish.verbose,
        chained: wish.in_hook,
        ..Order::default()
    };
    load::perform(order, facts)
}

/// Chooses an entry, loads it, and counts the try.
fn load_entry(
    name: Option<&[u8]>,
    wish: &Wish<'_>,
    facts: &Facts,
    warn: &mut dyn FnMut(&str),
) -> Result<Vec<u8>, Diagnosis> {
    let mut catalogue = catalogue(wish.place, wish.timeout_s, facts, warn)?;
    if name.is_none() && wish.menu.is_none() {
        // What the default would have been, perhaps. A menu shows it anyway.
        let skipped = (0..catalogue.entries.len()).filter(|index| {
            let entry = catalogue.entries.get(*index);
            entry.is_some_and(|entry| entry.problem.is_some())
        });
        for index in skipped.take(SKIPPED_SHOWN) {
            warn(&line(&catalogue, index, None).1);
        }
    }
    let index = choose(name, wish, &catalogue, warn)?;
    // Only this one from here on.
    let entry = catalogue.entries.swap_remove(index);
    let Some(volume) = catalogue.volumes.get(entry.volume) else {
        return Err(no_entry(&entry.id).into());
    };
    if wish.dry_run || wish.verbose {
        let mut out = String::new();
        let text = format!(
            "{} on {}",
            printable(&entry.id),
            printable(volume.name.as_bytes())
        );
        field(&mut out, "entry", plan::COLUMN, &text);
        print(&out)?;
    }
    if let Some(problem) = entry.problem {
        let id = entry.id;
        return Err(BootError::Bad { id, problem }.into());
    }
    let cmdline = load_chosen(&entry, volume, wish, facts)?;
    if !wish.dry_run {
        count(&entry, catalogue.volumes.swap_remove(entry.volume), warn);
    }
    Ok(cmdline)
}

fn choose(
    name: Option<&[u8]>,
    wish: &Wish<'_>,
    catalogue: &Catalogue,
    warn: &mut dyn FnMut(&str),
) -> Result<usize, Diagnosis> {
    let default = catalogue.default();
    let mut index = match (name, default) {
        (Some(name), _) => choose::by_name(&catalogue.entries, name)?,
        (None, Some((index, because))) => {
            // It counts once, also when it cannot be loaded.
            if because == Because::OneShot
                && !wish.dry_run
                && let Err(error) = efivar::delete_one_shot()
            {
                warn(&format!("LoaderEntryOneShot stays: {error}"));
            }
            index
        }
        (None, None) => return Err(BootError::NothingLeft { behind: None }.into()),
    };
    if wish.next {
        index = choose::next(&catalogue.entries, index)?;
    }
    match wish.menu {
        Some(MenuTime::Auto) => menu::choose(catalogue, index, catalogue.conf.timeout),
        Some(MenuTime::Given(timeout)) => menu::choose(catalogue, index, timeout),
        None => Ok(index),
    }
}

fn load_chosen(
    entry: &Entry,
    volume: &Volume,
    wish: &Wish<'_>,
    facts: &Facts,
) -> Result<Vec<u8>, Diagnosis> {
    if entry.kind == Kind::Type2 {
        let path = entries::path_of(entry.kind, &entry.file_name);
        let request = Request {
            profile: entry.profile,
            ..request(wish, &[])
        };
        return load(wish, facts, volume, &path, &[], request);
    }
    let text = entries::type1(&volume.root, &entry.file_name, &facts.machine);
    if let Some(problem) = text.problem {
        // It was changed since it was listed.
        let id = entry.id.clone();
        return Err(BootError::Bad { id, problem }.into());
    }
    let request = match text.starts {
        Starts::Linux => request(wish, &text.options),
        Starts::Program => Request {
            command_line: Some(text.options).filter(|options| !options.is_empty()),
            profile: text.profile,
            ..request(wish, &[])
        },
    };
    load(wish, facts, volume, &text.image, &text.initrds, request)
}

/// Counts the try in the entry's name. A try that cannot be counted is made
/// nevertheless, as boot loaders do it.
fn count(entry: &Entry, volume: Volume, warn: &mut dyn FnMut(&str)) {
    let name = Name::parse(&entry.file_name, entry.kind.suffix());
    let Some(new) = name.and_then(|name| name.tried()) else {
        return;
    };
    let folder = entry.kind.folder().as_bytes();
    if let Err(error) = volume.rename(folder, &entry.file_name, &new) {
        let id = printable(&entry.id);
        warn(&format!("{id}: the try was not counted: {error}"));
    }
}
