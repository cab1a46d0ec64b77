// SPDX-License-Identifier: GPL-2.0-or-later
//! `list` and `boot --dry-run` of entries that grub reads, with its variables and choices.

use std::fs;

use crate::entries::{expect, list, plan, root};

fn block(lines: &str) -> String {
    format!("{:#<1024}", format!("# GRUB Environment Block\n{lines}"))
}

#[test]
fn the_entries_of_rhel_boot() {
    let entry = "title RHEL\nlinux /vmlinuz\ninitrd /initrd $tuned_initrd\noptions root=/dev/vda3 \
$kernelopts $tuned_params\n";
    let grubenv = block("kernelopts=ro quiet\nsaved_entry=abc-5.10\n");
    let files = [
        ("abc-5.14.conf", entry),
        ("abc-5.10.conf", entry),
        ("grub2/grubenv", &grubenv),
    ];
    let directory = root("rhel", &files);
    let run = list(&directory);
    assert_eq!(run.code, 0);
    expect(
        &run,
        &["1 abc-5.14.conf: RHEL * 2 abc-5.10.conf: RHEL, the default (saved_entry of grubenv)"],
    );
    // RHEL's entries use variables that are empty on most machines.
    assert_eq!(run.stderr, "");
    let run = plan(&directory, &[]);
    expect(
        &run,
        &[
            "entry abc-5.10.conf",
            "root=/dev/vda3 ro quiet",
            "(from the boot entry)",
        ],
    );
    expect(&run, &["initrd, 236 bytes"]);
    assert_eq!(run.code, 0);

    // Taken, and shown as such; a dry run leaves it there.
    let next = block("next_entry=abc-5.14\nsaved_entry=abc-5.10\n");
    directory.file("grub2/grubenv", next.as_bytes());
    expect(
        &list(&directory),
        &["5.14.conf: RHEL, the default for this boot (next_entry of grubenv)"],
    );
    expect(&plan(&directory, &[]), &["entry abc-5.14.conf"]);
    assert_eq!(
        fs::read(directory.path("grub2/grubenv")).unwrap(),
        next.as_bytes()
    );
    let gone = block("next_entry=gone\n");
    directory.file("grub2/grubenv", gone.as_bytes());
    expect(
        &plan(&directory, &[]),
        &[
            "next_entry of grubenv names gone, which is not here",
            "abc-5.14.conf on",
        ],
    );

    fs::remove_file(directory.path("grub2/grubenv")).unwrap();
    let run = plan(&directory, &[]);
    expect(
        &run,
        &[
            "$kernelopts of an entry: no grubenv here sets it; it is left out",
            "abc-5.14.conf on",
        ],
    );
    fs::create_dir_all(directory.path("EFI/redhat")).unwrap();
    directory.file("EFI/redhat/grubenv", block("kernelopts=efi\n").as_bytes());
    expect(&plan(&directory, &[]), &["root=/dev/vda3 efi"]);

    // Of two vendors, a link says which one is meant.
    fs::create_dir_all(directory.path("EFI/centos")).unwrap();
    directory.file("EFI/centos/grubenv", block("kernelopts=cent\n").as_bytes());
    expect(
        &plan(&directory, &[]),
        &["$kernelopts of an entry: no grubenv"],
    );
    let link = directory.path("grub2/grubenv");
    std::os::unix::fs::symlink("../efi/EFI/redhat/grubenv", link).unwrap();
    expect(&plan(&directory, &[]), &["root=/dev/vda3 efi"]);
}

/// The menu of RHEL 8 has what the environment block beside it lacks.
#[test]
fn grub_has_a_fallback_for_kernelopts() {
    let entry = "linux /vmlinuz\ninitrd /initrd\noptions $kernelopts $tuned_params\n";
    let saved = block("saved_entry=a\n");
    let files = [("a.conf", entry), ("grub2/grubenv", &saved)];
    let directory = root("grub-fallback", &files);
    let none = "a.conf: its command line is $kernelopts, which no grubenv here sets";
    expect(&plan(&directory, &[]), &[none, "entry a.conf"]);

    let menu = "if [ -z \"${kernelopts}\" ]; then\n  set kernelopts=\"root=/dev/m ro\"\nfi\n";
    directory.file("grub2/grub.cfg", menu.as_bytes());
    let run = plan(&directory, &[]);
    expect(&run, &["root=/dev/m ro"]);
    assert!(!run.stderr.contains("left out"), "{}", run.stderr);
    fs::remove_file(directory.path("grub2/grubenv")).unwrap();
    expect(&plan(&directory, &[]), &["root=/dev/m ro"]);

    // A block comes before the menu; and for an entry without words there is another variable.
    let own = block("kernelopts=root=/dev/own\ndefault_kernelopts=root=/dev/default\n");
    directory.file("grub2/grubenv", own.as_bytes());
    expect(&plan(&directory, &[]), &["root=/dev/own"]);
    directory.file("loader/entries/a.conf", b"linux /vmlinuz\ninitrd /initrd\n");
    expect(&plan(&directory, &[]), &["root=/dev/default"]);
}

/// A script is not evaluated, and a menu that is left of another system counts for less than
/// any block.
#[test]
fn of_a_menu_only_plain_values_are_read() {
    let entry = "sort-key a\nlinux /vmlinuz\noptions ${kernelopts}\n";
    let right = block("kernelopts=root=RIGHT\n");
    let files = [
        ("a.conf", entry),
        ("0.conf", "sort-key b\nlinux /vmlinuz\noptions root=0\n"),
        ("EFI/redhat/grubenv", &right),
    ];
    let directory = root("grub-menus", &files);
    let put = |name: &str, text: &str| {
        fs::create_dir_all(directory.path(name).parent().unwrap()).unwrap();
        directory.file(name, text.as_bytes());
    };
    put("EFI/centos/grub.cfg", "set kernelopts=\"root=OLD\"\n");
    put("grub2/grub.cfg", "set kernelopts=\"root=OLD\"\n");
    expect(&plan(&directory, &[]), &["root=RIGHT"]);

    fs::remove_dir_all(directory.path("EFI")).unwrap();
    expect(&plan(&directory, &[]), &["root=OLD"]);
    // A block without one hides no menu, and the first menu counts.
    put("EFI/redhat/grubenv", &block("boot_success=0\n"));
    put("grub/grub.cfg", "set kernelopts=\"root=LEFT\"\n");
    expect(&plan(&directory, &[]), &["root=OLD"]);
    fs::remove_dir_all(directory.path("grub")).unwrap();
    let long = format!("set kernelopts='root=L'\n{}", "#".repeat(100_000));
    put("grub2/grub.cfg", &long);
    expect(&plan(&directory, &[]), &["root=L"]);
    for line in [
        "set kernelopts=\"root=C ro\" # x",
        "set kernelopts=\"root=C\"; export kernelopts",
        "set kernelopts=\"root=$root\"",
        "set kernelopts=\"root=M \\",
        "set kernelopts=\"\"",
    ] {
        put("grub2/grub.cfg", &format!("  {line}\n"));
        let skipped = "a.conf: skipped: its command line is";
        expect(&list(&directory), &[skipped, "0.conf, the default"]);
        expect(&plan(&directory, &["a", "--append", "root=M"]), &["root=M"]);
    }
    put("grub2/grub.cfg", "set default_kernelopts=root=D\n");
    expect(&plan(&directory, &[]), &["root=D"]);
    // A UKI has a command line of its own.
    put("loader/entries/a.conf", "sort-key a\nlinux /uki.efi\n");
    expect(
        &plan(&directory, &[]),
        &["command line own (from the image)"],
    );
}

/// Nobody would know why saved_entry counts nothing.
#[test]
fn a_block_that_is_none_is_told() {
    let files = [("a.conf", "linux /vmlinuz\n"), ("grub2/grubenv", "x=y\n")];
    let run = list(&root("grub-none", &files));
    expect(
        &run,
        &["grub2/grubenv is ignored: not an environment block"],
    );
}

/// grub's numbers count what its menu shows, and that has entries which cannot boot.
#[test]
fn a_number_of_grub_is_one_of_its_menu() {
    let directory = root(
        "grub-number",
        &[
            ("k-3.conf", "linux /gone\n"),
            // grub knows no sort-key.
            ("k-2.conf", "linux /vmlinuz\nsort-key b\n"),
            ("k-1.conf", "linux /vmlinuz\nsort-key a\n"),
            ("grub2/grubenv", &block("saved_entry=1\n")),
        ],
    );
    let default = ", the default (saved_entry of grubenv)";
    expect(&list(&directory), &[&format!("k-2.conf{default}")]);
    directory.file("grub2/grubenv", block("saved_entry=2\n").as_bytes());
    expect(&list(&directory), &[&format!("k-1.conf{default}")]);
    for no_entry in ["0", "3"] {
        let saved = block(&format!("saved_entry={no_entry}\n"));
        directory.file("grub2/grubenv", saved.as_bytes());
        let run = list(&directory);
        expect(&run, &["k-1.conf, the default"]);
        assert!(!run.stdout.contains("saved_entry"), "{run:?}");
    }
}
