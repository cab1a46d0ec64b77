// SPDX-License-Identifier: GPL-2.0-or-later
//! `status`: the host's state in text form. Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};

use super::loaded::{self, UNKNOWN, is_loaded};
use super::text::field;
use super::{crash, report};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::escape::printable;
use crate::diagnosis::size::size;
use crate::host::{DigestMode, Enforce, Host, Lockdown};
use crate::policy::explain;

/// The column at which values start.
const COLUMN: usize = 20;

/// Returns the report of `status`.
#[inline(never)]
pub fn text(host: &Host) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| field(&mut out, label, COLUMN, text);
    line(
        "kernel",
        &format!("{} ({})", host.kernel_release, host.machine),
    );
    line("image", &loaded::image(host));
    if let Some(fields) = loaded::detail(host) {
        line("image kernel", &printable(fields.release));
        line("image loaded by", &printable(fields.way));
        line("image command line", &printable(fields.cmdline));
    }
    line("crash image", is_loaded(host.crash_loaded));
    line("crash memory", &crash_memory(host));
    if let Some((since, fits)) = crash::loaded_image(host) {
        line("crash image age", &since);
        line("crash image fits", &fits);
        line("crash hotplug", &crash::hotplug(host));
    }
    line("on panic", &crash::at_panic(host));
    line("panic settings", &crash::settings(&host.crash));
    line("kexec_file_load", &call(host.file_load, host));
    line(
        "kexec_load",
        &match host.classic_load {
            Some(true) if host.load_disabled == Some(true) => call(host.classic_load, host),
            Some(true) if host.enforces() => "no: enforce refuses it".into(),
            Some(true) if host.is_locked_down() => "no: lockdown forbids it".into(),
            value => call(value, host),
        },
    );
    line("kexec_load_disabled", yes_no(host.load_disabled));
    if let Some(left) = host.loads_left(false) {
        line("loads left", &left.to_string());
    }
    if let Some(left) = host.loads_left(true) {
        line("crash loads left", &left.to_string());
    }
    line("lockdown", &lockdown(host));
    line(
        "secure boot",
        match host.secure_boot {
            Some(true) => "on",
            Some(false) => "off",
            None => "unknown: no EFI variables",
        },
    );
    line("enforce", enforce(host));
    line(
        "CAP_SYS_BOOT",
        if host.cap_sys_boot {
            "yes"
        } else {
            "no: load, unload and exec need it"
        },
    );
    line("kernel's digest", digest(host));
    let handshake = explain::handshake_blocker(host);
    line("initrd unpacking", unpacking(host, handshake.is_none()));
    line("handshake", &handshake_text(host, handshake.as_ref()));
    if let Some(blocker) = &handshake {
        line("", &format!("try: {}", report::hints(blocker)));
    }
    let has_handshake = handshake.is_none();
    let blocker = explain::load_blocker(host, false);
    match blocker.or(handshake.filter(|_| host.enforces())) {
        None if host.enforces() => line("routes", "handshake"),
        None => {
            let handshake = if has_handshake { "handshake, " } else { "" };
            let extract = if host.is_locked_down() {
                "native; extract with --allow-unsigned-initrd"
            } else {
                "native, extract"
            };
            line("routes", &[handshake, extract].concat());
        }
        Some(blocker) => {
            line("routes", &format!("none: {}", blocker.cause_text()));
            line("", &format!("try: {}", report::hints(&blocker)));
        }
    }
    out
}

fn handshake_text(host: &Host, blocker: Option<&Diagnosis>) -> String {
    match (&host.module, blocker) {
        (Some(module), None) => format!(
            "yes: module {}, parsers: {}, decompressors: {}",
            module.version, module.default_parsers, module.decompressors
        ),
        (_, Some(blocker)) => format!("no: {}", blocker.cause_text()),
        (None, None) => UNKNOWN.into(),
    }
}

fn yes_no(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => UNKNOWN,
    }
}

fn call(value: Option<bool>, host: &Host) -> String {
    match value {
        Some(true) if host.load_disabled == Some(true) => "no: see kexec_load_disabled".into(),
        Some(true) if host.enforce == Some(Enforce::Held) => "no: see enforce".into(),
        Some(true) if host.enforces() => "yes, signed UKIs only".into(),
        Some(true) if host.is_locked_down() => "yes, signed images only".into(),
        Some(true) => "yes".into(),
        Some(false) => "no: not built into this kernel".into(),
        None => UNKNOWN.into(),
    }
}

fn crash_memory(host: &Host) -> String {
    match host.crash_size_bytes {
        Some(0) => "none reserved; crashkernel= reserves it at boot".into(),
        Some(bytes) => format!("{} reserved", size(bytes)),
        None => UNKNOWN.into(),
    }
}

fn enforce(host: &Host) -> &'static str {
    match host.enforce {
        Some(Enforce::On) if host.lockdown == Some(Lockdown::None) => {
            "yes, but lockdown is off: root can undo it"
        }
        Some(Enforce::On) => "yes, until reboot",
        Some(Enforce::Held) => "held: the module is being removed; nothing can be loaded",
        Some(Enforce::Off) => "no",
        None => "unknown: /sys is not mounted",
    }
}

fn digest(host: &Host) -> &'static str {
    match host.module.as_ref().map(|module| module.digest) {
        None => "computed for every load; only the module can skip it",
        Some(None) => "computed for every load; this module cannot skip it",
        Some(Some(DigestMode::Unable)) => {
            "computed for every load; it cannot be skipped on this kernel"
        }
        Some(Some(DigestMode::Auto)) => "computed, except with --fast or by boot in an initramfs",
        Some(Some(DigestMode::Always)) => {
            "computed for every load, because the module's parameter digest is \"always\""
        }
        Some(Some(DigestMode::Never)) => {
            "computed for crash images only, because the module's parameter digest is \"never\""
        }
    }
}

fn unpacking(host: &Host, has_handshake: bool) -> &'static str {
    match &host.module {
        None => "no: only the module can do it",
        Some(_) if !has_handshake => "no: see handshake",
        Some(module) if !module.unpacks_initrds => "no: this module cannot do it",
        Some(_) => "with --unpack-initrd, on the route handshake",
    }
}

fn lockdown(host: &Host) -> String {
    match host.lockdown {
        Some(level) => level.to_string(),
        None => "unknown: securityfs is not mounted".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::abi::ABI_VERSION;
    use crate::cli::text::COLUMNS;
    use crate::host::{Enforce, Host, Lockdown, Module};

    /// Returns the value of a line, with its continuation lines.
    fn value(page: &str, label: &str) -> String {
        let lines = page.lines().skip_while(|line| !line.starts_with(label));
        let mut words: Vec<&str> = Vec::new();
        for (number, line) in lines.enumerate() {
            let (name, text) = line.split_at(20);
            if number > 0 && !name.trim_ascii().is_empty() {
                break;
            }
            words.extend(text.split_whitespace());
        }
        words.join(" ")
    }

    #[test]
    fn unpacking_is_offered_where_it_works() {
        let module = |has_btf, unpacks_initrds| {
            Some(Module {
                abi_version: Some(Ok(ABI_VERSION)),
                has_btf,
                unpacks_initrds,
                ..Module::default()
            })
        };
        for (module, says) in [
            (None, "no: only the module can do it"),
            (module(true, false), "no: this module cannot do it"),
            (module(false, true), "no: see handshake"),
            (
                module(true, true),
                "with --unpack-initrd, on the route handshake",
            ),
        ] {
            let host = Host {
                module,
                ..Host::default()
            };
            assert_eq!(value(&text(&host), "initrd unpacking "), says);
        }
    }

    #[test]
    fn enforce_is_told_with_what_it_leaves() {
        let module = Module {
            abi_version: Some(Ok(ABI_VERSION)),
            has_btf: true,
            ..Module::default()
        };
        let host = |enforce, lockdown| Host {
            cap_sys_boot: true,
            file_load: Some(true),
            classic_load: Some(true),
            enforce,
            lockdown: Some(lockdown),
            module: Some(module.clone()),
            ..Host::default()
        };
        let held = "the module is being removed; nothing can be loaded";
        for (enforce, lockdown, says, routes) in [
            (
                Some(Enforce::On),
                Lockdown::Integrity,
                "yes, until reboot",
                "handshake".into(),
            ),
            (
                Some(Enforce::On),
                Lockdown::None,
                "yes, but lockdown is off: root can undo it",
                "handshake".into(),
            ),
            (
                Some(Enforce::Held),
                Lockdown::None,
                &format!("held: {held}"),
                format!("none: enforce: {held} try: reboot through the firmware"),
            ),
            (
                Some(Enforce::Off),
                Lockdown::None,
                "no",
                "handshake, native, extract".into(),
            ),
            (
                None,
                Lockdown::None,
                "unknown: /sys is not mounted",
                "handshake, native, extract".into(),
            ),
        ] {
            let host = host(enforce, lockdown);
            let page = text(&host);
            assert_eq!(value(&page, "enforce "), says);
            assert_eq!(value(&page, "routes "), routes);
            let classic = match host.enforces() {
                true => "no: enforce refuses it",
                false => "yes",
            };
            assert_eq!(value(&page, "kexec_load "), classic);
            let file_load = match enforce {
                Some(Enforce::On) => "yes, signed UKIs only",
                Some(Enforce::Held) => "no: see enforce",
                _ => "yes",
            };
            assert_eq!(value(&page, "kexec_file_load "), file_load);
            assert!(page.lines().all(|line| line.len() <= COLUMNS), "{page}");
        }
        let mut without = host(Some(Enforce::On), Lockdown::Integrity);
        without.module = None;
        assert!(value(&text(&without), "routes ").starts_with("none: "));
    }
}
