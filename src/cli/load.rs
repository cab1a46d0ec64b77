// SPDX-License-Identifier: GPL-2.0-or-later
//! `load`, `exec` and `unload`. Layer: effects.

use alloc::format;

use super::console::{Console, print};
use super::options;
use super::parse::Parsed;
use super::table::Id;
use crate::diagnosis::Diagnosis;
use crate::run;
use crate::sys::host;

pub fn load(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let options = options::load(parsed);
    let mut console = Console::new(parsed.has(Id::Verbose), options.dry_run);
    run::load(&options, &host::read(), &mut console)?;
    console.finish()
}

pub fn exec(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let sync = !parsed.has(Id::NoSync);
    let mut console = Console::new(parsed.has(Id::Verbose), false);
    Ok(run::exec(sync, &host::read(), b"", &mut console)?)
}

pub fn unload(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let panic = parsed.has(Id::Panic);
    let host = host::read();
    run::unload(panic, &host)?;
    if parsed.has(Id::Verbose) {
        let (what, loaded) = if panic {
            ("crash image", host.crash_loaded)
        } else {
            ("image", host.loaded)
        };
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
