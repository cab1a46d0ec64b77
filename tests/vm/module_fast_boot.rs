// SPDX-License-Identifier: GPL-2.0-or-later
//! Images without a digest boot even if an unused byte of them was changed; with a digest,
//! purgatory then hangs for ever. Crash images always have a digest.
//!
//! The byte is in the initrd's last page, after its end. The digest covers it.

use std::path::Path;

use guest::handshake::{KERNEL, STRICT, initramfs};
use guest::pe::{FIRST_SECTION, Pe};
use guest::witness::{self, FUNCTIONS};
use guest::{Initramfs, Machine, Payload, Transcript, packages};

/// Timeout of a guest whose next kernel must not boot: ten times as long as booting takes
/// on an idle machine.
const NEVER_BOOTS_S: u64 = 100;

struct Second {
    cmdline: String,
    payload: Payload,
    initrd: Vec<u8>,
    kernel: Vec<u8>,
}

impl Second {
    fn new() -> Self {
        let payload = Payload::new("fast", 300_007);
        let initrd = witness::damageable_initrd(&payload);
        Self {
            cmdline: format!("console=ttyS0 panic=-1 nonce={}", guest::nonce()),
            payload,
            initrd,
            kernel: std::fs::read(KERNEL.image()).expect("read the kernel"),
        }
    }

    fn machine(&self, directory: &Path, script: &str, words: &str) -> Machine {
        let cmdline = &self.cmdline;
        let script = format!(
            "{FUNCTIONS}
cmdline='{cmdline}'
slice={FIRST_SECTION}:{}
witness
{script}",
            self.kernel.len()
        );
        let guest: Initramfs = initramfs(&script)
            .program("bin/calls", &packages::floor("calls"))
            .program("bin/floor", &packages::floor("floor"))
            .file_from("witness.ko", &witness::module())
            .file("vmlinuz", &self.kernel)
            .file("initrd", &self.initrd)
            .file("a.efi", &Pe::new().section(".linux", &self.kernel).bytes());
        Machine::new(directory, KERNEL, guest.finish())
            .append(STRICT)
            .append("crashkernel=256M")
            .append(words)
            .memory_mb(1024)
    }

    #[track_caller]
    fn expect_booted(&self, said: &Transcript) {
        said.expect_end();
        said.expect("second", &KERNEL.release());
        said.expect("payload", &format!("fast {}", self.payload.sha256));
        let cmdline = said.one("cmdline");
        assert!(cmdline.ends_with(&self.cmdline), "{cmdline}");
    }
}

/// Runs `load` in a kernel with these `words`, then `then`, and expects the next kernel to
/// boot or not to. `seen` is how the witness's line on the load begins.
fn next_after(name: &str, words: &str, load: &str, seen: &str, then: &str, boots: bool) {
    let directory = guest::work_dir(&format!("module-fast-boot-{name}"));
    let second = Second::new();
    let script = format!("watched load {load}\n{then}\nsleep 600\n");
    let mut machine = second.machine(&directory, &script, words);
    if !boots {
        machine = machine.timeout_s(NEVER_BOOTS_S);
    }
    let said = machine.boot();
    let found = said.one("load-seen");
    if !found.starts_with(seen) {
        said.fail(&format!("the witness says {found}, not {seen}"));
    }
    if boots {
        second.expect_booted(&said);
        return;
    }
    // The first kernel jumped, and no other started.
    said.expect("jump", "now");
    let versions = said.console.iter();
    let kernels = versions.filter(|line| line.text.contains("Linux version"));
    assert_eq!(kernels.count(), 1, "only the first kernel started");
    assert!(said.stopped.is_some() && said.all("second").is_empty());
}

fn next(name: &str, load: &str, seen: &str, then: &str, boots: bool) {
    next_after(name, "", load, seen, then, boots);
}

const NONE: &str = "loaded normal regions 0 ";
const ALL: &str = "loaded normal regions 3 ";
const CRASH: &str = "loaded crash regions 3 ";
const JUMP: &str = "say jump now\nfloor -e";
const DAMAGE_AND_JUMP: &str = "damage normal\nsay jump now\nfloor -e";
/// Panics after a fast load of another image, which stays loaded.
const PANIC: &str =
    "say fast $(calls fast file 0 /vmlinuz /initrd a=b) $(cat /sys/kernel/kexec_loaded)
say jump now
echo c >/proc/sysrq-trigger";
const DAMAGE_AND_PANIC: &str = "damage crash\nsay jump now\necho c >/proc/sysrq-trigger";

#[test]
fn native() {
    let load = "calls fast file 0 /vmlinuz /initrd \"$cmdline\"";
    next("native", load, NONE, DAMAGE_AND_JUMP, true);
}

#[test]
fn more_native_with_a_digest() {
    let load = "calls file 0 /vmlinuz /initrd \"$cmdline\"";
    next("digest", load, ALL, DAMAGE_AND_JUMP, false);
}

/// Since Linux 6.17 the kernel loads segments directly into contiguous memory if there is
/// enough; here there is too little for the kernel image.
#[test]
fn more_native_in_contiguous_memory() {
    let load = "calls fast file 0 /vmlinuz /initrd \"$cmdline\"";
    next_after("contiguous", "cma=16M", load, NONE, JUMP, true);
}

/// Files are passed as memfds, as by route extract.
#[test]
fn more_copies_in_memory() {
    let load = "calls fast memfd 0 /vmlinuz /initrd \"$cmdline\"";
    next("memfd", load, NONE, JUMP, true);
}

#[test]
fn handshake() {
    let load = "client load 60000 fast,ready,read,slice:$slice,signal /a.efi /initrd \"$cmdline\"";
    next("handshake", load, NONE, DAMAGE_AND_JUMP, true);
}

#[test]
fn more_never() {
    let load = "eval 'digest never; calls file 0 /vmlinuz /initrd \"$cmdline\"'";
    next("never", load, NONE, JUMP, true);
}

#[test]
fn crash() {
    let load = "eval 'digest never; calls fast file 2 /vmlinuz /initrd \"$cmdline\"'";
    next("crash", load, CRASH, PANIC, true);
}

#[test]
fn crash_that_is_damaged() {
    let load = "eval 'digest never; calls fast file 2 /vmlinuz /initrd \"$cmdline\"'";
    next("crash-damaged", load, CRASH, DAMAGE_AND_PANIC, false);
}
