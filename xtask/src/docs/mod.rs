// SPDX-License-Identifier: GPL-2.0-or-later
//! The man page and the completions of all shells, made from the flag table; README's
//! tables and the plot of the benchmark, made from its figures.

mod bash;
mod examples;
mod fish;
mod man;
mod prose;
mod reference;
#[cfg(test)]
mod tests;
mod zsh;

use std::fs;

use guest::tree;

use crate::{bench, recording};

const LICENCE: &str = "SPDX-License-Identifier: GPL-2.0-or-later";
const ORIGIN: &str = "Generated from src/cli/table.rs by make docs.";

/// A committed file and the function that generates it.
struct Document {
    path: &'static str,
    generate: fn() -> String,
}

const DOCUMENTS: &[Document] = &[
    Document {
        path: man::PATH,
        generate: man::page,
    },
    Document {
        path: "dist/completions/kexec-bpf.bash",
        generate: bash::script,
    },
    Document {
        path: "dist/completions/_kexec-bpf",
        generate: zsh::script,
    },
    Document {
        path: "dist/completions/kexec-bpf.fish",
        generate: fish::script,
    },
];

/// Documents of the benchmark's figures.
const FIGURES: &[Document] = &[
    Document {
        path: "docs/bench.svg",
        generate: bench::plot,
    },
    Document {
        path: "README.md",
        generate: bench::readme,
    },
];

/// Writes all files anew.
pub fn write() -> Result<(), String> {
    let page = man::changed();
    fs::write(tree(man::PATH), page).map_err(|error| format!("{}: {error}", man::PATH))?;
    for Document { path, generate } in DOCUMENTS.iter().chain(FIGURES) {
        fs::write(tree(path), generate()).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

/// Compares the committed files with those that would be written.
pub fn check() -> Result<(), String> {
    let is_old = |document: &&Document| {
        let committed = fs::read_to_string(tree(document.path)).unwrap_or_default();
        committed != (document.generate)()
    };
    let old = DOCUMENTS.iter().chain(FIGURES).filter(is_old);
    let lines: Vec<_> = old
        .map(|document| format!("{} is not current; run: make docs", document.path))
        .collect();
    match lines.is_empty() {
        true => recording::check(),
        false => Err(lines.join("\n")),
    }
}
