// SPDX-License-Identifier: GPL-2.0-or-later
//! A client that breaks the handshake at a given step: the module ends every
//! load with the right error, in bounded time, and leaves nothing behind.

use guest::Transcript;
use guest::handshake::{NOTHING, initramfs, machine, tiny_uki};

/// Enough for a kernel that checks itself: it takes over a second to attach a program.
const TIMEOUT_MS: u32 = 2500;
/// Enough for all that has to happen while a load waits.
const LONG_MS: u32 = 30_000;
const KILLED: &str = "137";

/// One load whose handshake breaks.
struct Break {
    name: &'static str,
    timeout_ms: u32,
    steps: &'static str,
    code: &'static str,
    lines: &'static [&'static str],
}

const fn broken(
    name: &'static str,
    steps: &'static str,
    code: &'static str,
    lines: &'static [&'static str],
) -> Break {
    Break {
        name,
        timeout_ms: TIMEOUT_MS,
        steps,
        code,
        lines,
    }
}

const GONE: &str = "report -3 stage 4 calls 0: the thread that serves the parser has ended";
const TIMED_OUT: &str = "report -110 stage 4 calls 0: no parser was attached within 2500 ms";

/// Loads that break. Errors are negative errnos: 3 ESRCH, 110 ETIMEDOUT, 125 ECANCELED,
/// 8 ENOEXEC, 9 EBADF (the report of a closed session).
const BREAKS: &[Break] = &[
    broken(
        "never-answers",
        "ready",
        "1",
        &["ready 1", "load -110", TIMED_OUT],
    ),
    broken("only-reads", "ready,read", "1", &["load -110", TIMED_OUT]),
    broken("reads-and-ends", "ready,read,exit", "1", &["load -3", GONE]),
    broken(
        "does-not-signal",
        "ready,read,attach",
        "1",
        &["attach 1", "load -110", TIMED_OUT],
    ),
    broken(
        "signals-without-a-parser",
        "ready,read,signal",
        "1",
        &[
            "load -8",
            "report -8 stage 5 calls 0: the parser named no kernel, or no parser was attached",
        ],
    ),
    broken(
        "parser-that-does-nothing",
        "ready,read,attach,signal",
        "1",
        &[
            "load -8",
            "report -8 stage 5 calls 0: the parser named no kernel, or no parser was attached",
        ],
    ),
    broken(
        // A signal that was sent before the kernel asked does not count.
        "signals-too-early",
        "early,ready",
        "1",
        &["load -110", TIMED_OUT],
    ),
    broken(
        "closes-the-session",
        "ready,close",
        "1",
        &["load -125", "report -9"],
    ),
    broken(
        "closes-the-session-after-attaching",
        "ready,read,attach,close",
        "1",
        &["load -125", "report -9"],
    ),
    broken(
        "closes-the-eventfds",
        "ready,closefds",
        "1",
        &["load -110", TIMED_OUT],
    ),
    broken("killed-at-once", "kill", KILLED, &[]),
    broken("killed-after-ready", "ready,kill", KILLED, &["ready 1"]),
    broken("killed-after-read", "ready,read,kill", KILLED, &["ready 1"]),
    broken(
        "killed-after-attach",
        "ready,read,attach,kill",
        KILLED,
        &["attach 1"],
    ),
    broken(
        "killed-after-signal",
        "ready,read,attach,signal,kill",
        KILLED,
        &["attach 1", "signal 8"],
    ),
];

/// Makes one good load, and says whether it was loaded.
const GOOD: &str = "attempt good kexec-bpf load /a.efi
say good-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left good
";

#[track_caller]
fn expect_good(said: &Transcript, times: usize) {
    assert_eq!(said.all("good-code"), vec!["0"; times], "good loads");
    assert_eq!(said.all("good-loaded"), vec!["1"; times]);
    assert_eq!(said.all("good-left"), vec![NOTHING; times]);
}

#[track_caller]
fn expect_each(said: &Transcript, name: &str, wanted: &[&str]) {
    let lines = said.all(name);
    for line in wanted {
        if !lines.contains(line) {
            said.fail(&format!("{name} does not say '{line}': {lines:?}"));
        }
    }
}

#[test]
fn every_step_can_fail() {
    let directory = guest::work_dir("handshake-client");
    let mut script = String::new();
    for item in BREAKS {
        let (name, steps) = (item.name, item.steps);
        let timeout_ms = item.timeout_ms;
        script +=
            &format!("attempt {name} client load {timeout_ms} {steps} /a.efi\nleft {name}\n{GOOD}");
    }
    let guest = initramfs(&script).file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    for item in BREAKS {
        said.expect(&format!("{}-code", item.name), item.code);
        expect_each(&said, item.name, item.lines);
        said.expect(&format!("{}-left", item.name), NOTHING);
    }
    expect_good(&said, BREAKS.len());
}

#[test]
fn misuse_and_meetings() {
    let directory = guest::work_dir("handshake-meetings");
    // Tries other calls while a load waits for thread B, and to remove the
    // module, which the kernel refuses at once. Programs of dead processes keep
    // the module for a moment, so the removal at the end is tried for 10 s.
    let script = format!(
        "attempt misuse client misuse
attempt two client load {LONG_MS} 'ready,run:kexec-bpf load /a.efi >/two 2>&1,close' /a.efi
while read -r line; do say two-other \"$line\"; done </two
left two
attempt remove client load {LONG_MS} 'ready,run:rmmod kexec_bpf,close' /a.efi
left remove
attempt plain client plain /a.efi
left plain
echo 100 >/sys/module/kexec_bpf/parameters/timeout_ms
attempt slow client brake 'sleep 1' read kexec-bpf load /a.efi
left slow
echo 99 >/sys/module/kexec_bpf/parameters/timeout_ms && say timeout-99
echo 60001 >/sys/module/kexec_bpf/parameters/timeout_ms && say timeout-60001
say timeout $(cat /sys/module/kexec_bpf/parameters/timeout_ms)
echo 10000 >/sys/module/kexec_bpf/parameters/timeout_ms
for delay in 0.05 0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.5 0.6; do
    timeout -s KILL $delay kexec-bpf load /a.efi
    kexec-bpf unload
    left killed
done
{GOOD}tries=100
until rmmod kexec_bpf; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || break
    sleep 0.1
done
say removed \"$(grep -c kexec_bpf /proc/modules)\"
attempt without client plain /a.efi
attempt no-module kexec-bpf load /a.efi --route handshake
"
    );
    let guest = initramfs(&script).file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();

    // 1 EPERM, 9 EBADF, 16 EBUSY, 22 EINVAL, 61 ENODATA.
    let misuse = [
        "open-no-capability -1",
        "register-short -22",
        "register-long -22",
        "register-version-0 -22",
        "register-version-2 -22",
        "register-no-descriptor -9",
        "register-closed-descriptor -9",
        "register-no-eventfd -22",
        "register-no-eventfd-2 -22",
        "register-timeout-99 -22",
        "register-timeout-60001 -22",
        "register-other-process -1",
        "read-other-process -1",
        "register-timeout-100 64",
        "register-twice -16",
        "register-second-session -16",
        "read-idle -61",
        "read-no-cookie -61",
        "read-short-cookie -22",
        "read-uki-parser 4",
        "read-past-parser 0",
        "read-past-all 0",
        "read-report-idle -61",
        "register-3-long -22",
        "register-4-short -22",
        "register-flags -22",
        "register-reserved -22",
        "register-eventfds-unused -22",
        "register-unpack-unserved -22",
        "register-early-unserved -22",
        "register-after-close 64",
        "register-3 16",
    ];
    assert_eq!(said.all("misuse"), misuse);

    expect_each(&said, "two", &["run 1", "load -125"]);
    said.expect_words("two-other", &["EBUSY (16)", "another process is loading"]);
    said.expect("two-left", NOTHING);
    expect_each(&said, "remove", &["run 1", "load -125"]);
    said.expect("remove-left", NOTHING);

    // Without a session a load is as without the module: 8 ENOEXEC.
    expect_each(&said, "plain", &["load -8"]);
    said.expect("plain-left", NOTHING);
    expect_each(&said, "without", &["load -8"]);

    said.expect_attempt(
        "slow",
        "1",
        &[
            "ETIMEDOUT (110)",
            "held 0",
            "no parser was attached within 100 ms",
            "echo 30000 >/sys/module/kexec_bpf/parameters/timeout_ms",
        ],
    );
    said.expect("slow-left", NOTHING);
    assert!(said.all("timeout-99").is_empty(), "99 ms are too few");
    assert!(
        said.all("timeout-60001").is_empty(),
        "60001 ms are too many"
    );
    said.expect("timeout", "100");

    assert_eq!(said.all("killed-left"), vec![NOTHING; 10]);
    expect_good(&said, 1);
    said.expect("removed", "0");
    said.expect("no-module-code", "4");
}

/// Programs that are not this load's parser. Those that are attached before it begins
/// are in `module_attached`.
#[test]
fn foreign_programs() {
    let directory = guest::work_dir("handshake-foreign");
    let script = format!(
        "attempt alone client kfunc
left alone
attempt meanwhile client load {LONG_MS} 'ready,run:client kfunc,close' /a.efi
left meanwhile
attempt own client load {LONG_MS} ready,kfunc,signal /a.efi
left own
{GOOD}"
    );
    let guest = initramfs(&script).file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();

    // 13 EACCES from the verifier, without a load and during another process's.
    let refusal = "verifier calling kernel function bpf_helper_read is not allowed";
    said.expect("alone-code", "1");
    expect_each(&said, "alone", &[refusal, "load -13"]);
    expect_each(
        &said,
        "meanwhile",
        &[refusal, "load -13", "run 1", "load -125"],
    );
    // The same program in the process's own load: its one call is counted.
    expect_each(
        &said,
        "own",
        &[
            "kfunc 1",
            "load -8",
            "report -8 stage 5 calls 1: the parser named no kernel",
        ],
    );
    for name in ["alone", "meanwhile", "own"] {
        said.expect(&format!("{name}-left"), NOTHING);
    }
    expect_good(&said, 1);
}
