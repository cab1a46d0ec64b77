// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of README that shows the figures.

use std::fs;

use guest::tree;

use super::results::{Measure, Results};
use super::{SYSEXT_MB, USUAL_MB, table};

const BEGIN: &str = "<!-- Made from docs/bench.tsv by make docs, up to the next comment. -->\n";
const END: &str = "<!-- End of what make docs makes. -->\n";

/// Returns the text between the two comments.
fn section(results: &Results) -> String {
    let mut text = table::tables(results);
    let companions = |route: &str| {
        let kb = |measure| results.get(measure, USUAL_MB, &format!("kexec-bpf {route}"));
        kb(Measure::WithoutCompanionsKb).zip(kb(Measure::WithCompanionsKb))
    };
    if let Some(((extract, extract_with), (handshake, handshake_with))) =
        companions("extract").zip(companions("handshake"))
    {
        text += &format!(
            "\nWith 100 credentials and a system extension of {SYSEXT_MB} MB beside the image, \
             peak\nmemory is {extract_with:.0} kB instead of {extract:.0} for extract, and \
             {handshake_with:.0} kB instead of\n{handshake:.0} for handshake.\n"
        );
    }
    text
}

/// Replaces what is between the two comments.
fn replaced(readme: &str, section: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{section}\n{END}{after}"))
}

/// Returns README with the committed figures.
pub fn document() -> String {
    let readme = fs::read_to_string(tree("README.md")).expect("read README.md");
    let results = super::committed().unwrap_or_else(|error| panic!("{error}"));
    replaced(&readme, &section(&results)).expect("README.md has both comments")
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, replaced};

    #[test]
    fn only_the_section_is_replaced() {
        let readme = format!("# A\n\n{BEGIN}old\n{END}\nrest\n");
        let new = replaced(&readme, "new\n").unwrap();
        assert_eq!(new, format!("# A\n\n{BEGIN}\nnew\n\n{END}\nrest\n"));
        assert_eq!(replaced(&new, "new\n"), Some(new.clone()));
    }

    #[test]
    fn a_readme_without_comments_is_not_changed() {
        for readme in [BEGIN.to_owned(), format!("{END}{BEGIN}"), String::new()] {
            assert_eq!(replaced(&readme, "new\n"), None);
        }
    }
}
