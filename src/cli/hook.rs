// SPDX-License-Identifier: GPL-2.0-or-later
//! `hook`, which an initramfs runs; the kernel command line says what to do.
//! Layer: effects.

use super::console::{Console, print, print_error};
use super::parse::Parsed;
use super::report;
use super::table::Id;
use super::text::Page;
use crate::diagnosis::Diagnosis;
use crate::run::enforce::{Enforced, enforce_or_switch_off};
use crate::run::{hook_boot, hook_kdump};
use crate::sys::console::{LOG_ERROR, LOG_NOTICE, kernel_log};

#[inline(never)]
pub fn hook(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let verbose = parsed.has(Id::Verbose);
    let result = match parsed.operand {
        Some(b"enforce") => enforce(verbose),
        Some(b"boot") => hook_boot(console).map_err(Diagnosis::from),
        Some(b"kdump") => hook_kdump(console).map_err(Diagnosis::from),
        // The table accepts no other word.
        _ => Ok(()),
    };
    let Err(diagnosis) = result else {
        return Ok(());
    };
    // The system that is booting must not fail because of its crash image.
    if parsed.operand != Some(b"kdump") {
        console.exit = diagnosis.exit;
    }
    let report = report::page(&diagnosis.for_hook());
    kernel_log(LOG_ERROR, &report.text(None));
    print_error(&report);
    Ok(())
}

/// Turns enforce on if that is requested; if that fails, turns kexec off.
#[inline(never)]
fn enforce(verbose: bool) -> Result<(), Diagnosis> {
    let text = match enforce_or_switch_off()? {
        Enforced::NotAsked if verbose => {
            // Nothing has failed, even if nobody reads this.
            let _ = print(&Page::of(
                "enforce: neither rd.kexec_bpf.enforce nor /etc/kexec-bpf/enforce asks for it",
            ));
            return Ok(());
        }
        Enforced::NotAsked => return Ok(()),
        Enforced::On {
            is_locked_down: true,
        } => "kexec-bpf: enforce is on until reboot",
        Enforced::On {
            is_locked_down: false,
        } => "kexec-bpf: enforce is on, but lockdown is off: root can undo it",
    };
    kernel_log(LOG_NOTICE, text);
    // Enforce is on, even if this cannot be printed.
    let _ = print(&Page::of(text));
    Ok(())
}
