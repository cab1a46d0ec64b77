// SPDX-License-Identifier: GPL-2.0-or-later
//! Words of comments and documents: a doc comment has a subject, and some words have a
//! plainer one.

use super::tree::files;

/// A doc comment that begins with one of these has no subject.
const STUBS: [&str; 8] = [
    "What", "Whether", "Where", "Those", "How", "Why", "That", "Which",
];
/// Files and directories whose doc comments have a subject.
const DOCUMENTED: [&str; 6] = [
    "src",
    "fuzz/fuzz_targets",
    "fuzz/src",
    "tests",
    "xtask",
    "build.rs",
];

/// (words not to use, words to use instead), in lower case.
const INSTEAD: [(&str, &str); 29] = [
    ("folder", "directory"),
    ("in front of", "before"),
    ("behind the ", "after the"),
    ("behind it", "after it"),
    ("behind its", "after its"),
    ("behind those", "after those"),
    ("inside of", "inside"),
    ("is no uki", "is not a UKI"),
    ("is no bpf object", "is not a BPF object"),
    ("passes by,", "does not run,"),
    ("passed over", "skipped"),
    ("passes over", "skips"),
    ("counted out", "without tries"),
    ("for want of", "without"),
    ("be had", "be available"),
    ("by that way", "that way"),
    ("by this way", "this way"),
    ("taken apart", "extracted"),
    ("nowhere to be found", "missing"),
    ("in the making", "being made"),
    ("what became of", "the results of"),
    ("does not mind", "accepts"),
    ("shall know", "needs to know"),
    ("gone with it", "say what happened to it"),
    ("goes along", "is passed on"),
    ("went along", "was passed on"),
    ("tells of", "reports"),
    ("of root's", "of root"),
    ("of debian's", "of Debian"),
];
/// Files and directories that are read for these words, comments and messages alike.
const READ: [&str; 18] = [
    "src",
    "fuzz/fuzz_targets",
    "fuzz/src",
    "tests",
    "xtask",
    "build.rs",
    "bpf",
    "dist",
    "dracut-module",
    "initramfs-tools",
    "mkinitcpio-hook",
    "packaging",
    "docs",
    "Makefile",
    ".ci/run",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
];
/// Suffixes of files that hold comments or prose; files without one are scripts.
const SUFFIXES: [&str; 11] = [
    "rs", "c", "h", "S", "sh", "md", "8", "mk", "service", "rules", "conf",
];
/// The file that has to name the words.
const OWN: &str = "tests/layers/words.rs";

/// Returns the first lines of a file's doc comments, and of their paragraphs.
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

/// Returns the lines that have one of the words, even if it goes on in the next line, each
/// with its number and the words to use instead.
fn unwanted(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    // Without the marks of comments: Rust's and C's, a shell's, Markdown's, troff's.
    let marks = |c: char| c.is_whitespace() || "/!*#>.\\\"".contains(c);
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.trim_start_matches(marks).trim_end().to_lowercase())
        .collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let next = lines.get(number + 1).map_or("", String::as_str);
        let both = format!("{line} {next}");
        for (word, other) in INSTEAD {
            if both.contains(word) && !next.contains(word) {
                found.push((number + 1, word, other));
            }
        }
    }
    found
}

#[test]
fn doc_comments_have_a_subject() {
    let (mut count, mut stubs) = (0, Vec::new());
    for (path, text) in files(&DOCUMENTED, &["rs"]) {
        for line in first_lines(&text) {
            count += 1;
            if STUBS.contains(&line.split(' ').next().unwrap_or_default()) {
                stubs.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert!(count > 1000, "{count} doc comments were found");
    let share = stubs.len() as f64 * 100.0 / f64::from(count);
    let found = stubs.len();
    println!("{found} of {count} doc comments have no subject ({share:.1} %)");
    assert!(share < 1.0, "of {count} comments:\n{}", stubs.join("\n"));
}

#[test]
fn one_word_for_one_thing() {
    let mut all = files(&READ, &[&SUFFIXES[..], &[""]].concat());
    all.retain(|(path, _)| !path.ends_with(OWN));
    let mut found = Vec::new();
    let mut lines = 0;
    for (path, text) in &all {
        lines += text.lines().count();
        for (line, word, other) in unwanted(text) {
            let path = path.display();
            found.push(format!("{path}:{line}: not '{word}' but '{other}'"));
        }
    }
    let (files, words) = (all.len(), INSTEAD.len());
    println!("{words} words were looked for in {lines} lines of {files} files");
    assert!(lines > 10_000, "{lines} lines were found");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_stub_is_seen() {
    let text = "/// What it does.\n/// Which is much.\nfn a() {}\n//! Parses.\n//!\n//! Why not.\n";
    assert_eq!(first_lines(text), ["What it does.", "Parses.", "Why not."]);
}

#[test]
fn a_word_is_seen_across_lines() {
    let folder = ("folder", "directory");
    let before = ("in front of", "before");
    let seen = |text| -> Vec<(usize, (&str, &str))> {
        let found = unwanted(text).into_iter();
        found
            .map(|(line, word, other)| (line, (word, other)))
            .collect()
    };
    assert_eq!(
        seen("/// A Folder in\n/// front of it.\n"),
        [(1, folder), (1, before)]
    );
    assert_eq!(seen(" * a\n * folder\n"), [(2, folder)]);
    assert_eq!(seen("# in\n# front of\n"), [(1, before)]);
    assert_eq!(seen("// before\n"), []);
}
