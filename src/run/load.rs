// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. A load from its options to the kernel: opens the files, plans, tells the
//! plan, and carries it out, again without an addon that the kernel refused.

use alloc::vec::Vec;

use super::events::{Event, Events, Planned};
use super::options::LoadOptions;
use super::{RunError, Skipped, attempt, companions, crash, manifest, unload};
use crate::boot::error::BootError;
use crate::boot::hook;
use crate::explain;
use crate::facts::Facts;
use crate::plan::{self, Manifest, Plan, PlanError, Route};
use crate::source::InputId;
use crate::sys::facts;
use crate::sys::file::InputFile;
use crate::sys::kexec::{self, LoadSwitch};

/// How many addons the kernel may refuse before the load fails.
const REFUSALS_MAX: u32 = 16;

/// What was opened for a load, and what will be done with it.
pub struct Prepared {
    pub manifest: Manifest<InputFile>,
    pub plan: Plan,
}

/// Opens what the options name and finds what goes with it, and plans the load.
///
/// # Errors
/// [`RunError`]; nothing has changed.
pub fn prepare(
    options: &LoadOptions<'_>,
    facts: &Facts,
    events: &mut dyn Events,
) -> Result<Prepared, RunError> {
    let mut manifest = manifest::open(options)?;
    if options.extras {
        let mut on_skip = |skipped: Skipped| match options.strict {
            true => Err(RunError::Companion(skipped.into())),
            false => {
                events.tell(Event::Skipped(&skipped));
                Ok(())
            }
        };
        companions::discover(&mut manifest, options, facts.enforces(), &mut on_skip)?;
    }
    let plan = plan(options, &manifest, facts)?;
    Ok(Prepared { manifest, plan })
}

/// Plans the load of what was opened.
///
/// # Errors
/// [`RunError::Plan`], [`BootError::WouldChain`].
pub fn plan(
    options: &LoadOptions<'_>,
    manifest: &Manifest<InputFile>,
    facts: &Facts,
) -> Result<Plan, RunError> {
    let plan = plan::plan(&options.plan, manifest, facts).map_err(|error| {
        let at_fault = match error {
            PlanError::Addon { source, .. } => source,
            _ => InputId::IMAGE,
        };
        RunError::plan(manifest.path(at_fault), error)
    })?;
    // The mark is void after `--` or an open quote: what counts is what the next
    // system will read.
    if options.plan.mark_chained && hook::parse(&plan.cmdline.text).chains() {
        return Err(BootError::WouldChain.into());
    }
    Ok(plan)
}

/// Loads an image; returns the next kernel's command line.
///
/// # Errors
/// [`RunError`]; then nothing is loaded that was not loaded before. For a crash
/// image the kernel drops an older one before it reads the new one.
pub fn load(
    options: &LoadOptions<'_>,
    facts: &Facts,
    events: &mut dyn Events,
) -> Result<Vec<u8>, RunError> {
    // Opened before, so that what cannot be locked is not loaded.
    let lock = options.plan.lock && !options.dry_run;
    let switch = lock.then(LoadSwitch::open).transpose()?;
    let mut load = prepare(options, facts, events)?;
    tell(options, &load, facts, events)?;
    if options.dry_run {
        return Ok(load.plan.cmdline.text);
    }
    let passed_over = carry_out(options, &mut load, facts, events)?;
    if passed_over > 0 {
        let skipped = Skipped::passed_over(passed_over, load.manifest.companions.len());
        if options.strict {
            unload(options.plan.panic, facts)?;
            return Err(RunError::Companion(skipped.into()));
        }
        events.tell(Event::Skipped(&skipped));
    }
    events.tell(Event::Loaded {
        path: &load.manifest.image.path,
        plan: &load.plan,
    });
    if let Some(switch) = switch {
        turn_off(&switch, options.plan.panic, events)?;
    }
    Ok(load.plan.cmdline.text)
}

/// Says what will be done, and what to think of before.
fn tell(
    options: &LoadOptions<'_>,
    load: &Prepared,
    facts: &Facts,
    events: &mut dyn Events,
) -> Result<(), RunError> {
    let Prepared { manifest, plan } = load;
    manifest::revoked(manifest, &mut |path, why| {
        events.tell(Event::Revoked { path, why });
    });
    let preflight = match options.plan.panic {
        true => Some(crash::preflight(manifest, plan, facts)?),
        false => None,
    };
    events.tell(Event::Planned(&Planned {
        options: &options.plan,
        manifest,
        plan,
        preflight,
        facts,
    }));
    if options.dry_run {
        return Ok(());
    }
    if plan.is_taken_apart(facts) && options.plan.takes_apart_knowingly() {
        events.warn(&["warning: ", explain::ONLY_INNER].concat());
    }
    let is_automatic = options.plan.route.is_none() && plan.route == Route::Extract;
    if is_automatic && explain::module_is_useless(facts) {
        events.warn(
            "warning: module kexec_bpf was built without BTF: the image is loaded without it",
        );
    }
    Ok(())
}

/// Has the kernel load what is planned; returns the number of companion files that the
/// image's own parser passed over. The kernel judges signatures, and a load with an
/// addon that it refuses is lost: it is made once more, without an addon that was found
/// and not asked for.
fn carry_out(
    options: &LoadOptions<'_>,
    load: &mut Prepared,
    facts: &Facts,
    events: &mut dyn Events,
) -> Result<usize, RunError> {
    let mut renewed = None;
    let mut refusals = 0..REFUSALS_MAX;
    loop {
        let facts = renewed.as_ref().unwrap_or(facts);
        let attempt = attempt::load(options, &load.manifest, &load.plan, facts, events);
        let error = match attempt {
            Ok(passed_over) => return Ok(passed_over),
            Err(error) => error,
        };
        let now = facts::read();
        let may_be_repeated = !options.strict && options.plan.may_be_repeated(&now);
        if !may_be_repeated || refusals.next().is_none() {
            return Err(error);
        }
        match companions::leave_out(&mut load.manifest, &error) {
            Some(skipped) => events.tell(Event::Skipped(&skipped)),
            None => return Err(error),
        }
        load.plan = plan(options, &load.manifest, &now)?;
        renewed = Some(now);
    }
}

/// Turns kexec off until a reboot; where that fails, drops what was loaded.
fn turn_off(switch: &LoadSwitch, panic: bool, events: &mut dyn Events) -> Result<(), RunError> {
    let turned_off = switch.turn_off();
    let others = kexec::settle();
    let facts = facts::read();
    if let Err(error) = turned_off {
        unload(panic, &facts)?;
        return Err(RunError::Sys(error));
    }
    events.tell(Event::Locked {
        facts: &facts,
        others,
    });
    Ok(())
}
