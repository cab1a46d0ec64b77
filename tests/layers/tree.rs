// SPDX-License-Identifier: GPL-2.0-or-later
//! Files of the repository, by their paths from its root.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns a path in the repository.
fn tree(path: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns the text of a file.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let text = fs::read_to_string(tree(path));
    text.unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

/// Adds a file, or the files of a directory with one of these suffixes.
fn add(place: &Path, suffixes: &[&str], found: &mut Vec<PathBuf>) {
    let path = tree(place);
    if !path.is_dir() {
        assert!(path.is_file(), "{} is missing", place.display());
        found.push(place.to_owned());
        return;
    }
    for entry in fs::read_dir(path).expect("read a directory") {
        let entry = entry.expect("read a directory");
        let place = place.join(entry.file_name());
        let suffix = place.extension().and_then(|suffix| suffix.to_str());
        let is_listed = suffixes.contains(&suffix.unwrap_or(""));
        if entry.path().is_dir() || is_listed {
            add(&place, suffixes, found);
        }
    }
}

/// Returns the files of these places, in directories those with these suffixes, each with
/// its text.
pub fn files(places: &[&str], suffixes: &[&str]) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for place in places {
        add(Path::new(place), suffixes, &mut paths);
    }
    let text = |path: PathBuf| {
        let text = read(&path);
        (path, text)
    };
    paths.into_iter().map(text).collect()
}
