// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. The kernel's digest of a load: asks the module to skip it, and reports whether
//! it did.

use alloc::format;
use alloc::string::{String, ToString};

use super::Progress;
use super::events::Events;
use crate::abi;
use crate::policy::plan::{Digest, Fast};
use crate::sys::session::Session;

/// The result of a load that succeeded.
pub struct Done {
    /// Number of companion files that the image's own parser skipped.
    pub skipped_count: usize,
    /// The kernel's digest, by the module's report; `None` without a report.
    pub digest: Option<abi::Digest>,
}

/// Opens the session of a load without a handshake, if it is to skip the digest. The load
/// goes on if that fails.
pub fn session(planned: Digest, progress: Progress<'_>) -> Option<Session> {
    if planned != Digest::Session {
        return None;
    }
    let session = Session::without_parser(abi::REGISTER_NO_DIGEST);
    session
        .map_err(|error| progress(format_args!("cannot ask to skip the digest: {error}")))
        .ok()
}

/// Reports whether the digest was skipped, and warns a user who asked for that.
pub fn tell(planned: Digest, found: Option<abi::Digest>, fast: Fast, events: &mut dyn Events) {
    if let Some(digest) = found {
        events.step(format_args!("kernel's digest: {digest}"));
    }
    let why: String = match (planned, found) {
        (Digest::Kept | Digest::Module, _) => return,
        (Digest::Session, Some(abi::Digest::LeftOut)) => return,
        (Digest::Unable(why), _) => why.into(),
        (Digest::Session, Some(digest)) => digest.to_string(),
        (Digest::Session, None) => "the module does not say that it skipped the digest".into(),
    };
    match fast {
        Fast::Asked => events.warn(&format!("--fast has no effect: {why}")),
        Fast::ByDefault | Fast::No => events.step(format_args!("digest not skipped: {why}")),
    }
}
