// SPDX-License-Identifier: GPL-2.0-or-later
//! How the program, and only the program, is linked.

/// Functions of the C libraries that the linker would keep for calls that are
/// never made. They become abort(), which must not happen. For each group: who
/// has the call, and why it is not made. Remove those that libbpf, zlib or musl
/// stop to have; the linker does not mind those that nobody names.
const NEVER_CALLED: &[&str] = &[
    // libbpf, with all of gen_loader.c: only after bpf_object__gen_loader(),
    // which makes a loader program in place of loading.
    "bpf_gen__finish",
    "bpf_gen__init",
    "bpf_gen__load_btf",
    "bpf_gen__map_create",
    "bpf_gen__map_freeze",
    "bpf_gen__map_update_elem",
    "bpf_gen__populate_outer_map",
    "bpf_gen__prog_load",
    "bpf_gen__record_attach_target",
    "bpf_gen__record_extern",
    "bpf_gen__record_relo_core",
    // zlib's gzclose(), with all of deflate: only for a file that was opened to
    // be written, and libbpf opens /proc/config.gz and its like to read.
    "gzclose_w",
    // musl's scanf: only for %f, %e, %g and %a, which libbpf has not.
    "__floatscan",
];

/// Functions whose calls from another file of the library go to a stand-in of
/// src/rt/clib.rs, which may call them.
const WRAPPED: &[&str] = &["btf__find_by_name_kind"];

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
    let never = NEVER_CALLED
        .iter()
        .map(|name| format!("-Wl,--defsym={name}=abort"));
    let wrapped = WRAPPED.iter().map(|name| format!("-Wl,--wrap={name}"));
    let all = small_linker().into_iter().chain(arguments);
    for argument in all.chain(never).chain(wrapped) {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}

/// The linker that comes with Rust, where it does: 12 KB less than the system's.
/// Remove when cargo's own configuration can ask for it on this target.
fn small_linker() -> Vec<String> {
    let rustc = std::env::var_os("RUSTC").expect("cargo sets it");
    let host = std::env::var("HOST").expect("cargo sets it");
    let asked = std::process::Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .expect("run rustc");
    let sysroot = String::from_utf8_lossy(&asked.stdout);
    let folder = format!("{}/lib/rustlib/{host}/bin/gcc-ld", sysroot.trim_end());
    if !std::path::Path::new(&folder).is_dir() {
        return Vec::new();
    }
    vec![
        format!("-B{folder}"),
        "-fuse-ld=lld".to_owned(),
        "-Wl,--icf=all".to_owned(),
        "-Wl,-O2".to_owned(),
    ]
}
