// SPDX-License-Identifier: GPL-2.0-or-later
//! One entry in the system's log for each load, unload, refusal and jump. A command line
//! may hold a secret, so none has one. Layer: effects.

use alloc::format;

use super::parse::Parsed;
use super::table::{CommandId, Id};
use crate::diagnosis::escape::escaped;
use crate::diagnosis::{Diagnosis, Exit};
use crate::policy::plan::Plan;
use crate::sys::console::{LOG_INFO, LOG_WARNING};
use crate::sys::journal::send;

/// Logs an image that has been loaded.
pub fn loaded(path: &[u8], plan: &Plan) {
    let target = target(plan.flags.is_panic());
    let release = plan.kernel.release.as_deref().unwrap_or(b"?");
    let route = plan.route.name();
    let shown = escaped(path);
    send(
        LOG_INFO,
        &format!(
            "loaded {shown} for {target}: kernel {}, route {route}",
            escaped(release)
        ),
        &[
            ("EVENT", b"load"),
            ("TARGET", target.as_bytes()),
            ("IMAGE", path),
            ("KERNEL", release),
            ("ROUTE", route.as_bytes()),
        ],
    );
}

/// Logs that an image has been unloaded.
pub fn unloaded(panic: bool) {
    let target = target(panic);
    send(
        LOG_INFO,
        &["unloaded the image for ", target].concat(),
        &[("EVENT", b"unload"), ("TARGET", target.as_bytes())],
    );
}

/// Logs that a jump begins.
pub fn jumping() {
    let message = "ending this system: jumping into the loaded image";
    send(LOG_INFO, message, &[("EVENT", b"exec")]);
}

fn target(panic: bool) -> &'static str {
    if panic { "panic" } else { "exec" }
}

/// Logs an error that has ended a load, an unload or a jump. Hooks log theirs themselves.
pub fn refused(parsed: &Parsed<'_>, found: &Diagnosis) {
    use CommandId::{Boot, Exec, Load, Unload};
    let changes = [Load, Exec, Boot, Unload]
        .into_iter()
        .any(|id| parsed.is(id));
    if !changes || parsed.has(Id::DryRun) || found.exit == Exit::Usage {
        return;
    }
    send(
        LOG_WARNING,
        &found.line(),
        &[
            ("EVENT", b"refused"),
            ("IMAGE", &found.file),
            ("EXIT", &[b'0'.saturating_add(found.exit as u8)]),
        ],
    );
}
