// SPDX-License-Identifier: GPL-2.0-or-later
//! The handshake route: thread A sits in kexec_file_load(2); this thread is B and serves
//! it. Layer: effects.
//!
//! B is the main thread, because A needs almost no stack.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::done::Done;
use super::error::ServeError;
use super::offer::Offer;
use super::ready::Early;
use super::record::SetAside;
use super::server::Server;
use super::{Progress, RunError};
use crate::abi;
use crate::diagnosis::errno::Errno;
use crate::diagnosis::size::milliseconds;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::host::Host;
use crate::policy::explain;
use crate::policy::plan::Unpack;
use crate::sys::event::{EventFd, now_us};
use crate::sys::progress::{self as line, Phase};
use crate::sys::session::Session;
use crate::sys::thread::{self, OtherThread};
use crate::sys::{Fd, SysError, kexec};

/// The number of lines that a report quotes from the verifier's log.
const LOG_LINES: usize = 6;

/// Thread A's result and its times, in microseconds.
struct CallResult {
    started_us: u64,
    returned_us: u64,
    result: Result<(), SysError>,
}

/// Loads the image by the handshake.
///
/// # Errors
/// [`RunError::Kernel`], which joins A's error number, B's failure and the kernel's
/// report; [`RunError::Sys`] when the handshake could not begin.
pub fn load(
    offer: &Offer<'_>,
    initrd: Option<Fd<'_>>,
    host: &Host,
    record: &mut Option<SetAside>,
    progress: Progress<'_>,
) -> Result<Done, RunError> {
    let (ready, attached, ended) = (EventFd::new()?, EventFd::new()?, EventFd::new()?);
    // This route is only chosen when there is a common version.
    let module = host.module.as_ref();
    let version = module.and_then(|module| module.abi_version?.ok());
    let version = version.unwrap_or(abi::ABI_VERSION);
    let early = match module.is_some_and(|module| module.takes_early_parsers) {
        true => abi::REGISTER_EARLY,
        false => 0,
    };
    let flags = offer.session_flags | early;
    let session = Session::open(&ready, &attached, version, flags)?;
    progress(format_args!("session registered with /proc/kexec_bpf"));
    line::enter(Phase::Parser);
    let early = Early::make(&session, offer, host, progress);
    // The call would drop the crash image that is loaded, and then fail.
    let refusal = early.as_ref().and_then(Early::refusal);
    if let Some(refusal) = refusal.filter(|_| offer.flags.is_panic()) {
        let found = refusal.diagnose().of_load(offer.image_path());
        return Err(RunError::Diagnosed(quoted(found, refusal.log())));
    }
    let image = offer.image();
    let call = || {
        let started_us = now_us();
        let result = kexec::file_load(image, initrd, &offer.cmdline, offer.flags);
        let returned_us = now_us();
        // B waits for this signal. It cannot fail: the counter of a fresh eventfd is
        // never full.
        let _ = ended.signal();
        CallResult {
            started_us,
            returned_us,
            result,
        }
    };
    SetAside::begin(record, offer.flags.is_panic());
    progress(format_args!("thread A: kexec_file_load, the whole image"));
    line::enter(Phase::Verifying);
    let serve = |other: &OtherThread<'_>| {
        let server = Server {
            offer,
            ready: &ready,
            attached: &attached,
            ended: &ended,
            other,
            progress: &mut *progress,
            session: Some(session),
            early,
            failure: None,
        };
        server.serve()
    };
    let (called, served) = thread::join(call, serve)?;
    let Some(called) = called else {
        // Thread B has detached the parser and closed the session.
        let found = explain::caller_gone().of_load(offer.image_path());
        return Err(RunError::Diagnosed(found));
    };
    progress(format_args!(
        "thread A: kexec_file_load returned after {}",
        milliseconds(called.returned_us.saturating_sub(called.started_us))
    ));
    let report = served.session.and_then(|session| session.report());
    if let Some(report) = &report {
        tell(report, progress);
    }
    let Err(error) = called.result else {
        let all = offer.companions.len();
        let taken = report.map_or(all, |report| report.addons as usize);
        return Ok(Done {
            skipped_count: all.saturating_sub(taken),
            report: Ok(report),
        });
    };
    // If the call failed with ECANCELED, B's failure ended the load. Otherwise the kernel
    // had already ended the load, and B's failure is only a consequence.
    let cancelled = served.failure.filter(|_| error.errno == Errno::ECANCELED);
    let found = match &cancelled {
        Some(failure) => failure.diagnose(),
        None => {
            let panic = offer.flags.is_panic();
            let found = explain::handshake(error.errno, report.as_ref(), host, panic);
            match offer.unpack {
                Unpack::Session { asker } => {
                    explain::unpacking(found, error.errno, report.as_ref(), asker)
                }
                Unpack::No | Unpack::Unable { .. } => found,
            }
        }
    };
    let log = cancelled.as_ref().map_or("", ServeError::log);
    let found = found.within(&error.call).of_load(offer.image_path());
    let found = quoted(found, log);
    let addon = report.as_ref().and_then(|report| {
        offer.companions.iter().copied().find(|id| {
            let addon = offer.companion(*id);
            addon.is_ok_and(|addon| explain::is_about(report, &addon))
        })
    });
    Err(RunError::Kernel {
        diagnosis: found,
        addon,
    })
}

/// Adds the end of the verifier's log.
fn quoted(found: Diagnosis, log: &str) -> Diagnosis {
    let lines = last_lines(log).into_iter();
    found.quote("verifier", lines.map(String::into_bytes).collect())
}

/// Returns the lines of a verifier's log that say what is wrong: the last non-empty ones,
/// without the explanation that Linux 7 appends after the reason.
fn last_lines(log: &str) -> Vec<String> {
    let lines = || log.lines().filter(|line| !line.trim_ascii().is_empty());
    let verdict = lines().position(|line| line.starts_with("Verification failed:"));
    let end = verdict.and_then(|verdict| {
        let place = lines().skip(verdict).position(|line| line == "At:")?;
        Some(verdict.saturating_add(place))
    });
    let end = end.unwrap_or_else(|| lines().count());
    let before = end.saturating_sub(LOG_LINES);
    let found = lines().take(end).skip(before);
    found.map(String::from).collect()
}

/// Reports the steps that the kernel took.
fn tell(report: &abi::Report, progress: Progress<'_>) {
    let rounds = usize::try_from(report.rounds).unwrap_or(0);
    for (number, round) in (1u32..).zip(report.round.iter().take(rounds)) {
        progress(format_args!(
            "kernel: round {number}: {}, handshake {}, run {}, {} calls",
            abi::parser_name(round.parser),
            milliseconds(round.handshake_us),
            milliseconds(round.hook_us),
            round.calls
        ));
        progress(format_args!(
            "kernel: round {number}: kernel {}; initrd {}; command line {} bytes",
            resource(&round.kernel),
            resource(&round.initrd),
            round.cmdline_size
        ));
    }
    let signature = match report.signature {
        0 => String::from("verified"),
        abi::SIGNATURE_UNCHECKED => String::from("not checked"),
        errno => format!("not verified: {}", Errno(errno.saturating_neg())),
    };
    progress(format_args!(
        "kernel: signature of the whole image {signature}; load {}",
        milliseconds(report.load_us)
    ));
    if report.error == 0 {
        progress(format_args!(
            "kernel: loaded: kernel {}; initrd {}; command line {} bytes",
            resource(&report.kernel),
            resource(&report.initrd),
            report.cmdline_size
        ));
    }
}

fn resource(resource: &abi::Resource) -> String {
    if resource.parts == 0 {
        return "none".into();
    }
    let flags: Vec<&str> = abi::RESOURCE_FLAGS
        .iter()
        .filter(|(bit, _)| resource.flags & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    format!(
        "{} bytes at {:#x} ({})",
        resource.size,
        resource.offset,
        flags.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn the_verifiers_reason_is_quoted() {
        let old = "0: R1=ctx()\n\n1\n2\n3\n4\nR1 invalid mem access 'scalar'\nprocessed 3 insns\n";
        let wanted = [
            "1",
            "2",
            "3",
            "4",
            "R1 invalid mem access 'scalar'",
            "processed 3 insns",
        ];
        assert_eq!(last_lines(old), wanted);
        let new = "2: (7b)\nR1 invalid mem access 'scalar'\n\nVerification failed: Type\n\n\
                   Reason:\n  R1 is a scalar.\n\nAt:\n  parse\n\nSuggestion:\n  Reload.\n";
        let wanted = [
            "2: (7b)",
            "R1 invalid mem access 'scalar'",
            "Verification failed: Type",
            "Reason:",
            "  R1 is a scalar.",
        ];
        assert_eq!(last_lines(new), wanted);
        // A line that only begins like the new format's.
        assert_eq!(
            last_lines("Verification failed: x\n"),
            ["Verification failed: x"]
        );
        assert_eq!(last_lines(""), [""; 0]);
    }
}
