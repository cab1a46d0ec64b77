// SPDX-License-Identifier: GPL-2.0-or-later
//! Instructions of a handshake, and of the whole call, which holds the kernel's kexec lock;
//! memory of a load. The kernel's function tracer takes the times, in guests whose clock
//! counts instructions. Only tests/check-all.sh runs tests whose names begin with `long_`.

use guest::handshake::{KERNEL, initramfs_with, tiny_uki};
use guest::initramfs::small_initrd;
use guest::pe::{Pe, tiny_kernel};
use guest::{Initramfs, Kernel, Machine, Transcript, module, packages};

/// Numbers of other modules that have BTF.
const OTHERS: [usize; 3] = [0, 30, 69];
/// Directories of such modules that need no hardware to be inserted.
const DIRECTORIES: [&str; 2] = ["drivers/net/ethernet", "fs/nls"];
/// The most that other modules may add, in thousandths: to what is under the lock; to what the
/// program does, which looks for ours among all BTF; to the whole of the handshake's own part.
const LOCK_GROWTH: i64 = 30;
const PROGRAM_GROWTH: i64 = 70;
const WHOLE_GROWTH: i64 = 150;
/// The most of the handshake's own part that may be under the lock, in thousandths.
const UNDER_LOCK: i64 = 100;
/// The most that a handshake may add to the bare call under the lock, in thousands of
/// instructions: three times what it adds.
const ABOVE_BARE: i64 = 1_000;
/// The most that the program's peak memory may be above the bare call's, in kB.
const PEAK_KB: u64 = 600;

/// Loads of each kind in a guest; the median counts.
const TRIES: usize = 11;

/// `traced KEY COMMAND...` says, under KEY, what the functions took, in microseconds.
/// `waiting` makes the program load the parser only when the kernel asks for it, as with a
/// module that knows no early parsers. `insert COUNT` inserts modules until there are so many,
/// and ours anew, as the last.
const TRACED: &str = r#"
flags=/sys/module/kexec_bpf/parameters/register_flags
sed 's/ early//' $flags >/flags
waiting() {
    mount --bind /flags $flags
    "$@"
    umount $flags
}
cd /sys/kernel/tracing
echo __x64_sys_kexec_file_load kb_handshake bpf_check bpf_trampoline_link_prog \
    >set_ftrace_filter
echo function_graph >current_tracer
for option in nofuncgraph-overhead nofuncgraph-cpu funcgraph-tail; do
    echo $option >trace_options
done
cd /
traced() {
    key=$1
    shift
    echo >/sys/kernel/tracing/trace
    "$@" >/out 2>&1 || while read -r line; do say failed "$line"; done </out
    grep ' us ' /sys/kernel/tracing/trace >/out
    while read -r line; do say $key "$line"; done </out
    kexec-bpf unload
}
others() { ls /sys/kernel/btf | grep -v -c -x -e vmlinux -e kexec_bpf; }
insert() {
    for module in /others/*; do
        [ $(others) -lt $1 ] || break
        insmod $module
        rm $module
    done
    say others $(others)
    until rmmod kexec_bpf; do sleep 1; done
    insmod /kexec_bpf.ko timeout_ms=60000
    echo kb_handshake >>/sys/kernel/tracing/set_ftrace_filter
    kexec-bpf load /a.efi >/out && kexec-bpf unload
}
kexec-bpf load /a.efi >/out && kexec-bpf unload
"#;

/// Thousands of instructions, or microseconds in a guest that does not count them.
struct Took {
    /// From the signal that asks for a parser to the answer that it is attached.
    handshake: i64,
    /// The verifier, and attaching the parser: parts of it, unless the parser is early.
    verifier: i64,
    attach: i64,
    /// The whole call.
    call: i64,
}

/// Returns the time in a line of the tracer.
fn of_line(line: &str) -> Option<i64> {
    let (microseconds, _) = line.split_once(" us")?;
    let microseconds: f64 = microseconds.trim().parse().ok()?;
    Some(microseconds.round() as i64)
}

/// A load by the program: the end of a call in which other functions were seen. It makes a
/// call to unload, too.
const LOAD: &str = "} /* __x64_sys_kexec_file_load";
const BARE: &str = "__x64_sys_kexec_file_load();";

/// Returns the times of a function in each try.
#[track_caller]
fn all(said: &Transcript, key: &str, function: &str) -> Vec<i64> {
    let lines = said.all(key).into_iter();
    let lines = lines.filter(|line| line.contains(function));
    let times: Vec<i64> = lines.filter_map(of_line).collect();
    if times.len() != TRIES {
        said.fail(&format!("{key}: {} times of {function}", times.len()));
    }
    times
}

fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[track_caller]
fn took(said: &Transcript, key: &str) -> Took {
    let of = |function| median(all(said, key, function));
    Took {
        handshake: of("kb_handshake"),
        verifier: of("bpf_check"),
        attach: of("bpf_trampoline_link_prog"),
        call: of(LOAD),
    }
}

fn machine(name: &str, kernel: Kernel, script: &str) -> Machine {
    machine_with(name, kernel, traced(script, kernel))
}

fn machine_with(name: &str, kernel: Kernel, guest: Initramfs) -> Machine {
    let directory = guest::work_dir(name);
    Machine::new(&directory, kernel, guest.finish())
        .append("nokaslr")
        .cpu("max,-la57,-erms,-fsrm")
        .timeout_s(900)
}

fn traced(script: &str, kernel: Kernel) -> Initramfs {
    initramfs_with(&format!("{TRACED}{script}"), &module::module_for(kernel))
        .program("bin/calls", &packages::floor("calls"))
        .file("a.efi", &tiny_uki(None).bytes())
        .file("kernel", &tiny_kernel())
        .file("initrd", &small_initrd(b"never unpacked"))
}

#[track_caller]
fn ran(machine: Machine) -> Transcript {
    let said = machine.run();
    if !said.all("failed").is_empty() {
        said.fail("a load failed");
    }
    said
}

/// Returns a part of a script: loads with the parser early, and without that.
fn loads(of: &str) -> String {
    let tries = "x ".repeat(TRIES);
    format!(
        "for try in {tries}; do
    traced early{of} kexec-bpf load /a.efi
    traced late{of} waiting kexec-bpf load /a.efi
    traced bare{of} calls file 0 /kernel /initrd console=ttyS0
done
"
    )
}

/// Returns the modules in [`DIRECTORIES`] that need no other module.
fn modules_alone(kernel: Kernel) -> impl Iterator<Item = Vec<u8>> {
    let drivers = DIRECTORIES.iter();
    let drivers = drivers.flat_map(move |directory| kernel.drivers(directory));
    let modules = drivers.map(move |path| kernel.driver(&path));
    modules.filter(|module| module.windows(9).any(|bytes| bytes == b"depends=\0"))
}

/// The part under the lock does not depend on other modules. The program looks through all BTF,
/// and to attach a parser, ftrace walks the records of all functions.
#[test]
fn long_beside_other_modules() {
    let kernel = Kernel::V6_12;
    let mut script = String::new();
    for count in OTHERS {
        script += &format!("insert {count}\n{}", loads(&format!("-{count}")));
    }
    let mut guest = traced(&script, kernel);
    for (number, module) in modules_alone(kernel).enumerate() {
        guest = guest.file(&format!("others/{number:03}.ko"), &module);
    }
    let machine = machine_with("handshake-count-others", kernel, guest);
    let said = ran(machine.counting_instructions());
    assert_eq!(said.all("others"), OTHERS.map(|count| count.to_string()));
    let counted = OTHERS.map(|count| {
        let [early, late] = ["early", "late"].map(|kind| took(&said, &format!("{kind}-{count}")));
        let own = late.handshake - late.verifier - late.attach;
        eprintln!(
            "{count} other modules: under the lock {}, or late {}: verifier {}, attaching {}, \
             program {own}; thousand instructions",
            early.handshake, late.handshake, late.verifier, late.attach
        );
        [
            (early.handshake, LOCK_GROWTH),
            (own, PROGRAM_GROWTH),
            (late.handshake, WHOLE_GROWTH),
        ]
    });
    for after in &counted[1..] {
        for ((before, growth), (after, _)) in counted[0].iter().zip(after) {
            assert!(after * 1000 <= before * (1000 + growth), "{counted:?}");
        }
    }
}

/// The kexec lock is held for little more than by the bare call.
#[test]
fn long_lock_and_the_bare_call() {
    let show = |said: &Transcript, unit: &str| {
        let [early, late] = ["early", "late"].map(|kind| took(said, kind));
        let (calls, bare) = (all(said, "early", LOAD), all(said, "bare", BARE));
        let more = calls.iter().zip(&bare).map(|(call, bare)| call - bare);
        let more = median(more.collect());
        eprintln!(
            "{unit}: handshake under the lock {}, or late {}: verifier {}, attaching {}; call {}, \
             late {}, bare {}, median of the difference {more}",
            early.handshake,
            late.handshake,
            late.verifier,
            late.attach,
            early.call,
            late.call,
            median(bare)
        );
        (early.handshake, late.handshake, more)
    };
    let timed = machine("handshake-lock-timed", KERNEL, &loads(""));
    show(&ran(timed), "microseconds");
    let counted = machine("handshake-lock-counted", KERNEL, &loads(""));
    let said = ran(counted.counting_instructions());
    let (lock, own, more) = show(&said, "thousand instructions");
    assert!(lock * 1000 <= own * UNDER_LOCK, "{lock} of {own}");
    assert!(more <= ABOVE_BARE, "{more}");
}

#[test]
fn long_peak_memory_by_each_route() {
    const LOADS: [(&str, &str); 4] = [
        ("bare", "calls file 0 /kernel /initrd console=ttyS0"),
        ("native", "kexec-bpf load /kernel --initrd /initrd"),
        ("extract", "kexec-bpf load /a.efi --route extract"),
        ("handshake", "kexec-bpf load /a.efi --route handshake"),
    ];
    let initrd = small_initrd(&vec![0x5a; 60 << 20]);
    let image = Pe::new()
        .section(".osrel", b"NAME=Test\n")
        .section(".cmdline", b"console=ttyS0")
        .section(".linux", &tiny_kernel())
        .section(".initrd", &initrd);
    let mut script = String::new();
    for (_, load) in LOADS {
        script += &format!("measure {load} >/out 2>&1\ncat /out\nkexec-bpf unload\n");
    }
    let guest = initramfs_with(&script, &module::module())
        .program("bin/calls", &packages::floor("calls"))
        .program("bin/measure", &packages::floor("measure"))
        .file("a.efi", &image.bytes())
        .file("kernel", &tiny_kernel())
        .file("initrd", &initrd);
    let machine = machine_with("handshake-peak-memory", KERNEL, guest);
    let said = machine.memory_mb(1024).run();
    let measured = said.all("measured");
    assert_eq!(measured.len(), LOADS.len());
    let peaks = measured
        .iter()
        .map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            [_, peak, "0"] => peak.parse().expect("the peak is a number"),
            _ => said.fail(line),
        });
    let peaks: Vec<u64> = peaks.collect();
    for ((name, _), peak) in LOADS.iter().zip(&peaks) {
        eprintln!("{name}: {peak} kB");
        assert!(*peak <= peaks[0] + PEAK_KB, "{name}");
    }
}
