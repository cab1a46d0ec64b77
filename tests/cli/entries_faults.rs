// SPDX-License-Identifier: GPL-2.0-or-later
//! Entries whose files or texts are not what they should be.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::build;
use crate::entries::{expect, list, plan, root};
use crate::thin::Thin;

/// A profile other than the first may reset the machine: it is never started unnamed.
#[test]
fn another_profile_is_no_default() {
    let directory = root("reset", &[]);
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    let kernel = build::bzimage();
    let long = vec![b'a'; 3000];
    let image = build::pe(&[
        (".osrel", b"ID=alpha\n"),
        (".linux", &kernel),
        (".profile", b"ID=main\n"),
        (".cmdline", &long),
        (".profile", b"ID=factory-reset\n"),
        (".cmdline", b"reset"),
    ]);
    directory.file("EFI/Linux/alpha.efi", &image);
    let run = list(&directory);
    expect(&run, &["alpha.efi@factory-reset", "alpha.efi: skipped"]);
    assert!(!run.stdout.contains("default"), "{run:?}");
    assert_eq!(plan(&directory, &[]).code, 1);
    for name in ["al", "alpha", "alpha.e", "alpha.efi"] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 3, "{run:?}");
        expect(&run, &["entry alpha.efi cannot boot"]);
    }
    let run = plan(&directory, &["alpha@fac"]);
    assert_eq!(run.code, 0, "{run:?}");
}

/// The entry after a named one is the next one that can boot, also if only its load shows
/// that another one cannot.
#[test]
fn the_next_entry_is_one_that_loads() {
    let directory = root(
        "next",
        &[
            ("c.conf", "linux /vmlinuz\noptions c\n"),
            ("b.conf", "linux /vmlinuz\ninitrd /zeros\n"),
            ("a.conf", "linux /vmlinuz\noptions a\n"),
        ],
    );
    directory.file("zeros", &[0; 2 << 20]);
    let run = plan(&directory, &["--next", "c"]);
    assert_eq!(run.code, 0, "{run:?}");
    expect(
        &run,
        &["b.conf: skipped: zeros: bad initrd", "entry a.conf"],
    );
}

#[test]
fn other_files_beside_entries_do_not_count() {
    let directory = root("junk", &[("zz.conf", "linux /vmlinuz\noptions root=x\n")]);
    for number in 0..10_000 {
        directory.file(format!("loader/entries/.e{number}.tmp"), b"");
    }
    let run = list(&directory);
    assert_eq!(run.stdout, "*   1  zz.conf, the default\n", "{run:?}");
    assert_eq!(run.stderr, "");
}

/// A path that is longer than any name takes no memory, and is said in short.
#[test]
fn names_that_are_too_long_are_nobodys() {
    let name = "a".repeat(60_000);
    let directory = root("long", &[("a.conf", &format!("linux /{name}\n"))]);
    let run = list(&directory);
    expect(&run, &["a.conf: skipped: no such file: /aaa"]);
    assert!(run.stdout.len() < 400, "{run:?}");
}

#[test]
fn what_is_no_directory_is_told() {
    let directory = root("no-directory", &[]);
    fs::create_dir_all(directory.path("loader")).unwrap();
    let _ = fs::remove_dir(directory.path("loader/entries"));
    directory.file("loader/entries", b"");
    let run = list(&directory);
    assert_eq!(run.code, 1);
    expect(&run, &["loader/entries", "ENOTDIR (20)"]);
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
        file.unwrap().set_len((1 << 32) + 1).unwrap();
    }
    let limit = "the kernel reads at most 4294967296";
    let run = list(&directory);
    let initrd = format!("z.conf: skipped: big: the initrd has 4294967537 bytes; {limit}");
    let image = format!("y.conf: skipped: 4294967297 bytes; {limit}");
    expect(&run, &["a.conf, the default", &initrd, &image]);
    let load = directory.run_unlocked(&["load", "-n", "vmlinuz", "--initrd", "big"]);
    assert_eq!(load.code, 3);
    expect(&load, &["big: the initrd has 4294967297 bytes"]);
}

/// A list reads little of them, but the default's are looked at as for a load. What one entry
/// showed holds for the others.
#[test]
fn initrds_of_zeros_are_no_default() {
    let files = [
        ("good.conf", "linux /vmlinuz\ninitrd /initrd\noptions a\n"),
        ("sparse.conf", "linux /vmlinuz\ninitrd /initrd /sparse\n"),
    ];
    let directory = root("zeros", &files);
    let file = fs::File::create(directory.path("sparse")).unwrap();
    file.set_len(200 << 20).unwrap();
    directory.file("stored", &vec![0; 8 << 20]);
    for number in 10..30 {
        let name = format!("loader/entries/z{number}.conf");
        directory.file(name, b"sort-key a\nlinux /vmlinuz\ninitrd /stored\n");
    }
    let why = "bad initrd: nothing but zeros";
    let run = list(&directory);
    expect(
        &run,
        &[
            "good.conf, the default",
            &format!("sparse.conf: skipped: sparse: {why}"),
        ],
    );
    assert_eq!(run.stdout.matches(why).count(), 21, "{run:?}");
    let run = plan(&directory, &[]);
    assert_eq!(run.code, 0, "{run:?}");
    expect(&run, &["entry good.conf"]);
    // For the one that the list knew, for the first of the others, and for four more.
    assert_eq!(run.stderr.matches(why).count(), 6, "{run:?}");
    let run = plan(&directory, &["z20"]);
    assert_eq!(run.code, 3, "{run:?}");
}

/// A guess counts less than what somebody chose, and than an entry that fails for sure.
#[test]
fn an_entry_in_doubt_boots_where_nothing_better_does() {
    let files = [
        (
            "new.conf",
            "sort-key a\nlinux /vmlinuz\ninitrd /none.img\noptions root=new\n",
        ),
        (
            "old.conf",
            "sort-key b\nlinux /vmlinuz\ninitrd /initrd\noptions root=old\n",
        ),
        ("none.img", ""),
    ];
    let directory = root("doubt", &files);
    expect(
        &plan(&directory, &[]),
        &["new.conf: skipped: its initrd is", "root=old"],
    );
    expect(
        &plan(&directory, &["new"]),
        &["new.conf: its initrd is an empty", "root=new"],
    );
    directory.file("loader/loader.conf", b"default new.conf\n");
    expect(&plan(&directory, &[]), &["root=new"]);
    fs::remove_file(directory.path("loader/loader.conf")).unwrap();
    // This is seen only when it is tried.
    let thin = Thin::with_wrong_hashes("vmlinuz", "initrd");
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    thin.entry(&directory, "thin.efi");
    fs::remove_file(directory.path("loader/entries/old.conf")).unwrap();
    expect(
        &plan(&directory, &[]),
        &["thin.efi: skipped", "entry new.conf", "root=new"],
    );
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
            ("e.conf", "efi /vmlinuz\ninitrd /initrd\n"),
            (
                "f.conf",
                "linux /vmlinuz\ninitrd /none\noptions initrd=/initrd\n",
            ),
            ("g.conf", "linux /uki.efi\noptions initrd=\\x @1 b\n"),
            ("none", ""),
        ],
    );
    // Those of the image itself.
    let own = "initrd 50 bytes in 2 parts .osrel";
    for (name, wanted) in [
        (
            "a",
            &["root=a (from the boot entry)", "initrd, 236 bytes"][..],
        ),
        ("b", &["command line root=b initrd=\\gone", own]),
        ("c", &["command line own", own]),
        ("d", &["initrd, 236 bytes"]),
        ("e", &["initrd, 236 bytes"]),
        ("f", &["initrd, 236 bytes"]),
        // The stub looks for a profile at the beginning only.
        ("g", &["command line initrd=\\x @1 b", own]),
    ] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 0, "{run:?}");
        expect(&run, wanted);
    }
}

/// A name in the list means the entry beside it, whatever else is called so.
#[test]
fn what_the_list_shows_comes_first() {
    let directory = root("exact", &[]);
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    let image = |ids: [&str; 4]| {
        let profiles = ids.map(|id| match id {
            "" => b"TITLE=x\n".to_vec(),
            id => format!("ID={id}\n").into_bytes(),
        });
        let kernel = build::bzimage();
        let mut sections = vec![(".osrel", &b"ID=a\nNAME=A\n"[..]), (".linux", &kernel)];
        let lines = ["zero", "one", "two", "three"];
        for (profile, line) in profiles.iter().zip(lines) {
            sections.extend([(".profile", &profile[..]), (".cmdline", line.as_bytes())]);
        }
        build::pe(&sections)
    };
    for (ids, name, line) in [
        (["1", "0", "b", "c"], "a.efi@0", "one"),
        (["x", "x", "b", "c"], "a.efi@x", "one"),
        (["a", "b", "", "2"], "a.efi@2", "two"),
        (["a", "b", "c", "1"], "a.efi@1", "three"),
        (["a", "b", "c", "d"], "a.efi@1", "one"),
        (["a", "b", "c", "d"], "a.efi@a", "zero"),
        (["a", "b", "c", "d"], "a@c", "two"),
    ] {
        directory.file("EFI/Linux/a.efi", &image(ids));
        let line = format!("command line {line}");
        expect(&plan(&directory, &[name]), &[&line]);
        fs::create_dir_all(directory.path("loader")).unwrap();
        if name.contains(".efi") {
            directory.file("loader/loader.conf", format!("default {name}\n").as_bytes());
            expect(&plan(&directory, &[]), &[&line]);
        }
    }
}

#[test]
fn an_open_quote_swallows_nothing_that_follows() {
    let entry = "linux /vmlinuz\noptions root=x dyndbg=\"file a\n";
    let directory = root("open-quote", &[("q.conf", entry)]);
    let words = ["q", "--append", "quiet"];
    expect(
        &plan(&directory, &words),
        &["root=x dyndbg=\"file a\" quiet"],
    );
    // What is not added to stays as it is.
    expect(&plan(&directory, &["q"]), &["root=x dyndbg=\"file a (from"]);
    let words = [
        "load",
        "-n",
        "vmlinuz",
        "--command-line",
        "a=\"b",
        "--append",
        "c",
    ];
    expect(&directory.run_unlocked(&words), &["command line a=\"b\" c"]);
}

#[test]
fn a_dollar_in_options_stays_where_grub_is_not() {
    let words = "a=root:$y$j9T$abc/d";
    let entry = format!("linux /vmlinuz\noptions {words} $tuned_params\n");
    let directory = root("dollar", &[("a.conf", &entry)]);
    let run = plan(&directory, &[]);
    expect(&run, &[words, "$tuned_params of an entry: no grubenv here"]);
    // One may be left of a boot loader that is gone.
    fs::create_dir(directory.path("grub")).unwrap();
    directory.file("grub/grubenv", b"# GRUB Environment Block\ny=no\n");
    let run = plan(&directory, &[]);
    expect(&run, &["a=root:no$j9T$abc/d"]);
    assert!(!run.stderr.contains("tuned_params"), "{run:?}");
}

#[test]
fn what_is_no_file_is_told_as_such() {
    let directory = root(
        "no-file",
        &[
            ("f.conf", "linux /vmlinuz\ninitrd /fifo\n"),
            ("d.conf", "linux /loader\n"),
            ("g.conf", "linux /gone\n"),
            ("h.conf", "linux /circle\n"),
        ],
    );
    symlink("circle", directory.path("circle")).unwrap();
    let made = Command::new("mkfifo").arg(directory.path("fifo")).status();
    assert!(made.unwrap().success());
    fs::create_dir(directory.path("loader/loader.conf")).unwrap();
    let run = list(&directory);
    let wanted = [
        "f.conf: skipped: fifo: is a FIFO, not a file",
        "d.conf: skipped: loader: is a directory, not a file",
        "g.conf: skipped: no such file: /gone",
        "h.conf: skipped: circle: a link that leads back to itself",
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
    // systemd-boot does not know that name.
    directory.file("loader/loader.conf", b"default x.efi@main\n");
    let default = list(&directory).stdout;
    fs::remove_file(directory.path("loader/loader.conf")).unwrap();
    assert_eq!(default, list(&directory).stdout);
}

/// systemd-boot shows 256 profiles of an image.
#[test]
fn profiles_do_not_multiply_without_end() {
    let directory = root("many-profiles", &[]);
    let kernel = build::bzimage();
    let mut sections: Vec<(&str, &[u8])> = vec![(".osrel", b"ID=a\n"), (".linux", &kernel)];
    sections.resize(302, (".profile", b"TITLE=x\n"));
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    directory.file("EFI/Linux/0.efi", &build::pe(&sections));
    let run = list(&directory);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 256), "{run:?}");
}
