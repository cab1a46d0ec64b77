// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts about crash images, for `load`, `kdump` and `status`. Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};

use super::text::field;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::escape::printable;
use crate::diagnosis::size::size;
use crate::formats::archive::{Archive, Known};
use crate::host::{CrashSettings, Host};
use crate::policy::crash::estimate::{BASE_BYTES, OTHER_BYTES, Verdict};
use crate::run::Preflight;

/// The column at which values start.
pub const COLUMN: usize = 14;
/// The number of an initrd's archives that are shown one by one.
const SHOWN_MAX: usize = 8;

/// Returns the warning about an image that can be loaded, but may not work.
pub fn warning(image: &[u8], warning: Diagnosis) -> Diagnosis {
    let what = format!("warning: {} {}", printable(image), warning.what);
    warning.with_what(&what)
}

/// Appends the memory calculation and its verdict.
pub fn preflight_text(out: &mut String, preflight: &Preflight) {
    let mut line = |label: &str, text: &str| field(out, label, COLUMN, text);
    let archives = &preflight.measured.archives;
    for (number, archive) in archives.iter().take(SHOWN_MAX).enumerate() {
        line(
            if number == 0 { "unpacking" } else { "" },
            &unpacking(archive),
        );
    }
    let Some(estimate) = &preflight.estimate else {
        let why = match preflight.measured.kernel_bytes {
            None => "unknown: only the image's own parser can find its kernel",
            Some(_) => "unknown: the kernel does not show what is reserved",
        };
        return line("verdict", why);
    };
    let image = &estimate.image;
    line(
        "to load",
        &format!(
            "kernel {} + initrd {} + headers {} = {}",
            size(image.kernel_bytes),
            size(image.initrd_bytes),
            size(estimate.elfcorehdr_bytes.saturating_add(OTHER_BYTES)),
            size(estimate.load_bytes)
        ),
    );
    line(
        "to run",
        &format!(
            "{} + unpacked {} + page map {} + base {} = {}",
            size(estimate.load_bytes),
            size(image.unpacked_bytes),
            size(estimate.map_bytes),
            size(BASE_BYTES),
            size(estimate.run_bytes)
        ),
    );
    if let Some(limit) = estimate.tmpfs_bytes {
        let limit = size(limit);
        line("", &format!("unpacked in a tmpfs, which holds {limit}"));
    }
    let verdict = match estimate.verdict {
        Verdict::Fits => "fits",
        Verdict::Tight => "may run out of memory",
        Verdict::CannotLoad => "cannot be loaded",
    };
    let enough = estimate.enough_mib;
    line(
        "verdict",
        &format!("{verdict}; crashkernel={enough}M is enough"),
    );
}

fn unpacking(archive: &Archive) -> String {
    let known = match archive.known {
        Known::Exact => "",
        Known::AtMost => "at most ",
        Known::Guess => "a guess of ",
    };
    format!(
        "{}: {} packed, {known}{} unpacked",
        archive.format.name(),
        size(archive.packed_bytes),
        size(archive.unpacked_bytes)
    )
}

/// Describes who keeps up with changes of processors and memory.
pub fn hotplug(host: &Host) -> String {
    let kind = |value: Option<bool>| match value {
        Some(true) => "tracked by the kernel",
        Some(false) if host.crash_loaded == Some(true) => "needs a reload",
        Some(false) => "shown once an image is loaded",
        None => "needs a reload",
    };
    format!(
        "processors: {}; memory: {}",
        kind(host.crash.cpu_hotplug),
        kind(host.crash.memory_hotplug)
    )
}

/// Returns the settings that decide what causes a panic and what follows it.
pub fn settings(crash: &CrashSettings) -> String {
    let mut out = String::new();
    for (name, value) in [
        ("kernel.panic=", crash.panic_s),
        (", kernel.panic_on_oops=", crash.panic_on_oops),
        (", kernel.panic_on_warn=", crash.panic_on_warn),
        (", kernel.sysrq=", crash.sysrq),
    ] {
        out.push_str(name);
        out.push_str(&value.map_or("?".into(), |value| value.to_string()));
    }
    out
}

/// Describes what a panic would do now.
pub fn at_panic(host: &Host) -> String {
    match (host.crash_loaded, host.crash.panic_s) {
        (Some(true), _) => "boots the crash image".into(),
        (None, _) | (_, None) => "unknown: the kernel does not show it".into(),
        (_, Some(0)) => "halts this machine: no crash image is loaded".into(),
        (_, Some(seconds)) if seconds < 0 => "resets this machine at once".into(),
        (_, Some(seconds)) => format!("resets this machine after {seconds} s"),
    }
}

/// Describes which image is loaded, since when, and whether it fits. The kernel does not
/// report these; the record in /run has them.
pub fn loaded_image(host: &Host) -> Option<(String, String)> {
    if host.crash_loaded != Some(true) {
        return None;
    }
    let Some(record) = &host.crash.record else {
        let unknown = "unknown: not loaded by kexec-bpf, or /run was not writable";
        return Some((unknown.into(), unknown.into()));
    };
    let age_s = host.crash.now_s.saturating_sub(record.loaded_at_s);
    let since = format!(
        "{} s: {} (from the record in /run)",
        age_s,
        printable(&record.image)
    );
    let reserved_mib = host.crash_size_bytes.map(|bytes| bytes >> 20);
    let fits = match (record.enough_mib, reserved_mib) {
        (Some(enough), Some(reserved)) if reserved >= enough => {
            format!("yes: {enough} MiB is enough")
        }
        (Some(enough), Some(reserved)) => {
            format!("may run out of memory: {enough} MiB needed, {reserved} MiB reserved")
        }
        _ => "unknown".into(),
    };
    Some((since, fits))
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

    #[test]
    fn a_panic_does_what_the_settings_say() {
        for (loaded, panic_s, words) in [
            (true, 0, "boots the crash image"),
            (false, 0, "halts this machine: no crash image is loaded"),
            (false, -1, "resets this machine at once"),
            (false, 10, "resets this machine after 10 s"),
        ] {
            assert_eq!(at_panic(&crash(loaded, panic_s)), words);
        }
        assert!(at_panic(&Host::default()).starts_with("unknown"));
    }

    #[test]
    fn the_record_counts_only_while_an_image_is_loaded() {
        let mut host = crash(true, 0);
        let (since, fits) = loaded_image(&host).unwrap();
        assert!(since.starts_with("unknown") && fits.starts_with("unknown"));
        host.crash.now_s = 100;
        host.crash.record = Some(CrashRecord {
            loaded_at_s: 60,
            enough_mib: Some(128),
            image: b"/a b".to_vec(),
        });
        let (since, fits) = loaded_image(&host).unwrap();
        assert_eq!(since, "40 s: /a b (from the record in /run)");
        assert_eq!(fits, "yes: 128 MiB is enough");
        host.crash_size_bytes = Some(127 << 20);
        let (_, fits) = loaded_image(&host).unwrap();
        assert_eq!(
            fits,
            "may run out of memory: 128 MiB needed, 127 MiB reserved"
        );
        host.crash_loaded = Some(false);
        assert_eq!(loaded_image(&host), None);
    }

    #[test]
    fn hotplug_is_told_of_a_loaded_image() {
        let mut host = crash(true, 0);
        host.crash.cpu_hotplug = Some(true);
        let words = "processors: tracked by the kernel; memory: needs a reload";
        assert_eq!(hotplug(&host), words);
        host.crash.cpu_hotplug = Some(false);
        assert!(hotplug(&host).starts_with("processors: needs a reload"));
        host.crash_loaded = Some(false);
        assert!(hotplug(&host).starts_with("processors: shown once"));
    }
}
