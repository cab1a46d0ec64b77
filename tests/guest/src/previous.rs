// SPDX-License-Identifier: GPL-2.0-or-later
//! The program and the module of the interface's previous version, built from the
//! repository's history: each must work with the current version of the other.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use crate::packages::cache;
use crate::{host_program, nonce, run, tree};

/// The last commit whose interface has version 3.
const COMMIT: &str = "5f2af86c51326113c5f7d2696720db2f30a17375";

/// Paths of both, built from `COMMIT`.
pub struct Previous {
    pub program: PathBuf,
    pub module: PathBuf,
}

/// Unpacks the commit's files into `directory`.
fn unpack(directory: &Path) {
    std::fs::create_dir_all(directory).expect("make the directory of the commit");
    let mut archive = host_program("git")
        .arg("-C")
        .arg(tree(""))
        .args(["archive", COMMIT])
        .stdout(Stdio::piped())
        .spawn()
        .expect("start git");
    let output = archive.stdout.take().expect("stdout is a pipe");
    let mut tar = host_program("tar");
    let unpacked = tar.arg("-xC").arg(directory).stdin(output).status();
    assert!(unpacked.expect("start tar").success(), "tar unpacks");
    let status = archive.wait().expect("wait for git");
    assert!(status.success(), "commit {COMMIT} is in the history");
}

fn build(directory: &Path) {
    unpack(directory);
    let mut cargo = host_program(env!("CARGO"));
    // The outer cargo and make have set these for this tree, not for that one.
    for name in ["CARGO_TARGET_DIR", "RUSTFLAGS", "MAKEFLAGS", "MFLAGS"] {
        cargo.env_remove(name);
    }
    cargo.args(["build", "--release", "--locked", "--bins"]);
    run(cargo.current_dir(directory));
    let kernel = crate::handshake::KERNEL.name();
    let script = tree("tests/build-module.sh");
    let mut module = host_program(&script.display().to_string());
    module.args([kernel, &format!("previous-{kernel}")]);
    run(module.env("KEXEC_BPF_MODULE_SOURCE", directory));
    let built = cache().join(format!("module/previous-{kernel}/kmod/kexec_bpf.ko"));
    let mut strip = host_program("strip");
    strip.arg("--strip-debug").arg(built);
    run(strip.arg("-o").arg(directory.join("kexec_bpf.ko")));
}

/// Builds both, once for each target/vm and kernel release.
pub fn previous() -> &'static Previous {
    static BUILT: OnceLock<Previous> = OnceLock::new();
    BUILT.get_or_init(|| {
        let release = crate::handshake::KERNEL.release();
        let short = COMMIT.get(..12).unwrap_or(COMMIT);
        let done = cache().join(format!("previous-{short}-{release}"));
        if !done.exists() {
            // Built under another name, then renamed: another run may be building it, too.
            let fresh = cache().join(format!("previous.{}", nonce()));
            build(&fresh);
            if std::fs::rename(&fresh, &done).is_err() {
                std::fs::remove_dir_all(&fresh).expect("remove what another run has built");
            }
        }
        Previous {
            program: done.join("target/x86_64-unknown-linux-musl/release/kexec-bpf"),
            module: done.join("kexec_bpf.ko"),
        }
    })
}
