// SPDX-License-Identifier: GPL-2.0-or-later
//! Guests with the module: their script's functions, their images, and what a
//! load must leave behind.

use std::path::Path;

use crate::pe::{Pe, tiny_kernel};
use crate::{Initramfs, Kernel, Machine, Transcript, module, packages};

/// The kernel that the module is built for.
pub const KERNEL: Kernel = Kernel::Chosen;

/// A warning or an oops of the first kernel ends a test. PREEMPT_RT asks the
/// firmware nothing, not even for keys, unless it is told to.
pub const STRICT: &str = "panic_on_warn=1 oops=panic efi=runtime";

/// `left NAME` says what is left of a load: images loaded, BPF programs in the
/// kernel, functions of the module with something attached. The kernel frees
/// programs of a dead process in its own time, so this waits, 10 s at most.
const FUNCTIONS: &str = r#"
mount -t securityfs none /sys/kernel/security
mount -t tracefs none /sys/kernel/tracing
hooked() { grep -c kexec_pe_parser_hook /sys/kernel/tracing/enabled_functions; }
left() {
    tries=100
    while [ $tries -gt 0 ] && [ "$(client programs) $(hooked)" != "0 0" ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
    say "$1-left" "$(cat /sys/kernel/kexec_loaded) $(client programs) $(hooked)"
}
"#;

/// A busy host may need longer than the default for a handshake under emulation.
const INSERT: &str = "insmod /kexec_bpf.ko timeout_ms=60000 && say inserted\n";

/// What `left` says in a guest when nothing is.
pub const NOTHING: &str = "0 0 0";

/// An initramfs with the module, the fault client and `script`.
pub fn initramfs(script: &str) -> Initramfs {
    initramfs_with(script, &module::module())
}

/// The same with this build of the module.
pub fn initramfs_with(script: &str, module: &Path) -> Initramfs {
    initramfs_before(&format!("{INSERT}{script}"), module)
}

/// The same with the module's file only: inserting it is up to `script`.
pub fn initramfs_before(script: &str, module: &Path) -> Initramfs {
    Initramfs::new(&format!("{FUNCTIONS}{script}"))
        .program("bin/client", &packages::handshake_client())
        .file_from("kexec_bpf.ko", module)
}

/// A guest that panics at the first warning.
pub fn machine(directory: &Path, initramfs: Initramfs) -> Machine {
    Machine::new(directory, KERNEL, initramfs.finish()).append(STRICT)
}

/// A UKI of a few kilobytes that loads but cannot run, with this parser in
/// `.bpf`; the parser is the module's when there is none.
pub fn tiny_uki(parser: Option<&[u8]>) -> Pe {
    let uki = Pe::new()
        .section(".osrel", b"NAME=Test\n")
        .section(".cmdline", b"console=ttyS0")
        .section(".linux", &tiny_kernel())
        .section(".initrd", b"not an archive, and never unpacked");
    match parser {
        Some(parser) => uki.section(".bpf", parser),
        None => uki,
    }
}

/// [`tiny_uki`] with a program of tests/bpf.
pub fn tiny_uki_with(program: &str) -> Pe {
    let parser = module::program(program);
    tiny_uki(Some(&std::fs::read(parser).expect("read the program")))
}

/// An image that only its own parser, a program of tests/bpf, can open.
pub fn no_uki(program: &str) -> Pe {
    Pe::new()
        .section(".data", b"not an archive, and never unpacked")
        .section(".code", &tiny_kernel())
        .section_from(".bpf", &module::program(program))
}

/// The exit code, words of the report, and that nothing is left.
#[track_caller]
pub fn expect_failure(said: &Transcript, name: &str, code: &str, words: &[&str]) {
    said.expect_attempt(name, code, words);
    said.expect(&format!("{name}-left"), NOTHING);
}
