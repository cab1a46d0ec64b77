// SPDX-License-Identifier: GPL-2.0-or-later
//! The rules that the compiler does not check: pure layers stay pure, and
//! every source file says its licence and its purpose.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Layers that turn values into values (ARCHITECTURE.md). Each may be a file
/// or a directory under src, or both.
const PURE: &[&str] = &[
    "abi",
    "boot",
    "cmdline",
    "companion",
    "crc32",
    "errno",
    "escape",
    "explain",
    "facts",
    "field",
    "handshake",
    "image",
    "initrd",
    "kdump",
    "object",
    "plan",
    "sort",
    "source",
];

/// What no pure file may name: effects, or layers that have them.
const EFFECTS: &[&str] = &[
    "std::fs",
    "std::env",
    "std::io",
    "std::process",
    "rustix",
    "crate::sys",
    "crate::rt",
    "crate::run",
    "crate::cli",
    "unsafe",
];

const LICENCE: &str = "// SPDX-License-Identifier: GPL-2.0-or-later";
const MAX_LINES: usize = 400;

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
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

fn is_pure(file: &str) -> bool {
    let layer = file.split(['/', '.']).next().unwrap();
    PURE.contains(&layer)
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
fn module_includes() -> BTreeMap<String, BTreeSet<String>> {
    let mut includes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
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
    let mut left = module_includes();
    assert!(left.contains_key("load"), "the module's files are found");
    // What includes nothing that is left cannot be in a circle.
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, included| !included.is_disjoint(&names));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "these include each other: {left:?}");
}
