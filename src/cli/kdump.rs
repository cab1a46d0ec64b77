// SPDX-License-Identifier: GPL-2.0-or-later
//! `kdump check`: a load for a panic, without loading. Layer: effects.

use alloc::format;
use alloc::string::String;

use super::console::{Console, print};
use super::crash::{COLUMN, hotplug, preflight_text, settings, warning};
use super::parse::Parsed;
use super::text::field;
use super::{options, report};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::escape::printable;
use crate::diagnosis::size::size;
use crate::host::Host;
use crate::policy::crash::estimate::Verdict;
use crate::run::{self, LoadOptions};
use crate::sys::console::write_stderr;
use crate::sys::host;

pub fn check(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
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
    let mut console = Console::new(false, false);
    let load = run::prepare(&options, &host, &mut console)?;
    let path = load.image();
    let mut out = String::new();
    let mut line = |label: &str, text: &str| field(&mut out, label, COLUMN, text);
    line("image", &printable(path));
    line("reserved", &reserved(&host));
    if let Some(preflight) = &load.preflight {
        preflight_text(&mut out, preflight);
    }
    let mut line = |label: &str, text: &str| field(&mut out, label, COLUMN, text);
    line("command line", &printable(&load.plan.cmdline.text));
    line("hotplug", &hotplug(&host));
    line("settings", &settings(&host.crash));
    print(&out)?;
    if let Some(blocker) = &load.plan.blocker {
        let what = format!("kdump check {}: cannot be loaded", printable(path));
        return Err(blocker.clone().with_what(&what));
    }
    let Some(estimate) = load.preflight.as_ref().and_then(|it| it.estimate) else {
        return Ok(());
    };
    if let Some(scarce) = estimate.scarce() {
        write_stderr(&report::text(&warning(path, scarce)));
    }
    match estimate.verdict {
        Verdict::CannotLoad => Err(estimate.no_room().in_file(path)),
        Verdict::Tight | Verdict::Fits => Ok(()),
    }
}

fn reserved(host: &Host) -> String {
    match host.crash_size_bytes {
        Some(0) => "nothing".into(),
        Some(bytes) => format!("{} by crashkernel=", size(bytes)),
        None => "unknown: the kernel does not show it".into(),
    }
}
