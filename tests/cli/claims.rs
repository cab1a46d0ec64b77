// SPDX-License-Identifier: GPL-2.0-or-later
//! Two documents name a test for each claim: these tests must exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Returns every `FILE.rs::TEST` in the text.
fn named(text: &str) -> BTreeSet<(&str, &str)> {
    text.split('`')
        .filter_map(|word| word.split_once("::"))
        .filter(|(file, _)| file.ends_with(".rs"))
        .collect()
}

fn every_test_exists(document: &str, at_least: usize) {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(tree.join(document)).unwrap();
    let tests = named(&text);
    assert!(tests.len() >= at_least, "found {tests:?}");
    for (file, test) in tests {
        let source = fs::read_to_string(tree.join(file)).unwrap_or_default();
        let head = format!("fn {test}() {{");
        let is_test = source.split("#[test]").skip(1);
        let found = is_test
            .map(str::trim_start)
            .any(|code| code.starts_with(&head));
        assert!(found, "{file} has no test {test}");
    }
}

#[test]
fn every_test_that_secure_boot_names_exists() {
    every_test_exists("docs/secure-boot.md", 5);
}

#[test]
fn every_test_that_ima_names_exists() {
    every_test_exists("docs/ima.md", 2);
}
