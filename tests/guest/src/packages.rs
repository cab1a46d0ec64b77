// SPDX-License-Identifier: GPL-2.0-or-later
//! Where tests/provision.sh puts the packages that guests are made of.

use std::path::PathBuf;

use crate::tree;

/// target/vm.
pub fn cache() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| tree("target"), PathBuf::from)
        .join("vm")
}

/// A file of an unpacked set; a missing one is a set-up failure, never a skip.
pub fn file(set: &str, path: &str) -> PathBuf {
    let path = cache().join(set).join(path);
    assert!(
        path.exists(),
        "{} is missing: run tests/provision.sh vm (bench for the benchmark)",
        path.display()
    );
    path
}

pub fn busybox() -> PathBuf {
    file("busybox", "bin/busybox")
}

/// A program of tests/floor, compiled.
pub fn floor(name: &str) -> PathBuf {
    compiled(name, &[&format!("tests/floor/{name}.c")])
}

/// The client that plays the handshake by its own rules.
pub fn handshake_client() -> PathBuf {
    const SOURCES: [&str; 8] = [
        "client", "session", "program", "btf", "hostile", "mortal", "tracer", "brake",
    ];
    let sources = SOURCES.map(|name| format!("tests/handshake/{name}.c"));
    compiled("client", &sources.each_ref().map(String::as_str))
}

/// A static C program for guests, of sources of this tree.
fn compiled(name: &str, sources: &[&str]) -> PathBuf {
    let program = cache().join(name);
    // Compiled beside and renamed: another test may be reading the old one.
    let fresh = cache().join(format!("{name}.{}", crate::nonce()));
    let status = crate::host_program("musl-gcc")
        .args(["-static", "-O2", "-s", "-Wall", "-Werror"])
        .arg("-I")
        .arg(tree("bpf/include"))
        .args(["-idirafter", "/usr/include"])
        .args(["-idirafter", "/usr/include/x86_64-linux-gnu", "-o"])
        .arg(&fresh)
        .args(sources.iter().map(|source| tree(source)))
        .status()
        .expect("start musl-gcc");
    assert!(status.success(), "musl-gcc cannot compile {name}");
    std::fs::rename(&fresh, &program).expect("name the compiled program");
    program
}
