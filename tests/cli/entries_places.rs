// SPDX-License-Identifier: GPL-2.0-or-later
//! Entries in /boot, and the files that the paths of an entry lead to.

use std::fs;
use std::os::unix::fs::symlink;

use crate::build;
use crate::entries::{expect, list, plan, root};
use crate::program::Directory;

/// Makes the directory that has /boot one with a system.
fn is_system(directory: &Directory, boot: &str) {
    let boot = directory.path(boot);
    let system = boot.parent().unwrap().join("usr");
    fs::create_dir_all(system).unwrap();
}

/// A machine without a file system for /boot: grub's paths begin at the root.
#[test]
fn entries_in_the_boot_directory_of_a_root_file_system() {
    let grubenv = format!(
        "{:#<1024}",
        "# GRUB Environment Block\nkernelopts=ro quiet\nsaved_entry=b\n"
    );
    for boot in ["boot", "@/boot", "root/boot"] {
        let directory = root(&format!("in-{}", boot.replace('/', "-")), &[]);
        is_system(&directory, boot);
        let put = |name: &str, contents: &str| {
            let path = directory.path(boot).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        };
        put("grub2/grubenv", &grubenv);
        for file in ["vmlinuz", "initrd"] {
            let to = directory.path(boot).join(format!("{file}-1"));
            fs::copy(directory.path(file), to).unwrap();
        }
        let whole = format!(
            "linux /{boot}/vmlinuz-1\ninitrd /{boot}/initrd-1\noptions root=x $kernelopts\n"
        );
        put("loader/entries/c.conf", &whole);
        // Of a /boot that is or was a file system of its own.
        let own = whole.replace(&format!("/{boot}/"), "/");
        put("loader/entries/b.conf", &own);
        let run = list(&directory);
        expect(&run, &["1 c.conf * 2 b.conf, the default (saved_entry"]);
        for name in ["b", "c"] {
            let run = plan(&directory, &[name]);
            assert_eq!(run.code, 0, "{run:?}");
            expect(&run, &["vmlinuz-1", "initrd-1", "root=x ro quiet"]);
        }
        // It is the same system as seen from there.
        let inside = directory.run_unlocked(&["list", "--root", boot]);
        assert_eq!(inside.stdout, run.stdout);
        // What cannot boot does not hide it, nor does it hide that.
        fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
        fs::create_dir_all(directory.path("loader/entries")).unwrap();
        directory.file("EFI/Linux/x.efi", b"");
        directory.file("loader/entries/y.conf", b"linux /gone\n");
        let run = list(&directory);
        let default = "b.conf, the default (saved_entry of grubenv)";
        expect(
            &run,
            &["y.conf: skipped", "x.efi: skipped", "c.conf", default],
        );
        // An entry that a boot loader finds comes first.
        directory.file("loader/entries/d.conf", b"linux /vmlinuz\n");
        directory.file(format!("{boot}/grub2/grubenv"), b"");
        let run = list(&directory);
        expect(&run, &["* 1 d.conf, the default", "4 c.conf", "5 b.conf"]);
        // The same directory by another name is no other place.
        symlink(".", directory.path(boot).join("boot")).unwrap();
        let inside = directory.run_unlocked(&["list", "--root", boot]);
        assert_eq!(inside.stdout.lines().count(), 2, "{inside:?}");
    }
}

/// Paths lead from the root, as grub reads them, and nothing is taken for another file that
/// only has the same name.
#[test]
fn paths_of_a_root_file_system() {
    for (boot, others) in [("boot", ""), ("@/boot", "@/"), ("root/boot", "root/")] {
        let name = format!("paths-{}", boot.replace('/', "-"));
        let directory = root(&name, &[]);
        is_system(&directory, boot);
        let copy = |from: &str, to: &str| {
            let to = directory.path(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(directory.path(from), to).unwrap();
        };
        let entry = |name: &str, linux: &str| {
            let path = directory.path(boot).join("loader/entries").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let of = if linux.contains(".snapshots") {
                boot
            } else {
                "boot"
            };
            fs::write(path, format!("linux {linux}\ninitrd /{of}/initrd\n")).unwrap();
        };
        copy("vmlinuz", &format!("{boot}/vmlinuz-1"));
        copy("initrd", &format!("{boot}/initrd"));
        copy("vmlinuz", &format!("{others}usr/lib/modules/6/vmlinuz"));
        copy("vmlinuz", "@/.snapshots/42/snapshot/boot/vmlinuz-1");
        fs::remove_file(directory.path("vmlinuz")).unwrap();
        let link = |target: &str, at: &str| {
            symlink(target, directory.path(at)).unwrap();
        };
        link("../usr/lib/modules/6/vmlinuz", &format!("{boot}/linked"));
        link("boot/vmlinuz-1", &format!("{others}vmlinuz"));
        entry("plain.conf", "/boot/vmlinuz-1");
        entry("own.conf", "/vmlinuz-1");
        entry("outside.conf", "/usr/lib/modules/6/vmlinuz");
        entry("linked.conf", "/boot/linked");
        entry("debian.conf", "/vmlinuz");
        entry("snapshot.conf", "/@/.snapshots/42/snapshot/boot/vmlinuz-1");
        entry("gone.conf", "/@/.snapshots/7/snapshot/boot/vmlinuz-1");
        entry("other.conf", "/@other/boot/vmlinuz-1");
        // Of a subvolume that is gone.
        let gone = if boot == "@/boot" { "root" } else { "@" };
        entry("subvolume.conf", &format!("/{gone}/boot/vmlinuz-1"));
        for (name, path) in [
            ("plain", format!("{boot}/vmlinuz-1")),
            ("own", format!("{boot}/vmlinuz-1")),
            ("outside", format!("{others}usr/lib/modules/6/vmlinuz")),
            ("linked", format!("{boot}/linked")),
            ("debian", format!("{others}vmlinuz")),
            ("snapshot", "@/.snapshots/42/snapshot/boot/vmlinuz-1".into()),
        ] {
            let run = plan(&directory, &[name]);
            assert_eq!(run.code, 0, "{run:?}");
            expect(&run, &[&format!("image {path}"), "initrd, 236 bytes"]);
        }
        let run = list(&directory);
        for (name, path) in [
            ("gone", "/@/.snapshots/7/snapshot/boot/vmlinuz-1"),
            ("other", "/@other/boot/vmlinuz-1"),
            ("subvolume", &format!("/{gone}/boot/vmlinuz-1")),
        ] {
            // What is in boot/ may be a subvolume, whose name is not known.
            if name == "subvolume" && boot == "boot" {
                continue;
            }
            expect(
                &run,
                &[&format!("{name}.conf: skipped: no such file: {path}")],
            );
        }
        let skipped = run.stdout.matches("skipped").count();
        assert_eq!(skipped, if boot == "boot" { 2 } else { 3 }, "{run:?}");
    }
}

/// Below the top of a btrfs with another system in /boot, an entry of the subvolume @ takes no
/// file of that system: all its files are in the same one.
#[test]
fn files_of_two_systems_are_not_mixed() {
    let directory = root("two-systems", &[]);
    is_system(&directory, "@/boot");
    fs::create_dir_all(directory.path("@/boot/loader/entries")).unwrap();
    fs::create_dir_all(directory.path("boot")).unwrap();
    for name in ["boot/linux", "boot/both", "@/boot/arch", "@/boot/both"] {
        fs::copy(directory.path("vmlinuz"), directory.path(name)).unwrap();
    }
    fs::copy(directory.path("initrd"), directory.path("boot/initrd")).unwrap();
    for (name, text) in [
        ("mixed", "linux /boot/arch\ninitrd /boot/initrd\n"),
        ("both", "linux /boot/both\n"),
        ("top", "linux /boot/linux\ninitrd /boot/initrd\n"),
    ] {
        let path = format!("@/boot/loader/entries/{name}.conf");
        directory.file(path, text.as_bytes());
    }
    let run = list(&directory);
    let missing =
        |name: &str, path: &str| format!("{name}.conf: skipped: no such file: /@/boot/{path}");
    let [initrd, kernel] = [missing("mixed", "initrd"), missing("top", "linux")];
    expect(&run, &["both.conf", &initrd, &kernel]);
    expect(&plan(&directory, &["both"]), &["image @/boot/both"]);
}

/// Root may keep a copy of /boot in its home directory, with entries that are gone.
#[test]
fn a_home_directory_is_no_subvolume() {
    let directory = root("home", &[]);
    for (boot, name) in [("boot", "own"), ("root/boot", "old")] {
        fs::create_dir_all(directory.path(boot).join("loader/entries")).unwrap();
        fs::copy(directory.path("vmlinuz"), directory.path(boot).join("k")).unwrap();
        let path = format!("{boot}/loader/entries/{name}.conf");
        directory.file(path, b"linux /boot/k\n");
    }
    let run = list(&directory);
    assert_eq!(run.stdout, "*   1  own.conf, the default\n");
    is_system(&directory, "root/boot");
    expect(&list(&directory), &["own.conf", "old.conf"]);
}

/// Each /boot of a file system is a place of its own, with its own grubenv.
#[test]
fn two_systems_on_one_file_system() {
    let directory = root("two-systems", &[]);
    let grubenv = |saved: &str, words: &str| {
        format!(
            "{:#<1024}",
            format!("# GRUB Environment Block\nkernelopts={words}\nsaved_entry={saved}\n")
        )
    };
    for (boot, names) in [
        ("root/boot", &["fedora"][..]),
        ("@/boot", &["arch", "arch-lts"]),
    ] {
        is_system(&directory, boot);
        let put = |name: &str, contents: &[u8]| {
            let path = directory.path(boot).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        };
        put("vmlinuz", &fs::read(directory.path("vmlinuz")).unwrap());
        for name in names {
            let text = format!("linux /boot/vmlinuz\noptions root={name} $kernelopts\n");
            put(&format!("loader/entries/{name}.conf"), text.as_bytes());
        }
        put("EFI/Linux/x.efi", &build::uki());
        put(&format!("loader/credentials/{}.cred", names[0]), b"x");
        let saved = names.last().unwrap();
        put(
            "grub2/grubenv",
            grubenv(saved, &format!("own-{saved}")).as_bytes(),
        );
    }
    for (name, words) in [
        ("fedora", "root=fedora own-fedora"),
        ("arch", "root=arch own-arch-lts"),
    ] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 0, "{run:?}");
        expect(&run, &[words]);
    }
    let run = list(&directory);
    assert_eq!(run.stdout.lines().count(), 5);
    let of = |boot: &str| format!("x.efi: Test OS 1, in /{boot}");
    expect(
        &run,
        &[&of("root/boot"), &of("@/boot"), "fedora.conf "].map(str::trim_end),
    );
    // By its path, an image has the same companion files as by its name.
    for (boot, name) in [("root/boot", "fedora"), ("@/boot", "arch")] {
        for path in
            ["/", "./", "/./", "//"].map(|start| [start, boot, "//EFI/./Linux/x.efi"].concat())
        {
            let run = plan(&directory, &[&path]);
            assert_eq!(run.code, 0, "{run:?}");
            expect(&run, &[&format!("{name}.cred")]);
        }
    }
}

/// A /boot with a directory boot/ in it: the file that is named comes first.
#[test]
fn a_leading_boot_is_left_out_only_if_nothing_is_there() {
    let directory = root(
        "leading",
        &[
            (
                "a.conf",
                "linux /boot/vmlinuz\noptions initrd=/boot/initrd\n",
            ),
            ("b.conf", "linux /boot/other\n"),
            ("c.conf", "linux /old/boot/vmlinuz\n"),
        ],
    );
    fs::create_dir_all(directory.path("boot")).unwrap();
    fs::copy(directory.path("vmlinuz"), directory.path("boot/other")).unwrap();
    let run = plan(&directory, &["a"]);
    expect(&run, &["image vmlinuz", "initrd, 236 bytes"]);
    expect(&plan(&directory, &["b"]), &["image boot/other"]);
    let run = list(&directory);
    expect(&run, &["c.conf: skipped: no such file: /old/boot/vmlinuz"]);
}

/// The files that a thin image names are below the /boot that the image is in, also if an
/// entry names the image.
#[test]
fn an_entry_may_name_a_thin_image_in_boot() {
    let directory = root("thin-in-boot", &[]);
    let esp = crate::thin::esp("thin-in-boot-esp");
    fs::create_dir_all(directory.path("boot/loader/entries")).unwrap();
    fs::create_dir_all(directory.path("boot/EFI/nixos")).unwrap();
    fs::create_dir_all(directory.path("boot/EFI/Linux")).unwrap();
    for name in [
        crate::thin::KERNEL,
        crate::thin::INITRD,
        "EFI/Linux/good.efi",
    ] {
        let to = directory.path(format!("boot/{name}"));
        fs::copy(esp.path(name), to).unwrap();
    }
    directory.file("boot/loader/entries/a.conf", b"linux /EFI/Linux/good.efi\n");
    let run = |words: &[&str]| crate::thin::run(&directory, words);
    let listed = run(&["list", "--root", "."]);
    assert!(!listed.stdout.contains("skipped"), "{listed:?}");
    let planned = run(&["boot", "-n", "--root", ".", "a"]);
    expect(&planned, &["boot/EFI/Linux/good.efi"]);
}

/// Fedora's grub loads what `early_initrd` names before an entry's initrds.
#[test]
fn early_initrds_of_grub_come_first() {
    let directory = root(
        "early",
        &[
            ("a.conf", "linux /b/vmlinuz\ninitrd /b/initrd\n"),
            ("c.conf", "linux /b/vmlinuz\n"),
            (
                "grub2/grubenv",
                "# GRUB Environment Block\nearly_initrd=acpi.img gone.img\tempty.img micro.cpio\n",
            ),
        ],
    );
    fs::create_dir(directory.path("b")).unwrap();
    for (from, to) in [
        ("vmlinuz", "vmlinuz"),
        ("initrd", "initrd"),
        ("initrd", "acpi.img"),
        ("initrd", "micro.cpio"),
    ] {
        fs::copy(directory.path(from), directory.path("b").join(to)).unwrap();
    }
    directory.file("b/empty.img", b"");
    for (name, own) in [("a", &["b/initrd"][..]), ("c", &[])] {
        let run = plan(&directory, &[name]);
        assert_eq!(run.code, 0, "{run:?}");
        let places = [&["b/acpi.img", "b/micro.cpio"], own].concat();
        let at: Vec<_> = places.iter().map(|path| run.stdout.find(path)).collect();
        assert!(at.is_sorted() && at.iter().all(Option::is_some), "{run:?}");
        assert!(!run.stdout.contains("gone.img") && !run.stdout.contains("empty.img"));
    }
}
