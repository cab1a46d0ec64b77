// SPDX-License-Identifier: GPL-2.0-or-later
//! Tests of `status`. Layer: effects.

use super::{answer, page};
use crate::abi::ABI_VERSION;
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
        assert_eq!(value(&page(&host).text(None), "initrd unpacking "), says);
    }
}

#[test]
fn all_that_is_asked_for_must_be_loaded() {
    let (yes, no) = (Some(Some(true)), Some(Some(false)));
    for (asked, wanted) in [
        ([None, None], None),
        ([yes, None], yes),
        ([None, no], no),
        ([Some(None), None], Some(None)),
        ([yes, yes], yes),
        ([yes, no], no),
        ([no, yes], no),
        ([no, Some(None)], Some(None)),
    ] {
        assert_eq!(answer(asked), wanted, "{asked:?}");
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
            format!("none: enforce: {held}; try: reboot through the firmware"),
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
        let page = page(&host).text(None);
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
    }
    let mut without = host(Some(Enforce::On), Lockdown::Integrity);
    without.module = None;
    assert!(value(&page(&without).text(None), "routes ").starts_with("none: "));
}
