// SPDX-License-Identifier: GPL-2.0-or-later
//! The meaning of the kexec system calls' error numbers on this machine. Layer: pure.
//!
//! Sources: kernel/kexec_core.c, kernel/kexec_file.c and
//! arch/x86/kernel/kexec-bzimage64.c of Linux 6.1 to 6.12. A cause is certain only when
//! the host's state leaves no other.

mod activation;
mod enforce;
mod framebuffer;
mod handshake;
mod services;
mod unpack;

use alloc::format;
use alloc::string::String;

use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnosis, Exit, Hint};
use crate::formats::image::authenticode::Examination;
use crate::host::Host;

pub use activation::not_enforced;
pub use enforce::{Rule, adapted};
pub use framebuffer::framebuffer;
pub use handshake::{
    caller_gone, handshake, handshake_blocker, is_about, lacking, module_is_useless, parser,
};
pub use services::services;
pub use unpack::unpacking;

/// The `what` of a failure that is predicted, not tried.
const REFUSED: &str = "refused";
const NO_SIGNATURE: &str = "the kernel found no signature in the image";
const SIGN: &[Hint] = &[
    Hint::Text("sign it with sbsign, with a key in db or MOK"),
    Hint::Inspect,
];
const FORBIDDEN: &str = "a security module or a seccomp filter forbids it";
const OUTSIDE: &[Hint] = &[Hint::Text("run it outside a container"), Hint::Dmesg];
const BUSY: &str = "another process is loading or unloading an image";
const AGAIN: Hint = Hint::Text("the same command again");

/// The effect of route extract on signature checks, and its reason.
pub const ONLY_INNER: &str =
    "the UKI is extracted, so nothing verifies its initrd and command line";
const ONLY_NAMED: &str = "of a thin image, only the kernel's file is verified";

/// Returns a refusal by the kernel, with a cause that the host's state proves.
fn certain(cause: &str, hints: &[Hint]) -> Diagnosis {
    Diagnosis::refused(&REFUSED)
        .because(cause)
        .with_hints(hints)
}

/// Returns a refusal by the kernel, with a likely cause.
fn possible(cause: &str, hints: &[Hint]) -> Diagnosis {
    Diagnosis::refused(&REFUSED).maybe(cause).with_hints(hints)
}

/// Returns a failure of this attempt, with a likely cause.
fn failed(cause: &str, hints: &[Hint]) -> Diagnosis {
    possible(cause, hints).with_exit(Exit::Failed)
}

/// Returns the blocker to any load, if it is known before the load is tried.
#[must_use]
pub fn load_blocker(host: &Host, panic: bool) -> Option<Diagnosis> {
    if let Some(blocker) = gate(host, panic) {
        return Some(blocker);
    }
    if let Some(held) = enforce::held(host) {
        return Some(held);
    }
    if host.file_load == Some(false) {
        return Some(no_file_load(host));
    }
    if panic && host.crash_size_bytes == Some(0) {
        return Some(certain(
            "no memory is reserved for a crash image",
            &[Hint::Text(
                "boot this kernel with crashkernel=256M on its command line",
            )],
        ));
    }
    None
}

fn no_file_load(host: &Host) -> Diagnosis {
    let release = &host.kernel_release;
    certain(
        &format!("kernel {release} was built without CONFIG_KEXEC_FILE"),
        &[Hint::Text("boot a kernel that has kexec_file_load(2)")],
    )
}

/// Explains why route extract is refused on a locked-down kernel: it would bypass the
/// UKI's signature.
#[must_use]
pub fn unsigned_initrd(host: &Host, is_thin: bool) -> Diagnosis {
    let (cause, hints): (_, &[Hint]) = match (is_thin, host.module.is_some()) {
        (true, _) => (
            ONLY_NAMED,
            &[Hint::Text(
                "load it with --route extract --allow-unsigned-initrd",
            )],
        ),
        (false, true) => (
            ONLY_INNER,
            &[Hint::Text(
                "the same command without --route, or with --allow-unsigned-initrd",
            )],
        ),
        (false, false) => (
            ONLY_INNER,
            &[Hint::Text("modprobe kexec_bpf"), Hint::EXTRACT_UNSIGNED],
        ),
    };
    certain(&format!("lockdown: {cause}"), hints)
}

/// Returns the reason why kexec_load_permitted() would refuse. Loads and unloads both
/// pass it, and both count against the limits.
fn gate(host: &Host, panic: bool) -> Option<Diagnosis> {
    if let Some(blocker) = privilege_blocker(host) {
        return Some(blocker);
    }
    if host.load_disabled == Some(true) {
        return Some(certain(
            "kernel.kexec_load_disabled is 1 (set by load --lock, hook enforce or sysctl.d)",
            &[Hint::Text("reboot through the firmware")],
        ));
    }
    if host.loads_left(panic) == Some(0) {
        let name = if panic { "panic" } else { "reboot" };
        return Some(certain(
            &format!("kernel.kexec_load_limit_{name} is 0: no loads are left"),
            &[Hint::Text(
                "reboot through the firmware; look in sysctl.d for what set it",
            )],
        ));
    }
    None
}

fn privilege_blocker(host: &Host) -> Option<Diagnosis> {
    (!host.cap_sys_boot).then(|| {
        certain(
            "this process does not have CAP_SYS_BOOT",
            &[Hint::Text("run it as root, outside a container")],
        )
    })
}

/// Explains the errno of a load by kexec_file_load(2).
#[must_use]
pub fn load(errno: Errno, host: &Host, panic: bool) -> Diagnosis {
    let found = match errno {
        Errno::EPERM => refused_load(host, panic),
        Errno::EKEYREJECTED
        | Errno::ENOKEY
        | Errno::ENODATA
        | Errno::EBADMSG
        | Errno::ENOPKG
        | Errno::ELIBBAD => signature(errno, host),
        // Root can read any file, so EACCES comes from a security module.
        Errno::EACCES => possible(
            "a security module (IMA) refuses the image or the initrd",
            &[
                Hint::Text("evmctl ima_verify FILE"),
                Hint::Dmesg,
                Hint::Text("journalctl -k | grep audit"),
            ],
        ),
        Errno::ENOEXEC => failed(
            "the kernel found no image that it can load",
            &[Hint::Inspect, Hint::Dmesg],
        ),
        Errno::ENOSYS => no_file_load(host),
        Errno::EADDRNOTAVAIL if panic => no_room(host),
        Errno::EADDRNOTAVAIL => failed(
            "no free range of memory is large enough for a part of the image",
            &[Hint::Text("use a smaller initrd, or free memory")],
        ),
        Errno::ENOMEM if panic => failed(
            "not enough free memory for the image, or not enough reserved by crashkernel=",
            &[
                Hint::Text("free memory"),
                Hint::KdumpCheck,
                Hint::Text("reserve more with crashkernel="),
            ],
        ),
        Errno::ENOMEM => failed(
            "not enough free memory for the image",
            &[Hint::Text("free memory, or use a smaller initrd")],
        ),
        Errno::EBUSY => failed(BUSY, &[AGAIN]),
        Errno::ETXTBSY => certain(
            "a process has one of the files open for writing",
            &[Hint::Text(
                "wait until it is written; fuser -v FILE, which shows who has it open",
            )],
        )
        .with_exit(Exit::Failed),
        Errno::EFBIG => failed(
            "a file is larger than the kernel can read (2 GiB)",
            &[Hint::Text("use a smaller initrd")],
        ),
        Errno::EINVAL => failed(
            "the kernel does not accept the image's header or its command line",
            &[Hint::Dmesg, Hint::DryRun],
        ),
        Errno::EIO => failed(
            "a file changed, or could not be read, while it was being loaded",
            &[AGAIN, Hint::Dmesg],
        ),
        _ => unknown(errno),
    };
    found.with_what(&errno)
}

/// Explains an error number that these calls are not known to return.
fn unknown(errno: Errno) -> Diagnosis {
    failed(
        errno.text().unwrap_or("the kernel gave no known reason"),
        &[Hint::Dmesg],
    )
}

/// Explains EPERM of a load. It comes from the checks of [`load_blocker`], or else from
/// lockdown, when the image's signature does not verify.
fn refused_load(host: &Host, panic: bool) -> Diagnosis {
    if let Some(blocker) = load_blocker(host, panic) {
        return blocker;
    }
    if host.enforces() {
        return enforce::without_report();
    }
    match host.lockdown {
        Some(level) if host.is_locked_down() => certain(
            &format!("the signature did not verify (lockdown: {level})"),
            &[Hint::Text(
                "load an image signed by a key that this kernel trusts",
            )],
        )
        .by_signature(Errno::EPERM),
        Some(_) => possible(FORBIDDEN, OUTSIDE),
        None => possible(
            "the kernel is locked down, and the signature did not verify",
            &[
                Hint::Text("mount -t securityfs none /sys/kernel/security"),
                Hint::Status,
            ],
        ),
    }
}

/// Refines the cause of a refused signature, after the image itself was examined. The
/// kernel looks for the key before it compares digests, so ENOKEY stays.
#[must_use]
pub fn examined(found: &Examination, diagnosis: Diagnosis, host: &Host) -> Diagnosis {
    let what = match diagnosis.signature {
        Some(Errno::EPERM) if found.signatures.is_empty() => NO_SIGNATURE,
        Some(Errno::EPERM | Errno::EKEYREJECTED) if found.was_changed() => {
            "digest mismatch: the image was changed after it was signed"
        }
        _ => return diagnosis,
    };
    diagnosis.because(&under_lockdown(what, host))
}

fn under_lockdown(what: &str, host: &Host) -> String {
    match host.lockdown {
        _ if host.enforces() && !host.is_locked_down() => format!("{what} (enforce)"),
        Some(level) => format!("{what} (lockdown: {level})"),
        None => what.into(),
    }
}

fn signature(errno: Errno, host: &Host) -> Diagnosis {
    let (what, hints): (_, &[Hint]) = match errno {
        Errno::ENODATA => (NO_SIGNATURE, SIGN),
        Errno::ENOKEY => ("the kernel has no key for the image's signature", SIGN),
        Errno::EBADMSG => (
            "the image's signature is damaged",
            &[Hint::Inspect, Hint::Dmesg],
        ),
        Errno::ENOPKG => (
            "the kernel lacks an algorithm of the image's signature",
            SIGN,
        ),
        Errno::ELIBBAD => (
            "the kernel's signature check does not accept the PE headers",
            &[Hint::Inspect, Hint::Dmesg],
        ),
        _ => (
            "the kernel rejected the image's signature",
            &[Hint::Inspect, Hint::Dmesg],
        ),
    };
    certain(&under_lockdown(what, host), hints).by_signature(errno)
}

/// Explains that the kernel cannot hand disk keys to a capture kernel.
#[must_use]
pub fn no_crypt_keys() -> Diagnosis {
    possible(
        "no CONFIG_CRASH_DM_CRYPT (Linux 6.16), or configfs is not mounted",
        &[Hint::Text(
            "mount -t configfs none /sys/kernel/config; or omit --crypt-key",
        )],
    )
}

fn no_room(host: &Host) -> Diagnosis {
    let cause = match host.crash_size_bytes {
        Some(bytes) => format!(
            "the image does not fit in the {} MiB reserved by crashkernel=",
            bytes >> 20
        ),
        None => "the image does not fit in the memory reserved by crashkernel=".into(),
    };
    failed(
        &cause,
        &[
            Hint::KdumpCheck,
            Hint::Text("reserve more with crashkernel="),
        ],
    )
}

/// Explains the errno of an unload.
#[must_use]
pub fn unload(errno: Errno, host: &Host, panic: bool) -> Diagnosis {
    let found = match errno {
        Errno::EPERM => gate(host, panic).unwrap_or_else(|| possible(FORBIDDEN, OUTSIDE)),
        Errno::ENOSYS => certain(
            &format!("kernel {} was built without kexec", host.kernel_release),
            &[Hint::Status],
        ),
        Errno::EBUSY => failed(BUSY, &[AGAIN]),
        _ => unknown(errno),
    };
    found.with_what(&errno)
}

/// Returns the blocker to `exec`, if it is known before the jump is tried.
#[must_use]
pub fn exec_blocker(host: &Host) -> Option<Diagnosis> {
    if let Some(blocker) = privilege_blocker(host) {
        return Some(blocker);
    }
    if host.loaded == Some(false) {
        let cause = if host.crash_loaded == Some(true) {
            "no image is loaded for exec; the crash image boots only on a panic"
        } else {
            "no image is loaded"
        };
        return Some(certain(cause, &[Hint::Load]).with_exit(Exit::Failed));
    }
    None
}

/// Explains the errno of reboot(2).
#[must_use]
pub fn exec(errno: Errno, host: &Host) -> Diagnosis {
    let found = match (exec_blocker(host), errno) {
        (Some(blocker), _) => blocker,
        (None, Errno::EINVAL) if host.loaded == Some(true) => {
            failed("the kernel refused the jump", &[Hint::Dmesg])
        }
        (None, Errno::EINVAL) => failed(
            "no image is loaded, or the kernel was built without kexec",
            &[Hint::Status],
        ),
        (None, Errno::EBUSY) => failed(BUSY, &[AGAIN]),
        (None, Errno::EPERM) => possible(FORBIDDEN, OUTSIDE),
        (None, _) => unknown(errno),
    };
    found.with_what(&errno)
}

#[cfg(test)]
mod tests;
