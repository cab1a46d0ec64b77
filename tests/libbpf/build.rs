// SPDX-License-Identifier: GPL-2.0-or-later
//! Links libelf and the libraries that it compresses with.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Prints the libraries for cargo. Which ones they are depends on the release of Debian.
    let found = pkg_config::Config::new().statik(true).probe("libelf");
    found.expect("libelf-dev is installed: tests/provision.sh all");
}
