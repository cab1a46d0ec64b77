// SPDX-License-Identifier: GPL-2.0-or-later
//! Dynamic programs of Debian, for guests that have nothing else of Debian.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::packages;

/// Returns a dynamic program with its loader and all libraries that it needs: path in the
/// guest, and source.
pub fn with_libraries(set: &str, program: &str, path: &str) -> BTreeMap<String, PathBuf> {
    const DIRECTORIES: [&str; 2] = [
        "usr/lib/x86_64-linux-gnu",
        "usr/lib/x86_64-linux-gnu/systemd",
    ];
    let mut files = BTreeMap::from([(path.to_owned(), packages::file(set, program))]);
    let loader = packages::file(set, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    files.insert("lib64/ld-linux-x86-64.so.2".to_owned(), loader);
    let mut todo = needed(&packages::file(set, program));
    while let Some(name) = todo.pop() {
        let root = packages::cache().join(set);
        let directory = DIRECTORIES
            .iter()
            .find(|directory| root.join(directory).join(&name).exists())
            .unwrap_or_else(|| panic!("{set} has no {name}: tests/provision.sh --refresh"));
        let guest_path = format!("{directory}/{name}");
        let source = root.join(&guest_path);
        if !name.starts_with("ld-linux") && !files.contains_key(&guest_path) {
            todo.extend(needed(&source));
            files.insert(guest_path, source);
        }
    }
    files
}

/// Returns the libraries that an ELF file names.
fn needed(file: &Path) -> Vec<String> {
    let output = crate::host_program("readelf")
        .arg("-d")
        .arg(file)
        .output()
        .expect("start readelf");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| Some(line.split_once('[')?.1.trim_end_matches(']').to_owned()))
        .collect()
}
