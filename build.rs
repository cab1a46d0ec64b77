// SPDX-License-Identifier: GPL-2.0-or-later
//! How the program, and only the program, is linked.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=compat/no-unwind.ld");
    let arguments = [
        // Relocations in a bitmap instead of a table: 18 KB less. musl's own
        // start-up code applies them since 1.2.4.
        "-Wl,-z,pack-relative-relocs".to_owned(),
        "-Wl,--no-eh-frame-hdr".to_owned(),
        format!("-Wl,-T,{folder}/compat/no-unwind.ld"),
        // A `no_std` crate names no libc, and a linker takes from an archive
        // only what was asked for before it: so libc comes last, behind every
        // crate and libbpf.
        "-lc".to_owned(),
    ];
    for argument in arguments {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}
