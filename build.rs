// SPDX-License-Identifier: GPL-2.0-or-later
//! Linker arguments for the program, and for nothing else.

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/rt/no-unwind.ld");
    let arguments = [
        // Stores relocations in a bitmap instead of a table, which saves 18 KB. musl's
        // own start-up code applies them since 1.2.4.
        "-Wl,-z,pack-relative-relocs".to_owned(),
        "-Wl,--no-eh-frame-hdr".to_owned(),
        format!("-Wl,-T,{directory}/src/rt/no-unwind.ld"),
        // Without std nothing links musl, not even the crate libc. A linker takes from an
        // archive only what was requested before it, so musl comes last.
        "-lc".to_owned(),
    ];
    for argument in small_linker().into_iter().chain(arguments) {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}

/// Returns the arguments for the linker that comes with Rust, if it does: it saves 12 KB
/// over the system's. Remove when cargo's own configuration can select it on this target.
fn small_linker() -> Vec<String> {
    let rustc = std::env::var_os("RUSTC").expect("cargo sets it");
    let host = std::env::var("HOST").expect("cargo sets it");
    let asked = std::process::Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .expect("run rustc");
    let sysroot = String::from_utf8_lossy(&asked.stdout);
    let directory = format!("{}/lib/rustlib/{host}/bin/gcc-ld", sysroot.trim_end());
    if !std::path::Path::new(&directory).is_dir() {
        return Vec::new();
    }
    vec![
        format!("-B{directory}"),
        "-fuse-ld=lld".to_owned(),
        "-Wl,--icf=all".to_owned(),
        "-Wl,-O2".to_owned(),
    ]
}
