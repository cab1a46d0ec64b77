// SPDX-License-Identifier: GPL-2.0-or-later
//! A TPM 2.0 for a guest, by swtpm.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// How long swtpm may take to be there.
const TRIES: u32 = 200;
const TRY: Duration = Duration::from_millis(50);

/// A running swtpm; it ends with its value.
pub(crate) struct Tpm {
    swtpm: Child,
    socket: PathBuf,
}

impl Tpm {
    /// A TPM as new, its state in `directory`.
    pub(crate) fn start(directory: &Path) -> Self {
        let state = directory.join("tpm");
        let _ = std::fs::remove_dir_all(&state);
        std::fs::create_dir_all(&state).expect("make the TPM's directory");
        // Paths of sockets are short.
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

    /// QEMU's arguments for it.
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
