// SPDX-License-Identifier: GPL-2.0-or-later
//! `kdump check`: a load for a panic, without loading.

use alloc::format;
use alloc::string::String;

use super::crash::{COLUMN, hotplug, preflight_text, settings};
use super::load::{Planned, crash_warning, order, planned};
use super::parse::Parsed;
use super::print;
use super::text::field;
use crate::diagnosis::Diagnosis;
use crate::escape::printable;
use crate::facts::Facts;
use crate::kdump::estimate::Verdict;
use crate::run::{self, RunError};
use crate::size::size;
use crate::sys::{console, facts};

pub fn check(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let path = parsed.operand.unwrap_or_default();
    let mut facts = facts::read();
    let mut order = order(parsed);
    order.request.panic = true;
    let Planned {
        inputs,
        request,
        plan,
        ..
    } = planned(order, &facts)?;
    let preflight = run::preflight(&inputs, &plan, &facts)?;
    let mut out = String::new();
    let mut line = |label: &str, text: &str| field(&mut out, label, COLUMN, text);
    line("image", &printable(path));
    line("reserved", &reserved(&facts));
    preflight_text(&mut out, &preflight);
    let mut line = |label: &str, text: &str| field(&mut out, label, COLUMN, text);
    line("command line", &printable(&plan.cmdline.text));
    line("hotplug", &hotplug(&facts));
    line("settings", &settings(&facts.crash));
    print(&out)?;
    // It needs no privilege to look; the load will.
    facts.cap_sys_boot = true;
    if let Some(obstacle) = plan.obstacle(&request, &facts) {
        let what = format!("kdump check {}: cannot be loaded", printable(path));
        return Err(obstacle.what(&what));
    }
    if let Some(warning) = crash_warning(path, &preflight) {
        console::write_stderr(&warning);
    }
    match preflight.estimate {
        Some(estimate) if estimate.verdict == Verdict::CannotLoad => {
            let path = path.to_vec();
            let estimate = estimate.into();
            Err(RunError::DoesNotFit { path, estimate }.into())
        }
        _ => Ok(()),
    }
}

fn reserved(facts: &Facts) -> String {
    match facts.crash_size_bytes {
        Some(0) => "nothing".into(),
        Some(bytes) => format!("{} by crashkernel=", size(bytes)),
        None => "unknown: the kernel does not show it".into(),
    }
}
