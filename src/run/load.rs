// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. Carries a plan out: anonymous files, then kexec_file_load(2).

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;

use super::initrd::Initrd;
use super::{Inputs, Progress, RunError, crash, handshake};
use crate::diagnosis::Diagnosis;
use crate::explain;
use crate::facts::Facts;
use crate::image::{authenticode, pe};
use crate::plan::{IMAGE, Plan, Request, Route};
use crate::source::{ReadAt, SubSource};
use crate::sys::kmsg::LogMark;
use crate::sys::memfd::{Filled, Memfd};
use crate::sys::{AsFd, event, kexec, note};

/// Loads what the plan says; gives the number of companion files that the
/// image's own parser passed over.
///
/// # Errors
/// [`RunError`]; then nothing is loaded that was not loaded before. For a crash
/// image the kernel drops an older one before it reads the new one.
pub fn load(
    inputs: &Inputs<'_>,
    request: &Request,
    plan: &Plan,
    facts: &Facts,
    progress: Progress<'_>,
) -> Result<usize, RunError> {
    if let Some(obstacle) = plan.obstacle(request, facts) {
        let obstacle = obstacle.of_load(inputs.image_path());
        return Err(RunError::Refused(obstacle));
    }
    let log = LogMark::now();
    let result = if plan.flags.is_panic() {
        perform_crash(inputs, request, plan, facts, progress)
    } else {
        perform(inputs, plan, facts, progress)
    };
    // A file that changed since it was planned fails in many ways, among them
    // the kernel's ENOEXEC; all of them have this one cause.
    result.map_err(|error| {
        inputs.changed().unwrap_or_else(|| match error {
            RunError::Kernel { diagnosis, addon } => {
                let found = examined(inputs, plan, facts, diagnosis);
                let lines = log.map_or_else(Vec::new, |log| log.messages(is_about_kexec));
                let found = found.quote("kernel", lines.into_iter().map(String::into_bytes));
                RunError::Kernel {
                    diagnosis: explain::adapted(found, facts),
                    addon,
                }
            }
            other => other,
        })
    })
}

/// From the system call on, the old crash image is lost: all that can be known
/// is found out before.
fn perform_crash(
    inputs: &Inputs<'_>,
    request: &Request,
    plan: &Plan,
    facts: &Facts,
    progress: Progress<'_>,
) -> Result<usize, RunError> {
    let estimate = crash::check(inputs, request, plan, facts)?;
    let _keys = crash::crypt_keys(inputs, request, facts)?;
    note::remove();
    let ignored = perform(inputs, plan, facts, progress)?;
    crash::remember(inputs, estimate.as_ref(), event::boot_time_s());
    Ok(ignored)
}

fn perform(
    inputs: &Inputs<'_>,
    plan: &Plan,
    facts: &Facts,
    progress: Progress<'_>,
) -> Result<usize, RunError> {
    let initrd = Initrd::assemble(inputs, &plan.concat, &mut *progress)?;
    if plan.route == Route::Handshake {
        let offer = handshake::Offer::new(inputs, plan)?;
        return handshake::load(&offer, initrd.as_fd(), facts, progress);
    }
    let extracted = match plan.route {
        Route::Extract => Some(copy_kernel(inputs, plan, &mut *progress)?),
        Route::Native | Route::Handshake => None,
    };
    if let Some(changed) = inputs.changed() {
        return Err(changed);
    }
    // The plan has checked that there is no NUL inside.
    let cmdline = CString::new(plan.cmdline.text.as_slice()).map_err(|_| RunError::NulInCmdline)?;
    progress(format_args!(
        "kexec_file_load: {} bytes of initrd, flags {}",
        plan.concat.total_bytes, plan.flags
    ));
    let kernel = match &extracted {
        Some(kernel) => kernel.as_fd(),
        None => inputs.image().as_fd(),
    };
    kexec::file_load(kernel, initrd.as_fd(), &cmdline, plan.flags).map_err(|error| {
        let found = explain::load(error.errno, facts, plan.flags.is_panic());
        let found = found.within(&error.call).of_load(inputs.image_path());
        RunError::Kernel {
            diagnosis: found,
            addon: None,
        }
    })?;
    progress(format_args!("kexec_file_load: done"));
    Ok(0)
}

fn copy_kernel(
    inputs: &Inputs<'_>,
    plan: &Plan,
    progress: Progress<'_>,
) -> Result<Filled, RunError> {
    let slice = plan.kernel.slice;
    progress(format_args!(
        "copying the kernel: {} bytes at {}",
        slice.bytes, slice.offset
    ));
    let kernel = Memfd::create("kernel", slice.bytes)?;
    kernel
        .append_slice(inputs.image(), slice)
        .map_err(|error| RunError::fill(inputs.path(IMAGE), error))?;
    Ok(kernel.finish())
}

/// Where the kernel refused a signature: looks at what it was given to verify.
fn examined(inputs: &Inputs<'_>, plan: &Plan, facts: &Facts, found: Diagnosis) -> Diagnosis {
    if found.signature.is_none() {
        return found;
    }
    let image: &dyn ReadAt = inputs.image();
    let inner = SubSource::new(image, plan.kernel.slice);
    let verified: &dyn ReadAt = match plan.route {
        Route::Extract => &inner,
        Route::Native | Route::Handshake => image,
    };
    let Ok(pe) = pe::parse(verified) else {
        return found;
    };
    let examination = authenticode::examine(verified, &pe);
    let found = explain::examined(&examination, found, facts);
    found.quote("signed", examination.notes().into_iter())
}

/// Words of kernel/kexec_file.c, the PE parser of crypto/asymmetric_keys and
/// the lockdown module.
fn is_about_kexec(message: &str) -> bool {
    const WORDS: [&str; 6] = [
        "kexec",
        "PEFILE",
        "Lockdown:",
        "Lockdown ",
        "bzImage",
        "PKCS7",
    ];
    // The module asks whether lockdown is on, and the kernel logs that as if it
    // had refused something. Lockdown itself is in the report's cause.
    let asked_only = message.contains("kexec of unsigned images is restricted");
    !asked_only && WORDS.iter().any(|word| message.contains(word))
}
