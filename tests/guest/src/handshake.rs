// SPDX-License-Identifier: GPL-2.0-or-later
//! Guests with the module: functions for their scripts, images, and the state that
//! a load must leave.

use std::path::Path;

use crate::initramfs::small_initrd;
use crate::pe::{Pe, tiny_kernel};
use crate::{Initramfs, Kernel, Machine, Transcript, module, packages};

/// The kernel that the module is built for.
pub const KERNEL: Kernel = Kernel::Chosen;

/// Command line with which a warning or an oops of the first kernel ends a test.
/// PREEMPT_RT disables EFI runtime services, and so does not read the firmware's keys,
/// without efi=runtime.
pub const STRICT: &str = "panic_on_warn=1 oops=panic efi=runtime";

/// `left NAME` says what is left of a load: numbers of loaded images, of BPF programs in
/// the kernel, and of functions of the module with something attached. It waits up to
/// 10 s, because the kernel frees programs of a dead process some time later.
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

/// Inserts the module. On a busy host an emulated handshake may take longer than the
/// default timeout.
const INSERT: &str = "insmod /kexec_bpf.ko timeout_ms=60000 && say inserted\n";

/// Output of `left` if nothing is left.
pub const NOTHING: &str = "0 0 0";

/// Makes an initramfs with the module, the client and `script`.
pub fn initramfs(script: &str) -> Initramfs {
    initramfs_with(script, &module::module())
}

/// Makes the same with this build of the module.
pub fn initramfs_with(script: &str, module: &Path) -> Initramfs {
    initramfs_before(&format!("{INSERT}{script}"), module)
}

/// Makes the same without inserting the module, which is up to `script`.
pub fn initramfs_before(script: &str, module: &Path) -> Initramfs {
    Initramfs::new(&format!("{FUNCTIONS}{script}"))
        .program("bin/client", &packages::handshake_client())
        .file_from("kexec_bpf.ko", module)
}

/// Returns a guest that panics at the first warning.
pub fn machine(directory: &Path, initramfs: Initramfs) -> Machine {
    Machine::new(directory, KERNEL, initramfs.finish()).append(STRICT)
}

/// Returns a UKI of a few kilobytes that loads but cannot run, with this parser in
/// `.bpf`. Without one, the module uses its own parser.
pub fn tiny_uki(parser: Option<&[u8]>) -> Pe {
    let uki = Pe::new()
        .section(".osrel", b"NAME=Test\n")
        .section(".cmdline", b"console=ttyS0")
        .section(".linux", &tiny_kernel())
        .section(".initrd", &small_initrd(b"never unpacked"));
    match parser {
        Some(parser) => uki.section(".bpf", parser),
        None => uki,
    }
}

/// Returns [`tiny_uki`] with a program of tests/bpf.
pub fn tiny_uki_with(program: &str) -> Pe {
    let parser = module::program(program);
    tiny_uki(Some(&std::fs::read(parser).expect("read the program")))
}

/// Returns an image that only its own parser, a program of tests/bpf, can open.
pub fn no_uki(program: &str) -> Pe {
    Pe::new()
        .section(".data", b"not an archive, and never unpacked")
        .section(".code", &tiny_kernel())
        .section_from(".bpf", &module::program(program))
}

/// Expects this exit code, these words, and that nothing is left.
#[track_caller]
pub fn expect_failure(said: &Transcript, name: &str, code: &str, words: &[&str]) {
    said.expect_attempt(name, code, words);
    said.expect(&format!("{name}-left"), NOTHING);
}
