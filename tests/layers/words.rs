// SPDX-License-Identifier: GPL-2.0-or-later
//! The words of comments: each has a subject, and one thing has one name.

use std::fs;
use std::path::{Path, PathBuf};

use super::sources;

/// A doc comment that begins with one of these says no subject.
const STUBS: [&str; 8] = [
    "What", "Whether", "Where", "Those", "How", "Why", "That", "Which",
];
/// Words that another word stands for.
const INSTEAD: [(&str, &str); 2] = [("folder", "directory"), ("in front of", "before")];
/// Directories whose doc comments have been read; those of tests/ have not been yet.
const READ: [&str; 3] = ["src", "fuzz/fuzz_targets", "xtask"];
/// Directories where one word stands for one thing.
const ALL: [&str; 4] = ["src", "fuzz/fuzz_targets", "tests", "xtask"];

/// Every file of these directories, with its text.
fn all(directories: &[&str]) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for directory in directories {
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(directory),
            &mut paths,
        );
    }
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("read a source");
        (path, text)
    };
    paths.into_iter().map(text).collect()
}

/// The first lines of a file's doc comments, and of their paragraphs.
fn first_lines(text: &str) -> Vec<&str> {
    fn doc(line: &str) -> Option<&str> {
        let line = line.trim();
        line.strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
            .map(str::trim)
    }
    let lines: Vec<&str> = text.lines().collect();
    let before = std::iter::once("").chain(lines.iter().copied());
    let pairs = lines.iter().zip(before);
    pairs
        .filter(|(_, before)| doc(before).is_none_or(str::is_empty))
        .filter_map(|(line, _)| doc(line).filter(|words| !words.is_empty()))
        .collect()
}

#[test]
fn doc_comments_have_a_subject() {
    let (mut count, mut stubs) = (0, Vec::new());
    for (path, text) in all(&READ) {
        for line in first_lines(&text) {
            count += 1;
            if STUBS.contains(&line.split(' ').next().unwrap_or_default()) {
                stubs.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert!(count > 1000, "{count} doc comments were found");
    let share = stubs.len() * 100 / count;
    assert!(share < 1, "of {count} comments:\n{}", stubs.join("\n"));
}

#[test]
fn one_word_for_one_thing() {
    let mut found = Vec::new();
    for (path, text) in all(&ALL) {
        // This file has to name the words.
        if path.ends_with("tests/layers/words.rs") {
            continue;
        }
        for line in text.lines() {
            let lower = line.to_lowercase();
            for (word, other) in INSTEAD {
                if lower.contains(word) {
                    found.push(format!(
                        "{}: not {word} but {other}: {line}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_stub_is_seen() {
    let text = "/// What it does.\n/// Which is much.\nfn a() {}\n//! Parses.\n//!\n//! Why not.\n";
    assert_eq!(first_lines(text), ["What it does.", "Parses.", "Why not."]);
}
