// SPDX-License-Identifier: GPL-2.0-or-later
//! `load`, `exec` and `unload`. Layer: effects.

use super::console::{Console, print};
use super::parse::Parsed;
use super::table::Id;
use super::text::Page;
use super::{jump, log, options};
use crate::diagnosis::Diagnosis;
use crate::host::init::Init;
use crate::run;
use crate::run::events::Topic;
use crate::sys::host;

pub fn load(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let options = options::load(parsed);
    let mut host = host::read();
    // A dry run tells what root's load would do; looking needs no privilege.
    host.cap_sys_boot |= options.dry_run;
    run::load(&options, &host, console)?;
    // With --lock, the warning about that says so, too.
    let is_for_reboot = !options.dry_run && !options.wanted.panic && !options.lock;
    if is_for_reboot && host.reboot_is_kexec && host.init == Some(Init::Systemd) {
        console.warn_about(
            Topic::Reboot,
            b"",
            "a plain reboot is now a kexec into this image, unless it is unloaded",
        );
    }
    Ok(())
}

pub fn exec(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let options = options::exec(parsed);
    let host = host::read();
    if parsed.has(Id::DryRun) {
        let plan = run::plan_jump(options.force, &host);
        console.result(&jump::page(&plan, &host));
        return plan.verdict.map(drop);
    }
    Ok(run::exec(&options, &host, b"", console)?)
}

pub fn unload(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let panic = parsed.has(Id::Panic);
    let host = host::read();
    run::unload(panic, &host)?;
    let (what, loaded) = if panic {
        ("crash image", host.crash_loaded)
    } else {
        ("image", host.loaded)
    };
    if loaded != Some(false) {
        log::unloaded(panic);
    }
    if parsed.has(Id::Verbose) {
        let was = match loaded {
            Some(true) => "dropped",
            Some(false) => "none was loaded",
            None => "dropped, if one was loaded",
        };
        // The unload is done, even if this cannot be printed.
        let _ = print(&Page::of(&[what, ": ", was].concat()));
    }
    Ok(())
}
