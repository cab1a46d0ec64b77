// SPDX-License-Identifier: GPL-2.0-or-later
//! The module of tests/witness: it logs what purgatory is told to check for each load,
//! causes faults between the functions that kexec_bpf hooks, and damages loaded images.

use std::path::PathBuf;

use crate::handshake::KERNEL;
use crate::packages::cache;
use crate::{Payload, Transcript, host_program, run, second_initrd, tree};

/// SHA-256 of no data.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Returns a second initrd whose last page has room after its end, for the witness to damage.
pub fn damageable_initrd(payload: &Payload) -> Vec<u8> {
    let mut initrd = second_initrd(&[payload]);
    initrd.resize(initrd.len().next_multiple_of(4096) + 512, 0);
    initrd
}

/// Builds `witness.ko` for the chosen kernel.
pub fn module() -> PathBuf {
    let script = tree("tests/build-witness.sh");
    let mut script = host_program(&script.display().to_string());
    run(script.arg(KERNEL.name()));
    let built = cache().join(format!("module/witness-{}", KERNEL.name()));
    let stripped = built.join("witness.stripped.ko");
    let mut strip = host_program("strip");
    strip.arg("--strip-debug").arg(built.join("witness.ko"));
    run(strip.arg("-o").arg(&stripped));
    stripped
}

/// `watched NAME COMMAND...` is like `attempt`, and says what the witness saw meanwhile
/// under NAME-seen. `witness` inserts the module.
pub const FUNCTIONS: &str = r#"
witness() { insmod /witness.ko && say witness inserted; }
watched() {
    watched=$1
    dmesg -c >/dev/null
    attempt "$@"
    dmesg -c | sed -n 's/.*witness: //p' | while read -r line; do say "$watched-seen" "$line"; done
}
fault() { echo $1 >/sys/module/witness/parameters/fault; }
damage() { echo $1 >/sys/module/witness/parameters/damage; }
digest() { echo $1 >/sys/module/kexec_bpf/parameters/digest; }
"#;

/// Expects that the last load seen by `watched` is for `purpose`, "normal" or "crash", and
/// that purgatory checks its segments if `kept`, and none otherwise.
#[track_caller]
pub fn expect_digest(said: &Transcript, name: &str, purpose: &str, kept: bool) {
    let line = said.one(&format!("{name}-seen"));
    let fields: Vec<&str> = line.split(' ').collect();
    let &["loaded", found, "regions", regions, "digest", digest] = fields.as_slice() else {
        said.fail(&format!("{name}: the witness says {line}"));
    };
    if found != purpose || (regions != "0") != kept || (digest != OF_NOTHING) != kept {
        said.fail(&format!("{name}: {line}; kept: {kept}"));
    }
}
