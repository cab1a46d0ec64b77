// SPDX-License-Identifier: GPL-2.0-or-later
//! Decisions and their reasons in ARCHITECTURE.md: each row of the tables links to a
//! reason, and each reason has a row.

use std::collections::BTreeSet;

use super::tree::read;

/// Returns the page without its fenced blocks, which hold neither headings nor links.
fn page() -> String {
    let text = read("ARCHITECTURE.md");
    let pieces = text.split("\n```");
    pieces.step_by(2).collect()
}

/// Returns a section's text, up to the next heading of its level.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("\n## {title}\n"))
        .expect("the section");
    rest.split("\n## ").next().unwrap()
}

/// Returns the text of every heading that begins with `marks`.
fn headings<'a>(text: &'a str, marks: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines()
        .filter_map(move |line| line.strip_prefix(marks))
}

/// Returns the anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let kept = heading.trim().chars().filter(kept).map(|c| match c {
        ' ' => '-',
        other => other.to_ascii_lowercase(),
    });
    kept.collect()
}

/// Returns the anchors that a text links to on its own page.
fn links(text: &str) -> Vec<&str> {
    let links = text.split("](#").skip(1);
    links.map(|rest| rest.split(')').next().unwrap()).collect()
}

/// Returns the rows of all tables, without their heads.
fn rows(text: &str) -> Vec<&str> {
    let mut rows = Vec::new();
    let mut is_body = false;
    for line in text.lines() {
        let is_ruler = line.starts_with("|--");
        is_body = line.starts_with('|') && (is_body || is_ruler);
        if is_body && !is_ruler {
            rows.push(line);
        }
    }
    rows
}

#[test]
fn each_decision_has_a_reason_and_each_reason_a_decision() {
    let page = page();
    let reasons: BTreeSet<String> = headings(section(&page, "Reasons"), "### ")
        .map(anchor)
        .collect();
    let rows = rows(section(&page, "Decisions"));
    assert!(rows.len() > 50, "{} decisions were found", rows.len());
    let mut linked = BTreeSet::new();
    for row in rows {
        let [link] = links(row)[..] else {
            panic!("not one link: {row}");
        };
        assert!(linked.insert(link.to_owned()), "linked twice: {row}");
    }
    let lost: Vec<_> = linked.symmetric_difference(&reasons).collect();
    assert!(lost.is_empty(), "only in one of the two: {lost:#?}");
}

#[test]
fn every_link_within_the_page_leads_to_one_heading() {
    let page = page();
    let all = ["## ", "### "].into_iter();
    let mut anchors: Vec<String> = all
        .flat_map(|marks| headings(&page, marks).map(anchor))
        .collect();
    anchors.sort();
    let count = anchors.len();
    let lost: Vec<_> = links(&page)
        .into_iter()
        .filter(|link| anchors.iter().all(|anchor| anchor != link))
        .collect();
    assert!(lost.is_empty(), "these lead nowhere: {lost:?}");
    // GitHub would number the second one.
    anchors.dedup();
    assert_eq!(anchors.len(), count, "two headings have the same anchor");
}

#[test]
fn anchors_are_made_as_by_github() {
    assert_eq!(
        anchor("The image's `.bpf`: first-come"),
        "the-images-bpf-first-come"
    );
}

#[test]
fn rows_follow_a_ruler() {
    let text = "| a | |\n|---|---|\n| b |\n| c |\n\n| d |";
    assert_eq!(rows(text), ["| b |", "| c |"]);
}
