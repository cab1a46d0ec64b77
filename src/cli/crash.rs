// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts about crash images, for `load`, `kdump` and `status`. Layer: effects.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use super::text::Page;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::escape::escaped;
use crate::diagnosis::size::size;
use crate::formats::archive::Known;
use crate::host::{CrashSettings, Host};
use crate::policy::crash::estimate::{BASE_BYTES, OTHER_BYTES, Verdict};
use crate::run::Preflight;

/// The number of an initrd's archives that are shown one by one.
const SHOWN_MAX: usize = 8;

/// Returns the warning about an image that can be loaded, but may not work.
pub fn warning(image: &[u8], warning: Diagnosis) -> Diagnosis {
    let what = format!("warning: {} {}", escaped(image), warning.what);
    warning.with_what(&what)
}

/// Adds the memory calculation and its verdict.
pub fn preflight(out: &mut Page, preflight: &Preflight) {
    out.json.object("memory");
    out.json.array("archives");
    let mut label = "unpacking";
    let archives = &preflight.measured.archives;
    for archive in archives.iter().take(SHOWN_MAX) {
        let (name, known) = match archive.known {
            Known::Exact => ("exact", ""),
            Known::AtMost => ("atMost", "at most "),
            Known::Guess => ("guess", "a guess of "),
        };
        let format = archive.format.name();
        let (packed, unpacked) = (archive.packed_bytes, archive.unpacked_bytes);
        out.put(
            label,
            format_args!(
                "{format}: {} packed, {known}{} unpacked",
                size(packed),
                size(unpacked)
            ),
        );
        label = "";
        let json = &mut out.json;
        json.object("");
        json.text("format", format.as_bytes());
        json.count("packedBytes", packed);
        json.count("unpackedBytes", unpacked);
        json.text("known", name.as_bytes());
        json.end();
    }
    out.json.end();
    estimated(out, preflight);
    out.json.end();
}

fn estimated(out: &mut Page, preflight: &Preflight) {
    let Some(estimate) = &preflight.estimate else {
        let why = match preflight.measured.kernel_bytes {
            None => "unknown: only the image's own parser can find its kernel",
            Some(_) => UNKNOWN_SIZE,
        };
        out.json.text("verdict", b"unknown");
        return out.line("verdict", why);
    };
    let image = &estimate.image;
    let header_bytes = estimate.elfcorehdr_bytes.saturating_add(OTHER_BYTES);
    let load = size(estimate.load_bytes);
    out.put(
        "to load",
        format_args!(
            "kernel {} + initrd {} + headers {} = {load}",
            size(image.kernel_bytes),
            size(image.initrd_bytes),
            size(header_bytes),
        ),
    );
    out.put(
        "to run",
        format_args!(
            "{load} + unpacked {} + page map {} + base {} = {}",
            size(image.unpacked_bytes),
            size(estimate.map_bytes),
            size(BASE_BYTES),
            size(estimate.run_bytes)
        ),
    );
    let json = &mut out.json;
    json.count("kernelBytes", image.kernel_bytes);
    json.count("initrdBytes", image.initrd_bytes);
    json.count("headerBytes", header_bytes);
    json.count("loadBytes", estimate.load_bytes);
    json.count("unpackedBytes", image.unpacked_bytes);
    json.count("pageMapBytes", estimate.map_bytes);
    json.count("baseBytes", BASE_BYTES);
    json.count("runBytes", estimate.run_bytes);
    out.json.count("reservedBytes", estimate.reserved_bytes);
    if let Some(limit) = estimate.tmpfs_bytes {
        let limit_size = size(limit);
        out.put(
            "",
            format_args!("unpacked in a tmpfs, which holds {limit_size}"),
        );
        out.json.count("tmpfsBytes", limit);
    }
    let (name, verdict) = match estimate.verdict {
        Verdict::Fits => ("fits", "fits"),
        Verdict::Tight => ("tight", "may run out of memory"),
        Verdict::CannotLoad => ("cannotLoad", "cannot be loaded"),
    };
    let enough = estimate.enough_mib;
    out.json.count("enoughMiB", enough);
    // The page map grows with the reservation.
    let why = match estimate.run_bytes > enough << 20 {
        true => ", with a smaller page map",
        false => "",
    };
    let text = format_args!("{verdict}; crashkernel={enough}M is enough{why}");
    out.put("verdict", text);
    out.json.text("verdict", name.as_bytes());
}

/// The text for a reservation that the kernel does not show.
pub const UNKNOWN_SIZE: &str = "unknown: cannot read /sys/kernel/kexec_crash_size";

/// Adds who keeps up with changes of processors and memory.
#[inline(never)]
pub fn hotplug(out: &mut Page, label: &str, host: &Host) {
    let kind = |value: Option<bool>| match value {
        Some(true) => "tracked by the kernel",
        Some(false) if host.crash_loaded != Some(true) => "shown once an image is loaded",
        _ => "needs a reload",
    };
    let (processors, memory) = (host.crash.cpu_hotplug, host.crash.memory_hotplug);
    let text = format!("processors: {}; memory: {}", kind(processors), kind(memory));
    out.line(label, &text);
    out.json.object("crashHotplug");
    out.json.flag("processors", processors);
    out.json.flag("memory", memory);
    out.json.end();
}

/// Adds the settings that decide what causes a panic and what follows it.
#[inline(never)]
pub fn settings(out: &mut Page, label: &str, crash: &CrashSettings) {
    let mut text = String::new();
    out.json.object("panicSettings");
    for (name, value) in [
        ("kernel.panic=", crash.panic_s),
        (", kernel.panic_on_oops=", crash.panic_on_oops),
        (", kernel.panic_on_warn=", crash.panic_on_warn),
        (", kernel.sysrq=", crash.sysrq),
    ] {
        // Writing to a String cannot fail.
        let _ = match value {
            Some(value) => write!(text, "{name}{value}"),
            None => write!(text, "{name}unknown"),
        };
    }
    out.line(label, &text);
    let json = &mut out.json;
    json.number("panic", crash.panic_s);
    json.number("panicOnOops", crash.panic_on_oops);
    json.number("panicOnWarn", crash.panic_on_warn);
    json.number("sysrq", crash.sysrq);
    json.end();
}

/// Adds what a panic would do now.
pub fn at_panic(out: &mut Page, host: &Host) {
    let state = match (host.crash_loaded, host.crash.panic_s) {
        (Some(true), _) => "crashImage|boots the crash image",
        (None, _) => "unknown|unknown: cannot read /sys/kernel/kexec_crash_loaded",
        (_, None) => "unknown|unknown: cannot read /proc/sys/kernel/panic",
        (_, Some(0)) => "halt|halts this machine: no crash image is loaded",
        (_, Some(seconds)) if seconds < 0 => "reset|resets this machine at once",
        (_, Some(seconds)) => {
            out.json.text("on panic", b"reset");
            let text = format_args!("resets this machine after {seconds} s");
            return out.put("on panic", text);
        }
    };
    out.state("on panic", state);
}

/// Adds the size of the reservation as a member.
pub fn reserved(out: &mut Page, name: &str, host: &Host) {
    let bytes = host.crash_size_bytes;
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    out.json.number(name, bytes);
}

/// Adds which crash image is loaded, since when, and whether it fits. The kernel does not
/// report these; the record in /run has them.
pub fn image(out: &mut Page, host: &Host) {
    if host.crash_loaded != Some(true) {
        return;
    }
    let (age, fits) = ("crash image age", "crash image fits");
    if let Some(record) = &host.crash.record {
        let age_s = host.crash.now_s.saturating_sub(record.loaded_at_s);
        let path = escaped(&record.image);
        out.put(
            age,
            format_args!("{age_s} s: {path} (from the record in /run)"),
        );
        out.json.object("crashImage");
        out.json.text("path", &record.image);
        out.json.count("ageSeconds", age_s);
        let reserved = host.crash_size_bytes.map(|bytes| bytes >> 20);
        match record.enough_mib.zip(reserved) {
            Some((enough, reserved)) => {
                out.json.count("enoughMiB", enough);
                out.json.flag("fits", Some(reserved >= enough));
                match reserved >= enough {
                    true => out.put(fits, format_args!("yes: {enough} MiB is enough")),
                    false => out.put(
                        fits,
                        format_args!(
                            "may run out of memory: {enough} MiB needed, {reserved} MiB reserved"
                        ),
                    ),
                }
            }
            None => out.line(fits, "unknown"),
        }
        out.json.end();
    } else {
        for label in [age, fits] {
            let unknown = "unknown: not loaded by kexec-bpf, or /run was not writable";
            out.line(label, unknown);
        }
    }
    hotplug(out, "crash hotplug", host);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::crash_record::CrashRecord;

    fn crash(loaded: bool, panic_s: i64) -> Host {
        let mut host = Host {
            crash_loaded: Some(loaded),
            crash_size_bytes: Some(128 << 20),
            ..Host::default()
        };
        host.crash.panic_s = Some(panic_s);
        host
    }

    /// Returns the lines that a function adds.
    fn lines(fill: impl Fn(&mut Page)) -> String {
        let mut page = Page::default();
        fill(&mut page);
        page.text(None)
    }

    #[test]
    fn a_panic_does_what_the_settings_say() {
        for (loaded, panic_s, words) in [
            (true, 0, "boots the crash image"),
            (false, 0, "halts this machine: no crash image is loaded"),
            (false, -1, "resets this machine at once"),
            (false, 10, "resets this machine after 10 s"),
        ] {
            let told = lines(|out| at_panic(out, &crash(loaded, panic_s)));
            assert_eq!(told, ["on panic ", words, "\n"].concat());
        }
        let told = lines(|out| at_panic(out, &Host::default()));
        assert!(told.starts_with("on panic unknown: "));
    }

    #[test]
    fn the_record_counts_only_while_an_image_is_loaded() {
        let told = |host: &Host| lines(|out| image(out, host));
        let mut host = crash(true, 0);
        assert_eq!(told(&host).matches("unknown: not loaded by").count(), 2);
        host.crash.now_s = 100;
        host.crash.record = Some(CrashRecord {
            loaded_at_s: 60,
            enough_mib: Some(128),
            image: b"/a b".to_vec(),
        });
        assert!(told(&host).contains("age 40 s: /a b (from the record in /run)\n"));
        assert!(told(&host).contains("fits yes: 128 MiB is enough\n"));
        host.crash_size_bytes = Some(127 << 20);
        let words = "may run out of memory: 128 MiB needed, 127 MiB reserved";
        assert!(told(&host).contains(words));
        host.crash_loaded = Some(false);
        assert_eq!(told(&host), "");
    }

    #[test]
    fn hotplug_is_told_of_a_loaded_image() {
        let told = |host: &Host| lines(|out| hotplug(out, "", host));
        let mut host = crash(true, 0);
        host.crash.cpu_hotplug = Some(true);
        let words = "processors: tracked by the kernel; memory: needs a reload\n";
        assert_eq!(told(&host), words);
        host.crash.cpu_hotplug = Some(false);
        assert!(told(&host).starts_with("processors: needs a reload"));
        host.crash_loaded = Some(false);
        assert!(told(&host).starts_with("processors: shown once"));
    }
}
