// SPDX-License-Identifier: GPL-2.0-or-later
//! Initrds that the next kernel cannot unpack, and none at all: what each command says
//! before anything is loaded.

use crate::build;
use crate::program::Directory;

/// The first bytes of a file that `lz4` makes without `-l`.
const FRAME: &[u8] = b"\x04\x22\x4d\x18\x64\x40\xa7\x06\0\0\0\x60text\n\0\0\0\0";
const ADVICE: &str = "cause: the kernel unpacks only lz4's legacy format\n\
                      try:   compress it with lz4 -l\n";

fn images(test: &str) -> Directory {
    let directory = Directory::new(test);
    directory.file("vmlinuz", &build::bzimage());
    directory.file("a.efi", &build::uki());
    directory.file("good", &build::newc("init", b"contents"));
    directory.file("frame", FRAME);
    directory.file("bad.efi", &uki(".initrd"));
    directory.file("ucode.efi", &uki(".ucode"));
    directory.file("a.addon.efi", &build::pe(&[(".initrd", FRAME)]));
    directory
}

/// Returns a UKI with a bad section.
fn uki(section: &str) -> Vec<u8> {
    build::pe(&[
        (".osrel", b"ID=test\n"),
        (".linux", &build::bzimage()),
        (section, FRAME),
    ])
}

#[test]
fn what_the_kernel_cannot_unpack_is_refused_before_anything_is_lost() {
    let directory = images("initrd-refused");
    for (words, what) in [
        (
            &["vmlinuz", "--initrd", "frame"][..],
            "frame: bad initrd: an lz4 frame at 0x0",
        ),
        (
            &["vmlinuz", "--initrd", "good", "--initrd", "frame"],
            "frame: bad initrd: an lz4 frame at 0x0",
        ),
        (
            &["a.efi", "--route=extract", "--initrd", "frame"],
            "frame: bad initrd: an lz4 frame at 0x0",
        ),
        (
            &["bad.efi", "--route=extract"],
            "bad.efi: section .initrd: an lz4 frame at 0xa00",
        ),
        (
            &["ucode.efi", "--route=extract"],
            "ucode.efi: section .ucode: an lz4 frame at 0xa00",
        ),
        (
            &["a.efi", "--route=extract", "--addon", "a.addon.efi"],
            "a.addon.efi: section .initrd: an lz4 frame at 0x200",
        ),
    ] {
        let text = format!("kexec-bpf: {what}\n{ADVICE}");
        // None of them asks the kernel anything: here, the load would exit with 4.
        for command in [
            &["load", "-n"][..],
            &["load"],
            &["load", "--panic"],
            &["load", "--panic", "-n"],
            &["kdump", "check"],
        ] {
            directory.run(&[command, words].concat()).fails(3, &text);
        }
    }
}

/// An addon beside the image is refused like one that the user names.
#[test]
fn a_companion_is_looked_at_too() {
    let directory = images("initrd-companion");
    std::fs::create_dir(directory.path("a.efi.extra.d")).unwrap();
    let addon = std::fs::read(directory.path("a.addon.efi")).unwrap();
    directory.file("a.efi.extra.d/x.addon.efi", &addon);
    let run = directory.run(&["load", "-n", "a.efi", "--route=extract"]);
    assert_eq!(run.code, 3, "{run:?}");
    let what = "a.efi.extra.d/x.addon.efi: section .initrd: an lz4 frame at";
    assert!(run.stderr.contains(what), "{run:?}");
}

#[test]
fn inspect_shows_why_an_image_is_not_used() {
    let directory = images("initrd-inspect");
    let run = directory.run(&["inspect", "bad.efi"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let line = "kexec uses    nothing: section .initrd: an lz4 frame at 0xa00\n";
    assert!(run.stdout.contains(line), "{}", run.stdout);
}

#[test]
fn force_loads_it_with_a_warning() {
    let directory = images("initrd-force");
    for panic in [&[][..], &["--panic"]] {
        let words = ["load", "-n", "--force", "vmlinuz", "--initrd", "frame"];
        let run = directory.run(&[&words, panic].concat());
        assert_eq!(run.code, 0, "{run:?}");
        let warning = "kexec-bpf: warning: frame: bad initrd: an lz4 frame at 0x0: the kernel unpacks \
                       only lz4's legacy format\n";
        assert_eq!(run.stderr, warning);
        assert!(
            run.stdout.contains("initrd        21 bytes"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn sections_that_become_files_are_not_shown_as_archives() {
    let directory = images("initrd-members");
    directory.file("pass.cred", &[7; 100]);
    let words = [
        "kdump",
        "check",
        "a.efi",
        "--route=extract",
        "--addon",
        "pass.cred",
    ];
    let run = directory.run(&words);
    assert!(!run.stdout.contains("no known format"), "{}", run.stdout);
    let archives = run.stdout.matches(" packed, ").count();
    assert_eq!(archives, 2, "{}", run.stdout);
}

/// A crash may leave nothing of a file but its size.
#[test]
fn zeros_are_refused_whatever_their_number() {
    let directory = images("initrd-zeros");
    let file = std::fs::File::create(directory.path("sparse")).unwrap();
    file.set_len(3 << 30).unwrap();
    directory.file("stored", &vec![0; 65 << 20]);
    for name in ["sparse", "stored"] {
        let run = directory.run(&["load", "-n", "vmlinuz", "--initrd", name]);
        let what = format!("kexec-bpf: {name}: bad initrd: nothing but zeros\n");
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.stderr.starts_with(&what), "{run:?}");
    }
    // The kernel skips zeros before an archive.
    let mut padded = vec![0; 65 << 20];
    padded.extend(build::newc("init", b"contents"));
    directory.file("padded", &padded);
    let run = directory.run(&["load", "-n", "vmlinuz", "--initrd", "padded"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn no_command_line_is_shown_as_none() {
    let directory = images("initrd-no-words");
    for command in [&["load", "-n"][..], &["kdump", "check"]] {
        let run = directory.run(&[command, &["vmlinuz", "--initrd", "good"]].concat());
        let line = "command line  none\n";
        assert!(run.stdout.contains(line), "{run:?}");
    }
}

#[test]
fn without_initrd_and_root_a_kernel_gets_a_warning() {
    let directory = images("initrd-none");
    let none = Some("no root= and no initrd");
    let unknown = Some("no initrd, and only an initrd can find this root=");
    for (words, why) in [
        (&[][..], none),
        (&["--append", "quiet"], none),
        (&["--append", "-- root=/dev/vda"], none),
        (&["--append", "root=/dev/vda"], None),
        (&["--append", "root=PARTUUID=1"], None),
        (&["--append", "root=UUID=1"], unknown),
        (&["--append", "root=LABEL=a"], unknown),
        (&["--append", "root=/dev/vda root=/dev/mapper/a"], unknown),
        (&["--append", "root=UUID=1 root=/dev/vda"], None),
        (&["--append", "root=UUID=1 rdinit=/init"], None),
        (&["--append", "root=UUID=1", "--initrd", "good"], None),
        (&["--initrd", "good"], None),
    ] {
        let run = directory.run(&[&["load", "-n", "vmlinuz"], words].concat());
        let warning =
            |why| format!("kexec-bpf: warning: {why}: the next kernel may find no root\n");
        let expected = why.map(warning).unwrap_or_default();
        assert_eq!((run.code, run.stderr), (0, expected), "{words:?}");
    }
}
