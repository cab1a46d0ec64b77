// SPDX-License-Identifier: GPL-2.0-or-later
//! `status`: the host's state in text form. Layer: effects.

use alloc::string::String;

use super::console::Console;
use super::loaded::{self, is_loaded};
use super::parse::Parsed;
use super::table::Id;
use super::text::Page;
use super::{crash, report};
use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnosis, Exit};
use crate::host::{DigestMode, Enforce, Host, Lockdown};
use crate::policy::explain;
use crate::sys::host;

const NO_CRASH: &str = "unknown: cannot read /sys/kernel/kexec_crash_loaded";
/// The column at which values start.
const COLUMN: u8 = 20;

/// Prints the report, or answers by exit code whether an image is loaded.
///
/// # Errors
/// A kernel that does not say it; an error of stdout.
pub fn status(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let host = host::read();
    let asked = [
        parsed.has(Id::Loaded).then_some(host.loaded),
        parsed.has(Id::CrashLoaded).then_some(host.crash_loaded),
    ];
    let answer = answer(asked);
    if answer.is_none() || console.is_json() {
        console.result(&page(&host));
    }
    match answer {
        None | Some(Some(true)) => {}
        Some(Some(false)) => console.exit = Exit::Failed,
        Some(None) => {
            return Err(
                Diagnosis::refused(&"status: it is not known what is loaded")
                    .because("/sys/kernel has neither kexec_loaded nor kexec/loaded")
                    .with_hint("mount -t sysfs sysfs /sys; boot a kernel that has kexec"),
            );
        }
    }
    Ok(())
}

/// Returns the answer to what was asked; `None` if nothing was. All that is asked for must
/// be loaded, and known.
fn answer(asked: [Option<Option<bool>>; 2]) -> Option<Option<bool>> {
    match asked {
        [Some(one), Some(other)] => Some(one.zip(other).map(|(one, other)| one && other)),
        [one, other] => one.or(other),
    }
}

/// Returns the report of `status`.
#[inline(never)]
pub fn page(host: &Host) -> Page {
    let mut page = Page::new(COLUMN);
    let out = &mut page;
    let (release, machine) = (&host.kernel_release, &host.machine);
    out.put("kernel", format_args!("{release} ({machine})"));
    out.json.text("kernel", release.as_bytes());
    out.json.text("machine", machine.as_bytes());
    loaded::image(out, host);
    out.json.flag("isLoaded", host.loaded);
    loaded::record(out, host);
    out.line("crash image", is_loaded(host.crash_loaded, NO_CRASH));
    out.json.flag("isCrashLoaded", host.crash_loaded);
    match host.crash_size_bytes {
        Some(0) => out.line(
            "crash memory",
            "none reserved; crashkernel= reserves it at boot",
        ),
        Some(bytes) => out.put("crash memory", format_args!("{} reserved", size(bytes))),
        None => out.line("crash memory", crash::UNKNOWN_SIZE),
    }
    crash::reserved(out, "crashReservedBytes", host);
    crash::image(out, host);
    crash::at_panic(out, host);
    crash::settings(out, "panic settings", &host.crash);
    out.state("kexec_file_load", file_load(host));
    out.state("kexec_load", classic_load(host));
    out.line("kexec_load_disabled", yes_no(host.load_disabled));
    out.json.flag("kexec_load_disabled", host.load_disabled);
    left(out, "loads left", host.loads_left(false));
    left(out, "crash loads left", host.loads_left(true));
    let unknown = "unknown|unknown: cannot read /sys/kernel/security/lockdown";
    out.state("lockdown", host.lockdown.map_or(unknown, Lockdown::name));
    out.line(
        "secure boot",
        match host.secure_boot {
            Some(true) => "on",
            Some(false) => "off",
            None => "unknown: no EFI variables",
        },
    );
    out.json.flag("secure boot", host.secure_boot);
    out.state("enforce", enforce(host));
    out.line(
        "CAP_SYS_BOOT",
        match host.cap_sys_boot {
            true => "yes",
            false => "no: load, unload and exec need it",
        },
    );
    out.json.flag("hasCapSysBoot", Some(host.cap_sys_boot));
    out.state("kernel's digest", digest(host));
    let handshake = explain::handshake_blocker(host);
    out.state("initrd unpacking", unpacking(host, handshake.is_none()));
    match (&host.module, &handshake) {
        (Some(module), None) => out.put(
            "handshake",
            format_args!(
                "yes: module {}, parsers: {}, decompressors: {}",
                module.version, module.default_parsers, module.decompressors
            ),
        ),
        (_, Some(blocker)) => add_blocker(out, "handshake", "no", blocker),
        (None, None) => out.line("handshake", "no"),
    }
    if let Some(module) = &host.module {
        out.json.object("module");
        for (name, text) in [
            ("version", &module.version),
            ("parsers", &module.default_parsers),
            ("decompressors", &module.decompressors),
        ] {
            out.json.text(name, text.as_bytes());
        }
        out.json.end();
    }
    if let Some(blocker) = &handshake {
        report::object(&mut out.json, "handshakeBlocker", blocker);
    }
    routes(out, host, handshake);
    page
}

#[inline(never)]
fn left(out: &mut Page, label: &str, left: Option<i64>) {
    out.json.number(label, left);
    if let Some(left) = left {
        out.put(label, format_args!("{left}"));
    }
}

/// Adds what blocks something, and what to try, in one record.
fn add_blocker(out: &mut Page, label: &str, no: &str, blocker: &Diagnosis) {
    let (cause, hints) = (blocker.cause_text(), report::hints(blocker));
    out.put(label, format_args!("{no}: {cause}; try: {hints}"));
}

/// Adds the routes that a load can take, or what blocks them all.
fn routes(out: &mut Page, host: &Host, handshake: Option<Diagnosis>) {
    let enforces = host.enforces();
    let has_handshake = handshake.is_none();
    let blocker = explain::load_blocker(host, false);
    if let Some(blocker) = blocker.or(handshake.filter(|_| enforces)) {
        add_blocker(out, "routes", "none", &blocker);
        out.json.array("routes");
        out.json.end();
        report::object(&mut out.json, "routesBlocker", &blocker);
        return;
    }
    let needs_flag = host.is_locked_down();
    let mut text = String::new();
    out.json.array("routes");
    for (name, is_open) in [
        ("handshake", has_handshake),
        ("native", !enforces),
        ("extract", !enforces),
    ] {
        if is_open {
            if !text.is_empty() {
                text.push_str(match name {
                    "extract" if needs_flag => "; ",
                    _ => ", ",
                });
            }
            text.push_str(name);
            out.json.text("", name.as_bytes());
        }
    }
    out.json.end();
    if needs_flag && !enforces {
        text.push_str(" with --allow-unsigned-initrd");
    }
    out.line("routes", &text);
    let needs = needs_flag && !enforces;
    out.json
        .flag("extractNeedsAllowUnsignedInitrd", Some(needs));
}

fn yes_no(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown: cannot read /proc/sys/kernel/kexec_load_disabled",
    }
}

/// A state for [`Page::state`].
type State = &'static str;

fn file_load(host: &Host) -> State {
    match host.file_load {
        Some(true) => disabled(host).unwrap_or(if host.enforces() {
            "signedUkisOnly|yes, signed UKIs only"
        } else if host.is_locked_down() {
            "signedOnly|yes, signed images only"
        } else {
            "yes"
        }),
        other => absent(other),
    }
}

fn classic_load(host: &Host) -> State {
    match host.classic_load {
        Some(true) if host.load_disabled != Some(true) && host.enforces() => {
            "enforced|no: enforce refuses it"
        }
        Some(true) => disabled(host).unwrap_or(if host.is_locked_down() {
            "lockedDown|no: lockdown forbids it"
        } else {
            "yes"
        }),
        other => absent(other),
    }
}

/// Returns the state of a call that nothing can use at the moment.
fn disabled(host: &Host) -> Option<State> {
    if host.load_disabled == Some(true) {
        return Some("disabled|no: see kexec_load_disabled");
    }
    (host.enforce == Some(Enforce::Held)).then_some("enforced|no: see enforce")
}

fn absent(value: Option<bool>) -> State {
    match value {
        Some(_) => "notBuilt|no: not built into this kernel",
        None => "unknown|unknown: the system call could not be tried",
    }
}

fn enforce(host: &Host) -> State {
    match host.enforce {
        Some(Enforce::On) if host.lockdown == Some(Lockdown::None) => {
            "undoable|yes, but lockdown is off: root can undo it"
        }
        Some(Enforce::On) => "on|yes, until reboot",
        Some(Enforce::Held) => "held|held: the module is being removed; nothing can be loaded",
        Some(Enforce::Off) => "off|no",
        None => "unknown|unknown: /sys is not mounted",
    }
}

fn digest(host: &Host) -> State {
    match host.module.as_ref().map(|module| module.digest) {
        None => "noModule|computed for every load; only the module can skip it",
        Some(None) => "unsupported|computed for every load; this module cannot skip it",
        Some(Some(DigestMode::Unable)) => {
            "unable|computed for every load; it cannot be skipped on this kernel"
        }
        Some(Some(DigestMode::Auto)) => {
            "auto|computed, except with --fast or by boot in an initramfs"
        }
        Some(Some(DigestMode::Always)) => {
            "always|computed for every load, because the module's parameter digest is \"always\""
        }
        Some(Some(DigestMode::Never)) => {
            "never|computed for crash images only, because the module's parameter digest is \"never\""
        }
    }
}

fn unpacking(host: &Host, has_handshake: bool) -> State {
    match &host.module {
        None => "noModule|no: only the module can do it",
        Some(_) if !has_handshake => "noHandshake|no: see handshake",
        Some(module) if !module.unpacks_initrds => "unsupported|no: this module cannot do it",
        Some(_) => "yes|with --unpack-initrd, on the route handshake",
    }
}

#[cfg(test)]
mod tests;
