// SPDX-License-Identifier: GPL-2.0-or-later
//! `kdump check`: a load for a panic, without loading. Layer: effects.

use alloc::format;

use super::console::Console;
use super::parse::Parsed;
use super::plan::{COLUMN, command_line};
use super::text::Page;
use super::{crash, options};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::escape::escaped;
use crate::diagnosis::size::size;
use crate::host::Host;
use crate::policy::crash::estimate::Verdict;
use crate::run::{self, LoadOptions};
use crate::sys::host;

pub fn check(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let options = LoadOptions {
        dry_run: true,
        ..options::load(parsed)
    };
    // Looking needs no privilege, although the load will: a lack of CAP_SYS_BOOT is not
    // shown.
    let host = Host {
        cap_sys_boot: true,
        ..host::read()
    };
    let load = run::prepare(&options, &host, console)?;
    let path = load.image();
    let mut out = Page::new(COLUMN);
    out.both("image", path);
    match host.crash_size_bytes {
        Some(0) => out.line("reserved", "nothing"),
        Some(bytes) => out.put("reserved", format_args!("{} by crashkernel=", size(bytes))),
        None => out.line("reserved", crash::UNKNOWN_SIZE),
    }
    crash::reserved(&mut out, "reservedBytes", &host);
    if let Some(found) = &load.preflight {
        crash::preflight(&mut out, found);
    }
    command_line(&mut out, &load.plan.cmdline.text);
    crash::hotplug(&mut out, "hotplug", &host);
    crash::settings(&mut out, "settings", &host.crash);
    console.result(&out);
    if let Some(blocker) = &load.plan.blocker {
        let what = format!("kdump check {}: cannot be loaded", escaped(path));
        return Err(blocker.clone().with_what(&what));
    }
    let Some(estimate) = load.preflight.as_ref().and_then(|it| it.estimate) else {
        return Ok(());
    };
    if let Some(scarce) = estimate.scarce() {
        console.scarce(path, scarce);
    }
    match estimate.verdict {
        Verdict::CannotLoad => Err(estimate.no_room().in_file(path)),
        Verdict::Tight | Verdict::Fits => Ok(()),
    }
}
