// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's digest of a load: asks the module to skip it, and reports whether it did.
//! Layer: effects.

use alloc::format;
use alloc::string::ToString;

use super::events::Events;
use crate::abi::{self, Report};
use crate::policy::plan::{Digest, Fast};
use crate::sys::SysError;
use crate::sys::session::Session;

/// Opens the session of a load without a handshake, if it is to skip the digest.
///
/// # Errors
/// That of opening the session. The load can go on without it.
pub fn session(planned: Digest) -> Result<Option<Session>, SysError> {
    match planned {
        Digest::Session => Session::without_parser(abi::REGISTER_NO_DIGEST).map(Some),
        Digest::Kept | Digest::Unable(_) | Digest::Module => Ok(None),
    }
}

/// Reports whether the digest was skipped, and warns a user who asked for that in vain. What
/// the plan knew is no news: see [`Digest::warning`].
pub fn tell(
    planned: Digest,
    report: &Result<Option<Report>, SysError>,
    fast: Fast,
    events: &mut dyn Events,
) {
    let found = report.as_ref().map(|report| {
        let report = report.as_ref()?;
        abi::Digest::of(report.digest)
    });
    if let Ok(Some(digest)) = found {
        events.step(format_args!("kernel's digest: {digest}"));
    }
    if planned != Digest::Session {
        return;
    }
    let why = match found {
        Ok(Some(abi::Digest::LeftOut)) => return,
        Ok(Some(digest)) => digest.to_string(),
        Ok(None) => "the module made no report".into(),
        Err(error) => error.to_string(),
    };
    match fast {
        Fast::Asked(name) => events.warn(&format!("{name} has no effect: {why}")),
        _ => events.step(format_args!("digest not skipped: {why}")),
    }
}
