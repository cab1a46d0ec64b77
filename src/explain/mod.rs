// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. What an error number of the kexec system calls means on this machine.
//!
//! Sources: kernel/kexec_core.c, kernel/kexec_file.c and
//! arch/x86/kernel/kexec-bzimage64.c of Linux 6.1 to 6.12. A cause is certain
//! only when the facts leave no other.

mod activation;
mod enforce;
mod framebuffer;
mod handshake;

use alloc::format;
use alloc::string::String;

use crate::errno::Errno;
use crate::facts::Facts;
use crate::image::authenticode::Examination;

pub use activation::not_enforced;
pub use enforce::{Rule, adapted};
pub use framebuffer::framebuffer;
pub use handshake::{
    caller_gone, handshake, handshake_obstacle, is_about, module_is_useless, parser,
};

/// Why a call failed and what a person can do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    pub cause: String,
    /// Whether the facts prove the cause.
    pub certain: bool,
    pub hint: String,
    pub outcome: Outcome,
    /// The error number of the check of the image's signature, when that is
    /// what failed; EPERM when the kernel kept the check's own to itself.
    pub signature: Option<Errno>,
}

/// What kind of failure it is; the exit code depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// This one attempt failed.
    Failed,
    /// The image is at fault.
    BadImage,
    /// The kernel lacks or refuses the feature.
    Refused,
}

impl Explanation {
    fn certain(cause: impl Into<String>, hint: &str) -> Explanation {
        Explanation {
            cause: cause.into(),
            certain: true,
            hint: hint.into(),
            outcome: Outcome::Refused,
            signature: None,
        }
    }

    fn possible(cause: impl Into<String>, hint: &str) -> Explanation {
        Explanation {
            certain: false,
            ..Explanation::certain(cause, hint)
        }
    }

    fn failed(self) -> Explanation {
        Explanation {
            outcome: Outcome::Failed,
            ..self
        }
    }
}

/// What stands in the way of any load, known before it is tried.
#[must_use]
pub fn load_obstacle(facts: &Facts, panic: bool) -> Option<Explanation> {
    if let Some(obstacle) = gate(facts, panic) {
        return Some(obstacle);
    }
    if let Some(held) = enforce::held(facts) {
        return Some(held);
    }
    if facts.file_load == Some(false) {
        let cause = format!(
            "kernel {} was built without CONFIG_KEXEC_FILE",
            facts.kernel_release
        );
        return Some(Explanation::certain(
            cause,
            "a kernel that has kexec_file_load(2)",
        ));
    }
    if panic && facts.crash_size_bytes == Some(0) {
        return Some(Explanation::certain(
            "no memory is reserved for a crash kernel",
            "boot this kernel with crashkernel=256M on its command line",
        ));
    }
    None
}

const NO_SIGNATURE: &str = "the kernel found no signature in the image";

/// What route extract means for signatures, and why.
pub const ONLY_INNER: &str = "only the inner kernel is verified: the UKI is taken apart";

/// On a locked-down kernel that is a way around the UKI's signature.
#[must_use]
pub fn unsigned_initrd(facts: &Facts) -> Explanation {
    let hint = if facts.module.is_some() {
        "the same without --route; or with --allow-unsigned-initrd"
    } else {
        "modprobe kexec_bpf; or --route extract --allow-unsigned-initrd"
    };
    Explanation::certain(format!("lockdown: {ONLY_INNER}"), hint)
}

/// What kexec_load_permitted() asks before a load and before an unload; both
/// count against the limits.
fn gate(facts: &Facts, panic: bool) -> Option<Explanation> {
    if let Some(obstacle) = privilege_obstacle(facts) {
        return Some(obstacle);
    }
    if facts.load_disabled == Some(true) {
        return Some(Explanation::certain(
            "kernel.kexec_load_disabled is 1",
            "reboot by firmware; load --lock, hook enforce or sysctl.d has set it",
        ));
    }
    if facts.loads_left(panic) == Some(0) {
        let name = if panic { "panic" } else { "reboot" };
        return Some(Explanation::certain(
            format!("kernel.kexec_load_limit_{name} is 0: no load is left"),
            "only a reboot by firmware clears it; find what set it in sysctl.d",
        ));
    }
    None
}

fn privilege_obstacle(facts: &Facts) -> Option<Explanation> {
    (!facts.cap_sys_boot).then(|| {
        Explanation::certain(
            "this process does not have CAP_SYS_BOOT",
            "run it as root, outside of a container",
        )
    })
}

/// Explains what kexec_file_load(2) returned for a load.
#[must_use]
pub fn load(errno: Errno, facts: &Facts, panic: bool) -> Explanation {
    match errno {
        Errno::EPERM => refused_load(facts, panic),
        Errno::EKEYREJECTED | Errno::ENOKEY | Errno::ENODATA | Errno::EBADMSG => {
            signature(errno, facts)
        }
        // root reads any file; what refuses it is an LSM.
        Errno::EACCES => Explanation::possible(
            "a security module (IMA) refuses the image or the initrd",
            "evmctl ima_verify FILE; dmesg; journalctl -k | grep audit",
        ),
        Errno::ENOEXEC => Explanation::possible(
            "the kernel found no image in it that it can load",
            "kexec-bpf inspect IMAGE; dmesg",
        )
        .failed(),
        Errno::ENOSYS => Explanation::certain(
            format!(
                "kernel {} was built without CONFIG_KEXEC_FILE",
                facts.kernel_release
            ),
            "a kernel that has kexec_file_load(2)",
        ),
        Errno::EADDRNOTAVAIL if panic => no_room(facts),
        Errno::EADDRNOTAVAIL => Explanation::possible(
            "no free range of memory is large enough for a part of the image",
            "a smaller initrd, or free memory",
        )
        .failed(),
        Errno::ENOMEM if panic => Explanation::possible(
            "not enough free memory to read the image, or none left in the reservation",
            "free memory; kexec-bpf kdump check IMAGE; a larger crashkernel=",
        )
        .failed(),
        Errno::ENOMEM => Explanation::possible(
            "not enough free memory for the image",
            "free memory, or use a smaller initrd",
        )
        .failed(),
        Errno::EBUSY => Explanation::possible(
            "another process is loading or unloading an image",
            "the same command again",
        )
        .failed(),
        Errno::ETXTBSY => Explanation::certain(
            "a process has a file of the image open for writing",
            "wait until it is written; fuser -v FILE",
        )
        .failed(),
        Errno::EFBIG => Explanation::possible(
            "a file is larger than the kernel reads (2 GiB)",
            "a smaller initrd",
        )
        .failed(),
        Errno::EINVAL => Explanation::possible(
            "the kernel does not accept the image's header or its command line",
            "dmesg; kexec-bpf load --dry-run",
        )
        .failed(),
        Errno::EIO => Explanation::possible(
            "a file changed or could not be read while the kernel read it",
            "the same command again; dmesg",
        )
        .failed(),
        _ => Explanation::possible(
            errno.text().unwrap_or("the kernel gave no known reason"),
            "dmesg",
        )
        .failed(),
    }
}

/// EPERM comes from the checks of [`load_obstacle`], then from lockdown when
/// the image's signature does not verify.
fn refused_load(facts: &Facts, panic: bool) -> Explanation {
    if let Some(obstacle) = load_obstacle(facts, panic) {
        return obstacle;
    }
    if facts.enforces() {
        return enforce::without_report();
    }
    const SIGNED: &str = "an image signed by a key that this kernel trusts";
    match facts.lockdown {
        Some(level) if facts.is_locked_down() => Explanation {
            signature: Some(Errno::EPERM),
            ..Explanation::certain(
                format!("the signature did not verify (lockdown: {level})"),
                SIGNED,
            )
        },
        Some(_) => Explanation::possible(
            "a security module or a seccomp filter forbids it",
            "run it outside of a container; dmesg",
        ),
        None => Explanation::possible(
            "lockdown, and the signature did not verify",
            "mount -t securityfs none /sys/kernel/security; kexec-bpf status",
        ),
    }
}

/// Says more of a refused signature, once the image itself was looked at. The
/// kernel looks for the key before it compares digests, so ENOKEY stays.
#[must_use]
pub fn examined(found: &Examination, explanation: Explanation, facts: &Facts) -> Explanation {
    let what = match explanation.signature {
        Some(Errno::EPERM) if found.signatures.is_empty() => NO_SIGNATURE,
        Some(Errno::EPERM | Errno::EKEYREJECTED) if found.was_changed() => {
            "digest mismatch: the image was changed after it was signed"
        }
        _ => return explanation,
    };
    Explanation {
        cause: under_lockdown(what, facts),
        ..explanation
    }
}

fn under_lockdown(what: &str, facts: &Facts) -> String {
    match facts.lockdown {
        _ if facts.enforces() && !facts.is_locked_down() => format!("{what} (enforce)"),
        Some(level) => format!("{what} (lockdown: {level})"),
        None => what.into(),
    }
}

fn signature(errno: Errno, facts: &Facts) -> Explanation {
    let what = match errno {
        Errno::ENODATA => NO_SIGNATURE,
        Errno::ENOKEY => "the kernel has no key for the image's signature",
        Errno::EBADMSG => "the image's signature is damaged",
        _ => "the kernel rejected the image's signature",
    };
    let hint = match errno {
        Errno::ENODATA | Errno::ENOKEY => {
            "sbsign, with a key of db or MOK; kexec-bpf inspect IMAGE"
        }
        _ => "kexec-bpf inspect IMAGE; dmesg",
    };
    Explanation {
        signature: Some(errno),
        ..Explanation::certain(under_lockdown(what, facts), hint)
    }
}

/// What a capture kernel's disk keys need.
#[must_use]
pub fn no_crypt_keys() -> Explanation {
    Explanation::possible(
        "no CONFIG_CRASH_DM_CRYPT (Linux 6.16), or configfs is not mounted",
        "mount -t configfs none /sys/kernel/config; or no --crypt-key",
    )
}

fn no_room(facts: &Facts) -> Explanation {
    let cause = match facts.crash_size_bytes {
        Some(bytes) => format!(
            "the image does not fit the {} MiB reserved by crashkernel=",
            bytes >> 20
        ),
        None => "the image does not fit the memory reserved by crashkernel=".into(),
    };
    Explanation::possible(cause, "kexec-bpf kdump check IMAGE; a larger crashkernel=").failed()
}

/// Explains what an unload returned.
#[must_use]
pub fn unload(errno: Errno, facts: &Facts, panic: bool) -> Explanation {
    match errno {
        Errno::EPERM => gate(facts, panic).unwrap_or_else(|| {
            Explanation::possible(
                "a security module or a seccomp filter forbids it",
                "run it outside of a container; dmesg",
            )
        }),
        Errno::ENOSYS => Explanation::certain(
            format!("kernel {} was built without kexec", facts.kernel_release),
            "kexec-bpf status",
        ),
        _ => load(errno, facts, panic),
    }
}

/// What stands in the way of `exec`, known before it is tried.
#[must_use]
pub fn exec_obstacle(facts: &Facts) -> Option<Explanation> {
    if let Some(obstacle) = privilege_obstacle(facts) {
        return Some(obstacle);
    }
    if facts.loaded == Some(false) {
        let hint = if facts.crash_loaded == Some(true) {
            "kexec-bpf load IMAGE; the crash image boots at a panic only"
        } else {
            "kexec-bpf load IMAGE"
        };
        return Some(Explanation::certain("no image is loaded", hint).failed());
    }
    None
}

/// Explains what reboot(2) returned.
#[must_use]
pub fn exec(errno: Errno, facts: &Facts) -> Explanation {
    if let Some(obstacle) = exec_obstacle(facts) {
        return obstacle;
    }
    match errno {
        Errno::EINVAL if facts.loaded == Some(true) => {
            Explanation::possible("the kernel refused the jump", "dmesg").failed()
        }
        Errno::EINVAL => Explanation::possible(
            "no image is loaded, or the kernel was built without kexec",
            "kexec-bpf status",
        )
        .failed(),
        Errno::EBUSY => Explanation::possible(
            "another process is loading or unloading an image",
            "the same command again",
        )
        .failed(),
        Errno::EPERM => Explanation::possible(
            "a security module or a seccomp filter forbids it",
            "run it outside of a container; dmesg",
        ),
        _ => Explanation::possible(
            errno.text().unwrap_or("the kernel gave no known reason"),
            "dmesg",
        )
        .failed(),
    }
}

#[cfg(test)]
mod tests;
