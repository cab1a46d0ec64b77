// SPDX-License-Identifier: GPL-2.0-or-later
//! Pictures of a terminal: text in SVG, without scripts and fonts, dark on any page.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::screen::{COLUMNS, ROWS};

/// What a terminal shows from a time on, in milliseconds.
pub struct Frame {
    pub at_ms: u64,
    pub rows: Vec<String>,
}

/// The last frame stays for this long.
const LAST_MS: u64 = 5000;

/// A text in a row, from one frame to before another.
struct Run<'frames> {
    row: usize,
    text: &'frames str,
    from: usize,
    to: usize,
}

/// Draws one frame, as high as its text.
pub fn still(title: &str, rows: &[String]) -> String {
    let used = rows.iter().rposition(|row| !row.is_empty());
    let used = used.map_or(0, |last| last + 1);
    let mut out = begin(title, used, "");
    for (row, text) in rows.iter().enumerate() {
        line(&mut out, row, "", text);
    }
    out + "</svg>\n"
}

/// Draws frames one after the other, again and again. Where nothing moves, or nobody wants
/// that, the frame `poster` is shown.
pub fn moving(title: &str, frames: &[Frame], poster: usize) -> String {
    let end_ms = frames.last().map_or(0, |frame| frame.at_ms) + LAST_MS;
    let percent = |index: usize| {
        let at_ms = frames.get(index).map_or(end_ms, |frame| frame.at_ms);
        (at_ms * 10_000 / end_ms) as f64 / 100.0
    };
    let runs = runs(frames);
    let mut classes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for run in &runs {
        let number = classes.len();
        classes.entry((run.from, run.to)).or_insert(number);
    }
    let seconds = end_ms as f64 / 1000.0;
    let mut style =
        String::from(".h{visibility:hidden}\n@media (prefers-reduced-motion:no-preference){\n");
    for ((from, to), number) in &classes {
        if (*from, *to) == (0, frames.len()) {
            continue;
        }
        let _ = write!(
            style,
            ".t{number}{{animation:k{number} {seconds}s step-end infinite}}@keyframes k{number}{{"
        );
        if *from > 0 {
            style.push_str("0%{visibility:hidden}");
        }
        let _ = write!(style, "{}%{{visibility:visible}}", percent(*from));
        if *to < frames.len() {
            let _ = write!(style, "{}%{{visibility:hidden}}", percent(*to));
        }
        style.push_str("}\n");
    }
    style.push('}');
    let mut out = begin(title, ROWS, &style);
    for run in &runs {
        let number = classes.get(&(run.from, run.to)).unwrap_or(&0);
        let hidden = match (run.from..run.to).contains(&poster) {
            true => "",
            false => "h ",
        };
        line(&mut out, run.row, &format!("{hidden}t{number}"), run.text);
    }
    out + "</svg>\n"
}

/// Finds out how long each text stays in its row.
fn runs(frames: &[Frame]) -> Vec<Run<'_>> {
    let mut found: Vec<Run<'_>> = Vec::new();
    for row in 0..ROWS {
        let mut open: Option<Run<'_>> = None;
        for (index, frame) in frames.iter().enumerate() {
            let text = frame.rows.get(row).map_or("", String::as_str);
            if open.as_ref().is_none_or(|run| run.text != text) {
                found.extend(open.take());
                open = Some(Run {
                    row,
                    text,
                    from: index,
                    to: frames.len(),
                });
            }
            if let Some(run) = &mut open {
                run.to = index + 1;
            }
        }
        found.extend(open);
    }
    found.retain(|run| !run.text.is_empty());
    found
}

const FONT_PX: usize = 14;
const LINE_PX: usize = 18;
const MARGIN_PX: usize = 12;

fn begin(title: &str, rows: usize, style: &str) -> String {
    // A monospaced font is about 0.6 times as wide as high.
    let width = COLUMNS * FONT_PX * 61 / 100 + 2 * MARGIN_PX;
    let height = rows * LINE_PX + 2 * MARGIN_PX;
    let title = escaped(title);
    format!(
        "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!-- {COLUMNS} columns of a serial console; made by make recording. -->
<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">
<title>{title}</title>
<style>text{{font:{FONT_PX}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',\
         monospace;fill:#e6edf3;white-space:pre}}
{style}</style>
<rect x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"#15191f\" stroke=\"#768390\"/>
",
        width - 2,
        height - 2
    )
}

fn line(out: &mut String, row: usize, class: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let y = MARGIN_PX + row * LINE_PX + FONT_PX;
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let text = escaped(text);
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN_PX}\" y=\"{y}\" xml:space=\"preserve\"{class}>{text}</text>"
    );
}

/// Returns text as XML has it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(at_ms: u64, rows: &[&str]) -> Frame {
        let rows = rows.iter().map(|row| (*row).to_owned()).collect();
        Frame { at_ms, rows }
    }

    #[test]
    fn a_text_is_drawn_once_for_as_long_as_it_stays() {
        let frames = [
            frame(0, &["$ a", ""]),
            frame(2000, &["$ a", "<b>"]),
            frame(5000, &["$ c", "<b>"]),
        ];
        let svg = moving("Title & more", &frames, 1);
        assert_eq!(svg.matches("<text ").count(), 3, "{svg}");
        for part in [
            "<title>Title &amp; more</title>",
            "class=\"t0\">$ a</text>",
            "@keyframes k0{0%{visibility:visible}50%{visibility:hidden}}",
            "@keyframes k1{0%{visibility:hidden}50%{visibility:visible}}",
            // Not in the frame that is shown where nothing moves.
            "class=\"h t1\">$ c</text>",
            "class=\"t2\">&lt;b&gt;</text>",
            "@keyframes k2{0%{visibility:hidden}20%{visibility:visible}}",
            "10s step-end infinite",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
    }

    #[test]
    fn a_still_is_as_high_as_its_text() {
        let rows = ["a", "", "b", ""].map(str::to_owned);
        let svg = still("Title", &rows);
        assert!(svg.contains("height=\"78\""), "{svg}");
        assert!(
            svg.contains("y=\"62\" xml:space=\"preserve\">b</text>"),
            "{svg}"
        );
        assert!(!svg.contains("animation"), "{svg}");
    }
}
