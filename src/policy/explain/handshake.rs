// SPDX-License-Identifier: GPL-2.0-or-later
//! Failures on the handshake route, explained from what thread B met and from the
//! kernel's report (struct kexec_bpf_report). Layer: pure.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{certain, enforce, failed, possible};
use crate::abi::{ABI_VERSION, Addon, Report, Stage};
use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnosis, Exit, Hint};
use crate::host::{Host, Module};

/// Returns the blocker to the handshake route.
#[must_use]
pub fn handshake_blocker(host: &Host) -> Option<Diagnosis> {
    if let Some(held) = enforce::held(host) {
        return Some(held);
    }
    if let Some(module) = &host.module {
        return match module.abi_version {
            Some(Ok(_)) if !module.has_btf => Some(no_btf()),
            Some(Ok(_)) => None,
            Some(Err(other)) => Some(certain(
                &format!("the module's interface is version {other}, not {ABI_VERSION}"),
                &[Hint::Text(
                    "install the same version of kexec-bpf and its module",
                )],
            )),
            None => Some(possible(
                "the module's interface version is unknown: /sys is not mounted",
                &[Hint::Text("mount -t sysfs sysfs /sys")],
            )),
        };
    }
    let (cause, hints): (_, &[Hint]) = if host.module_loaded {
        (
            "module kexec_bpf is loaded, but /proc/kexec_bpf is missing",
            &[Hint::Text("mount -t proc proc /proc")],
        )
    } else if !host.has_btf {
        (
            "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)",
            &[Hint::Text("boot a kernel with BTF"), Hint::RouteExtract],
        )
    } else if host.modules_disabled == Some(true) {
        (
            "module kexec_bpf is not loaded; kernel.modules_disabled is 1",
            &[
                Hint::Text("load the module before kernel.modules_disabled is set"),
                Hint::RouteExtract,
            ],
        )
    } else if host.is_locked_down() {
        (
            "module kexec_bpf is not loaded; lockdown accepts only signed modules",
            &[Hint::Text(
                "modprobe kexec_bpf; if that fails, sign the module and enrol its key",
            )],
        )
    } else {
        (
            "module kexec_bpf is not loaded",
            &[Hint::Text("modprobe kexec_bpf"), Hint::RouteExtract],
        )
    };
    Some(certain(cause, hints))
}

fn no_btf() -> Diagnosis {
    certain(
        "module kexec_bpf was built without BTF, so it cannot run parsers",
        &[Hint::Text(
            "build it with pahole installed, then modprobe -r and modprobe kexec_bpf",
        )],
    )
}

/// Returns whether `auto` may ignore the module: it was built without BTF, and neither
/// lockdown nor enforce requires the handshake.
#[must_use]
pub fn module_is_useless(host: &Host) -> bool {
    // Without sysfs, it is not known whether the module has BTF.
    let has_no_btf = |module: &Module| module.abi_version.is_some() && !module.has_btf;
    host.module.as_ref().is_some_and(has_no_btf) && !host.is_locked_down() && !host.enforces()
}

/// Returns why the module does not do something of which the host's state does not say that
/// it can, and what to try.
#[must_use]
pub fn lacking(host: &Host) -> &'static str {
    match host.module.as_ref().map(|module| module.abi_version) {
        None if host.module_loaded => "/proc/kexec_bpf is missing; try mount -t proc proc /proc",
        None if host.modules_disabled == Some(true) => {
            "the module kexec_bpf is not loaded, and kernel.modules_disabled is 1"
        }
        None => "the module kexec_bpf is not loaded; try modprobe kexec_bpf",
        Some(None) => "the module's parameters cannot be read; try mount -t sysfs sysfs /sys",
        Some(Some(_)) => "the loaded module kexec_bpf is too old for it",
    }
}

/// Explains why thread B could not serve the parser that the kernel gave it.
#[must_use]
pub fn parser(why: &dyn fmt::Display, exit: Exit) -> Diagnosis {
    let hints: &[Hint] = match exit {
        Exit::BadImage => &[
            Hint::Text("use an image with another .bpf section"),
            Hint::RouteExtract,
        ],
        Exit::Refused => &[
            Hint::Status,
            Hint::Text("use a kernel and a module with BTF"),
            Hint::RouteExtract,
        ],
        Exit::Done | Exit::Failed | Exit::Usage | Exit::Running => {
            &[Hint::Text("the same command again"), Hint::RouteExtract]
        }
    };
    certain(&why.to_string(), hints)
        .with_exit(exit)
        .with_what(&Errno::ECANCELED)
}

/// Explains the errno of kexec_file_load(2), with the module's report on that call.
#[must_use]
pub fn handshake(errno: Errno, report: Option<&Report>, host: &Host, panic: bool) -> Diagnosis {
    const LONGER: &[Hint] = &[Hint::Text(
        "the same command again, or echo 30000 >/sys/module/kexec_bpf/parameters/timeout_ms",
    )];
    let Some(report) = report.filter(|report| report.error != 0) else {
        // There is no report after B has closed the session, as it does when it fails.
        // And if the kernel gives up waiting, B's current step fails.
        return match errno {
            Errno::ETIMEDOUT => certain("no parser was attached in time", LONGER)
                .with_exit(Exit::Failed)
                .with_what(&errno),
            _ => super::load(errno, host, panic),
        };
    };
    let reason = String::from_utf8_lossy(report.reason());
    let because = |exit, hints| certain(&reason, hints).with_exit(exit);
    let by_signature = || {
        let errno = signature_errno(report, errno);
        super::load(errno, host, panic).with_exit(Exit::Refused)
    };
    let found = match Stage::of(report.stage) {
        // Enforce refused the image because the signature check failed; that check's own
        // errno says why.
        _ if is_of_enforce(report) && is_bad_signature(report) => by_signature(),
        _ if is_of_enforce(report) => because(
            Exit::Refused,
            &[
                Hint::Text("load a signed UKI, with signed addons for any additions"),
                Hint::Inspect,
            ],
        ),
        // In these stages the errno says more than the report's reason. A failed
        // signature that is not demanded does not end the load, so the error may come
        // from reading the initrd afterwards.
        Some(Stage::Signature | Stage::Read) if is_of_signature(report, errno) => by_signature(),
        Some(Stage::Signature | Stage::Read | Stage::Segments) => super::load(errno, host, panic),
        Some(Stage::Rules) if errno == Errno::EACCES => because(Exit::Refused, &[Hint::ImaSign]),
        // A rule that one of the parser's calls broke gives the same error numbers.
        Some(Stage::Rules | Stage::Parse) if is_rule(errno) => because(
            Exit::Refused,
            &[
                Hint::Text("put the additions into a signed addon"),
                Hint::Inspect,
            ],
        ),
        Some(Stage::Rules | Stage::Parse) => {
            because(Exit::BadImage, &[Hint::Inspect, Hint::RouteExtract])
        }
        // The image needs more memory than there is, which can happen on any route.
        Some(Stage::Arch) if matches!(errno, Errno::EADDRNOTAVAIL | Errno::ENOMEM) => {
            super::load(errno, host, panic)
        }
        Some(Stage::Probe | Stage::Arch) => because(Exit::BadImage, &[Hint::Inspect, Hint::Dmesg]),
        Some(Stage::Handshake) if errno == Errno::ETIMEDOUT => because(Exit::Failed, LONGER),
        Some(Stage::Handshake) if errno == Errno::EBUSY => because(
            Exit::Refused,
            &[Hint::Text(
                "bpftool link, which shows what is attached; end that process, or remove the pin in /sys/fs/bpf",
            )],
        ),
        // `None` is a stage that only a newer module has.
        Some(Stage::Handshake | Stage::Assemble | Stage::Loaded) | None => {
            because(Exit::Failed, &[Hint::Dmesg, Hint::RouteExtract])
        }
    };
    found.with_what(&errno)
}

/// Returns whether the load failed because of what the kernel found in this addon: not
/// for lack of memory, and not because the command line became too long.
#[must_use]
pub fn is_about(report: &Report, addon: &Addon) -> bool {
    report.addon == *addon && is_verdict(Errno(report.error.saturating_neg()))
}

/// Returns whether the error is about the file itself: its content, signature or absence.
fn is_verdict(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ENOENT
            | Errno::EIO
            | Errno::EACCES
            | Errno::EINVAL
            | Errno::ETXTBSY
            | Errno::EFBIG
            | Errno::ENODATA
            | Errno::EBADMSG
            | Errno::ENOKEY
            | Errno::EKEYREJECTED
    )
}

/// Returns whether the module's security rules refuse with this error number; see
/// bpf/kmod/rules.c.
fn is_rule(errno: Errno) -> bool {
    matches!(errno, Errno::EPERM | Errno::EKEYREJECTED)
}

/// Returns whether enforce alone is the reason for the refusal.
fn is_of_enforce(report: &Report) -> bool {
    report.reason().starts_with(b"enforce: ")
}

/// Returns whether the signature check failed with one of its own error numbers.
fn is_bad_signature(report: &Report) -> bool {
    matches!(
        Errno(report.signature.saturating_neg()),
        Errno::ENODATA
            | Errno::ENOKEY
            | Errno::EBADMSG
            | Errno::EKEYREJECTED
            | Errno::ENOPKG
            | Errno::ELIBBAD
    )
}

/// Returns whether the system call failed because of the signature check: with the
/// check's own error number where signatures are enforced, or, under lockdown, with EPERM
/// at the stage Signature. At a later stage EPERM may be a security module's refusal of
/// the initrd.
fn is_of_signature(report: &Report, errno: Errno) -> bool {
    let (checked, stage) = (report.signature < 0, Stage::of(report.stage));
    let own = errno == Errno(report.signature.saturating_neg());
    checked && (own || (errno == Errno::EPERM && stage == Some(Stage::Signature)))
}

/// Returns the signature check's own error number, which the system call may replace by
/// EPERM.
fn signature_errno(report: &Report, errno: Errno) -> Errno {
    if report.signature < 0 {
        Errno(report.signature.saturating_neg())
    } else {
        errno
    }
}

/// Explains that the thread in kexec_file_load(2) ended in the middle of its call. Only
/// the kernel kills a single thread, usually because of a fault in the kernel itself; the
/// lock of all kexec calls then stays held.
#[must_use]
pub fn caller_gone() -> Diagnosis {
    failed(
        "a fault in the kernel, which then left a trace in its log",
        &[
            Hint::Dmesg,
            Hint::Text("if it shows a fault, reboot: until then neither kexec nor kdump works"),
        ],
    )
    .with_what(&"kexec_file_load's thread was killed")
}
