// SPDX-License-Identifier: GPL-2.0-or-later
//! Guests: real kernels in QEMU, and the images that they load.
//!
//! The VM tests, the demo and the benchmark share this crate. A guest's
//! initramfs holds only a busybox, the programs under test and the images. The
//! kernel logs to the first serial port; scripts write to the second, in lines
//! of `@@ KEY VALUE`, so that the two never mix. A script that "says" a value under a key
//! writes such a line.

pub mod archives;
mod attempt;
pub mod cpio;
pub mod disk;
pub mod dracut;
pub mod drivers;
pub mod esp;
pub mod filesystem;
pub mod firmware;
pub mod handshake;
pub mod ima;
pub mod initramfs;
pub mod initramfs_tools;
pub mod install;
mod kernel;
pub mod library;
pub mod machine;
pub mod module;
pub mod packages;
pub mod payload;
pub mod pe;
pub mod previous;
pub mod rescue;
pub mod root;
pub mod serial;
pub mod systemd;
pub mod tmux;
mod tpm;
pub mod uki;
pub mod witness;

pub use disk::{Disk, Partition};
pub use initramfs::{Initramfs, second_initrd};
pub use kernel::Kernel;
pub use machine::Machine;
pub use payload::Payload;
pub use serial::Transcript;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Returns the program under test, as it is shipped. Cargo puts it beside other
/// programs, and tests one directory further down.
pub fn program() -> PathBuf {
    let own = std::env::current_exe().expect("the path of the program that runs");
    let beside = own.parent().expect("a program is in a directory");
    let profile = match beside.ends_with("deps") {
        true => beside.parent().expect("deps/ is in a directory"),
        false => beside,
    };
    let program = profile.join("kexec-bpf");
    assert!(
        program.exists(),
        "{} is missing: run make, or cargo build --release --locked",
        program.display()
    );
    program
}

/// Returns a path in the repository.
pub fn tree(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("the crate is in tests/guest").join(path)
}

/// Returns a command for a program of this machine. Cargo adds its own directories to the
/// loader's path, where programs linked against glibc would find musl's libraries.
pub fn host_program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// Runs a program of this machine to its end. If it fails, its output is shown.
pub fn run(command: &mut Command) -> Output {
    let started = command.output();
    let output = started.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Makes an empty directory for a test's images and logs, which is kept after the run.
pub fn work_dir(test: &str) -> PathBuf {
    let path = packages::cache().join("run").join(test);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
    path
}

/// Returns a random word, so that output that contains it must be from this boot.
pub fn nonce() -> String {
    let mut bytes = [0; 8];
    let mut source = std::fs::File::open("/dev/urandom").expect("open /dev/urandom");
    std::io::Read::read_exact(&mut source, &mut bytes).expect("read /dev/urandom");
    format!("{:016x}", u64::from_ne_bytes(bytes))
}
