// SPDX-License-Identifier: GPL-2.0-or-later
//! The reason why enforce cannot be turned on. Layer: pure.

use alloc::format;
use alloc::string::String;

use super::enforce::held;
use super::{certain, handshake_blocker};
use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnosis, Hint};
use crate::host::Host;

/// Explains why enforce is still off after every attempt: how modprobe failed, if it was
/// run, and the errno of writing 1 to the parameter.
#[must_use]
pub fn not_enforced(host: &Host, modprobe: Option<String>, write: Option<Errno>) -> Diagnosis {
    const MEND: &[Hint] = &[
        Hint::Dmesg,
        Hint::Text("fix the initramfs, then reboot through the firmware"),
    ];
    const EARLIER: &[Hint] = &[Hint::Text(
        "run hook enforce before anything loads an image; reboot through the firmware",
    )];
    if let Some(held) = held(host) {
        return held;
    }
    // With an image loaded, inserting the module with enforce=1 fails as well.
    let loaded = match (host.loaded, host.crash_loaded) {
        (Some(true), _) => Some("an image was loaded before enforce was asked for"),
        (_, Some(true)) => Some("a crash image was loaded before enforce was asked for"),
        _ => None,
    };
    if let Some(loaded) = loaded {
        return certain(loaded, EARLIER);
    }
    let module = host.module.as_ref();
    let cause = match (write, modprobe) {
        (Some(Errno::ENOENT), _) if module.is_some() || host.module_loaded => format!(
            "module kexec_bpf {} is too old: it has no parameter enforce",
            module.map_or("", |module| &module.version)
        ),
        (Some(Errno::ENOENT), modprobe) => {
            // Without /sys, nothing else is known.
            let blocker = handshake_blocker(host).filter(|_| host.loaded.is_some());
            let why = blocker.as_ref().map(Diagnosis::cause_text);
            format!(
                "{}: modprobe {}",
                why.unwrap_or("module kexec_bpf is not loaded"),
                modprobe.as_deref().unwrap_or("reported success")
            )
        }
        (Some(Errno::EBUSY), _) => "an image was being loaded or unloaded at that moment".into(),
        (Some(Errno::ENODEV), _) => "module kexec_bpf is being removed".into(),
        (Some(errno), _) => format!("the module's parameter enforce cannot be written: {errno}"),
        (None, _) => "the module's parameter enforce still does not read Y".into(),
    };
    certain(&cause, MEND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Enforce, Lockdown, Module};

    #[test]
    fn what_keeps_enforce_off_is_said() {
        let bare = Host {
            has_btf: true,
            loaded: Some(false),
            ..Host::default()
        };
        let old = Host {
            module: Some(Module {
                version: "0.1.0".into(),
                ..Module::default()
            }),
            ..bare.clone()
        };
        let no_btf = Host {
            has_btf: false,
            ..bare.clone()
        };
        let locked = Host {
            lockdown: Some(Lockdown::Integrity),
            ..bare.clone()
        };
        let held = Host {
            enforce: Some(Enforce::Held),
            ..old.clone()
        };
        let ended = || Some("exited with 1".into());
        for (host, modprobe, write, cause) in [
            (
                &bare,
                ended(),
                Some(Errno::ENOENT),
                "module kexec_bpf is not loaded: modprobe exited with 1",
            ),
            (
                &no_btf,
                ended(),
                Some(Errno::ENOENT),
                "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF): modprobe exited with 1",
            ),
            (
                &locked,
                ended(),
                Some(Errno::ENOENT),
                "module kexec_bpf is not loaded; lockdown accepts only signed modules: \
                 modprobe exited with 1",
            ),
            (
                &Host::default(),
                ended(),
                Some(Errno::ENOENT),
                "module kexec_bpf is not loaded: modprobe exited with 1",
            ),
            (
                &old,
                None,
                Some(Errno::ENOENT),
                "module kexec_bpf 0.1.0 is too old: it has no parameter enforce",
            ),
            (
                &old,
                None,
                Some(Errno::EBUSY),
                "an image was being loaded or unloaded at that moment",
            ),
            (
                &old,
                None,
                Some(Errno::EACCES),
                "the module's parameter enforce cannot be written: EACCES (13)",
            ),
            (
                &old,
                None,
                None,
                "the module's parameter enforce still does not read Y",
            ),
            (
                &held,
                None,
                Some(Errno::EBUSY),
                "enforce: the module is being removed; nothing can be loaded",
            ),
        ] {
            assert_eq!(not_enforced(host, modprobe, write).cause_text(), cause);
        }
    }
}
