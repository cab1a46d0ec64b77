// SPDX-License-Identifier: GPL-2.0-or-later
//! Turns flags and operands, which the table has checked, into the options of `run`.
//! Layer: effects.

use alloc::string::String;

use super::parse::Parsed;
use super::table::{CommandId, Id};
use crate::policy::plan::{Fast, Options, Profile, Route};
use crate::run::volumes::Place;
use crate::run::{BootOptions, ExecOptions, LoadOptions};
use crate::sys::console;

/// Returns the options of `load` and `kdump check`.
pub fn load<'arg>(parsed: &Parsed<'arg>) -> LoadOptions<'arg> {
    LoadOptions {
        image: parsed.operand.unwrap_or_default(),
        initrds: parsed.values(Id::Initrd).collect(),
        addons: parsed.values(Id::Addon).collect(),
        extras: !parsed.has(Id::NoExtras),
        extras_root: parsed.value(Id::ExtrasRoot),
        strict: parsed.has(Id::Strict),
        dry_run: parsed.has(Id::DryRun),
        force: parsed.has(Id::Force),
        crypt_keys: parsed.texts(Id::CryptKey).map(String::from).collect(),
        reuse_crypt_keys: parsed.has(Id::ReuseCryptKeys),
        lock: parsed.has(Id::Lock),
        wanted: Options {
            route: route(parsed),
            profile: profile(parsed),
            command_line: parsed.value(Id::CommandLine).map(<[u8]>::to_vec),
            reuse_cmdline: parsed.has(Id::ReuseCmdline),
            append: parsed.values(Id::Append).map(<[u8]>::to_vec).collect(),
            allow_unsigned_initrd: parsed.has(Id::AllowUnsignedInitrd),
            // `kdump check` has no --panic: it is always about the crash image.
            panic: parsed.has(Id::Panic) || parsed.is(CommandId::Kdump),
            fast: fast(parsed).unwrap_or_default(),
            unpack: unpack(parsed),
            ..Options::default()
        },
        ..LoadOptions::default()
    }
}

/// Returns the options of `boot`.
pub fn boot<'arg>(parsed: &Parsed<'arg>) -> BootOptions<'arg> {
    BootOptions {
        place: place(parsed),
        name: parsed.operand,
        next: parsed.has(Id::Next),
        menu: parsed.menu_time(Id::Menu),
        timeout_s: timeout_s(parsed),
        append: parsed.values(Id::Append).map(<[u8]>::to_vec).collect(),
        route: route(parsed),
        dry_run: parsed.has(Id::DryRun),
        exec: exec(parsed),
        fast: fast(parsed),
        unpack: unpack(parsed),
        mark_chained: false,
    }
}

/// Returns the options of `exec`, and those of `boot` about its jump.
pub fn exec(parsed: &Parsed<'_>) -> ExecOptions {
    ExecOptions {
        sync: !parsed.has(Id::NoSync),
        force: parsed.has(Id::ForceJump),
    }
}

/// Returns the place in which to look for entries.
pub fn place<'arg>(parsed: &Parsed<'arg>) -> Place<'arg> {
    match (parsed.value(Id::Root), parsed.value(Id::Device)) {
        (Some(root), _) => Place::Root(root),
        (None, Some(device)) => Place::Device(device),
        (None, None) => Place::Anywhere,
    }
}

/// Returns how many seconds to wait for a device.
pub fn timeout_s(parsed: &Parsed<'_>) -> u32 {
    parsed.seconds(Id::Timeout).unwrap_or(0)
}

/// Returns whether the requested JSON is to be indented; `None` for text, which help
/// always is.
pub fn json(parsed: &Parsed<'_>) -> Option<bool> {
    if !parsed.has(Id::Json) || parsed.has(Id::Help) {
        return None;
    }
    match parsed.value(Id::Json) {
        Some(b"pretty") => Some(true),
        Some(b"off") => None,
        Some(_) => Some(false),
        None => Some(console::stdout().columns().is_some()),
    }
}

/// Returns the requested profile.
pub fn profile(parsed: &Parsed<'_>) -> Profile {
    let name = parsed.value(Id::Profile);
    name.map_or(Profile::First, |name| Profile::Named(name.to_vec()))
}

/// Returns who wants the kernel's digest skipped; `None` without such a flag.
fn fast(parsed: &Parsed<'_>) -> Option<Fast> {
    match (parsed.has(Id::Fast), parsed.has(Id::NoFast)) {
        (true, _) => Some(Fast::Asked("--fast")),
        (_, true) => Some(Fast::Refused("--no-fast")),
        (false, false) => None,
    }
}

/// Returns the option that asks to unpack the initrd; `None` without it.
fn unpack(parsed: &Parsed<'_>) -> Option<&'static str> {
    parsed.has(Id::UnpackInitrd).then_some("--unpack-initrd")
}

/// Returns the requested route; `None` for auto.
fn route(parsed: &Parsed<'_>) -> Option<Route> {
    let word = parsed.value(Id::Route)?;
    let mut routes = Route::ALL.into_iter();
    routes.find(|route| route.name().as_bytes() == word)
}
