// SPDX-License-Identifier: GPL-2.0-or-later
//! Parsers that are attached before the kernel asks for them: which of them count in which
//! loads, and what happens if the kernel then asks for another one.

use guest::handshake::{NOTHING, initramfs, machine, tiny_uki, tiny_uki_with};
use guest::{Transcript, module};

/// The report of a load without a cookie: the parser's slice is no kernel. One call counted,
/// and none of the parser of another session.
const NOT_ONE: &str = "report -8 stage 5 calls 1: what the parser named as kernel is not one: it \
                       does not begin as a PE file does";

/// Loads of the client, and lines that it prints. Errors are negative errnos: 13 EACCES,
/// 8 ENOEXEC. A load of a file that does not exist ends at once, but all steps are done.
const LOADS: &[(&str, &str, &[&str])] = &[
    (
        "ready-before",
        "client load 60000 prepare,kfunc,ready,read,signal /a.efi",
        &[
            "kfunc 1",
            "ready 1",
            "load -8",
            "report -8 stage 5 calls 1: the parser named no kernel",
        ],
    ),
    (
        "without-the-cookie",
        "client load 60000 prepare,foreign,ready,read,signal /a.efi",
        &[
            "foreign 1",
            "load -8",
            "report -8 stage 5 calls 0: the parser named no kernel, or no parser was attached",
        ],
    ),
    (
        "not-asked-for",
        "client load 60000 kfunc /missing.efi",
        &["kfunc 0"],
    ),
    (
        "another-process",
        "client load 60000 'prepare,run:client kfunc,kfunc,ready,read,signal' /a.efi",
        &["load -13", "run 1", "kfunc 1", "load -8"],
    ),
    // While a parser of another session is attached: one with a cookie, one without.
    (
        "two-with-cookies",
        "client load 60000 'prepare,kfunc,run:kexec-bpf load /a.efi && kexec-bpf unload' \
         /missing.efi",
        &["kfunc 1", "run 0"],
    ),
    (
        "one-without",
        "client load 60000 'prepare,kfunc,run:without-a-cookie' /missing.efi",
        &["kfunc 1", "slice 1", NOT_ONE],
    ),
];

#[track_caller]
fn expect_lines(said: &Transcript, name: &str, wanted: &[&str]) {
    let lines = said.all(name);
    for line in wanted {
        if !lines.contains(line) {
            said.fail(&format!("{name} does not say '{line}': {lines:?}"));
        }
    }
    said.expect(&format!("{name}-left"), NOTHING);
}

#[test]
fn only_parsers_with_the_sessions_cookie_count() {
    let directory = guest::work_dir("handshake-early");
    let mut script = String::new();
    for (name, command, _) in LOADS {
        script += &format!("attempt {name} {command}\nkexec-bpf unload\nleft {name}\n");
    }
    let without = "#!/bin/sh
exec client load 60000 ready,read,slice:512:4096,signal /a.efi
";
    let guest = initramfs(&script)
        .script("bin/without-a-cookie", without)
        .file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    for (name, _, lines) in LOADS {
        expect_lines(&said, name, lines);
    }
}

/// Returns an image with a parser of its own, and the place of the parser's last byte, which
/// no reader of it looks at.
fn image() -> (Vec<u8>, usize) {
    let mut parser = std::fs::read(module::uki_parser()).expect("read the parser");
    parser.push(0);
    let image = tiny_uki(Some(&parser)).bytes();
    let mut places = image.windows(parser.len());
    let start = places.position(|bytes| bytes == parser);
    (
        image,
        start.expect("the parser is there") + parser.len() - 1,
    )
}

/// The program's parser is ready before the call, so the lock is not held meanwhile. If the
/// file has changed when the kernel reads it, the kernel's bytes count.
#[test]
fn the_kernels_bytes_decide() {
    let directory = guest::work_dir("handshake-swapped");
    let (image, last) = image();
    let script = format!(
        "load() {{
    attempt $1 \"$@\"
    say $1-loaded $(cat /sys/kernel/kexec_loaded)
    kexec-bpf unload
    left $1
}}
same() {{ kexec-bpf load /a.efi --verbose; }}
swapped() {{
    client brake 'printf x | dd of=/a.efi bs=1 seek={last} conv=notrunc' bpf:1 \
        kexec-bpf load /a.efi --verbose
}}
load same
load swapped
"
    );
    let guest = initramfs(&script).file("a.efi", &image);
    let said = machine(&directory, guest).run();
    for name in ["same", "swapped"] {
        said.expect(&format!("{name}-code"), "0");
        said.expect(&format!("{name}-loaded"), "1");
        said.expect(&format!("{name}-left"), NOTHING);
    }
    let place = |name: &str, words: &str| {
        let lines = said.all(name);
        let found = lines.iter().position(|line| line.contains(words));
        found.unwrap_or_else(|| said.fail(&format!("{name} does not say '{words}': {lines:?}")))
    };
    let calls = "thread A: kexec_file_load, the whole image";
    for name in ["same", "swapped"] {
        assert!(
            place(name, "parser attached in") < place(name, calls),
            "{name}"
        );
    }
    place("same", "thread B: it is the one that is ready");
    let other = place("swapped", "thread B: it is not the one that is ready");
    let lines = said.all("swapped");
    let again = lines.iter().skip(other);
    assert_eq!(
        again
            .filter(|line| line.contains("parser attached in"))
            .count(),
        1
    );
}

/// An image's own parser waits, where signatures count, until the kernel has verified the
/// image; the module's own need not.
#[test]
fn lockdown_comes_before_an_images_own_parser() {
    let directory = guest::work_dir("handshake-lockdown");
    let script = "echo integrity >/sys/kernel/security/lockdown
attempt own kexec-bpf load /own.efi --verbose
left own
attempt module kexec-bpf load /module.efi --verbose
left module
";
    let guest = initramfs(script)
        .file("own.efi", &image().0)
        .file("module.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    let is_attached = |name: &str| {
        let lines = said.all(name);
        lines.iter().any(|line| line.contains("parser attached in"))
    };
    for name in ["own", "module"] {
        said.expect_attempt(name, "4", &["the kernel found no signature in the image"]);
        said.expect(&format!("{name}-left"), NOTHING);
    }
    assert!(
        !is_attached("own"),
        "an unverified parser went to the kernel"
    );
    assert!(is_attached("module"));
}

/// The kernel drops the crash image that is loaded when it is asked for another one. So a
/// parser that is refused early ends the load before that.
#[test]
fn a_refused_parser_leaves_the_crash_image() {
    let directory = guest::work_dir("handshake-refused");
    let script = "attempt good kexec-bpf load --panic --force /good.efi
record=$(sha256sum </run/kexec-bpf/crash-image)
attempt bad kexec-bpf load --panic --force /bad.efi
say loaded $(cat /sys/kernel/kexec_crash_loaded)
[ \"$record\" = \"$(sha256sum </run/kexec-bpf/crash-image)\" ] && say record same
left bad
";
    let guest = initramfs(script)
        .file("good.efi", &tiny_uki(None).bytes())
        .file("bad.efi", &tiny_uki_with("wild_store").bytes());
    let said = machine(&directory, guest)
        .memory_mb(768)
        .append("crashkernel=256M")
        .run();
    said.expect("good-code", "0");
    said.expect("bad-code", "3");
    said.expect("loaded", "1");
    said.expect("record", "same");
    said.expect("bad-left", NOTHING);
}
