// SPDX-License-Identifier: GPL-2.0-or-later
//! Files beside an entry's image that keep it from booting: another entry boots.

use std::fs;
use std::os::unix::fs::symlink;

use crate::build;
use crate::entries::{expect, root};
use crate::program::{Directory, Run, add_words, finish};

/// The first bytes of a file that `lz4` makes without `-l`.
const FRAME: &[u8] = b"\x04\x22\x4d\x18\x64\x40\xa7\x06\0\0\0\x60text\n\0\0\0\0";
const OWN: &str = "EFI/Linux/x.efi.extra.d";

/// Returns a directory with the image x.efi, the first entry, and good.conf.
fn images(test: &str) -> Directory {
    let files = [("good.conf", "linux /vmlinuz\noptions root=/dev/vda\n")];
    let directory = root(test, &files);
    let image = build::pe(&[
        (".osrel", b"ID=test\nNAME=T\n"),
        (".cmdline", b"own"),
        (".linux", &build::bzimage()),
    ]);
    put(&directory, "EFI/Linux/x.efi", &image);
    directory
}

fn put(directory: &Directory, name: &str, contents: &[u8]) {
    fs::create_dir_all(directory.path(name).parent().unwrap()).unwrap();
    directory.file(name, contents);
}

fn run(directory: &Directory, words: &[&str]) -> Run {
    let mut command = directory.command_under("[none] integrity", crate::program::PROGRAM);
    add_words(&mut command, words);
    finish(command.args(["--root", "."])).on_any_host()
}

fn sparse(directory: &Directory, name: &str, bytes: u64) {
    put(directory, name, b"x");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(directory.path(name));
    file.unwrap().set_len(bytes).unwrap();
}

#[test]
fn what_lies_beside_an_image_keeps_no_other_entry_from_booting() {
    let frame = build::pe(&[(".initrd", FRAME)]);
    let long = build::pe(&[(".cmdline", &[b'y'; 3000])]);
    type Make<'a> = &'a dyn Fn(&Directory);
    let own = |file: &str| format!("{OWN}/{file}");
    let cases: [(&str, &str, Make<'_>); 6] = [
        ("initrd", "an lz4 frame at 0x200", &|it| {
            put(it, &own("a.addon.efi"), &frame);
        }),
        ("global", "an lz4 frame at 0x200", &|it| {
            put(it, "loader/addons/g.addon.efi", &frame);
        }),
        ("words", "the command line has 3004 bytes", &|it| {
            put(it, &own("a.addon.efi"), &long);
        }),
        ("many", "too many companion files: 513", &|it| {
            for number in 0..600 {
                put(it, &own(&format!("{number}.cred")), b"x");
            }
        }),
        ("large", "the initrd has", &|it| {
            for name in ["a.cred", "b.cred", "c.cred"] {
                sparse(it, &own(name), (1 << 31) - 2);
            }
        }),
        ("extra", "an lz4 frame at 0x200", &|it| {
            fs::remove_file(it.path("EFI/Linux/x.efi")).unwrap();
            put(it, "b.addon.efi", &frame);
            let entry = b"sort-key a\nlinux /uki.efi\nextra /b.addon.efi\n";
            put(it, "loader/entries/x.efi.conf", entry);
        }),
    ];
    for (name, why, make) in cases {
        let directory = images(&format!("beside-{name}"));
        expect(&run(&directory, &["list"]), &["* 1 x.efi"]);
        make(&directory);
        let list = run(&directory, &["list"]);
        assert_eq!(list.code, 0, "{list:?}");
        expect(&list, &["good.conf, the default", "skipped: ", why]);
        for words in [&[][..], &["--append", "quiet"], &["--next"]] {
            let boot = run(&directory, &[&["boot", "-n"], words].concat());
            let last = words.contains(&"--next");
            assert_eq!(boot.code, if last { 1 } else { 0 }, "{name}: {boot:?}");
            if !last {
                expect(&boot, &["x.efi", "skipped: ", why, "entry good.conf"]);
            }
        }
        let named = run(&directory, &["boot", "-n", "x.efi"]);
        assert_eq!(named.code, 3, "{name}: {named:?}");
        expect(&named, &[why]);
    }
}

/// Another entry would not have them either.
#[test]
fn words_of_the_user_that_are_too_many_are_the_users_fault() {
    let directory = images("beside-append");
    let long = "z".repeat(3000);
    let boot = run(&directory, &["boot", "-n", "--append", &long]);
    assert_eq!(boot.code, 2, "{boot:?}");
    assert!(!boot.stderr.contains("skipped"), "{boot:?}");
}

/// ostree's /boot/loader is a link; one that leads out of its directory is not followed.
#[test]
fn directories_of_companion_files_may_be_links() {
    let directory = images("beside-links");
    let addon = |words: &[u8]| build::pe(&[(".cmdline", words)]);
    put(&directory, "loader.1/addons/g.addon.efi", &addon(b"global"));
    let entry = directory.path("loader/entries/good.conf");
    fs::create_dir_all(directory.path("loader.1/entries")).unwrap();
    fs::rename(entry, directory.path("loader.1/entries/good.conf")).unwrap();
    fs::remove_dir_all(directory.path("loader")).unwrap();
    symlink("loader.1", directory.path("loader")).unwrap();
    put(&directory, "EFI/Linux/all.d/a.addon.efi", &addon(b"mine"));
    symlink("all.d", directory.path(OWN)).unwrap();
    let run_it = || run(&directory, &["boot", "-n", "x"]);
    let boot = run_it();
    assert_eq!(boot.code, 0, "{boot:?}");
    expect(&boot, &["command line own global mine"]);
    assert!(!boot.stderr.contains("skipped"), "{boot:?}");
    fs::remove_file(directory.path(OWN)).unwrap();
    let outside = directory.path("EFI");
    for target in ["../../loader.1/addons", outside.to_str().unwrap()] {
        symlink(target, directory.path(OWN)).unwrap();
        let boot = run_it();
        assert_eq!(boot.code, 0, "{boot:?}");
        expect(
            &boot,
            &["x.efi.extra.d: openat2: EXDEV", "command line own global"],
        );
        fs::remove_file(directory.path(OWN)).unwrap();
    }
}
