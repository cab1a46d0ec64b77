// SPDX-License-Identifier: GPL-2.0-or-later
//! What the benchmark has measured, and its file: lines of words that tabs separate.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A part of the benchmark, which can run alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// Instructions of loads and jumps.
    Counts,
    /// The same by the clock, and peak memory.
    Times,
    /// Least memory of a guest, companion files, and bytes in an initramfs.
    Sizes,
}

/// A measured quantity; the unit is in its name in the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Measure {
    LoadCount,
    JumpCount,
    LoadTime,
    /// Median of the ratios to the bare call in each round.
    LoadRatio,
    JumpTime,
    JumpRatio,
    PeakKb,
    RamMb,
    /// Size of the UKI that [`Measure::RamMb`] is for.
    UkiMb,
    AddedBytes,
    PackedBytes,
    WithoutCompanionsKb,
    WithCompanionsKb,
}

const PARTS: [(Part, &str); 3] = [
    (Part::Counts, "counts"),
    (Part::Times, "times"),
    (Part::Sizes, "sizes"),
];

const MEASURES: [(Measure, Part, &str); 13] = [
    (
        Measure::LoadCount,
        Part::Counts,
        "load-million-instructions",
    ),
    (
        Measure::JumpCount,
        Part::Counts,
        "jump-million-instructions",
    ),
    (Measure::LoadTime, Part::Times, "load-s"),
    (Measure::LoadRatio, Part::Times, "load-ratio"),
    (Measure::JumpTime, Part::Times, "jump-s"),
    (Measure::JumpRatio, Part::Times, "jump-ratio"),
    (Measure::PeakKb, Part::Times, "peak-kB"),
    (Measure::RamMb, Part::Sizes, "least-ram-MB"),
    (Measure::UkiMb, Part::Sizes, "uki-MB"),
    (Measure::AddedBytes, Part::Sizes, "initramfs-bytes"),
    (Measure::PackedBytes, Part::Sizes, "initramfs-zstd-bytes"),
    (
        Measure::WithoutCompanionsKb,
        Part::Sizes,
        "without-companions-kB",
    ),
    (Measure::WithCompanionsKb, Part::Sizes, "with-companions-kB"),
];

impl Part {
    pub fn name(self) -> &'static str {
        let found = PARTS.iter().find(|(part, _)| *part == self);
        found.expect("the table has all parts").1
    }

    pub fn named(name: &str) -> Option<Self> {
        let found = PARTS.iter().find(|(_, its)| *its == name);
        found.map(|(part, _)| *part)
    }
}

impl Measure {
    fn row(self) -> (Part, &'static str) {
        let found = MEASURES.iter().find(|(measure, _, _)| *measure == self);
        let (_, part, name) = found.expect("the table has all measures");
        (*part, name)
    }

    fn named(name: &str) -> Option<Self> {
        let found = MEASURES.iter().find(|(_, _, its)| *its == name);
        found.map(|(measure, _, _)| *measure)
    }
}

/// When and on what a part was measured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    pub date: String,
    /// The release that the guest's kernel has.
    pub kernel: String,
    pub qemu: String,
    pub rounds: usize,
}

/// All figures. A figure belongs to a contestant, a quantity and an initrd's size in MB; the
/// size is 0 if there is none.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Results {
    pub runs: BTreeMap<Part, Run>,
    /// Names and versions, in the order of the tables.
    pub contestants: Vec<(String, String)>,
    figures: BTreeMap<(Measure, usize, String), f64>,
}

const HEADING: &str = "# SPDX-License-Identifier: GPL-2.0-or-later
# Written by make bench. README's tables and docs/bench.svg are made from it by make docs.
# run: part, date, kernel, emulator, rounds
# contestant: name, version
# figure: quantity, MB of random bytes in the initrd (0: no initrd), contestant, value
";

impl Results {
    pub fn get(&self, measure: Measure, initrd_mb: usize, contestant: &str) -> Option<f64> {
        let key = (measure, initrd_mb, contestant.to_owned());
        self.figures.get(&key).copied()
    }

    /// Records a figure with three decimals.
    pub fn set(&mut self, measure: Measure, initrd_mb: usize, contestant: &str, value: f64) {
        let key = (measure, initrd_mb, contestant.to_owned());
        self.figures.insert(key, (value * 1000.0).round() / 1000.0);
    }

    /// Returns a figure divided by that of another contestant.
    pub fn relative(&self, measure: Measure, mb: usize, own: &str, to: &str) -> Option<f64> {
        Some(self.get(measure, mb, own)? / self.get(measure, mb, to)?)
    }

    /// Returns the sizes of initrds that a quantity was measured with, in order.
    pub fn sizes(&self, measure: Measure) -> Vec<usize> {
        let of_measure = self.figures.keys().filter(|(its, _, _)| *its == measure);
        let mut sizes: Vec<usize> = of_measure.map(|(_, size, _)| *size).collect();
        sizes.dedup();
        sizes
    }

    /// Sets the contestants, and drops the figures of others.
    pub fn compare(&mut self, contestants: Vec<(String, String)>) {
        let is_known = |name: &String| contestants.iter().any(|(its, _)| its == name);
        self.figures.retain(|(_, _, name), _| is_known(name));
        self.contestants = contestants;
    }

    /// Begins a part anew. Figures of the contestants that are not `measured` again stay if
    /// they are from the same kernel and emulator.
    pub fn begin(&mut self, part: Part, run: Run, measured: &[&str]) {
        let is_like = |old: &Run| old.kernel == run.kernel && old.qemu == run.qemu;
        let keeps = self.runs.get(&part).is_some_and(is_like);
        self.figures.retain(|(measure, _, contestant), _| {
            measure.row().0 != part || keeps && !measured.contains(&contestant.as_str())
        });
        self.runs.insert(part, run);
    }

    pub fn text(&self) -> String {
        let mut text = HEADING.to_owned();
        for (part, run) in &self.runs {
            let (part, rounds) = (part.name(), run.rounds);
            let fields = [part, &run.date, &run.kernel, &run.qemu].join("\t");
            let _ = writeln!(text, "run\t{fields}\t{rounds}");
        }
        for (name, version) in &self.contestants {
            let _ = writeln!(text, "contestant\t{name}\t{version}");
        }
        let place = |name: &String| self.contestants.iter().position(|(its, _)| its == name);
        let mut figures: Vec<_> = self.figures.iter().collect();
        figures.sort_by_key(|((measure, size, name), _)| (*measure, *size, place(name)));
        for ((measure, size, name), value) in figures {
            let measure = measure.row().1;
            let _ = writeln!(text, "figure\t{measure}\t{size}\t{name}\t{value}");
        }
        text
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let mut results = Self::default();
        let lines = text.lines().enumerate();
        for (number, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            results
                .parse_line(&fields)
                .ok_or_else(|| format!("line {}: '{line}'", number + 1))?;
        }
        Ok(results)
    }

    fn parse_line(&mut self, fields: &[&str]) -> Option<()> {
        match fields {
            ["run", part, date, kernel, qemu, rounds] => {
                let [date, kernel, qemu] = [date, kernel, qemu].map(|text| (*text).to_owned());
                let rounds = rounds.parse().ok()?;
                let run = Run {
                    date,
                    kernel,
                    qemu,
                    rounds,
                };
                self.runs.insert(Part::named(part)?, run);
            }
            ["contestant", name, version] => {
                let contestant = ((*name).to_owned(), (*version).to_owned());
                self.contestants.push(contestant);
            }
            ["figure", measure, size, contestant, value] => {
                let measure = Measure::named(measure)?;
                self.set(measure, size.parse().ok()?, contestant, value.parse().ok()?);
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Measure, Part, Results, Run};

    fn run(kernel: &str) -> Run {
        Run {
            date: "2026-01-02".to_owned(),
            kernel: kernel.to_owned(),
            qemu: "QEMU 7.2".to_owned(),
            rounds: 5,
        }
    }

    fn results() -> Results {
        let mut results = Results::default();
        results.begin(Part::Counts, run("6.12"), &[]);
        for name in ["b", "a --fast"] {
            let contestant = (name.to_owned(), "1.0".to_owned());
            results.contestants.push(contestant);
            for size in [200, 1] {
                results.set(Measure::JumpCount, size, name, 1_234.567_89);
            }
        }
        results
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let text = results().text();
        let row = "figure\tjump-million-instructions\t1\ta --fast\t1234.568\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("run\tcounts\t2026-01-02\t6.12\tQEMU 7.2\t5\n"));
        assert_eq!(Results::parse(&text), Ok(results()));
        assert_eq!(results().sizes(Measure::JumpCount), [1, 200]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told() {
        for line in [
            "figure\tspeed\t1\ta\t2",
            "figure\tpeak-kB\tx\ta\t2",
            "run\tcounts",
            "",
        ] {
            let text = format!("# a comment\n{line}\n");
            assert_eq!(Results::parse(&text), Err(format!("line 2: '{line}'")));
        }
    }

    #[test]
    fn figures_of_another_kernel_are_dropped() {
        let at = |results: &Results, name| results.get(Measure::JumpCount, 1, name);
        let mut same = results();
        same.begin(Part::Counts, run("6.12"), &["b"]);
        assert_eq!(
            (at(&same, "b"), at(&same, "a --fast")),
            (None, Some(1_234.568))
        );
        let mut other = results();
        other.begin(Part::Counts, run("6.13"), &["b"]);
        assert_eq!((at(&other, "b"), at(&other, "a --fast")), (None, None));
        let mut times = results();
        times.begin(Part::Times, run("6.13"), &["b"]);
        assert_eq!(at(&times, "b"), Some(1_234.568));
    }
}
