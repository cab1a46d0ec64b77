// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel module and BPF programs, built for Debian's 6.12 kernel.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::packages::{cache, file};
use super::{host_program, nonce};

fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn run(command: &mut Command) {
    let output = command.output().expect("start the build tool");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The kernel's build folder, which its header packages make.
fn headers() -> PathBuf {
    let sources = file("linux-6.12", "usr/src");
    std::fs::read_dir(&sources)
        .expect("read the headers' folder")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.join(".config").exists())
        .unwrap_or_else(|| panic!("no kernel headers in {}", sources.display()))
}

/// kexec_bpf.ko without debug data. Built once in a run.
pub fn module() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let mut make = host_program("make");
        make.arg("-C").arg(tree("bpf/kmod"));
        make.arg(format!("KDIR={}", headers().display()));
        // Jobs and flags of an outer make are not for the kernel's.
        run(make.env_remove("MAKEFLAGS").env_remove("MFLAGS"));
        let fresh = cache().join(format!("kexec_bpf.ko.{}", nonce()));
        let mut strip = host_program("strip");
        strip.arg("--strip-debug").arg("-o").arg(&fresh);
        run(strip.arg(tree("bpf/kmod/kexec_bpf.ko")));
        let module = cache().join("kexec_bpf.ko");
        std::fs::rename(&fresh, &module).expect("name the module");
        module
    };
    BUILT.get_or_init(build).clone()
}

/// The program of the kernel's build that signs modules.
pub fn sign_file() -> PathBuf {
    headers().join("scripts/sign-file")
}

/// The parser for UKIs, as `ukify --section` takes it.
pub fn uki_parser() -> PathBuf {
    module();
    tree("bpf/uki.bpf.o")
}

/// A program of tests/bpf. All are built once in a run.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| run(host_program("make").arg("-C").arg(tree("tests/bpf"))));
    let path = tree(&format!("tests/bpf/{name}.bpf.o"));
    assert!(path.exists(), "tests/bpf does not build {name}.bpf.o");
    path
}
