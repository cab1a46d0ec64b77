// SPDX-License-Identifier: GPL-2.0-or-later
//! The hooks of an initramfs, controlled by the kernel command line. Layer: effects.

use alloc::format;

use super::events::Events;
use super::options::{BootOptions, ExecOptions, LoadOptions};
use super::volumes::Place;
use super::{RunError, boot, load};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::escape::escaped;
use crate::formats::entries::loader_conf::{MenuTime, NOT_SECONDS};
use crate::policy::boot::hook::{self, KDUMP_PATH, TIMEOUT_S, Words};
use crate::policy::plan::{Fast, Options};
use crate::sys::file::{InputFile, OpenError};
use crate::sys::host;

fn words() -> Words {
    hook::parse(&host::running_cmdline().unwrap_or_default())
}

/// Boots an entry if the words ask for it; returns if they do not.
///
/// # Errors
/// [`RunError`] as for [`boot()`]; [`RunError::Diagnosed`] for a word that cannot be
/// parsed.
pub fn hook_boot(events: &mut dyn Events) -> Result<(), RunError> {
    let words = words();
    if !words.wants_boot() {
        return Ok(());
    }
    if words.chained {
        events.warn("hook boot has started this system, so it does not start another one");
        return Ok(());
    }
    let place = words.device.as_deref();
    let options = BootOptions {
        place: place.map_or(Place::Anywhere, Place::Device),
        name: words.entry.as_deref(),
        next: false,
        menu: words.menu.as_deref().map(menu_time).transpose()?,
        timeout_s: words.timeout_s.unwrap_or(TIMEOUT_S),
        append: words.append.clone(),
        route: None,
        dry_run: false,
        // The hook runs in initramfses, whether or not they say that they are one.
        exec: ExecOptions {
            sync: true,
            force: true,
        },
        fast: Some(match words.fast {
            Some(true) => Fast::Asked("rd.kexec_bpf.fast"),
            Some(false) => Fast::Refused("rd.kexec_bpf.fast=0"),
            None => Fast::ByDefault,
        }),
        unpack: words.unpack.then_some("rd.kexec_bpf.unpack"),
        mark_chained: true,
    };
    boot(&options, &host::read(), events)
}

fn menu_time(value: &[u8]) -> Result<MenuTime, RunError> {
    MenuTime::parse(value).ok_or_else(|| {
        let what = format!("rd.kexec_bpf.menu={}: {NOT_SECONDS}", escaped(value));
        Diagnosis::usage(&what)
            .with_hint("give a number of seconds, auto or forever")
            .into()
    })
}

/// Returns whether the file exists. One that cannot be opened counts.
fn exists(path: &[u8]) -> bool {
    match InputFile::open(None, path) {
        Err(OpenError::Sys(error)) => !error.errno.is_absent(),
        Err(OpenError::NotAFile { .. }) | Ok(_) => true,
    }
}

/// Loads the crash image that the words name, or the one in the initramfs.
///
/// # Errors
/// [`RunError`] as for [`load()`].
pub fn hook_kdump(events: &mut dyn Events) -> Result<(), RunError> {
    let words = words();
    let named = words.kdump.as_deref();
    let image = named.unwrap_or(KDUMP_PATH);
    if words.off || (named.is_none() && !exists(image)) {
        return Ok(());
    }
    let options = LoadOptions {
        image,
        extras: true,
        wanted: Options {
            panic: true,
            ..Options::default()
        },
        ..LoadOptions::default()
    };
    load(&options, &host::read(), events).map(|_| ())
}
