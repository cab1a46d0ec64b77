// SPDX-License-Identifier: GPL-2.0-or-later
//! A load from its options to the kernel: prepares it, reports the plan, and carries it
//! out, again without an addon if the kernel refused one. Layer: effects.

use alloc::format;
use alloc::vec::Vec;

use super::events::{Event, Events, Topic};
use super::options::LoadOptions;
use super::prepared::Prepared;
use super::{RunError, Skipped, attempt, companions, manifest, revoked, thin, unload};
use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnose, Diagnosis, Hint};
use crate::host::Host;
use crate::policy::explain;
use crate::policy::plan::Route;
use crate::sys::kexec::{self, LoadSwitch, Others};
use crate::sys::progress;
use crate::sys::{SysError, host};

/// The number of addons that the kernel may refuse before the load fails.
const REFUSALS_MAX: u32 = 16;

/// Opens the files that the options name, finds companion files, and plans the load.
///
/// # Errors
/// [`RunError`]; nothing has changed then.
pub fn prepare(
    options: &LoadOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Prepared, RunError> {
    let mut manifest = manifest::open(options)?;
    thin::open(&mut manifest, options)?;
    match options.dry_run {
        true => thin::check(&manifest, options.seen)?,
        false => thin::secure(&mut manifest, options.seen, &mut |step| events.step(step))?,
    }
    let mut on_skip = |skipped: Skipped| match options.strict {
        true => Err(RunError::Companion(skipped.into())),
        false => {
            events.tell(Event::Skipped(&skipped));
            Ok(())
        }
    };
    companions::add_of_entry(&mut manifest, options, host.enforces(), &mut on_skip)?;
    if options.extras {
        companions::add_found(&mut manifest, options, host.enforces(), &mut on_skip)?;
    }
    Prepared::new(options, manifest, host)
}

/// Loads an image; returns the next kernel's command line.
///
/// # Errors
/// [`RunError`]; nothing is loaded then that was not loaded before. The kernel drops an
/// older crash image before it reads the new one. A dry run has the errors of a load that is
/// known to fail.
pub fn load(
    options: &LoadOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    progress::begin();
    let result = load_and_lock(options, host, events);
    progress::end();
    result
}

fn load_and_lock(
    options: &LoadOptions<'_>,
    host: &Host,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    let load = prepare(options, host, events)?;
    // Opened before the load, so that nothing is loaded that cannot be locked.
    let switch = attempt::check(options, &load, host).and_then(|()| {
        let switch = options.lock.then(LoadSwitch::open).transpose();
        switch.or_else(
            |error| match options.dry_run && error.errno == Errno::EACCES {
                // Root could.
                true => Ok(None),
                false => Err(not_locked("cannot be locked", &error, load.image())),
            },
        )
    });
    tell(options, &load, switch.as_ref().err(), host, events);
    // A dry run ends as the load would.
    let switch = switch?;
    if options.dry_run {
        return Ok(load.plan.cmdline.text);
    }
    let (skipped_count, load) = carry_out(options, load, host, events)?;
    let panic = options.wanted.panic;
    if skipped_count > 0 {
        let skipped = Skipped::by_parser(skipped_count, load.manifest.companions.len());
        if options.strict {
            let error = RunError::Companion(skipped.into());
            return Err(dropped(error, panic, host));
        }
        events.tell(Event::Skipped(&skipped));
    }
    let locked = switch.map(|switch| turn_off(&switch, load.image(), panic));
    let locked = locked.transpose()?;
    events.tell(Event::Loaded {
        path: load.image(),
        plan: &load.plan,
    });
    if let Some((host, others)) = &locked {
        let others = *others;
        events.tell(Event::Locked { host, others });
    }
    Ok(load.plan.cmdline.text)
}

/// Reports the plan and the warnings that belong to it.
fn tell(
    options: &LoadOptions<'_>,
    load: &Prepared,
    refusal: Option<&RunError>,
    host: &Host,
    events: &mut dyn Events,
) {
    revoked(&load.manifest, &mut |path, why| {
        events.tell(Event::Revoked { path, why });
    });
    if let Some(error) = &load.not_unpacked {
        let text = format!("warning: {}", error.diagnose().line());
        events.warn_of(Topic::BadInitrd, &text);
    }
    // A load that is refused needs no second message.
    let goes_on = options.dry_run || load.plan.blocker.is_none();
    if let Some(why) = load.plan.missing_root().filter(|_| goes_on) {
        let text = format!("warning: {why}: the next kernel may find no root");
        events.warn_of(Topic::NoRoot, &text);
    }
    events.tell(Event::Planned {
        options,
        load,
        refusal,
        host,
    });
    let plan = &load.plan;
    let digest = plan.digest.warning(options.wanted.fast);
    for warning in digest.into_iter().chain(plan.unpack.warning()) {
        events.warn_of(Topic::NoEffect, &warning);
    }
    if options.dry_run {
        return;
    }
    if plan.is_extracted_unverified(host) && options.wanted.extracts_knowingly() {
        let text = ["warning: ", explain::ONLY_INNER].concat();
        events.warn_of(Topic::Unverified, &text);
    }
    let is_automatic = options.wanted.route.is_none() && plan.route == Route::Extract;
    if is_automatic && host.module.is_some() && load.manifest.thin.is_some() {
        let text = "a thin image: extracted, because the module does not see its files";
        events.warn_of(Topic::Extracted, text);
    } else if is_automatic && explain::module_is_useless(host) {
        let text = "warning: module kexec_bpf was built without BTF, so it is not used";
        events.warn_of(Topic::Extracted, text);
    }
}

/// Carries out a prepared load; returns the number of companion files that the image's
/// own parser skipped, and what was loaded. Only the kernel can judge signatures. If
/// it refuses an addon that was found, not named by the user, the load is repeated
/// without that addon.
fn carry_out(
    options: &LoadOptions<'_>,
    mut load: Prepared,
    host: &Host,
    events: &mut dyn Events,
) -> Result<(usize, Prepared), RunError> {
    let mut renewed = None;
    let mut refusals = 0..REFUSALS_MAX;
    loop {
        let host = renewed.as_ref().unwrap_or(host);
        let error = match attempt::load(options, &load, host, events) {
            Ok(skipped_count) => return Ok((skipped_count, load)),
            Err(error) => error,
        };
        let now = host::read();
        if !options.may_be_repeated(&now) || refusals.next().is_none() {
            return Err(error);
        }
        match companions::leave_out(&mut load.manifest, &error) {
            Some(skipped) => events.tell(Event::Skipped(&skipped)),
            None => return Err(error),
        }
        load = Prepared::new(options, load.manifest, &now)?;
        renewed = Some(now);
    }
}

/// Turns kexec off until a reboot; if that fails, unloads the image.
fn turn_off(switch: &LoadSwitch, image: &[u8], panic: bool) -> Result<(Host, Others), RunError> {
    let turned_off = switch.turn_off();
    let others = kexec::settle();
    let host = host::read();
    match turned_off {
        Ok(()) => Ok((host, others)),
        Err(error) => {
            let error = not_locked("cannot be locked, so it is dropped", &error, image);
            Err(dropped(error, panic, &host))
        }
    }
}

fn not_locked(what: &str, error: &SysError, image: &[u8]) -> RunError {
    let found = Diagnosis::failed(&what).because(&error.diagnose().line());
    RunError::Diagnosed(found.with_hints(&[Hint::Omit("--lock")]).of_load(image))
}

/// Unloads the image because of an error; returns that error, extended if the image could
/// not be unloaded.
fn dropped(error: RunError, panic: bool, host: &Host) -> RunError {
    match unload(panic, host) {
        Ok(()) => error,
        Err(second) => {
            let found = error.diagnose();
            let what = format!(
                "{}; the image stays loaded: {}",
                found.what,
                second.diagnose().what
            );
            RunError::Diagnosed(found.with_what(&what))
        }
    }
}
