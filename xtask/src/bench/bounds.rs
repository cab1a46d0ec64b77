// SPDX-License-Identifier: GPL-2.0-or-later
//! Limits that kexec-bpf is expected to keep, and whether it does.

use super::contestant::BARE;
use super::results::{Measure, Results};
use super::{SIZES, SYSEXT_MB, USUAL_MB};

/// A figure and the most that it may be.
#[derive(PartialEq, Debug)]
struct Bound {
    what: String,
    value: f64,
    limit: f64,
}

/// Limits of `--fast` for a size of initrd, relative to the bare call: instructions of load
/// and jump, and the time of the jump.
struct Fast {
    initrd_mb: usize,
    load: f64,
    jump: f64,
    jump_time: f64,
}

const FAST: [Fast; SIZES.len()] = [
    fast(1, 0.15, 0.45, 0.95),
    fast(60, 0.06, 0.29, 0.80),
    fast(200, 0.05, 0.18, 0.70),
];

const fn fast(initrd_mb: usize, load: f64, jump: f64, jump_time: f64) -> Fast {
    Fast {
        initrd_mb,
        load,
        jump,
        jump_time,
    }
}

/// Bounds of a load with the kernel's digest, for 60 and 200 MB.
const LOADS: [(&str, [f64; 2]); 2] = [
    ("kexec-bpf extract", [1.05, 1.30]),
    ("kexec-bpf handshake", [1.10, 1.06]),
];
const LOADS_MB: [usize; 2] = [60, 200];

/// Returns the bounds of all figures that were measured.
fn bounds(results: &Results) -> Vec<Bound> {
    let mut bounds = Vec::new();
    let mut expect = |what: String, value: Option<f64>, limit: f64| {
        bounds.extend(value.map(|value| Bound { what, value, limit }));
    };
    for (name, limits) in LOADS {
        for (mb, limit) in LOADS_MB.into_iter().zip(limits) {
            let count = results.relative(Measure::LoadCount, mb, name, BARE);
            expect(format!("{name}: load {mb} MB, instructions"), count, limit);
            let time = results.get(Measure::LoadRatio, mb, name);
            expect(format!("{name}: load {mb} MB, time"), time, limit);
        }
    }
    for route in ["extract", "handshake"] {
        let name = format!("kexec-bpf {route} --fast");
        for Fast {
            initrd_mb: mb,
            load,
            jump,
            jump_time,
        } in FAST
        {
            let count = |measure| results.relative(measure, mb, &name, BARE);
            let what = |what| format!("{name}: {what}");
            expect(
                what(format!("load {mb} MB, instructions")),
                count(Measure::LoadCount),
                load,
            );
            expect(
                what(format!("jump {mb} MB, instructions")),
                count(Measure::JumpCount),
                jump,
            );
            let time = results.get(Measure::JumpRatio, mb, &name);
            expect(what(format!("jump {mb} MB, time")), time, jump_time);
        }
    }
    let peak = results.get(Measure::PeakKb, 200, "kexec-bpf extract");
    expect(
        "kexec-bpf extract: peak memory, kB".to_owned(),
        peak,
        1024.0,
    );
    // A copy of the image, rounded up to a step of the search.
    let uki_mb = results.get(Measure::UkiMb, USUAL_MB, BARE).unwrap_or(0.0);
    let one_copy_mb = (uki_mb / 16.0).ceil() * 16.0;
    for (name, limit) in [
        ("kexec-bpf extract", one_copy_mb),
        ("kexec-bpf handshake", 32.0),
    ] {
        let least = |name| results.get(Measure::RamMb, USUAL_MB, name);
        let above = least(name).zip(least(BARE)).map(|(own, bare)| own - bare);
        expect(format!("{name}: RAM above the {BARE}'s, MB"), above, limit);
        let kb = |measure| results.get(measure, USUAL_MB, name);
        let more = kb(Measure::WithCompanionsKb).zip(kb(Measure::WithoutCompanionsKb));
        let more = more.map(|(with, without)| with - without);
        let what = format!("{name}: 100 credentials and a {SYSEXT_MB} MB sysext, kB more");
        expect(what, more, 256.0);
    }
    bounds
}

/// Returns a line for each bound.
pub fn lines(results: &Results) -> Vec<String> {
    let line = |bound: &Bound| {
        let Bound { what, value, limit } = bound;
        let verdict = if value <= limit { "kept" } else { "NOT KEPT" };
        let digits = if *limit < 2.0 { 2 } else { 0 };
        // Three digits if two would show the limit itself.
        let shown =
            match value > limit && format!("{value:.digits$}") == format!("{limit:.digits$}") {
                true => digits + 1,
                false => digits,
            };
        format!("{verdict:<9} {what}: {value:.shown$} (at most {limit:.digits$})")
    };
    bounds(results).iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::contestant::BARE;
    use super::super::results::{Measure, Results};
    use super::lines;

    #[test]
    fn only_what_was_measured_is_judged() {
        let mut results = Results::default();
        assert_eq!(lines(&results), [""; 0]);
        let fast = "kexec-bpf handshake --fast";
        for (name, measure, value) in [
            (BARE, Measure::LoadCount, 1000.0),
            (BARE, Measure::JumpCount, 1000.0),
            (fast, Measure::LoadCount, 150.0),
            (fast, Measure::JumpCount, 453.0),
            (fast, Measure::JumpRatio, 0.5),
        ] {
            results.set(measure, 1, name, value);
        }
        let expected = [
            "kept      kexec-bpf handshake --fast: load 1 MB, instructions: 0.15 (at most 0.15)",
            "NOT KEPT  kexec-bpf handshake --fast: jump 1 MB, instructions: 0.453 (at most 0.45)",
            "kept      kexec-bpf handshake --fast: jump 1 MB, time: 0.50 (at most 0.95)",
        ];
        assert_eq!(lines(&results), expected);
    }

    #[test]
    fn memory_is_compared_with_the_bare_call() {
        let mut results = Results::default();
        results.set(Measure::UkiMb, 60, BARE, 77.0);
        results.set(Measure::RamMb, 60, BARE, 336.0);
        results.set(Measure::RamMb, 60, "kexec-bpf extract", 432.0);
        results.set(Measure::RamMb, 60, "kexec-bpf handshake", 336.0);
        let expected = [
            "NOT KEPT  kexec-bpf extract: RAM above the bare call's, MB: 96 (at most 80)",
            "kept      kexec-bpf handshake: RAM above the bare call's, MB: 0 (at most 32)",
        ];
        assert_eq!(lines(&results), expected);
    }
}
