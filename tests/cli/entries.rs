// SPDX-License-Identifier: GPL-2.0-or-later
//! `list` and `boot --dry-run` of entries below a directory.

use std::fs;

use crate::build;
use crate::program::{Directory, Run};

/// Returns a directory with these files, and a kernel, an initrd and a UKI.
pub fn root(test: &str, files: &[(&str, &str)]) -> Directory {
    let directory = Directory::new(test);
    let put = |name: &str, contents: &[u8]| {
        let parent = directory.path(name).parent().unwrap().to_owned();
        fs::create_dir_all(parent).unwrap();
        directory.file(name, contents);
    };
    put("vmlinuz", &build::bzimage());
    put("initrd", &build::newc("a", b""));
    put("uki.efi", &profiles());
    for (name, contents) in files {
        let entry = ["loader/entries/", name].concat();
        let name = if name.ends_with(".conf") {
            &entry
        } else {
            *name
        };
        put(name.trim_start_matches('/'), contents.as_bytes());
    }
    directory
}

/// Returns a UKI with two profiles.
fn profiles() -> Vec<u8> {
    build::pe(&[
        (".osrel", b"ID=test\nPRETTY_NAME=My Fine OS\nBUILD_ID=1\n"),
        (".cmdline", b"own"),
        (".linux", &build::bzimage()),
        (".profile", b"ID=main\n"),
        (".profile", b"ID=rescue\nTITLE=Rescue system\n"),
        (".cmdline", b"single"),
    ])
}

pub fn list(directory: &Directory) -> Run {
    directory.run_unlocked(&["list", "--root", "."])
}

/// Returns the plan of `boot`.
#[track_caller]
pub fn plan(directory: &Directory, words: &[&str]) -> Run {
    let mut all = vec!["boot", "-n", "--root", "."];
    all.extend(words);
    directory.run_unlocked(&all)
}

#[track_caller]
pub fn expect(run: &Run, wanted: &[&str]) {
    // Columns are padded.
    let flat = [&run.stdout[..], &run.stderr].concat();
    let flat: Vec<_> = flat.split_whitespace().collect();
    let flat = flat.join(" ");
    for text in wanted {
        assert!(flat.contains(text), "{text}\n{run:?}");
    }
}

#[test]
fn words_and_extra_files_of_entries() {
    let directory = root(
        "entry-words",
        &[
            (
                "stub.conf",
                "linux \\vmlinuz\noptions root=a initrd=\\initrd quiet\n",
            ),
            ("gone.conf", "linux /vmlinuz\noptions initrd=/gone quiet\n"),
            ("uki.conf", "linux /uki.efi\noptions mine\n"),
            ("rescue.conf", "linux /uki.efi\nprofile 1\n"),
            ("at.conf", "efi /uki.efi\noptions @rescue quiet\n"),
            ("nine.conf", "efi /uki.efi\nprofile 9\n"),
            (
                "empty.conf",
                "linux /vmlinuz\ninitrd /none.img\ninitrd /initrd\noptions a\n",
            ),
            (
                "extra.conf",
                "linux /vmlinuz\nextra /x/c.cred\nextra /x/gone.raw\nextra /initrd\n\
extra /x/b.addon.efi\n",
            ),
            ("none.img", ""),
            ("x/c.cred", "secret"),
            ("x/b.addon.efi", "MZ"),
        ],
    );
    for (entry, words) in [
        (
            "stub",
            &["root=a quiet", "initrd, 236 bytes", "initrd 236 bytes"][..],
        ),
        ("uki", &["command line mine (from the boot entry)"]),
        ("rescue", &["command line single (from the image)"]),
        ("at", &["command line quiet (from the boot entry)"]),
        ("empty", &["initrd 236 bytes initrd, 236 bytes"]),
        (
            "extra",
            &[
                "x/c.cred, 6 bytes, in .extra/credentials",
                "skipped x/gone.raw: no such file",
                "skipped initrd: neither *.addon.efi, nor *.cred, nor *.raw",
                "skipped x/b.addon.efi: addons extend a UKI",
            ],
        ),
    ] {
        let run = plan(&directory, &[entry]);
        assert_eq!(run.code, 0, "{entry}: {run:?}");
        expect(&run, words);
    }
    for (entry, reason) in [
        ("gone", "no such file: /gone"),
        ("nine", "no profile 9: the image has 2, numbered from 0"),
    ] {
        let run = plan(&directory, &[entry]);
        assert_eq!(run.code, 3, "{entry}: {run:?}");
        expect(&run, &[reason]);
    }
    // The same words for load.
    let words = [
        "load",
        "-n",
        "uki.efi",
        "--route=extract",
        "--command-line",
        "@1 quiet",
    ];
    let run = directory.run_unlocked(&words);
    assert_eq!(run.code, 0, "{run:?}");
    expect(&run, &["command line quiet (from --command-line)"]);
}

/// Each of these sorts before the good one, and none keeps it from booting.
#[test]
fn what_cannot_start_is_skipped() {
    let directory = root(
        "broken-entries",
        &[
            ("good.conf", "linux /vmlinuz\ninitrd /initrd\noptions a\n"),
            ("z1.conf", "sort-key a\nefi /shell.efi\n"),
            ("z2.conf", "sort-key a\nlinux /vmlinuz.gz\n"),
            ("z3.conf", "sort-key a\nlinux /cut\n"),
            ("z4.conf", "sort-key a\nlinux /initrd\n"),
            ("z5.conf", "sort-key a\nefi /uki.efi\nprofile 9\n"),
            ("z7.conf", "sort-key a\nuki-url http://a/b.efi\n"),
            // What a full /boot leaves.
            (
                "z8.conf",
                "sort-key a\nlinux /vmlinuz\ninitrd /none.img\noptions root=UUID=a\n",
            ),
            ("none.img", ""),
        ],
    );
    let gzip = [&b"\x1f\x8b\x08"[..], &[0; 600]].concat();
    directory.file("vmlinuz.gz", &gzip);
    directory.file("shell.efi", &build::pe(&[(".text", b"shell")]));
    directory.file("cut", &build::bzimage()[..700]);
    let long = format!("sort-key a\nlinux /vmlinuz\noptions {}\n", "x".repeat(3000));
    directory.file("loader/entries/z6.conf", long.as_bytes());
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    let kernel = build::bzimage();
    let words = [b'x'; 70_000];
    let os: &[u8] = b"ID=a\nNAME=A\n";
    let text = build::pe(&[(".osrel", os), (".linux", b"no kernel")]);
    directory.file("EFI/Linux/text.efi", &text);
    let text = build::pe(&[(".osrel", os), (".linux", &kernel), (".cmdline", &words)]);
    directory.file("EFI/Linux/long.efi", &text);
    let run = list(&directory);
    assert_eq!(run.code, 0, "{run:?}");
    expect(
        &run,
        &[
            "* 2 good.conf, the default",
            "z1.conf: skipped: ",
            "z2.conf: skipped: not a boot image",
            "z3.conf: skipped: ",
            "z4.conf: skipped: not a boot image",
            "z5.conf: skipped: no profile 9: the image has 2, numbered from 0",
            "z6.conf: skipped: the command line has 3000 bytes; this kernel takes",
            "z7.conf: skipped: on the network; download and load it: http://a/b.efi",
            "z8.conf: skipped: its initrd is an empty file",
            "text.efi: skipped: ",
            "long.efi: skipped: .cmdline: 70000 bytes of text",
        ],
    );
    let run = plan(&directory, &[]);
    assert_eq!(run.code, 0, "{run:?}");
    expect(&run, &["entry good.conf", "skipped"]);
    for name in ["z1", "z2", "z3", "z4", "z5", "z6", "z7", "text", "long"] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 3, "{name}: {run:?}");
        expect(&run, &["cannot boot", "cause:"]);
    }
    // The default is named, and broken.
    directory.file("loader/loader.conf", b"default z6*\n");
    let run = plan(&directory, &[]);
    expect(
        &run,
        &["z6.conf: skipped: the command line", "entry good.conf"],
    );
}

#[test]
fn an_entry_is_named_by_number_beginning_or_path() {
    let entry = "linux /vmlinuz\ninitrd /initrd\noptions a\n";
    let files = [
        ("deb-1.conf", entry),
        ("deb-2.conf", entry),
        ("fed.conf", entry),
    ];
    let directory = root("entry-names", &files);
    for (name, id) in [
        ("1", "fed.conf"),
        ("3", "deb-1.conf"),
        ("f", "fed.conf"),
        ("deb-1", "deb-1.conf"),
    ] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 0, "{name}: {run:?}");
        expect(&run, &[&format!("entry {id}")]);
    }
    let run = plan(&directory, &["deb"]);
    assert_eq!(run.code, 3);
    expect(
        &run,
        &[
            "more than one entry begins with deb",
            "deb-2.conf, deb-1.conf",
        ],
    );
    // A path below the root; with a root, a file of the running system is not meant.
    directory.file("other.efi", &build::uki());
    for path in ["/other.efi", "loader/../other.efi"] {
        let run = plan(&directory, &["--route=extract", path]);
        assert_eq!(run.code, 0, "{run:?}");
        expect(&run, &["root=/dev/vda quiet"]);
    }
    // A profile, unless a file has that name.
    expect(
        &plan(&directory, &["/uki.efi@rescue"]),
        &["command line single"],
    );
    let none = plan(&directory, &["/uki.efi@gone"]);
    assert_eq!(none.code, 2, "{none:?}");
    directory.file("uki.efi@rescue", &build::uki());
    expect(
        &plan(&directory, &["/uki.efi@rescue"]),
        &["root=/dev/vda quiet"],
    );
    for path in ["/gone.efi", "../entry-names/other.efi"] {
        let run = plan(&directory, &[path]);
        assert_eq!(run.code, 3, "{run:?}");
    }
    // Files of the running system: no disk is looked at.
    let here = |path| directory.run_unlocked(&["boot", "-n", "--route=extract", path]);
    expect(&here("./uki.efi@rescue"), &["root=/dev/vda quiet"]);
    fs::remove_file(directory.path("uki.efi@rescue")).unwrap();
    expect(&here("./uki.efi@rescue"), &["command line single"]);
    let none = here("./gone.efi@1");
    assert_eq!(none.code, 3, "{none:?}");
    let why = "kexec-bpf: ./gone.efi@1: no such file\n";
    assert!(none.stderr.starts_with(why), "{none:?}");
    // No menu, and nobody at the console.
    let run = plan(&directory, &["--menu", "0"]);
    expect(&run, &["entry fed.conf"]);
}

/// Names and order as a boot loader has them.
#[test]
fn profiles_are_named_by_their_id() {
    let directory = root("entry-profiles", &[]);
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    directory.file("EFI/Linux/A.efi", &profiles());
    directory.file("EFI/Linux/b.efi", &profiles());
    let os = format!("ID=test\nNAME=T\nX={}\nBUILD_ID=9\n", "x".repeat(80_000));
    let big = build::pe(&[(".osrel", os.as_bytes()), (".linux", &build::bzimage())]);
    directory.file("EFI/Linux/big.efi", &big);
    let run = list(&directory);
    expect(
        &run,
        &[
            "* 1 b.efi: My Fine OS, 1, the default 2 a.efi: My Fine OS, 1 \
3 b.efi@rescue: My Fine OS (Rescue system), 1 4 a.efi@rescue: My Fine OS (Rescue system), 1 \
5 big.efi: T",
        ],
    );
    for name in ["b.efi@rescue", "b.efi@1", "3"] {
        expect(
            &plan(&directory, &["--route=extract", name]),
            &["command line single"],
        );
    }
}
