// SPDX-License-Identifier: GPL-2.0-or-later
//! Compares the program's size with tests/size-budget, in bytes.

use std::fs;
use std::path::Path;

use guest::{host_program, tree};

/// The numbers of tests/size-budget.
struct Budget {
    limit: u64,
    recorded: u64,
    tolerance: u64,
}

impl Budget {
    /// Reads lines of a word and a number.
    fn parse(text: &str) -> Option<Budget> {
        let value = |word| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            let (_, number) = lines.find(|(name, _)| *name == word)?;
            number.trim().parse().ok()
        };
        Some(Budget {
            limit: value("limit")?,
            recorded: value("recorded")?,
            tolerance: value("tolerance")?,
        })
    }

    /// Returns an error for a size that is over the limit, or differs from the recorded one by
    /// more than the tolerance.
    fn check(&self, bytes: u64) -> Result<(), String> {
        let Budget {
            limit,
            recorded,
            tolerance,
        } = *self;
        if bytes > limit {
            return Err(format!("size: over the limit by {} bytes", bytes - limit));
        }
        if bytes > recorded + tolerance {
            let more = bytes - recorded;
            return Err(format!(
                "size: larger by {more} bytes: if they are worth it, record it in tests/size-budget"
            ));
        }
        if bytes + tolerance < recorded {
            let less = recorded - bytes;
            return Err(format!(
                "size: smaller by {less} bytes: record it in tests/size-budget"
            ));
        }
        Ok(())
    }
}

/// Prints the size of `program` and compares it with the budget.
pub fn run(program: &Path) -> Result<(), String> {
    let told = |path: &Path, error| format!("size: {}: {error}", path.display());
    let metadata = fs::metadata(program).map_err(|error| told(program, error))?;
    let bytes = metadata.len();
    let budget = tree("tests/size-budget");
    let text = fs::read_to_string(&budget).map_err(|error| told(&budget, error))?;
    let budget = Budget::parse(&text).ok_or("size: tests/size-budget lacks a number")?;
    let (recorded, limit) = (budget.recorded, budget.limit);
    println!("size: {bytes} bytes, recorded {recorded}, limit {limit}");
    // This line is left out if there is no zstd.
    let mut zstd = host_program("zstd");
    if let Ok(packed) = zstd.args(["-19", "-q", "-c"]).arg(program).output() {
        println!("size: {} bytes after zstd -19", packed.stdout.len());
    }
    budget.check(bytes)
}

#[cfg(test)]
mod tests {
    use super::Budget;

    const BUDGET: &str = "# Bytes.\nlimit 1000\nrecorded 900\ntolerance 50\n";

    #[test]
    fn sizes_within_the_tolerance_pass() {
        let budget = Budget::parse(BUDGET).unwrap();
        for bytes in [850, 900, 950] {
            assert_eq!(budget.check(bytes), Ok(()), "{bytes}");
        }
    }

    #[test]
    fn other_sizes_are_told() {
        let budget = Budget::parse(BUDGET).unwrap();
        let cases = [
            (
                849,
                "size: smaller by 51 bytes: record it in tests/size-budget",
            ),
            (
                951,
                "size: larger by 51 bytes: if they are worth it, record it in tests/size-budget",
            ),
            (1001, "size: over the limit by 1 bytes"),
        ];
        for (bytes, text) in cases {
            assert_eq!(budget.check(bytes), Err(text.to_owned()));
        }
    }

    #[test]
    fn a_budget_has_all_numbers() {
        assert!(Budget::parse("limit 1000\nrecorded 900\n").is_none());
        assert!(Budget::parse("limit 1000\nrecorded x\ntolerance 50\n").is_none());
    }
}
