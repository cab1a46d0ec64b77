// SPDX-License-Identifier: GPL-2.0-or-later
//! The default entry, where the first entries are thin images that cannot boot.

use crate::build;
use crate::thin::{INITRD, KERNEL, Thin, esp, expect, hex, load, run, run_on};

#[test]
fn a_hash_that_differs_is_refused_by_name_and_skipped() {
    for (what, section, file) in [("kernel", ".linux", KERNEL), ("initrd", ".initrd", INITRD)] {
        let esp = esp(&format!("thin-differs-{what}"));
        let mut bad = Thin::new("9");
        let wanted = vec![0xab; 32];
        let found = match what {
            "kernel" => std::mem::replace(&mut bad.kernel_hash, wanted.clone()),
            _ => std::mem::replace(&mut bad.initrd_hash, wanted.clone()),
        };
        bad.entry(&esp, "bad.efi");
        let hashes = format!("wanted {}, found {}", hex(&wanted), hex(&found));
        let error = format!("{file}: its SHA-256 is not the one that {section}h demands");
        let refused = [&error[..], &hashes];
        expect(&load(&esp, "EFI/Linux/bad.efi", &[]), 3, &refused);
        // --force does not skip it.
        expect(&load(&esp, "EFI/Linux/bad.efi", &["--force"]), 3, &refused);
        expect(
            &run(&esp, &["boot", "-n", "--root", ".", "bad"]),
            3,
            &refused,
        );
        // Newer, so it would be the default.
        expect(
            &run(&esp, &["list", "--root", "."]),
            0,
            &[
                "good.efi: NixOS, 1, the default",
                &format!("bad.efi: skipped: /{error}"),
            ],
        );
        expect(
            &run(&esp, &["boot", "-n", "--root", "."]),
            0,
            &[&format!("bad.efi: skipped: /{error}"), "entry good.efi"],
        );
        bad.entry(&esp, "good.efi");
        expect(
            &run(&esp, &["boot", "-n", "--root", "."]),
            1,
            &["no entry can boot"],
        );
    }
}

/// A kernel that demands signatures would not see the files of a thin image.
#[test]
fn under_lockdown_another_entry_is_the_default() {
    let esp = esp("thin-lockdown");
    esp.file("vmlinuz", &build::bzimage());
    esp.file(
        "loader/entries/z.conf",
        b"title Other\nsort-key z\nlinux /vmlinuz\noptions root=/dev/vda\n",
    );
    let skipped = "good.efi: skipped: lockdown: of a thin image, only the kernel's file";
    let run = |words: &[&str]| run_on("none [integrity] confidentiality", &esp, words);
    let list = run(&["list", "--root", "."]);
    expect(&list, 0, &[skipped, "z.conf: Other, the default"]);
    let boot = run(&["boot", "-n", "--root", "."]);
    expect(&boot, 0, &[skipped, "entry z.conf"]);
    let named = run(&["boot", "-n", "--root", ".", "good"]);
    expect(
        &named,
        4,
        &["only the kernel's file", "--allow-unsigned-initrd"],
    );
}

/// Without the module, nothing would verify what is in a UKI beside its kernel.
#[test]
fn under_lockdown_a_uki_is_skipped() {
    let esp = esp("uki-lockdown");
    esp.file("vmlinuz", &build::bzimage());
    let entry = b"title Other\nsort-key z\nlinux /vmlinuz\noptions root=/dev/vda\n";
    esp.file("loader/entries/z.conf", entry);
    let uki = build::pe(&[(".osrel", b"ID=a\n"), (".linux", &build::bzimage())]);
    esp.file("EFI/Linux/good.efi", &uki);
    let skipped = "good.efi: skipped: lockdown: the UKI is extracted, so nothing verifies";
    let run = |words: &[&str]| run_on("none [integrity] confidentiality", &esp, words);
    let list = run(&["list", "--root", "."]);
    expect(&list, 0, &[skipped, "z.conf: Other, the default"]);
    let boot = run(&["boot", "-n", "--root", "."]);
    expect(&boot, 0, &[skipped, "entry z.conf"]);
    // No other is left, so why it is refused is told by the load.
    std::fs::remove_file(esp.path("loader/entries/z.conf")).unwrap();
    let list = run(&["list", "--root", "."]);
    expect(&list, 0, &["good.efi: a, the default"]);
}

/// However many come first.
#[test]
fn a_good_image_is_found_after_many_bad_ones() {
    let esp = esp("thin-many");
    let mut bad = Thin::new("9");
    bad.kernel_hash = vec![0xab; 32];
    for number in 0..20 {
        bad.entry(&esp, &format!("bad{number}.efi"));
    }
    let list = run(&esp, &["list", "--root", "."]);
    expect(&list, 0, &["good.efi: NixOS, 1, the default"]);
    let boot = run(&esp, &["boot", "-n", "--root", "."]);
    expect(&boot, 0, &["entry good.efi"]);
}

/// A damaged kernel that several generations share is told for each.
#[test]
fn what_is_passed_over_is_told() {
    let esp = esp("thin-passed");
    let mut bad = Thin::new("9");
    bad.kernel_hash = vec![0xab; 32];
    let names = ["bad1.efi", "bad2.efi", "bad3.efi"];
    for name in names {
        bad.entry(&esp, name);
    }
    let told = names.map(|name| format!("{name}: skipped: "));
    let boot = run(&esp, &["boot", "-n", "--root", "."]);
    expect(&boot, 0, &["entry good.efi"]);
    expect(&boot, 0, &told.each_ref().map(String::as_str));
}

#[test]
fn the_entry_after_the_default_is_another_one() {
    let esp = esp("thin-next");
    let mut bad = Thin::new("9");
    bad.kernel_hash = vec![0xab; 32];
    bad.entry(&esp, "bad.efi");
    Thin::new("0").entry(&esp, "old.efi");
    let list = run(&esp, &["list", "--root", "."]);
    expect(&list, 0, &["* 2 good.efi: NixOS, 1, the default"]);
    let next = run(&esp, &["boot", "-n", "--root", ".", "--next"]);
    expect(&next, 0, &["entry old.efi"]);
}
