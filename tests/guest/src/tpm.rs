// SPDX-License-Identifier: GPL-2.0-or-later
//! A TPM 2.0 for a guest, emulated by swtpm.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Number of times to look for swtpm's socket.
const TRIES: u32 = 200;
const TRY: Duration = Duration::from_millis(50);

/// A running swtpm, stopped on drop.
pub(crate) struct Tpm {
    swtpm: Child,
    socket: PathBuf,
}

impl Tpm {
    /// Starts a new TPM with its state in `directory`.
    pub(crate) fn start(directory: &Path) -> Self {
        let state = directory.join("tpm");
        let _ = std::fs::remove_dir_all(&state);
        std::fs::create_dir_all(&state).expect("make the TPM's directory");
        // The path of a socket must be short.
        let socket = std::env::temp_dir().join(format!("swtpm.{}", crate::nonce()));
        let mut command = crate::host_program("setpriv");
        let swtpm = command
            .args(["--pdeathsig", "KILL", "swtpm", "socket", "--tpm2"])
            .arg("--tpmstate")
            .arg(format!("dir={}", state.display()))
            .arg("--ctrl")
            .arg(format!("type=unixio,path={}", socket.display()))
            .stdin(Stdio::null())
            .spawn()
            .expect("start swtpm");
        for _ in 0..TRIES {
            if socket.exists() {
                break;
            }
            thread::sleep(TRY);
        }
        assert!(socket.exists(), "swtpm is there");
        Self { swtpm, socket }
    }

    /// Adds QEMU's arguments for the TPM.
    pub(crate) fn arguments(&self, command: &mut Command) {
        command
            .arg("-chardev")
            .arg(format!("socket,id=tpm,path={}", self.socket.display()))
            .args(["-tpmdev", "emulator,id=tpm0,chardev=tpm"])
            .args(["-device", "tpm-tis,tpmdev=tpm0"]);
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        let _ = self.swtpm.kill();
        let _ = self.swtpm.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}
