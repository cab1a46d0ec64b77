// SPDX-License-Identifier: GPL-2.0-or-later
//! `load`, `exec` and `unload`. Layer: effects.

use alloc::format;

use super::console::{Console, print};
use super::parse::Parsed;
use super::table::Id;
use super::{jump, log, options};
use crate::diagnosis::Diagnosis;
use crate::host::init::Init;
use crate::run;
use crate::sys::host;

pub fn load(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let options = options::load(parsed);
    let mut console = Console::new(parsed.has(Id::Verbose), options.dry_run);
    let host = host::read();
    run::load(&options, &host, &mut console)?;
    // With --lock, the warning about that says so, too.
    let is_for_reboot = !options.dry_run && !options.wanted.panic && !options.lock;
    if is_for_reboot && !host.in_initramfs && host.init == Some(Init::Systemd) {
        console.warn("a plain reboot is now a kexec into this image, unless it is unloaded");
    }
    console.finish()
}

pub fn exec(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let options = options::exec(parsed);
    let host = host::read();
    if parsed.has(Id::DryRun) {
        let plan = run::plan_jump(options.force, &host);
        print(&jump::text(&plan, &host))?;
        return plan.verdict.map(drop);
    }
    let mut console = Console::new(parsed.has(Id::Verbose), false);
    Ok(run::exec(&options, &host, b"", &mut console)?)
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
        let _ = print(&format!("{what}: {was}\n"));
    }
    Ok(())
}
