// SPDX-License-Identifier: GPL-2.0-or-later
//! Faults of a load while the module hides its segments from the digest: the load fails,
//! its thread is killed, or the module is removed. The witness causes them at that point.

use crate::handshake_leak::{MEMORY, expect_growth_below, expect_no_loss};
use crate::module_enforce;
use crate::module_fast::{CLIENT, uki, with_images};
use crate::module_late::{SETTLE, expect_settled};
use guest::archives::compressed;
use guest::handshake::{NOTHING, initramfs, initramfs_before, machine};
use guest::witness::{self, FUNCTIONS, expect_digest};
use guest::{Payload, Transcript, firmware, second_initrd};

/// The same checks as in handshake_leak.
const CHECKS: &str = "slub_debug=FZPU page_poison=1 kfence.sample_interval=10";
const NOISE_KB: i64 = 256;
const ROUNDS: usize = 200;
const FAULTY_ROUNDS: usize = 30;

const NEVER: &str = "calls file 0 /kernel /initrd a=b";
const FAST: &str = "calls fast file 0 /kernel /initrd a=b";

/// One way to make a fast load: the value of the module's parameter, the command, and what
/// the command prints if the load fails with `errno`, or succeeds.
struct Way {
    name: &'static str,
    parameter: &'static str,
    command: &'static str,
    failed: fn(errno: u32) -> String,
    good: &'static str,
}

/// All ways. In the reports a failure is EIO (5) at stage 10, SEGMENTS, because the module
/// sees no more of it.
const WAYS: [Way; 3] = [
    Way {
        name: "fast",
        parameter: "auto",
        command: FAST,
        failed: |errno| format!("{errno} -5 10 1"),
        good: "0 0 9 1",
    },
    Way {
        name: "never",
        parameter: "never",
        command: NEVER,
        failed: |errno| errno.to_string(),
        good: "0",
    },
    Way {
        name: "handshake",
        parameter: "auto",
        command: CLIENT,
        failed: |errno| format!("load -{errno}"),
        good: "load 0",
    },
];

#[track_caller]
fn expect_line(said: &Transcript, name: &str, line: &str) {
    let lines = said.all(name);
    if !lines.contains(&line) {
        said.fail(&format!("{name} does not say '{line}': {lines:?}"));
    }
}

/// The errors at that point are the kernel's own: no such symbol (22 EINVAL), no memory
/// for the digest's regions (12 ENOMEM).
#[test]
fn failures_and_kills_in_between() {
    let directory = guest::work_dir("module-fast-faults");
    let mut script = format!("{FUNCTIONS}{SETTLE}witness\ncalls file 0 /kernel >/dev/null\n");
    for Way {
        name,
        parameter,
        command,
        ..
    } in &WAYS
    {
        for fault in ["symbol", "memory", "kill"] {
            let key = format!("{name}-{fault}");
            script += &format!(
                "digest {parameter}
fault {fault}
watched {key} {command}
say {key}-loaded $(cat /sys/kernel/kexec_loaded)
digest auto
watched {key}-bare {NEVER}
digest {parameter}
watched {key}-after {command}
left {key}
"
            );
        }
    }
    script += "kexec-bpf unload\nrmmod witness\nsettle\n";
    let said = machine(&directory, with_images(initramfs(&script))).run();
    for Way {
        name, failed, good, ..
    } in &WAYS
    {
        for (fault, errno) in [("symbol", Some(22)), ("memory", Some(12)), ("kill", None)] {
            let key = format!("{name}-{fault}");
            // The witness caused the fault, and saw no image loaded.
            said.expect(&format!("{key}-seen"), fault);
            match errno {
                Some(errno) => expect_line(&said, &key, &failed(errno)),
                None => said.expect(&format!("{key}-code"), "137"),
            }
            // The image that was loaded before still is.
            said.expect(&format!("{key}-loaded"), "1");
            expect_digest(&said, &format!("{key}-bare"), "normal", true);
            expect_line(&said, &format!("{key}-after"), good);
            expect_digest(&said, &format!("{key}-after"), "normal", false);
            said.expect(&format!("{key}-left"), "1 0 0");
        }
    }
    expect_settled(&said);
}

/// The module's reference is held from the first hook to the end of the load.
#[test]
fn the_module_stays_in_between() {
    let directory = guest::work_dir("module-fast-removed");
    let mut script = format!(
        "{FUNCTIONS}{SETTLE}witness
rmmod kexec_bpf
state() {{ cat /sys/module/kexec_bpf/initstate 2>/dev/null || echo gone; }}
# removed NAME PARAMETER COMMAND...: tries to remove the module while the load waits, first
# without and then by force.
removed() {{
    key=$1
    insmod /kexec_bpf.ko timeout_ms=60000 digest=$2
    shift 2
    for force in '' -f; do
        fault wait
        \"$@\" >/out &
        sleep 3
        dmesg -c | sed -n 's/.*witness: //p' >/before
        rmmod $force kexec_bpf 2>/dev/null &
        sleep 1
        say $key$force-during $(cat /sys/module/kexec_bpf/refcnt) $(state) $(cat /before)
        wait
        say $key$force-out $(grep -E '^(0|load)' /out)
        say $key$force-then $(state)
        dmesg -c | sed -n 's/.*witness: //p' | while read -r line; do say $key$force-seen \"$line\"; done
    done
}}
"
    );
    for Way {
        name,
        parameter,
        command,
        ..
    } in &WAYS
    {
        script += &format!("removed {name} {parameter} {command}\n");
    }
    script += "
insmod /kexec_bpf.ko timeout_ms=60000
say complaints-before $(dmesg | grep -cE 'WARNING:|BUG:|Oops|protection fault')
kexec-bpf unload
rmmod witness
settle
";
    let said = machine(&directory, with_images(initramfs(&script)))
        .cpus(2)
        .run();
    for Way { name, good, .. } in &WAYS {
        for (force, during, then) in [("", "live", "live"), ("-f", "going", "gone")] {
            let key = format!("{name}{force}");
            let found = said.one(&format!("{key}-during"));
            let fields: Vec<&str> = found.split(' ').collect();
            if !matches!(fields.as_slice(), &[references, state, "wait"]
                if references != "0" && state == during)
            {
                said.fail(&format!("{key}: while it waits: {found}"));
            }
            // The module may be gone, and the report with it, before it is read (5 EIO).
            let out = said.one(&format!("{key}-out"));
            if out != *good && !(force == "-f" && out == "0 no report: 5") {
                said.fail(&format!("{key}: the load says {out}"));
            }
            said.expect(&format!("{key}-then"), then);
            expect_digest(&said, &key, "normal", false);
        }
    }
    said.expect("complaints-before", "0");
    expect_settled(&said);
}

/// After an error in ftrace the kernel changes no more hooks (`ftrace_kill()`). Those that are
/// there stay, so no segment is copied from the buffer that hid it.
#[test]
fn ftrace_ends_in_between() {
    let directory = guest::work_dir("module-fast-ftrace");
    let script = format!(
        "{FUNCTIONS}
witness
say enabled $(cat /proc/sys/kernel/ftrace_enabled)
fault ftrace
watched fast {FAST}
say enabled $(cat /proc/sys/kernel/ftrace_enabled)
show() {{
    dmesg -c >/dev/null
    echo normal >/sys/module/witness/parameters/show
    say $1-begins \"$(dmesg | sed -n 's/.*witness: begins //p')\"
}}
show fast
attempt again {FAST}
show again
attempt handshake {CLIENT}
digest never
attempt never {NEVER}
show never
say complaints $(dmesg | grep -cE 'WARNING:|BUG:|Oops|protection fault')
"
    );
    let said = machine(&directory, with_images(initramfs(&script))).run();
    // Nobody can read it any more, and BPF gets no hook.
    assert_eq!(said.all("enabled"), ["1", ""]);
    expect_line(&said, "handshake", "slice 0");
    said.expect("fast-seen", "ftrace");
    for name in ["fast", "again"] {
        expect_line(&said, name, "0 0 9 1");
    }
    expect_line(&said, "never", "0");
    for name in ["fast", "again", "never"] {
        // The initrd's own first bytes, of a cpio archive.
        said.expect(&format!("{name}-begins"), "070701000000010");
    }
    said.expect("complaints", "0");
}

#[test]
fn more_two_hundred_fast_loads_leak_nothing() {
    let directory = guest::work_dir("module-fast-leak");
    let script = format!(
        "{FUNCTIONS}{SETTLE}{MEMORY}witness
# Each load is fast, by its session or by the parameter.
loads() {{
    round=0
    while [ $round -lt $1 ]; do
        digest auto
        [ \"$({FAST})\" = '0 0 9 1' ] || say bad fast
        kexec-bpf unload || say bad unload
        digest never
        [ \"$({NEVER})\" = 0 ] || say bad never
        kexec-bpf unload || say bad unload
        [ $((round % 4)) = 0 ] && {{ {CLIENT} >/dev/null || say bad handshake; }}
        [ $((round % 4)) = 0 ] && {{ kexec-bpf unload || say bad unload; }}
        round=$((round + 1))
    done
}}
faults() {{
    round=0
    while [ $round -lt $1 ]; do
        for fault in symbol memory kill; do
            fault $fault
            {NEVER} >/out 2>&1
            [ \"$(cat /out)\" = 0 ] && say bad $fault
        done
        round=$((round + 1))
    done
    dmesg -c >/dev/null
}}
loads 5
faults 2
memory before
loads {ROUNDS}
memory after
faults {FAULTY_ROUNDS}
memory end
rmmod witness
settle
"
    );
    let said = machine(&directory, with_images(initramfs(&script)))
        .append(CHECKS)
        .timeout_s(600)
        .run();
    assert!(said.all("bad").is_empty(), "{:?}", said.all("bad"));
    assert_eq!(said.all("settled-left"), vec![NOTHING; 3]);
    for (before, after) in [("before", "after"), ("after", "end")] {
        expect_growth_below(&said, NOISE_KB, before, after);
        expect_no_loss(&said, before, after);
    }
    expect_settled(&said);
}

/// The sessions of `load --fast`, and those that ask for an unpacked initrd as well.
#[test]
fn long_two_hundred_fast_and_unpacked_loads() {
    let directory = guest::work_dir("module-fast-leak-session");
    let unpacked = CLIENT.replace("fast,", "fast,unpack,");
    let script = format!(
        "{MEMORY}
loads() {{
    round=0
    while [ $round -lt $1 ]; do
        kexec-bpf load --fast /a.efi >/dev/null || say bad fast
        kexec-bpf unload || say bad unload
        {unpacked} /zstd a=b >/out || say bad unpacked
        grep -q 'flag 1$' /out && grep -qx 'digest 1' /out || say bad report
        kexec-bpf unload || say bad unload
        round=$((round + 1))
    done
}}
loads 5
memory before
loads {ROUNDS}
memory after
say tainted $(($(cat /proc/sys/kernel/tainted) & 0x2a0))
"
    );
    let archive = second_initrd(&[&Payload::new("leak", 70_001)]);
    let guest = initramfs(&script)
        .file("a.efi", &uki())
        .file("zstd", &compressed(&directory, "zstd", &archive));
    let said = machine(&directory, guest)
        .append(CHECKS)
        .timeout_s(600)
        .run();
    assert!(said.all("bad").is_empty(), "{:?}", said.all("bad"));
    assert_eq!(said.all("settled-left"), vec![NOTHING; 2]);
    expect_growth_below(&said, NOISE_KB, "before", "after");
    expect_no_loss(&said, "before", "after");
    said.expect("tainted", "0");
}

/// Enforce decides first: a load that it refuses is not touched, and one that it lets
/// through is as fast as without enforce.
#[test]
fn enforce_comes_first() {
    let directory = guest::work_dir("module-fast-enforce");
    let key = firmware::SigningKey::new(&directory);
    let script = format!(
        "{FUNCTIONS}
witness
insmod /kexec_bpf.ko timeout_ms=60000 enforce=1 digest=never
say on $(cat /sys/module/kexec_bpf/parameters/enforce /sys/module/kexec_bpf/parameters/digest)
watched never calls file 0 /kernel /initrd init=/bin/sh
watched fast calls fast file 0 /kernel /initrd init=/bin/sh
watched uki calls fast file 0 /good.efi
say references $(cat /sys/module/kexec_bpf/refcnt)
watched good kexec-bpf load /good.efi
watched crash kexec-bpf load --panic --force /good.efi
digest auto
watched kept kexec-bpf load /good.efi
say loaded $(cat /sys/kernel/kexec_loaded) $(cat /sys/kernel/kexec_crash_loaded)
kexec-bpf unload
kexec-bpf unload --panic
left end
"
    );
    let guest = module_enforce::images(
        initramfs_before(&script, &key.sign_module(&directory)),
        &directory,
        &key,
    );
    let guest = guest.file_from(
        "witness.ko",
        &key.sign_a_module(&directory, &witness::module()),
    );
    let said = module_enforce::secure(&directory, &key, guest, "32M");
    said.expect("on", "Y never");
    // 1 EPERM; the report says stage 1, PROBE, and no digest. The witness saw no load.
    said.expect_lines("never", "0", &["1"]);
    said.expect_lines("fast", "0", &["1 -1 1 0"]);
    // The reference that enforce holds.
    said.expect("references", "1");
    for name in ["never", "fast", "uki"] {
        assert!(said.all(&format!("{name}-seen")).is_empty(), "{name}");
    }
    for (name, purpose, kept) in [
        ("good", "normal", false),
        ("crash", "crash", true),
        ("kept", "normal", true),
    ] {
        said.expect(&format!("{name}-code"), "0");
        expect_digest(&said, name, purpose, kept);
    }
    said.expect("loaded", "1 1");
    said.expect("end-left", NOTHING);
}
