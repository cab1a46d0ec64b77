// SPDX-License-Identifier: GPL-2.0-or-later
//! Command lines: the stub's rule, words, policies, and their properties.
use super::capture::{self, CAPTURE_KERNEL};
use super::reuse::{NEXT_KERNEL, Rule, reuse};
use super::*;
use alloc::string::{String, ToString};
use proptest::prelude::*;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn pieces_as_the_stub_takes_them() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"", b""),
        (b" \t\n", b""),
        (b"quiet\n", b"quiet"),
        (b"quiet\0\0\0", b"quiet"),
        (b"a\0b", b"a"),
        (b"  a\tb\nc\x7fd  e ", b"a b c d  e"),
        (b"title=\xc3\xa9", b"title=\xc3\xa9"),
    ];
    for (piece, expected) in cases {
        assert_eq!(mangle(piece), *expected, "{}", piece.escape_ascii());
    }
}

#[test]
fn one_space_joins_pieces() {
    assert_eq!(join(["a", "", "b c"]), b"a b c");
    assert_eq!(join(["", "a"]), b"a");
    assert_eq!(join(["a", ""]), b"a");
    assert_eq!(join::<[&str; 0]>([]), b"");
}

#[test]
fn quotes_hold_words_together() {
    let line = br#"a "b c" d="e f"g  "h"#;
    let found: Vec<_> = words(line).map(text).collect();
    assert_eq!(found, ["a", "\"b c\"", "d=\"e f\"g", "\"h"]);
    assert_eq!(key(b"d=\"e f\""), b"d");
    assert_eq!(key(b"\"d=e f\""), b"d");
    assert_eq!(key(b"\"quiet\""), b"quiet");
    assert_eq!(key(b"quiet"), b"quiet");
}

#[test]
fn limits() {
    assert_eq!(check(b"1234", 4), Ok(()));
    assert_eq!(
        check(b"12345", 4),
        Err(CmdlineError::TooLong {
            bytes: 5,
            max_bytes: 4
        })
    );
    assert_eq!(check(b"12\0", 9), Err(CmdlineError::Nul { at: 2 }));
}

#[test]
fn reuse_drops_what_was_for_the_running_kernel() {
    let running = b"BOOT_IMAGE=/vmlinuz-6.1 root=/dev/vda ro initrd=\\a.img quiet \
        \"initrd=b c\" elfcorehdr=0x1000 initrd_x=1 -- initrd=for-init\n";
    let reused = reuse(running, &[NEXT_KERNEL]);
    assert_eq!(
        text(&reused.kept),
        "root=/dev/vda ro quiet initrd_x=1 -- initrd=for-init"
    );
    let dropped: Vec<_> = reused.dropped.iter().map(|d| text(d.word)).collect();
    assert_eq!(
        dropped,
        [
            "BOOT_IMAGE=/vmlinuz-6.1",
            "initrd=\\a.img",
            "\"initrd=b c\"",
            "elfcorehdr=0x1000"
        ]
    );
    assert_eq!(reused.dropped[0].reason, "names the running kernel's file");
}

#[test]
fn reuse_closes_a_quote_that_is_left_open() {
    for (running, kept) in [
        (&b"a foo=\"b c\n"[..], "a foo=\"b c\""),
        (b"a \"foo=b -- c", "a \"foo=b -- c\""),
        (b"a foo=\"b c\"\n", "a foo=\"b c\""),
        (b"a \"initrd=b c\n", "a"),
    ] {
        assert_eq!(text(&reuse(running, &[NEXT_KERNEL]).kept), kept);
    }
}

#[test]
fn policies_add_up() {
    const CRASH: &[Rule] = &[Rule {
        parameter: "crash_kernel",
        reason: "is for the kernel that may crash",
    }];
    let reused = reuse(b"a crash-kernel=1G BOOT_IMAGE=x b", &[NEXT_KERNEL, CRASH]);
    assert_eq!(text(&reused.kept), "a b");
    assert_eq!(reused.dropped.len(), 2);
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[ -~\t\n\"=]{0,8}".prop_map(String::into_bytes),
        Just(b" initrd=a ".to_vec()),
        Just(b" -- ".to_vec()),
        Just(b"\"".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn mangling_again_changes_nothing(line in any_line()) {
        let once = mangle(&line);
        prop_assert_eq!(&mangle(&once), &once);
        prop_assert!(check(&once, u64::MAX).is_ok());
        prop_assert!(!once.iter().any(|b| *b < b' ' || *b == 0x7f));
    }

    #[test]
    fn words_survive_joining(line in any_line()) {
        let before: Vec<_> = words(&line).collect();
        let joined = join(&before);
        let after: Vec<_> = words(&joined).collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn reusing_again_changes_nothing(line in any_line()) {
        let once = reuse(&line, &[NEXT_KERNEL]);
        let twice = reuse(&once.kept, &[NEXT_KERNEL]);
        prop_assert_eq!(&twice.kept, &once.kept);
        prop_assert!(twice.dropped.is_empty());
        let all = words(&line).count();
        prop_assert_eq!(words(&once.kept).count() + once.dropped.len(), all);
    }
}

#[test]
fn a_capture_kernel_does_not_reserve_for_another() {
    let running = b"root=/dev/vda crashkernel=256M BOOT_IMAGE=/vmlinuz quiet netroot=iscsi: fcoe=a";
    let reused = reuse(running, &[NEXT_KERNEL, CAPTURE_KERNEL]);
    assert_eq!(reused.kept, b"root=/dev/vda");
    let next = reuse(running, &[NEXT_KERNEL]);
    let kept = b"root=/dev/vda crashkernel=256M quiet netroot=iscsi: fcoe=a";
    assert_eq!(next.kept, kept);
}

#[test]
fn a_capture_kernel_gets_its_own_words() {
    let words = |architecture, running: &[u8], append: &[u8]| -> Vec<String> {
        let machine = machine(architecture);
        let found = capture::additions(&machine, running, append);
        found
            .into_iter()
            .map(|addition| addition.word.into_owned())
            .collect()
    };
    let x86 = words("x86_64", b"", b"");
    assert_eq!(x86[..3], ["irqpoll", "nr_cpus=1", "reset_devices"]);
    let has = |words: &[String], word: &str| words.iter().any(|found| found == word);
    assert!(has(&x86, "mce=off") && !has(&x86, "swiotlb=noforce"));
    let arm = words("aarch64", b"", b"");
    assert!(!has(&arm, "mce=off") && has(&arm, "swiotlb=noforce"));
    let present = words("x86_64", b"irqpoll nr_cpus=1", b"");
    assert_eq!(present[..2], ["reset_devices", "cgroup_disable=memory"]);
    // Words for init are no words of the kernel.
    assert!(has(&words("x86_64", b"a -- nokaslr", b""), "nokaslr"));
    assert!(has(&words("x86_64", b"", b"a -- panic=0"), "panic=10"));
    let users = words("x86_64", b"nr_cpus=8", b"nr_cpus=2 panic=0");
    assert!(
        !users
            .iter()
            .any(|word| word.starts_with("nr_cpus") || word.starts_with("panic"))
    );
}

fn machine(architecture: &str) -> capture::Machine<'_> {
    capture::Machine {
        architecture,
        ..capture::Machine::default()
    }
}

#[test]
fn a_capture_kernel_gets_words_of_its_machine() {
    let watchdogs = ["iTCO_wdt".to_string(), "hpwdt".to_string()];
    let machine = capture::Machine {
        architecture: "x86_64",
        boot_apic_id: Some(4),
        watchdogs: &watchdogs,
    };
    let words = |append: &[u8]| -> Vec<String> {
        let found = capture::additions(&machine, b"iTCO_wdt.pretimeout=9", append);
        let own = found.into_iter().map(|addition| addition.word.into_owned());
        own.skip_while(|word| word != "disable_cpu_apicid=4")
            .collect()
    };
    let pretimeouts = ["iTCO_wdt.pretimeout=0", "hpwdt.pretimeout=0"];
    let all = [
        &["disable_cpu_apicid=4"],
        &pretimeouts[..],
        &["hpwdt.kdumptimeout=0"],
    ]
    .concat();
    assert_eq!(words(b""), all);
    assert_eq!(words(b"hpwdt.pretimeout=5").len(), 3);
    // The running kernel's own value goes.
    let added = capture::additions(&machine, b"", b"");
    let rules = capture::replaced(&added);
    let reused = reuse(b"a iTCO_wdt.pretimeout=9 disable_cpu_apicid=0", &[&rules]);
    assert_eq!(text(&reused.kept), "a");
}

#[test]
fn a_capture_kernel_does_not_keep_the_running_kernels_values() {
    let added = capture::additions(&machine("x86_64"), b"nr_cpus=8 panic=-1", b"");
    let rules = capture::replaced(&added);
    let reused = reuse(b"a nr_cpus=8 panic=-1 irqpoll -- nr_cpus=9", &[&rules]);
    assert_eq!(text(&reused.kept), "a irqpoll -- nr_cpus=9");
    assert_eq!(
        reused.dropped[0].reason,
        "is replaced for the capture kernel"
    );
}

#[test]
fn a_capture_kernel_gets_its_words_whatever_the_running_one_has() {
    let line = |running: &'static [u8]| -> Vec<String> {
        let added = capture::additions(&machine("aarch64"), running, b"");
        let rules = capture::replaced(&added);
        let kept = reuse(running, &[CAPTURE_KERNEL, &rules]).kept;
        let line = text(&capture::add(&kept, &added));
        line.split(' ').map(String::from).collect()
    };
    for running in [
        &b"panic=10 panic=0"[..],
        b"panic=0 panic=10",
        // The rules for words that reserve memory drop these.
        b"cma=0 hugetlb_cma=0 swiotlb=noforce",
        b"udev.children-max=2 udev.children_max=8",
    ] {
        let words = line(running);
        for (parameter, word) in [
            ("panic", "panic=10"),
            ("cma", "cma=0"),
            ("hugetlb_cma", "hugetlb_cma=0"),
            ("swiotlb", "swiotlb=noforce"),
            ("udev.children_max", "udev.children-max=2"),
        ] {
            let is = |found: &&String| {
                let name = found.split('=').next().unwrap();
                name.replace('-', "_") == parameter
            };
            let last = words.iter().rfind(is).map(String::as_str);
            assert_eq!(last, Some(word), "{running:?}");
        }
    }
    // The user's own value counts in either spelling.
    let added = capture::additions(&machine("x86_64"), b"", b"nr-cpus=4");
    assert!(!added.iter().any(|added| added.word == "nr_cpus=1"));
}

/// A system that `hook boot` could not leave has its words still.
#[test]
fn a_capture_kernel_does_not_chain() {
    let line = |running: &'static [u8], append| -> String {
        let added = capture::additions(&machine("x86_64"), running, append);
        let rules = capture::replaced(&added);
        let kept = reuse(running, &[CAPTURE_KERNEL, &rules]).kept;
        text(&capture::add(&kept, &added))
    };
    for running in [
        &b"a rd.kexec_bpf=next"[..],
        b"a rd.kexec_bpf",
        b"a rd.kexec_bpf.device=vda1",
        b"a rd.kexec_bpf.menu=5 rd.kexec_bpf=0",
        b"a rd.kexec_bpf=0 rd.kexec_bpf=x",
    ] {
        let found = line(running, b"");
        let last = words(found.as_bytes()).filter(|word| key(word) == b"rd.kexec_bpf");
        assert_eq!(last.last(), Some(&b"rd.kexec_bpf=0"[..]), "{found}");
        assert_eq!(found.matches("rd.kexec_bpf=").count(), 1, "{found}");
    }
    assert!(!line(b"a rd.kexec_bpf.chained=1", b"").contains("rd.kexec_bpf=0"));
    assert!(line(b"a rd.kexec_bpf=b", b"rd.kexec_bpf=c").ends_with("pcie_ports=compat"));
}

#[test]
fn words_for_init_stay_after_what_is_added() {
    let added = capture::additions(&machine("x86_64"), b"", b"");
    let line = text(&capture::add(b"a -- b", &added[..2]));
    assert_eq!(line, "a irqpoll nr_cpus=1 -- b");
    assert_eq!(text(&capture::add(b"", &added[..1])), "irqpoll");
}
