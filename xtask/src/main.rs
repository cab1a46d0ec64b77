// SPDX-License-Identifier: GPL-2.0-or-later
//! Tasks of this repository, run by `cargo xtask`; the Makefile calls them.

mod bench;
mod demo;
mod docs;
mod recording;
mod size;

use std::panic;
use std::path::Path;
use std::process::{ExitCode, exit};

const USAGE: &str = "usage: cargo xtask docs [--check]
       cargo xtask demo [--replay]
       cargo xtask recording
       cargo xtask bench
       cargo xtask size [PROGRAM]";

fn main() -> ExitCode {
    // A guest that fails panics. The profile would make that an abort, so the hook exits.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        report(panic);
        exit(1);
    }));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["demo"] => demo::run(),
        ["demo", "--replay"] => recording::replay(),
        ["recording"] => recording::make(),
        ["bench"] => bench::run(),
        ["size"] => size::run(&guest::program()),
        ["size", program] => size::run(Path::new(program)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
