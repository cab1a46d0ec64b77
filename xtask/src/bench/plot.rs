// SPDX-License-Identifier: GPL-2.0-or-later
//! The plot: instructions of loads and of jumps, against the initrd's size, as SVG.
//!
//! Written by hand rather than by a crate, because it follows the reader's light or dark
//! mode: colours are in a style sheet. Programs differ by colour and mark, and variants of
//! one by their dashes, so that no colour is needed to tell them apart.

use std::fmt::Write;

use super::contestant::BARE;
use super::results::{Measure, Part, Results};
use super::table::title;

/// Colours of the programs, by their first appearance, for light and dark mode: those of
/// Okabe and Ito, which differ for the colour-blind as well, some lighter or darker.
const COLOURS: [(&str, &str); 6] = [
    ("#0072b2", "#56b4e9"),
    ("#d55e00", "#ff8c3a"),
    ("#00805c", "#1cc195"),
    ("#a8508a", "#e79ac6"),
    ("#8a6d00", "#f0e442"),
    ("#6a4fc4", "#b3a2ff"),
];
/// Dashes of the first, second and third variant of a program.
const DASHES: [&str; 3] = ["", " stroke-dasharray=\"7 4\"", " stroke-dasharray=\"2 3\""];

const WIDTH: f64 = 760.0;
const PANEL_WIDTH: f64 = 300.0;
const PANEL_HEIGHT: f64 = 250.0;
const TOP: f64 = 44.0;
/// Left edges of the panels.
const PANELS: [(f64, Measure, &str); 2] = [
    (62.0, Measure::LoadCount, "Load"),
    (440.0, Measure::JumpCount, "Jump, to the next kernel's init"),
];
const LEGEND_TOP: f64 = TOP + PANEL_HEIGHT + 70.0;
const LEGEND_ROW: f64 = 22.0;

/// How the line of a contestant looks.
struct Line<'a> {
    name: &'a str,
    title: String,
    /// Number of its colour and mark; the bare call has none.
    program: Option<usize>,
    variant: usize,
}

impl Line<'_> {
    fn class(&self) -> String {
        match self.program {
            Some(number) => format!("c{}", number % COLOURS.len()),
            None => "text".to_owned(),
        }
    }

    fn dashes(&self) -> &'static str {
        DASHES[self.variant.min(DASHES.len() - 1)]
    }

    /// Returns the mark of a measured point.
    fn mark(&self, x: f64, y: f64) -> String {
        let (left, right, top, bottom) = (x - 5.0, x + 5.0, y - 5.0, y + 5.0);
        match self.program.map(|number| number % 4) {
            None => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"currentColor\"/>"),
            Some(0) => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"),
            Some(1) => format!("<path d=\"M{left:.1} {top:.1}h10v10h-10z\"/>"),
            Some(2) => format!("<path d=\"M{x:.1} {top:.1}L{right:.1} {bottom:.1}h-10z\"/>"),
            Some(_) => {
                format!("<path d=\"M{x:.1} {top:.1}l5 5l-5 5l-5 -5z\"/>")
            }
        }
    }
}

/// Returns the contestants that were counted.
fn lines(results: &Results) -> Vec<Line<'_>> {
    let mut programs: Vec<(&str, usize)> = Vec::new();
    let mut lines = Vec::new();
    let is_counted = |name: &str| {
        let sizes = results.sizes(Measure::JumpCount);
        let mut counted = sizes
            .iter()
            .map(|mb| results.get(Measure::JumpCount, *mb, name));
        counted.any(|value| value.is_some())
    };
    let all = results.contestants.iter();
    for (name, version) in all.filter(|(name, _)| is_counted(name)) {
        let base = name.split(" --").next().unwrap_or(name);
        let (program, variant) = if base == BARE {
            (None, 0)
        } else if let Some(number) = programs.iter().position(|(its, _)| *its == base) {
            programs[number].1 += 1;
            (Some(number), programs[number].1)
        } else {
            programs.push((base, 0));
            (Some(programs.len() - 1), 0)
        };
        lines.push(Line {
            name,
            title: title(name, version),
            program,
            variant,
        });
    }
    lines
}

/// Returns the distance between ticks that divides the axis into at most five parts.
fn step(largest: f64) -> f64 {
    let rough = largest.max(1e-9) / 5.0;
    let decade = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * decade);
    let enough = steps.into_iter().find(|step| *step >= rough * 0.999_999);
    enough.unwrap_or(10.0 * decade)
}

/// A scale from 0 to the last tick.
struct Scale {
    step: f64,
    ticks: usize,
}

impl Scale {
    fn new(largest: f64) -> Self {
        let step = step(largest);
        let reaches = |ticks: &usize| *ticks as f64 * step >= largest * 0.999_999;
        let ticks = (1..=5).find(reaches).unwrap_or(5);
        Self { step, ticks }
    }

    fn last(&self) -> f64 {
        self.step * self.ticks as f64
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (0..=self.ticks).map(|tick| tick as f64 * self.step)
    }
}

const BILLION_M: f64 = 1000.0;

/// Draws one panel.
fn panel(out: &mut String, results: &Results, number: usize) {
    let (left, measure, heading) = PANELS[number];
    let sizes = results.sizes(measure);
    let lines = lines(results);
    let value = |mb: usize, name: &str| Some(results.get(measure, mb, name)? / BILLION_M);
    let y_scale = Scale::new(largest(results));
    let x_scale = Scale::new(sizes.iter().max().copied().unwrap_or(1) as f64);
    let x = |mb: f64| left + mb / x_scale.last() * PANEL_WIDTH;
    let y = |value: f64| TOP + PANEL_HEIGHT - value / y_scale.last() * PANEL_HEIGHT;
    let middle = left + PANEL_WIDTH / 2.0;
    let (right, bottom) = (left + PANEL_WIDTH, TOP + PANEL_HEIGHT);
    let _ = writeln!(
        out,
        "<text class=\"text b\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{heading}</text>",
        TOP - 16.0
    );
    for tick in y_scale.ticks() {
        let at = y(tick);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/><text class=\"text\" x=\"{}\" \
             y=\"{:.1}\" text-anchor=\"end\">{tick}</text>",
            left - 8.0,
            at + 4.0
        );
    }
    for tick in x_scale.ticks() {
        let at = x(tick);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{at:.1} {bottom}v5\"/><text class=\"text\" x=\"{at:.1}\" \
             y=\"{}\" text-anchor=\"middle\">{tick}</text>",
            bottom + 19.0
        );
    }
    let _ = writeln!(
        out,
        "<text class=\"text\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">initrd, MB</text>",
        bottom + 40.0
    );
    for line in &lines {
        let points: Vec<(f64, f64)> = sizes
            .iter()
            .filter_map(|mb| Some((x(*mb as f64), y(value(*mb, line.name)?))))
            .collect();
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1} {y:.1}"))
            .collect();
        let marks: String = points.iter().map(|(x, y)| line.mark(*x, *y)).collect();
        let _ = writeln!(
            out,
            "<g class=\"{}\"><path d=\"M{}\"{}/>{marks}</g>",
            line.class(),
            path.join("L"),
            line.dashes()
        );
    }
}

/// Returns the largest count of all, in thousands of millions: both panels have one scale,
/// so that they can be compared.
fn largest(results: &Results) -> f64 {
    let mut largest: f64 = 0.0;
    for (_, measure, _) in PANELS {
        for mb in results.sizes(measure) {
            for (name, _) in &results.contestants {
                let value = results.get(measure, mb, name).unwrap_or(0.0);
                largest = largest.max(value / BILLION_M);
            }
        }
    }
    largest
}

/// Returns the number of rows of the legend.
fn legend_rows(lines: &[Line]) -> usize {
    let variants = lines.iter().filter(|line| line.variant > 0).count();
    variants.max(lines.len() - variants) + 1
}

/// Draws the legend: contestants on the left, variants on the right, each below a panel.
fn legend(out: &mut String, lines: &[Line]) {
    let headings = ["with the kernel's digest", "without a digest"];
    for (number, (heading, (left, _, _))) in headings.into_iter().zip(PANELS).enumerate() {
        let is_here = |line: &&Line| (line.variant > 0) == (number > 0);
        let _ = writeln!(
            out,
            "<text class=\"text b\" x=\"{left}\" y=\"{:.1}\">{heading}</text>",
            LEGEND_TOP + 4.0
        );
        for (line, row) in lines.iter().filter(is_here).zip(1u32..) {
            let y = LEGEND_TOP + f64::from(row) * LEGEND_ROW;
            let _ = writeln!(
                out,
                "<g class=\"{}\"><path d=\"M{left} {y:.1}h36\"{}/>{}</g><text class=\"text\" \
                 x=\"{}\" y=\"{:.1}\">{}</text>",
                line.class(),
                line.dashes(),
                line.mark(left + 18.0, y),
                left + 46.0,
                y + 4.0,
                line.title
            );
        }
    }
}

fn style() -> String {
    let colours = |which: fn(&(&'static str, &'static str)) -> &'static str| {
        let rules = COLOURS.iter().enumerate();
        let rules = rules.map(|(number, pair)| format!(".c{number}{{color:{}}}", which(pair)));
        rules.collect::<String>()
    };
    format!(
        "<style>
text{{font:13px system-ui,sans-serif;fill:currentColor;stroke:none}}.b{{font-weight:600}}
g{{stroke:currentColor;stroke-width:1.8;fill:none}}.grid{{stroke:currentColor}}
.back{{fill:#fff}}.text{{color:#24292f}}.grid{{color:#d0d7de}}{}
@media(prefers-color-scheme:dark){{.back{{fill:#0d1117}}.text{{color:#e6edf3}}\
.grid{{color:#3d444d}}{}}}
</style>
",
        colours(|pair| pair.0),
        colours(|pair| pair.1)
    )
}

/// Returns the plot of the counts.
pub fn svg(results: &Results) -> String {
    let lines = lines(results);
    let height = LEGEND_TOP + legend_rows(&lines) as f64 * LEGEND_ROW;
    let run = results.runs.get(&Part::Counts);
    let run = run.map_or(String::new(), |run| {
        format!("Linux {}, {}", run.kernel, run.date)
    });
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!-- Made from docs/bench.tsv by make docs. -->
<title>Instructions of a load and of the jump after it, by the initrd's size. {run}</title>
"
    );
    out += &style();
    let _ = writeln!(
        out,
        "<rect class=\"back\" width=\"{WIDTH}\" height=\"{height}\"/>"
    );
    let middle = TOP + PANEL_HEIGHT / 2.0;
    let _ = writeln!(
        out,
        "<text class=\"text\" transform=\"translate(20 {middle})rotate(-90)\" \
         text-anchor=\"middle\">instructions, 10⁹</text>"
    );
    for number in 0..PANELS.len() {
        panel(&mut out, results, number);
    }
    legend(&mut out, &lines);
    out += "</svg>\n";
    out
}

/// Returns the plot of the committed figures.
pub fn document() -> String {
    super::committed().map_or_else(|error| panic!("{error}"), |results| svg(&results))
}

#[cfg(test)]
mod tests {
    use super::super::contestant::{ALL, BARE};
    use super::super::results::{Measure, Results};
    use super::{Scale, lines, step, svg};

    /// Counts of all contestants, twice as many for 200 MB as for 1 MB.
    fn results() -> Results {
        let mut results = Results::default();
        let contestants = ALL.iter().map(|of| (of.name.to_owned(), "1.0".to_owned()));
        results.compare(contestants.collect());
        for contestant in ALL {
            for (mb, load, jump) in [(1, 7500.0, 8750.0), (200, 15_000.0, 17_500.0)] {
                results.set(Measure::LoadCount, mb, contestant.name, load);
                results.set(Measure::JumpCount, mb, contestant.name, jump);
            }
        }
        results
    }

    #[test]
    fn ticks_are_round_numbers() {
        for (largest, expected) in [(17.5, 5.0), (200.0, 50.0), (5.0, 1.0), (0.9, 0.2)] {
            assert!((step(largest) - expected).abs() < 1e-9, "{largest}");
        }
        let ticks: Vec<f64> = Scale::new(17.5).ticks().collect();
        assert_eq!(ticks, [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(Scale::new(200.0).ticks, 4);
    }

    #[test]
    fn all_contestants_are_drawn_apart() {
        let results = results();
        let lines = lines(&results);
        assert_eq!(lines.len(), ALL.len());
        for (number, line) in lines.iter().enumerate() {
            let others = lines.iter().take(number);
            let is_same = |other: &&super::Line| {
                other.class() == line.class() && other.dashes() == line.dashes()
            };
            assert_eq!(others.filter(is_same).count(), 0, "{}", line.name);
        }
        let svg = svg(&results);
        for line in &lines {
            assert!(
                svg.contains(&format!(">{}</text>", line.title)),
                "{}",
                line.title
            );
        }
    }

    /// 20 is the last tick, so that 15 is at three quarters of the height.
    #[test]
    fn points_are_where_their_values_are() {
        let svg = svg(&results());
        assert!(svg.contains("M63.5 200.2L362.0 106.5"), "{svg}");
    }

    #[test]
    fn the_plot_is_small_and_has_both_modes() {
        let svg = svg(&results());
        assert!(svg.len() < 12_000, "{} bytes", svg.len());
        assert!(svg.contains("prefers-color-scheme:dark"));
        for text in ["instructions, 10⁹", "initrd, MB", ">Load<", "SPDX-License"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn what_was_not_counted_is_not_drawn() {
        let mut results = results();
        results.compare(vec![
            (BARE.to_owned(), "-".to_owned()),
            ("new".to_owned(), "1".to_owned()),
        ]);
        assert_eq!(lines(&results).len(), 1);
    }
}
