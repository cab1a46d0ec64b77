// SPDX-License-Identifier: GPL-2.0-or-later
//! The extra steps of a crash image: measuring it before the load, because the kernel
//! drops the old one before it reads the new one; keys of encrypted disks; the record of
//! what was loaded. Layer: effects.

use super::RunError;
use super::options::LoadOptions;
use crate::host::Host;
use crate::host::crash_record::CrashRecord;
use crate::policy::crash::estimate::{Estimate, Reservation, Verdict};
use crate::policy::crash::{self, Measured};
use crate::policy::explain;
use crate::policy::plan::{Manifest, Plan};
use crate::sys::crash_record;
use crate::sys::crypt_keys::KeyItems;
use crate::sys::file::{self, InputFile};

/// The measured sizes of an image, compared with the reservation.
pub struct Preflight {
    pub measured: Measured,
    /// `None` when the size of the kernel or of the reservation is not known.
    pub estimate: Option<Estimate>,
}

/// Measures the parts that `plan` loads.
///
/// # Errors
/// [`RunError::Read`].
pub fn preflight(
    manifest: &Manifest<InputFile>,
    plan: &Plan,
    host: &Host,
) -> Result<Preflight, RunError> {
    let measured = crash::measure(plan, manifest).map_err(|(source, error)| RunError::Read {
        path: manifest.path(source).to_vec(),
        error,
    })?;
    let reserved = host.crash_size_bytes;
    let estimate = measured.kernel_bytes.and(reserved).map(|bytes| {
        let elfcorehdr_bytes = host.crash.elfcorehdr_bytes;
        let reservation = Reservation {
            bytes,
            elfcorehdr_bytes,
        };
        Estimate::new(measured.sizes, reservation)
    });
    Ok(Preflight { measured, estimate })
}

/// Refuses an image that does not fit, and keys that the kernel does not take.
pub(super) fn check(
    image: &[u8],
    options: &LoadOptions<'_>,
    estimate: Option<&Estimate>,
    host: &Host,
) -> Result<(), RunError> {
    if !options.crypt_keys.is_empty() && !host.crash.takes_crypt_keys {
        return Err(RunError::Diagnosed(explain::no_crypt_keys().of_load(image)));
    }
    match estimate {
        Some(estimate) if estimate.verdict == Verdict::CannotLoad && !options.force => {
            Err(RunError::Diagnosed(estimate.no_room().in_file(image)))
        }
        _ => Ok(()),
    }
}

/// Tells the kernel which disk keys to keep; the result must outlive the load.
pub(super) fn crypt_keys(options: &LoadOptions<'_>) -> Result<KeyItems, RunError> {
    if options.crypt_keys.is_empty() {
        return Ok(KeyItems::default());
    }
    let mut items = KeyItems::create(&options.crypt_keys)?;
    if options.reuse_crypt_keys {
        items.reuse()?;
    }
    Ok(items)
}

/// Records what has just been loaded.
pub(super) fn remember(image: &[u8], estimate: Option<&Estimate>, now_s: u64) {
    let record = CrashRecord {
        loaded_at_s: now_s,
        enough_mib: estimate.map(|estimate| estimate.enough_mib),
        image: file::absolute(None, image).unwrap_or_else(|_| image.to_vec()),
    };
    crash_record::write(&record.to_bytes());
}
