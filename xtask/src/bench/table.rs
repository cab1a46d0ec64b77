// SPDX-License-Identifier: GPL-2.0-or-later
//! The tables, in Markdown: a line for each contestant, a column for each measurement.

use super::contestant::BARE;
use super::results::{Measure, Part, Results};

/// Returns all tables, each with its heading.
pub fn tables(results: &Results) -> String {
    let tables = [
        relative(results, Part::Counts),
        relative(results, Part::Times),
        sizes(results),
    ];
    let tables: Vec<String> = tables.into_iter().flatten().collect();
    tables.join("\n")
}

/// Formats a figure; the dash is for what was not measured.
fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}

/// Loads and jumps of each size: those of the bare call, and the others relative to them.
fn relative(results: &Results, part: Part) -> Option<String> {
    let run = results.runs.get(&part)?;
    let (what, unit, digits, load, jump) = match part {
        Part::Counts => (
            "Instructions",
            "millions",
            0,
            Measure::LoadCount,
            Measure::JumpCount,
        ),
        _ => ("Time", "s", 1, Measure::LoadTime, Measure::JumpTime),
    };
    let columns: Vec<(Measure, usize)> = [load, jump]
        .into_iter()
        .flat_map(|measure| {
            results
                .sizes(measure)
                .into_iter()
                .map(move |mb| (measure, mb))
        })
        .collect();
    let mut heading = vec![format!("{what}, relative")];
    for (measure, mb) in &columns {
        let title = if *measure == load { "load" } else { "jump" };
        heading.push(format!("{title}, {mb} MB"));
    }
    let mut rows = Vec::new();
    for (name, version) in &results.contestants {
        let ratio = |(measure, mb): &(Measure, usize)| match measure {
            Measure::LoadTime => results.get(Measure::LoadRatio, *mb, name),
            Measure::JumpTime => results.get(Measure::JumpRatio, *mb, name),
            _ => results.relative(*measure, *mb, name, BARE),
        };
        let cells: Vec<String> = match name == BARE {
            true => columns
                .iter()
                .map(|(measure, mb)| cell(results.get(*measure, *mb, name), digits))
                .collect(),
            false => columns
                .iter()
                .map(|column| cell(ratio(column), 2))
                .collect(),
        };
        let title = match name == BARE {
            true => format!("{name}, {unit}"),
            false => title(name, version),
        };
        rows.push([vec![title], cells].concat());
    }
    rows.retain(|row| row[1..].iter().any(|cell| cell != "-"));
    let rounds = match run.rounds {
        1 => String::new(),
        rounds => format!(", medians of {rounds} rounds, without KVM; ratios are within a round"),
    };
    let caption = format!(
        "{what} on Linux {} in {}, {}{rounds}:",
        run.kernel, run.qemu, run.date
    );
    Some(format!("{caption}\n\n{}", markdown(&heading, &rows)))
}

/// Memory and size.
fn sizes(results: &Results) -> Option<String> {
    let run = results.runs.get(&Part::Sizes)?;
    let peaks = results.sizes(Measure::PeakKb);
    let mut heading = vec!["Memory and size".to_owned()];
    for mb in peaks.iter().filter(|mb| **mb > 1) {
        heading.push(format!("peak, {mb} MB, kB"));
    }
    let usual = results.sizes(Measure::RamMb);
    for mb in &usual {
        heading.push(format!("least RAM, {mb} MB, MB"));
    }
    heading.extend(["in an initramfs, kB", "zstd -19, kB"].map(str::to_owned));
    let mut rows = Vec::new();
    for (name, version) in &results.contestants {
        if results.get(Measure::AddedBytes, 0, name).is_none() {
            continue;
        }
        let mut row = vec![title(name, version)];
        for mb in peaks.iter().filter(|mb| **mb > 1) {
            row.push(cell(results.get(Measure::PeakKb, *mb, name), 0));
        }
        for mb in &usual {
            row.push(cell(results.get(Measure::RamMb, *mb, name), 0));
        }
        for measure in [Measure::AddedBytes, Measure::PackedBytes] {
            let kb = results.get(measure, 0, name).map(|bytes| bytes / 1000.0);
            row.push(cell(kb, 0));
        }
        rows.push(row);
    }
    let caption = format!("Memory and size on Linux {}, {}:", run.kernel, run.date);
    Some(format!("{caption}\n\n{}", markdown(&heading, &rows)))
}

/// Returns a contestant's name, with its version if it is a peer's.
pub fn title(name: &str, version: &str) -> String {
    let (program, options) = name.split_once(' ').unwrap_or((name, ""));
    match version {
        "-" => name.to_owned(),
        _ if program == "kexec-bpf" => name.to_owned(),
        _ => format!("{program} {version} {options}")
            .trim_end()
            .to_owned(),
    }
}

/// Formats a table whose columns are aligned in the source as well.
fn markdown(heading: &[String], rows: &[Vec<String>]) -> String {
    let all = || std::iter::once(heading).chain(rows.iter().map(Vec::as_slice));
    let width = |column: usize| all().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let mut lines = Vec::new();
    for (number, row) in all().enumerate() {
        let cells = row.iter().zip(&widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(column, (text, width))| match column {
                0 => format!("{text:<width$}"),
                _ => format!("{text:>width$}"),
            })
            .collect();
        lines.push(format!("| {} |", cells.join(" | ")));
        if number == 0 {
            let rules = widths.iter().enumerate();
            let rules: Vec<String> = rules
                .map(|(column, width)| match column {
                    0 => "-".repeat(width + 2),
                    _ => format!("{}:", "-".repeat(width + 1)),
                })
                .collect();
            lines.push(format!("|{}|", rules.join("|")));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::results::{Measure, Part, Results, Run};
    use super::{tables, title};

    fn run(rounds: usize) -> Run {
        Run {
            date: "2026-01-02".to_owned(),
            kernel: "6.12".to_owned(),
            qemu: "QEMU 7".to_owned(),
            rounds,
        }
    }

    fn results() -> Results {
        let mut results = Results::default();
        let contestants = [("bare call", "-"), ("a --fast", "1.2"), ("b", "2.0")];
        let owned = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        results.compare(contestants.map(owned).to_vec());
        results.begin(Part::Counts, run(1), &[]);
        for (name, size, load, jump) in [
            ("bare call", 1, 3350.4, 5704.0),
            ("bare call", 60, 7000.0, 9000.0),
            ("a --fast", 1, 335.04, 2852.0),
            ("a --fast", 60, 70.0, 900.0),
        ] {
            results.set(Measure::LoadCount, size, name, load);
            results.set(Measure::JumpCount, size, name, jump);
        }
        results
    }

    #[test]
    fn counts_are_relative_to_the_bare_call() {
        let text = "Instructions on Linux 6.12 in QEMU 7, 2026-01-02:

| Instructions, relative | load, 1 MB | load, 60 MB | jump, 1 MB | jump, 60 MB |
|------------------------|-----------:|------------:|-----------:|------------:|
| bare call, millions    |       3350 |        7000 |       5704 |        9000 |
| a 1.2 --fast           |       0.10 |        0.01 |       0.50 |        0.10 |
";
        assert_eq!(tables(&results()), text);
    }

    #[test]
    fn times_are_shown_by_the_ratio_of_each_round() {
        let mut results = results();
        results.begin(Part::Times, run(5), &[]);
        for (name, measure, value) in [
            ("bare call", Measure::LoadTime, 2.0),
            ("bare call", Measure::JumpTime, 4.04),
            ("b", Measure::LoadTime, 4.0),
            ("b", Measure::LoadRatio, 1.5),
        ] {
            results.set(measure, 60, name, value);
        }
        let text = tables(&results);
        let text = text.split_once("\nTime on ").expect("a table of times").1;
        let rows = "Linux 6.12 in QEMU 7, 2026-01-02, medians of 5 rounds, without KVM; ratios are within a round:

| Time, relative | load, 60 MB | jump, 60 MB |
|----------------|------------:|------------:|
| bare call, s   |         2.0 |         4.0 |
| b 2.0          |        1.50 |           - |
";
        assert_eq!(text, rows);
    }

    #[test]
    fn peers_have_a_version() {
        assert_eq!(title("bare call", "-"), "bare call");
        assert_eq!(
            title("kexec-bpf extract --fast", "0.1"),
            "kexec-bpf extract --fast"
        );
        assert_eq!(
            title("kexec-tools --no-checks", "2.0.32"),
            "kexec-tools 2.0.32 --no-checks"
        );
        assert_eq!(title("systemctl", "262"), "systemctl 262");
    }
}
