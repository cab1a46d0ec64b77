// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel panics while another image is being loaded. During the whole system call
//! the load holds the kexec lock, so the kernel does not jump to the crash image. The
//! manual's table of this is CRASH_TABLE in xtask/src/docs/prose.rs.

use std::ops::RangeInclusive;

use guest::handshake::{KERNEL, initramfs, tiny_uki, tiny_uki_with};
use guest::pe::{Pe, tiny_kernel};
use guest::{Initramfs, Machine, Transcript};

const MEMORY_MIB: u32 = 768;
/// Memory that the kernel allocates for the image that it is copying when it panics.
const LARGE_MIB: u32 = 192;

/// The program panic-now, which thread B can run as well as the script.
const PANIC: &str = "#!/bin/sh
echo \"panics $(cat /sys/kernel/kexec_loaded) $(cat /sys/kernel/kexec_crash_loaded)\" >/dev/kmsg
echo c >/proc/sysrq-trigger
";

/// The program panic-midway, which panics once the kernel has allocated a large part of the
/// image's pages. It starts no other program meanwhile.
const PANIC_MIDWAY: &str = "#!/bin/sh
free() { while read -r key value unit; do [ $key = MemFree: ] && echo $value && break; done </proc/meminfo; }
below() { while read -r key value unit; do [ $key = MemFree: ] && break; done </proc/meminfo; [ $value -lt $1 ]; }
limit=$(($(free) - 65536))
until below $limit; do :; done
exec panic-now
";

/// Panics at one stage of a load, and expects the crash image to be booted or not to be.
fn panics(stage: &str, script: &str, dumps: bool) {
    let directory = guest::work_dir(&format!("module-panic-{stage}"));
    let capture = format!("say capture {stage} $(head -c 4 /proc/vmcore | tail -c 3)\n");
    let script = format!(
        "attempt crash kexec-bpf load --panic /vmlinuz --initrd /capture --append \
         'console=ttyS0 irqpoll nr_cpus=1 reset_devices panic=-1'
{script}
sleep 60
"
    );
    let mut large = tiny_kernel();
    large[0x260..0x264].copy_from_slice(&(LARGE_MIB << 20).to_le_bytes());
    let large = Pe::new().section(".linux", &large);
    let guest = initramfs(&script)
        .script("bin/panic-now", PANIC)
        .script("bin/panic-midway", PANIC_MIDWAY)
        .file_from("vmlinuz", &KERNEL.image())
        .file("capture", &Initramfs::new(&capture).finish())
        .file("a.efi", &tiny_uki(None).bytes())
        .file("linger.efi", &tiny_uki_with("linger").bytes())
        .file("large.efi", &large.bytes());
    let said = Machine::new(&directory, KERNEL, guest.finish())
        .append("crashkernel=192M")
        .memory_mb(MEMORY_MIB)
        .cpus(2)
        .boot();
    expect(&said, stage, dumps);
}

#[track_caller]
fn expect(said: &Transcript, stage: &str, dumps: bool) {
    if let Some(why) = &said.stopped {
        said.fail(why);
    }
    said.expect("crash-code", "0");
    let loaded = if stage == "loaded" { "1 1" } else { "0 1" };
    // In a panic the kernel flushes only its log, so the state was written there.
    let state = format!("panics {loaded}");
    let told = |line: &guest::serial::Line| line.text.ends_with(&state);
    assert!(said.console.iter().any(told), "the log says: {state}");
    let panic = |line: &guest::serial::Line| line.text.contains("Kernel panic - not syncing");
    assert!(said.console.iter().any(panic), "the kernel panics");
    let captured = said.all("capture");
    let wanted = format!("{stage} ELF");
    match (dumps, captured.as_slice()) {
        (true, [found]) if *found == wanted => said.expect_end(),
        (false, []) => {}
        _ => said.fail(&format!("captured: {captured:?}, {stage}")),
    }
}

/// Before the system call the session is registered, but the lock is not held.
#[test]
fn more_registered() {
    panics(
        "registered",
        "client load 60000 early,run:panic-now /missing.efi",
        true,
    );
}

/// While the program makes its parser ready, the kernel has not been called yet. The last
/// bpf(2) attaches it.
#[test]
fn parser_is_made_ready() {
    let script = "client brake panic-now bpf:12 kexec-bpf load /a.efi";
    panics("preparing", script, true);
}

#[track_caller]
fn panics_before(calls: RangeInclusive<u32>) {
    for call in calls {
        let script = format!("client brake panic-now bpf:{call} kexec-bpf load /a.efi");
        panics(&format!("preparing-{call}"), &script, true);
    }
}

/// The kernel's types are looked for, and maps made.
#[test]
fn more_each_step_of_making_a_parser_ready() {
    panics_before(1..=10);
}

/// The program's constants are frozen, its types and itself loaded, and it is attached.
#[test]
fn more_each_step_of_loading_a_parser() {
    panics_before(11..=16);
}

#[test]
fn more_waiting_for_thread_b() {
    panics(
        "waiting",
        "client load 60000 ready,read,run:panic-now /a.efi",
        false,
    );
}

#[test]
fn parser_runs() {
    let script = "kexec-bpf load /linger.efi &
sleep 5
panic-now
";
    panics("parsing", script, false);
}

#[test]
fn segments_are_copied() {
    let steps = "ready,read,slice:512:4096,signal,run:panic-midway";
    let script = format!("client load 60000 {steps} /large.efi");
    panics("copying", &script, false);
}

#[test]
fn more_loaded() {
    let script = "kexec-bpf load /a.efi && panic-now";
    panics("loaded", script, true);
}
