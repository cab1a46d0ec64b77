// SPDX-License-Identifier: GPL-2.0-or-later
//! The result of a load that succeeded. Layer: effects.

use crate::abi::Report;
use crate::sys::SysError;

/// The result of a load that succeeded.
pub struct Done {
    /// Number of companion files that the image's own parser skipped.
    pub skipped_count: usize,
    /// The module's report; `None` without one, and the error without a session to ask for
    /// one.
    pub report: Result<Option<Report>, SysError>,
}
