// SPDX-License-Identifier: GPL-2.0-or-later
//! One attempt at a planned load: anonymous files, then kexec_file_load(2).
//! Layer: effects.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

use super::crash::{self, Preflight};
use super::digest;
use super::done::Done;
use super::events::Events;
use super::initrd::Initrd;
use super::offer::Offer;
use super::options::LoadOptions;
use super::prepared::Prepared;
use super::record::SetAside;
use super::{RunError, handshake, unpack};
use crate::diagnosis::Diagnosis;
use crate::formats::image::{authenticode, pe};
use crate::formats::source::{InputId, ReadAt, SubSource};
use crate::host::Host;
use crate::policy::explain;
use crate::policy::plan::{Manifest, Plan, Route};
use crate::sys::file::InputFile;
use crate::sys::kmsg::LogMark;
use crate::sys::memfd::{Filled, Memfd};
use crate::sys::progress::{self, Phase};
use crate::sys::{AsFd, Fd, event, kexec, thread};

/// The input of one attempt.
struct Attempt<'load> {
    options: &'load LoadOptions<'load>,
    manifest: &'load Manifest<InputFile>,
    plan: &'load Plan,
    host: &'load Host,
}

/// Checks what is known to fail before it is tried, while an older crash image is still
/// there.
///
/// # Errors
/// [`RunError::Diagnosed`].
pub fn check(options: &LoadOptions<'_>, load: &Prepared, host: &Host) -> Result<(), RunError> {
    let image = load.image();
    if let Some(blocker) = &load.plan.blocker {
        return Err(RunError::Diagnosed(blocker.clone().of_load(image)));
    }
    match &load.preflight {
        Some(preflight) => crash::check(image, options, preflight.estimate.as_ref(), host),
        None => Ok(()),
    }
}

/// Carries out a plan; returns the number of companion files that the image's own parser
/// skipped.
///
/// # Errors
/// [`RunError`]; nothing is loaded then that was not loaded before. The kernel drops an
/// older crash image before it reads the new one.
pub fn load(
    options: &LoadOptions<'_>,
    load: &Prepared,
    host: &Host,
    events: &mut dyn Events,
) -> Result<usize, RunError> {
    check(options, load, host)?;
    let Prepared { manifest, plan, .. } = load;
    let attempt = Attempt {
        options,
        manifest,
        plan,
        host,
    };
    let log = LogMark::now();
    let result = attempt.load(load.preflight.as_ref(), events);
    if let Ok(done) = &result {
        digest::tell(plan.digest, &done.report, options.wanted.fast, events);
        let report = done.report.as_ref().ok().and_then(Option::as_ref);
        unpack::tell(plan.unpack, report, events);
    }
    let result = result.map(|done| done.skipped_count);
    // A file that changed since it was planned fails in many ways, the kernel's ENOEXEC
    // among them; all of them have this one cause.
    result.map_err(|error| {
        changed(manifest).unwrap_or_else(|| match error {
            RunError::Kernel { diagnosis, addon } => {
                let lines = log.map_or_else(Vec::new, |log| log.messages(is_about_kexec));
                let lines = lines.into_iter().map(String::into_bytes);
                let found = attempt.examined(diagnosis.quote("kernel", lines.collect()));
                let diagnosis = explain::adapted(found, host);
                RunError::Kernel { diagnosis, addon }
            }
            other => other,
        })
    })
}

impl Attempt<'_> {
    /// Loads the image, and keeps the records true. If that fails, the old image stays
    /// loaded, but not a crash image: the system call drops that, so everything that can be
    /// checked is checked before it.
    fn load(
        &self,
        preflight: Option<&Preflight>,
        events: &mut dyn Events,
    ) -> Result<Done, RunError> {
        let _keys = crash::crypt_keys(self.options)?;
        let mut record = None;
        let result = self.call(&mut record, events);
        match (&result, record) {
            (Ok(_), _) if self.options.wanted.panic => {
                let estimate = preflight.and_then(|preflight| preflight.estimate);
                let image = &self.manifest.image.path;
                crash::remember(image, estimate.as_ref(), event::boot_time_s());
            }
            (Ok(done), Some(record)) => record.replace(self.options, self.plan, done),
            (Err(_), Some(record)) => record.restore(),
            (_, None) => {}
        }
        result
    }

    /// Prepares the call of the kernel, sets the record aside, and calls it.
    fn call(
        &self,
        record: &mut Option<SetAside>,
        events: &mut dyn Events,
    ) -> Result<Done, RunError> {
        let Attempt { manifest, plan, .. } = self;
        let mut progress = |step: core::fmt::Arguments<'_>| events.step(step);
        let initrd = Initrd::assemble(manifest, &plan.concat, &mut progress)?;
        let extracted = match plan.route {
            Route::Handshake => {
                let offer = Offer::new(self.options.root, manifest, plan)?;
                return handshake::load(&offer, initrd.as_fd(), self.host, record, &mut progress);
            }
            Route::Extract if plan.kernel.source == InputId::IMAGE => {
                Some(self.copy_kernel(&mut progress)?)
            }
            // A thin image's kernel is a copy already.
            Route::Extract | Route::Native => None,
        };
        if let Some(changed) = changed(manifest) {
            return Err(changed);
        }
        // The plan has checked that there is no NUL in it.
        let cmdline =
            CString::new(plan.cmdline.text.as_slice()).map_err(|_| RunError::NulInCmdline)?;
        progress(format_args!(
            "kexec_file_load: {} bytes of initrd, flags {}",
            plan.concat.total_bytes, plan.flags
        ));
        let kernel = match &extracted {
            Some(kernel) => kernel.as_fd(),
            None => self.kernel_file()?.as_fd(),
        };
        let session = digest::session(plan.digest);
        SetAside::begin(record, plan.flags.is_panic());
        self.file_load(kernel, initrd.as_fd(), &cmdline)?;
        progress(format_args!("kexec_file_load: done"));
        Ok(Done {
            skipped_count: 0,
            report: session.map(|session| session.and_then(|session| session.report())),
        })
    }

    /// Calls the kernel; where progress is shown, in a thread of its own, while this one
    /// draws.
    fn file_load(
        &self,
        kernel: Fd<'_>,
        initrd: Option<Fd<'_>>,
        cmdline: &CStr,
    ) -> Result<(), RunError> {
        let flags = self.plan.flags;
        let call = || kexec::file_load(kernel, initrd, cmdline, flags);
        progress::enter(Phase::Kernel);
        let result = match progress::is_on() {
            false => call(),
            true => thread::beside(call)?.ok_or_else(|| {
                let found = explain::caller_gone().of_load(&self.manifest.image.path);
                RunError::Diagnosed(found)
            })?,
        };
        result.map_err(|error| {
            let found = explain::load(error.errno, self.host, self.options.wanted.panic);
            RunError::Kernel {
                diagnosis: found.within(&error.call).of_load(&self.manifest.image.path),
                addon: None,
            }
        })
    }

    fn kernel_file(&self) -> Result<&InputFile, RunError> {
        let input = self.manifest.get(self.plan.kernel.source);
        let input = input.ok_or(RunError::NoSuchInput)?;
        Ok(&input.file)
    }

    fn copy_kernel(&self, progress: super::Progress<'_>) -> Result<Filled, RunError> {
        let slice = self.plan.kernel.slice;
        progress(format_args!(
            "copying the kernel: {} bytes at {}",
            slice.bytes, slice.offset
        ));
        let image = &self.manifest.image;
        let kernel = Memfd::create("kernel", slice.bytes)?;
        kernel
            .append_slice(&image.file, slice)
            .map_err(|error| RunError::fill(&image.path, error))?;
        Ok(kernel.finish())
    }

    /// Adds what the image's own signatures show if the kernel refused the signature.
    fn examined(&self, found: Diagnosis) -> Diagnosis {
        if found.signature.is_none() {
            return found;
        }
        let image: &dyn ReadAt = &self.manifest.image.file;
        let Ok(kernel) = self.kernel_file() else {
            return found;
        };
        let inner = SubSource::new(kernel, self.plan.kernel.slice);
        let verified: &dyn ReadAt = match self.plan.route {
            Route::Extract => &inner,
            Route::Native | Route::Handshake => image,
        };
        let Ok(pe) = pe::parse(verified) else {
            return found;
        };
        let examination = authenticode::examine(verified, &pe);
        let found = explain::examined(&examination, found, self.host);
        found.quote("signed", examination.summaries())
    }
}

/// Returns the error of an input file whose size changed since it was opened: it explains
/// failures that would otherwise be blamed on something else.
fn changed(manifest: &Manifest<InputFile>) -> Option<RunError> {
    manifest.inputs().find_map(|input| {
        let now_bytes = input.file.bytes_now().ok()?;
        let opened_bytes = input.file.file_bytes();
        (now_bytes != opened_bytes).then(|| RunError::FileChanged {
            path: input.path.clone(),
            opened_bytes,
            now_bytes,
        })
    })
}

/// Returns whether a line of the kernel's log is from kernel/kexec_file.c, the PE parser
/// of crypto/asymmetric_keys or the lockdown module.
fn is_about_kexec(message: &str) -> bool {
    const WORDS: [&str; 6] = [
        "kexec",
        "PEFILE",
        "Lockdown:",
        "Lockdown ",
        "bzImage",
        "PKCS7",
    ];
    // The module asks whether lockdown is on, and the kernel logs this as if it had
    // refused something. The cause in the report mentions lockdown itself.
    let has = |words: &str| {
        let mut parts = message.as_bytes().windows(words.len());
        parts.any(|part| part == words.as_bytes())
    };
    let asked_only = has("kexec of unsigned images is restricted");
    !asked_only && WORDS.iter().any(|word| has(word))
}
