// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel module and BPF programs, built for the kernels of guests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use crate::handshake::KERNEL;
use crate::packages::{cache, file};
use crate::{Kernel, host_program, nonce, run, tree};

/// Builds kexec_bpf.ko without debug data, for the chosen kernel.
pub fn module() -> PathBuf {
    module_for(KERNEL)
}

/// Builds the same for `kernel`, once in a run.
pub fn module_for(kernel: Kernel) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().expect("no build failed before");
    let build = || {
        let mut script = host_program(&tree("tests/build-module.sh").display().to_string());
        run(script.arg(kernel.name()));
        let made = cache().join("module").join(kernel.name());
        let fresh = made.join(format!("kexec_bpf.ko.{}", nonce()));
        let mut strip = host_program("strip");
        strip.arg("--strip-debug").arg("-o").arg(&fresh);
        run(strip.arg(made.join("kmod/kexec_bpf.ko")));
        let module = made.join("kexec_bpf.ko");
        std::fs::rename(&fresh, &module).expect("name the module");
        module
    };
    built.entry(kernel.name()).or_insert_with(build).clone()
}

/// Returns the program of a kernel's build that signs modules. It is that of set
/// linux-6.12, because others need newer libraries. All sign in the same way.
pub(crate) fn sign_file() -> PathBuf {
    let kbuild = file("linux-6.12", "usr/lib");
    std::fs::read_dir(&kbuild)
        .expect("read the directory of the kernel's programs")
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("scripts/sign-file"))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no scripts/sign-file in {}", kbuild.display()))
}

/// Returns the path of the parser for UKIs, for `ukify --section`.
pub fn uki_parser() -> PathBuf {
    let module = module();
    module.with_file_name("uki.bpf.o")
}

/// Returns the path of a program of tests/bpf. Builds all of them once in a run.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        run(host_program("make").arg("-C").arg(tree("tests/bpf")));
    });
    let path = tree(&format!("tests/bpf/{name}.bpf.o"));
    assert!(path.exists(), "tests/bpf does not build {name}.bpf.o");
    path
}
