// SPDX-License-Identifier: GPL-2.0-or-later
//! Entries in /boot, and entries whose files or texts are not what they should be.

use std::fs;
use std::process::Command;

use crate::entries::{expect, list, plan, root};

/// A machine without a file system for /boot: grub's paths begin at the root.
#[test]
fn entries_in_the_boot_directory_of_a_root_file_system() {
    let grubenv = format!(
        "{:#<1024}",
        "# GRUB Environment Block\nkernelopts=ro quiet\nsaved_entry=b\n"
    );
    let directory = root("in-boot", &[("boot/grub2/grubenv", &grubenv)]);
    fs::create_dir_all(directory.path("boot/loader/entries")).unwrap();
    for file in ["vmlinuz", "initrd"] {
        fs::copy(
            directory.path(file),
            directory.path(format!("boot/{file}-1")),
        )
        .unwrap();
    }
    let entries = directory.path("boot/loader/entries");
    let whole = "linux /boot/vmlinuz-1\ninitrd /boot/initrd-1\noptions root=x $kernelopts\n";
    fs::write(entries.join("c.conf"), whole).unwrap();
    // Of a /boot that once was a file system of its own.
    fs::write(entries.join("b.conf"), whole.replace("/boot/", "/")).unwrap();
    let run = list(&directory);
    expect(&run, &["1 c.conf * 2 b.conf, the default (saved_entry"]);
    for name in ["b", "c"] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 0, "{run:?}");
        expect(
            &run,
            &["boot/vmlinuz-1", "boot/initrd-1", "root=x ro quiet"],
        );
    }
    // Where a boot loader finds others, it does not look there.
    fs::create_dir_all(directory.path("loader/entries")).unwrap();
    fs::write(directory.path("loader/entries/d.conf"), "linux /vmlinuz\n").unwrap();
    let run = list(&directory);
    assert!(!run.stdout.contains("c.conf"), "{run:?}");
}

/// More than the kernel reads of one file.
#[test]
fn huge_files_are_no_default() {
    let directory = root(
        "huge",
        &[
            ("z.conf", "linux /vmlinuz\ninitrd /initrd /big\n"),
            ("y.conf", "linux /bigger\n"),
            ("a.conf", "linux /vmlinuz\noptions root=x\n"),
        ],
    );
    for (name, from) in [("big", "initrd"), ("bigger", "vmlinuz")] {
        fs::copy(directory.path(from), directory.path(name)).unwrap();
        let file = fs::OpenOptions::new()
            .write(true)
            .open(directory.path(name));
        file.unwrap().set_len(1 << 31).unwrap();
    }
    let limit = "the kernel reads at most 2147483647";
    let run = list(&directory);
    let initrd = format!("z.conf: skipped: the initrd has 2147483888 bytes; {limit}");
    let image = format!("y.conf: skipped: 2147483648 bytes; {limit}");
    expect(&run, &["a.conf, the default", &initrd, &image]);
    let load = directory.run(&["load", "-n", "vmlinuz", "--initrd", "big"]);
    assert_eq!(load.code, 3);
    expect(&load, &["big: the initrd has 2147483648 bytes"]);
}

#[test]
fn a_nul_ends_the_text() {
    let directory = root(
        "nul",
        &[
            ("n.conf", "linux /vmlinuz\noptions root=n\n\0\0\0"),
            ("a.conf", "linux /vmlinuz\noptions root=a\n"),
            ("loader/loader.conf", "default n.conf\n\0timeout 5\n"),
        ],
    );
    expect(&plan(&directory, &[]), &["entry n.conf", "root=n"]);
}

#[test]
fn the_initrds_of_each_key() {
    let directory = root(
        "keys",
        &[
            ("a.conf", "uki /vmlinuz\noptions root=a initrd=\\initrd\n"),
            ("b.conf", "efi /uki.efi\noptions root=b initrd=\\gone\n"),
            ("c.conf", "uki /uki.efi\ninitrd /gone\n"),
            ("d.conf", "linux /uki.efi\ninitrd /initrd\n"),
        ],
    );
    for (name, wanted) in [
        (
            "a",
            &["root=a (from the boot entry)", "initrd, 236 bytes"][..],
        ),
        (
            "b",
            &[
                "root=b (from the boot entry)",
                "initrd 50 bytes in 2 parts .osrel",
            ],
        ),
        ("c", &["initrd 50 bytes in 2 parts .osrel"]),
        ("d", &["initrd, 236 bytes"]),
    ] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 0, "{run:?}");
        let flat: Vec<_> = run.stdout.split_whitespace().collect();
        let flat = flat.join(" ");
        for text in wanted {
            assert!(flat.contains(text), "{name}: {text}\n{run:?}");
        }
    }
}

#[test]
fn a_dollar_in_options_stays_where_grub_is_not() {
    let words = "a=root:$y$j9T$abc/d";
    let entry = format!("linux /vmlinuz\noptions {words} $tuned_params\n");
    let directory = root("dollar", &[("a.conf", &entry)]);
    let run = plan(&directory, &[]);
    expect(&run, &[words, "$tuned_params of an entry: no grubenv here"]);
}

#[test]
fn what_is_no_file_is_told_as_such() {
    let directory = root(
        "no-file",
        &[
            ("f.conf", "linux /vmlinuz\ninitrd /fifo\n"),
            ("d.conf", "linux /loader\n"),
            ("g.conf", "linux /gone\n"),
        ],
    );
    let made = Command::new("mkfifo").arg(directory.path("fifo")).status();
    assert!(made.unwrap().success());
    fs::create_dir(directory.path("loader/loader.conf")).unwrap();
    let run = list(&directory);
    let wanted = [
        "f.conf: skipped: fifo: is a FIFO, not a file",
        "d.conf: skipped: loader: is a directory, not a file",
        "g.conf: skipped: no such file: /gone",
        "loader/loader.conf is ignored: is a directory, not a file",
    ];
    expect(&run, &wanted);
}

#[test]
fn the_first_profile_goes_by_its_id_too() {
    let directory = root("first-profile", &[("x.conf", "linux /vmlinuz\n")]);
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    fs::rename(directory.path("uki.efi"), directory.path("EFI/Linux/x.efi")).unwrap();
    for name in ["x.efi@main", "x.efi@0", "x.efi"] {
        expect(
            &plan(&directory, &[name]),
            &["entry x.efi on", "command line own"],
        );
    }
    expect(
        &list(&directory),
        &["x.efi: My Fine OS, 1", "(Rescue system)"],
    );
    directory.file("loader/loader.conf", b"default x.efi@main\n");
    expect(&plan(&directory, &[]), &["entry x.efi on"]);
}
