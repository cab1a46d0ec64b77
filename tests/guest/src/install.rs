// SPDX-License-Identifier: GPL-2.0-or-later
//! `make install` into a directory that stands for a machine's root.

use std::path::Path;

use crate::{host_program, program, run, tree};

/// Installs with this PREFIX, as a package or a person would.
pub fn install(root: &Path, prefix: &str) {
    let mut make = host_program("make");
    make.current_dir(tree(""))
        .args(["-s", "install"])
        .arg(format!("DESTDIR={}", root.display()))
        .arg(format!("PREFIX={prefix}"))
        .arg(format!("PROGRAM={}", program().display()));
    // An outer make's jobs and flags are not meant for this one.
    run(make.env_remove("MAKEFLAGS").env_remove("MFLAGS"));
}
