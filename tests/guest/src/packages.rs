// SPDX-License-Identifier: GPL-2.0-or-later
//! The packages for guests, which tests/provision.sh unpacks, and C programs for guests.

use std::path::PathBuf;

use crate::tree;

/// Returns the path of target/vm.
pub fn cache() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| tree("target"), PathBuf::from)
        .join("vm")
}

/// Returns a file of an unpacked set. If it is missing the test fails; it is not skipped.
pub fn file(set: &str, path: &str) -> PathBuf {
    let path = cache().join(set).join(path);
    assert!(
        path.exists(),
        "{} is missing: run tests/provision.sh vm",
        path.display()
    );
    path
}

pub fn busybox() -> PathBuf {
    file("busybox", "bin/busybox")
}

/// Compiles a program of tests/floor.
pub fn floor(name: &str) -> PathBuf {
    compiled(name, &[&format!("tests/floor/{name}.c")])
}

/// Compiles the client that breaks the handshake.
pub fn handshake_client() -> PathBuf {
    const SOURCES: [&str; 8] = [
        "client", "session", "program", "btf", "hostile", "mortal", "tracer", "brake",
    ];
    let sources = SOURCES.map(|name| format!("tests/handshake/{name}.c"));
    compiled("client", &sources.each_ref().map(String::as_str))
}

/// Compiles a static C program for guests from sources of this tree.
fn compiled(name: &str, sources: &[&str]) -> PathBuf {
    let program = cache().join(name);
    // Compiled under another name, then renamed: another test may be reading the
    // old program.
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
