// SPDX-License-Identifier: GPL-2.0-or-later
//! Rules that the compiler does not check: pure layers stay pure, arrows between
//! layers point down, every source file names its licence and its purpose, and
//! comments are in plain words.
mod arrows;
mod decisions;
mod tree;
mod words;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use arrows::{Arrows, Modules, circles, is_in};
use tree::{files, read};

/// Names that no pure file may contain. References to layers above are found by arrows.
const EFFECTS: &[&str] = &[
    "std::fs",
    "std::env",
    "std::io",
    "std::process",
    "rustix",
    "libc::",
    "unsafe",
];

const LICENCE: &str = "// SPDX-License-Identifier: GPL-2.0-or-later";
const MAX_LINES: usize = 400;

/// Returns every file under src: its path from there, and its text.
fn all_sources() -> Vec<(String, String)> {
    let all = files(&["src"], &["rs"]);
    assert!(all.len() > 10, "src was not found");
    let name = |path: &Path| path.strip_prefix("src").unwrap().display().to_string();
    all.into_iter()
        .map(|(path, text)| (name(&path), text))
        .collect()
}

/// A line of the picture: layers side by side, or modules of a group.
struct Row {
    /// Paths of their modules: `sys`, `policy::plan`.
    layers: Vec<String>,
    is_pure: bool,
}

/// Returns the picture in ARCHITECTURE.md, from top to bottom. A row begins at the first
/// column with its layers, and ends with `pure` or `effects`; the rows of its modules
/// follow, indented by two. Lines that are indented further continue the row before.
fn picture() -> Vec<Row> {
    let text = read("ARCHITECTURE.md");
    let (_, section) = text
        .split_once("\n## Layers\n")
        .expect("its section Layers");
    let picture = section.split("```").nth(1).expect("the picture in it");
    let joined = picture.trim().replace("\n   ", " ");
    let mut rows: Vec<Row> = Vec::new();
    let mut group = (String::new(), false);
    for row in joined.lines() {
        let is_module = row.starts_with("  ");
        let (names, what) = row.trim().split_once("  ").expect("names, then a purpose");
        let names = names.split(", ");
        let (layers, is_pure) = if is_module {
            let path = |name| format!("{}::{name}", group.0);
            (names.map(path).collect(), group.1)
        } else {
            let is_pure = match what.rsplit(' ').next() {
                Some("pure") => true,
                Some("effects") => false,
                _ => panic!("neither pure nor effects: {row}"),
            };
            let layers: Vec<String> = names.map(String::from).collect();
            group = (layers[0].clone(), is_pure);
            (layers, is_pure)
        };
        rows.push(Row { layers, is_pure });
    }
    rows
}

/// The picture, read once.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(picture);

/// Returns the row of a module in the picture, counted from the top: that of its layer, or
/// of the module of a group that it belongs to.
fn height(module: &str) -> Option<usize> {
    let has = |row: &Row| row.layers.iter().any(|layer| is_in(module, layer));
    ROWS.iter().rposition(has)
}

/// Returns whether a layer is pure; takes a file of src or a module.
fn is_pure(name: &str) -> bool {
    let module = name.trim_end_matches(".rs").replace('/', "::");
    height(&module).is_some_and(|row| ROWS[row].is_pure)
}

#[test]
fn the_picture_has_every_layer_once() {
    let layers = ROWS.iter().flat_map(|row| &row.layers);
    let mut shown: Vec<String> = layers.cloned().collect();
    shown.sort();
    let is_group = |name: &str| {
        let inside = format!("{name}::");
        shown.iter().any(|layer| layer.starts_with(&inside))
    };
    let mut found = Vec::new();
    for (file, _) in all_sources() {
        let mut names = file.split('/').map(|name| name.trim_end_matches(".rs"));
        let layer = names.next().unwrap();
        let inner = names
            .next()
            .filter(|name| is_group(layer) && *name != "mod");
        found.extend(inner.map(|name| format!("{layer}::{name}")));
        found.push(layer.to_owned());
    }
    found.retain(|layer| layer != "lib");
    found.sort();
    found.dedup();
    assert_eq!(shown, found);
}

/// A module may refer to modules below it in the picture, but not to those beside it.
#[test]
fn no_arrow_points_up() {
    let place = |module: &str| height(module).expect("the picture has it");
    let layers = |module: &str| &ROWS[place(module)].layers;
    let mut upward = Vec::new();
    for (from, named) in Modules::of(&all_sources()).arrows() {
        let own = layers(&from)
            .iter()
            .find(|layer| is_in(&from, layer))
            .unwrap();
        let other = named.iter().filter(|to| !is_in(to, own));
        let wrong = other.filter(|to| place(to) <= place(&from));
        upward.extend(wrong.map(|to| format!("{from} names {to}")));
    }
    assert!(upward.is_empty(), "upwards:\n{}", upward.join("\n"));
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let arrows = Modules::of(&all_sources()).arrows();
    assert!(
        arrows["run::prepared"].contains("policy::plan"),
        "arrows are found"
    );
    let circles = circles(&arrows);
    assert!(circles.is_empty(), "these name each other: {circles:#?}");
}

#[test]
fn only_sys_and_rt_call_the_system() {
    for (path, text) in all_sources() {
        if path.starts_with("sys") || path.starts_with("rt") || path == "main.rs" {
            continue;
        }
        for line in text.lines().map(code) {
            for word in ["rustix", "libc::", "unsafe"] {
                assert!(!line.contains(word), "{path}: {line}");
            }
        }
    }
}

/// Returns a line without its comment, which may name anything.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

#[test]
fn pure_layers_name_no_effects() {
    let mut found = Vec::new();
    for (file, text) in all_sources() {
        if !is_pure(&file) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for effect in EFFECTS.iter().filter(|e| code(line).contains(*e)) {
                found.push(format!("src/{file}:{}: {effect}", number + 1));
            }
        }
    }
    for (from, named) in Modules::of(&all_sources()).arrows() {
        let effects = named.iter().filter(|to| is_pure(&from) && !is_pure(to));
        found.extend(effects.map(|to| format!("{from} names {to}")));
    }
    assert!(
        found.is_empty(),
        "pure layers with effects:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_file_says_licence_and_purpose() {
    for (file, text) in all_sources() {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(LICENCE), "src/{file}: first line");
        let purpose = lines.next().unwrap_or_default();
        assert!(
            purpose.starts_with("//! "),
            "src/{file}: second line is not //!"
        );
    }
}

/// The first paragraph of a file's `//!` ends with the kind that the picture gives its
/// layer. Tests, lib.rs and main.rs say none.
#[test]
fn every_file_names_the_kind_of_its_layer() {
    for (file, text) in all_sources() {
        let is_test = file
            .split('/')
            .any(|name| matches!(name, "tests" | "tests.rs"));
        if is_test || matches!(file.as_str(), "lib.rs" | "main.rs") {
            continue;
        }
        let header = text.lines().skip(1);
        let paragraph: Vec<&str> = header.map_while(|line| line.strip_prefix("//! ")).collect();
        let kind = if is_pure(&file) { "pure" } else { "effects" };
        assert!(
            paragraph.join(" ").ends_with(&format!("Layer: {kind}.")),
            "src/{file}: the first paragraph does not end with \"Layer: {kind}.\""
        );
    }
}

#[test]
fn files_stay_readable() {
    for (file, text) in all_sources() {
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "src/{file} has {lines} lines");
    }
}

/// Returns the files that each file of the module includes: `load.c` and `load.h` are one.
fn module_includes() -> Arrows {
    let mut includes = Arrows::new();
    for (path, text) in files(&["bpf/kmod"], &["c", "h"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(unit) = name.strip_suffix(".c").or(name.strip_suffix(".h")) else {
            continue;
        };
        if name.ends_with(".mod.c") {
            continue;
        }
        let named = text
            .lines()
            .filter_map(|line| line.strip_prefix("#include \"")?.strip_suffix(".h\""));
        let mut named: BTreeSet<String> = named.map(String::from).collect();
        named.remove(unit);
        includes.entry(unit.into()).or_default().append(&mut named);
    }
    includes
}

/// A file may not include a file that includes it, directly or through others.
#[test]
fn the_modules_files_include_no_circle() {
    let includes = module_includes();
    assert!(
        includes.contains_key("load"),
        "the module's files are found"
    );
    let circles = circles(&includes);
    assert!(circles.is_empty(), "these include each other: {circles:#?}");
}
