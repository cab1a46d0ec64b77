// SPDX-License-Identifier: GPL-2.0-or-later
//! A parser by this project's loader. What it made is asked of the kernel, by ID.

use kexec_bpf::abi;
use kexec_bpf::parts::formats::Object;
use kexec_bpf::parts::parser::{Parser, ParserError, prepare};

use crate::kernel::{Ids, Loaded};

fn parser(file: &[u8]) -> Result<Parser, ParserError> {
    let hook = format!("fentry.s/{}", abi::HOOK_NAME);
    prepare(Object::parse(file, &hook)?)?.load()
}

/// Loads an object file, and describes what the kernel has then; or why it has not.
pub fn load(file: &[u8]) -> Result<Loaded, String> {
    let before = Ids::now();
    let parser = parser(file).map_err(|error| match error {
        ParserError::Rejected(rejected) => {
            let mut lines = rejected.log.lines().rev();
            // The last lines of the log are figures; the cause is before them.
            let cause = lines.find(|line| !line.starts_with("processed ") && !line.is_empty());
            format!("{}; {}", rejected.error, cause.unwrap_or("no log"))
        }
        error => error.to_string(),
    })?;
    let loaded = before.since();
    drop(parser);
    Ok(loaded)
}
