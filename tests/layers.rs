// SPDX-License-Identifier: GPL-2.0-or-later
//! The rules that the compiler does not check: pure layers stay pure, and
//! every source file says its licence and its purpose.
#[path = "layers/arrows.rs"]
mod arrows;
#[path = "layers/words.rs"]
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use arrows::{Arrows, Modules, circles};

/// What no pure file may name; layers above it are found by their arrows.
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

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every file under src, by its path from there, with its text.
fn all_sources() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    sources(&src(), &mut paths);
    assert!(paths.len() > 10, "src was not found");
    let name = |path: &Path| path.strip_prefix(src()).unwrap().display().to_string();
    paths
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// One line of the picture: layers side by side.
struct Row {
    layers: Vec<String>,
    is_pure: bool,
}

/// The picture in ARCHITECTURE.md, from top to bottom: each row begins at the first
/// column with its layers, and ends with `pure` or `effects`.
fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(path).expect("read ARCHITECTURE.md");
    let (_, section) = text
        .split_once("\n## Layers\n")
        .expect("its section Layers");
    let picture = section.split("```").nth(1).expect("the picture in it");
    let joined = picture.trim().replace("\n ", " ");
    joined
        .lines()
        .map(|row| {
            let (layers, what) = row.split_once("  ").expect("layers, then what they are");
            let is_pure = match what.rsplit(' ').next() {
                Some("pure") => true,
                Some("effects") => false,
                _ => panic!("neither pure nor effects: {row}"),
            };
            let layers = layers.split(", ").map(String::from).collect();
            Row { layers, is_pure }
        })
        .collect()
}

fn layer(module: &str) -> &str {
    module.split("::").next().unwrap()
}

/// Takes a file of src or a module.
fn is_pure(name: &str) -> bool {
    let layer = name.split(['/', '.', ':']).next().unwrap();
    let mut rows = rows().into_iter();
    let row = rows.find(|row| row.layers.iter().any(|one| one == layer));
    row.is_some_and(|row| row.is_pure)
}

#[test]
fn the_picture_has_every_layer_once() {
    let mut shown: Vec<String> = rows().into_iter().flat_map(|row| row.layers).collect();
    shown.sort();
    let files = all_sources().into_iter();
    let mut found: Vec<String> = files
        .map(|(file, _)| file.split(['/', '.']).next().unwrap().to_owned())
        .filter(|layer| layer != "lib")
        .collect();
    found.sort();
    found.dedup();
    assert_eq!(shown, found);
}

/// A layer names what is below it in the picture, and nothing beside it.
#[test]
fn no_arrow_points_up() {
    let rows = rows();
    let height = |module: &String| {
        let is = |row: &Row| row.layers.iter().any(|one| one == layer(module));
        rows.iter().position(is).expect("the picture has it")
    };
    let mut upward = Vec::new();
    for (from, named) in Modules::of(&all_sources()).arrows() {
        let other = named.iter().filter(|to| layer(to) != layer(&from));
        let wrong = other.filter(|to| height(to) <= height(&from));
        upward.extend(wrong.map(|to| format!("{from} names {to}")));
    }
    assert!(upward.is_empty(), "upwards:\n{}", upward.join("\n"));
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let arrows = Modules::of(&all_sources()).arrows();
    assert!(arrows["run::prepared"].contains("plan"), "arrows are found");
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

/// The code of a line: comments may name anything.
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
fn only_the_reader_of_object_files_uses_goblin() {
    let mut users: Vec<_> = all_sources()
        .into_iter()
        .filter(|(_, text)| text.lines().any(|line| code(line).contains("goblin::")))
        .map(|(file, _)| file)
        .collect();
    users.sort();
    assert_eq!(users, ["object/elf.rs"]);
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

#[test]
fn files_stay_readable() {
    for (file, text) in all_sources() {
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "src/{file} has {lines} lines");
    }
}

/// Files of the module by what they include: `load.c` and `load.h` are one.
fn module_includes() -> Arrows {
    let mut includes = Arrows::new();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("bpf/kmod");
    for entry in fs::read_dir(directory).expect("read the module's directory") {
        let path = entry.expect("read its entry").path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(unit) = name.strip_suffix(".c").or(name.strip_suffix(".h")) else {
            continue;
        };
        if name.ends_with(".mod.c") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("read a file of the module");
        let named = text
            .lines()
            .filter_map(|line| line.strip_prefix("#include \"")?.strip_suffix(".h\""));
        let mut named: BTreeSet<String> = named.map(String::from).collect();
        named.remove(unit);
        includes.entry(unit.into()).or_default().append(&mut named);
    }
    includes
}

/// A file includes only what does not include it, directly or by others.
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
