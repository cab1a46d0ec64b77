// SPDX-License-Identifier: GPL-2.0-or-later
//! Unusual files: without a size, with a name that would forge log lines, open for
//! writing, or changing while they are decompressed.

use std::path::Path;

use crate::module_late::{SETTLE, expect_settled};
use guest::Transcript;
use guest::handshake::{NOTHING, initramfs, machine, tiny_uki};
use guest::initramfs::small_initrd;
use guest::pe::packed;

#[track_caller]
fn expect_refused(said: &Transcript, name: &str, code: &str, words: &[&str]) {
    said.expect_attempt(name, code, words);
    said.expect(&format!("{name}-loaded"), "0");
    said.expect(&format!("{name}-left"), NOTHING);
}

#[track_caller]
fn expect_loaded(said: &Transcript, name: &str) {
    said.expect(&format!("{name}-code"), "0");
    said.expect(&format!("{name}-loaded"), "1");
    said.expect(&format!("{name}-left"), NOTHING);
}

const LOAD: &str = "
load() {
    name=$1
    shift
    attempt $name kexec-bpf load --route handshake \"$@\"
    say $name-loaded $(cat /sys/kernel/kexec_loaded)
    kexec-bpf unload 2>/dev/null
    left $name
}
";

/// Files in /proc have no size, and files in /sys a false one; neither may be taken for an
/// empty file.
#[test]
fn files_without_a_size() {
    let directory = guest::work_dir("module-files");
    let script = format!(
        "{SETTLE}{LOAD}
mkdir -p /found.efi.extra.d
cp /a.efi /found.efi
for file in /empty.cred /proc.cred /sys.cred /found.efi.extra.d/a.cred; do : >$file; done
mount -o bind /proc/version /proc.cred
mount -o bind /proc/version /found.efi.extra.d/a.cred
mount -o bind /sys/kernel/kexec_loaded /sys.cred
say size $(stat -c %s /proc.cred) $(head -c 13 /proc.cred)
load empty /a.efi --addon /empty.cred
load proc /a.efi --addon /proc.cred
load sys /a.efi --addon /sys.cred
load strict /found.efi --strict
load found /found.efi
forged=$(printf '/x\\nforged: \\033[7m.cred')
truncate -s 2147483648 \"$forged\"
load forged /a.efi --addon \"$forged\"
exec 5>>/initrd
load busy /a.efi --initrd /initrd
exec 5>&-
truncate -s 1000000000 /initrd
load large /a.efi --initrd /initrd
rm /initrd \"$forged\"
load last /a.efi
settle
"
    );
    let guest = initramfs(&script)
        .file("a.efi", &tiny_uki(None).bytes())
        .file("initrd", &small_initrd(b"small"));
    let said = machine(&directory, guest).run();
    said.expect("size", "0 Linux version");
    expect_loaded(&said, "empty");
    expect_refused(&said, "proc", "3", &["addon /proc.cred: "]);
    expect_refused(&said, "sys", "3", &["addon /sys.cred: "]);
    let found = "addon /found.efi.extra.d/a.cred: ";
    expect_refused(&said, "strict", "3", &[found]);
    expect_loaded(&said, "found");
    said.expect_words("found", &["skipped ", found]);

    expect_refused(&said, "forged", "3", &["cannot be read (-27)"]);
    let lines = said.console.iter().map(|line| &line.text);
    for line in lines.filter(|line| line.contains("forged")) {
        // The module's line, and the program's.
        let begins = [
            "kexec_bpf: load refused: addon /x",
            "kexec-bpf: load /a.efi: ",
        ];
        let is_whole = begins.iter().any(|begin| line.contains(begin));
        if line.contains('\x1b') || !is_whole {
            said.fail(&format!("the log has the name's own characters: {line:?}"));
        }
    }
    // The image is not signed, but that is not the cause.
    let busy = "cause: a process has one of the files open for writing";
    expect_refused(&said, "busy", "1", &["ETXTBSY (26)", busy]);
    let large = "cause: not enough free memory for the image";
    expect_refused(
        &said,
        "large",
        "1",
        &["ENOMEM (12)", large.trim_start_matches("cause: ")],
    );
    for name in ["busy", "large"] {
        let told = said.told(name);
        assert!(!told.contains("no signature"), "{name}: {told}");
    }
    expect_loaded(&said, "last");
    expect_settled(&said);
}

/// Writes 64 KiB of text that compresses to both matches and literals.
fn text(directory: &Path) -> std::path::PathBuf {
    let mut text = String::new();
    for number in 0_u32..4096 {
        let word = number.wrapping_mul(2_654_435_761) >> 18;
        text += &format!("{word} and {number}\n");
    }
    let path = directory.join("text");
    std::fs::write(&path, text).expect("write the text");
    path
}

/// A decoder reads memory that another thread writes: whatever the result, the kernel
/// must survive. The parser names no kernel, so no load succeeds.
#[test]
fn decoders_of_changing_memory() {
    let directory = guest::work_dir("module-race");
    let text = text(&directory);
    let formats: [(&str, &str, &[&str]); 4] = [
        ("gzip", "gzip", &["-6"]),
        ("zstd", "zstd", &["-q", "-3"]),
        ("xz", "xz", &["--check=crc32"]),
        ("lz4", "lz4", &["-q", "-l"]),
    ];
    let mut script = format!("{SETTLE}{LOAD}");
    for (name, ..) in formats {
        script += &format!(
            "attempt {name} client load 60000 ready,race:/{name},signal /a.efi\nleft {name}\n"
        );
    }
    script += "load last /a.efi\nsettle\n";
    let mut guest = initramfs(&script).file("a.efi", &tiny_uki(None).bytes());
    for (name, program, options) in formats {
        guest = guest.file(name, &packed(&directory, &text, program, options));
    }
    let said = machine(&directory, guest).cpus(2).run();
    for (name, ..) in formats {
        let lines = said.all(name);
        let ran =
            |line: &&str| line.starts_with("report -") && line.contains(" stage 5 calls 400: ");
        if !lines.contains(&"race 1") || !lines.iter().any(ran) {
            said.fail(&format!("{name} says {lines:?}"));
        }
        said.expect(&format!("{name}-left"), NOTHING);
    }
    expect_loaded(&said, "last");
    expect_settled(&said);
}
