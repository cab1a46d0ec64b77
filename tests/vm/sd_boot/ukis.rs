// SPDX-License-Identifier: GPL-2.0-or-later
//! Type 2 entries: two UKIs that boot, and many that only say what they are.

use std::path::Path;

use super::KERNEL;
use super::entries::WORDS;
use guest::Partition::{self, Esp as E, Xbootldr as X};
use guest::pe::{Pe, tiny_kernel};
use guest::uki::Uki;

/// UKIs that are too small to run: file system, name, os-release, and the texts of their
/// profiles.
const SMALL: &[(Partition, &str, &str, &[&str])] = &[
    (
        E,
        "pretty.efi",
        "ID=p\nPRETTY_NAME=\"Pretty 1\"\nVERSION_ID=1\n",
        &[],
    ),
    (
        E,
        "bare.efi",
        "ID=p\nPRETTY_NAME=Not in quotes\nVERSION_ID=2\n",
        &[],
    ),
    (E, "only-id.efi", "ID=p\n", &[]),
    (E, "only-name.efi", "NAME=Only a name\n", &[]),
    (
        E,
        "image-id.efi",
        "ID=p\nIMAGE_ID=image\nIMAGE_VERSION=7\nVERSION_ID=1\n",
        &[],
    ),
    (
        E,
        "version.efi",
        "ID=p\nNAME=P\nVERSION=\"3 (three)\"\nVERSION_ID=9\n",
        &[],
    ),
    (
        E,
        "build-1.efi",
        "ID=build\nNAME=B\nBUILD_ID=20260101\n",
        &[],
    ),
    (
        E,
        "build-2.efi",
        "ID=build\nNAME=B\nBUILD_ID=20240101\n",
        &[],
    ),
    (
        E,
        "build-3.efi",
        "ID=build\nNAME=B\nVERSION_ID=1\nBUILD_ID=20990101\n",
        &[],
    ),
    (
        E,
        "build-4.efi",
        "ID=build\nNAME=B\nIMAGE_VERSION=20250101\nVERSION=1\n",
        &[],
    ),
    (
        E,
        "build-5.efi",
        "ID=build\nNAME=B\nVERSION_ID=\nBUILD_ID=20270101\n",
        &[],
    ),
    (
        E,
        "build-6.efi",
        "ID=build\nNAME=B\nVERSION=\"\"\nVERSION_ID=20280101\n",
        &[],
    ),
    (E, "empty-name.efi", "ID=p\nPRETTY_NAME=\nNAME=Name\n", &[]),
    (E, "empty-names.efi", "PRETTY_NAME=\n", &[]),
    (
        E,
        "twice.efi",
        "ID=p\nID=twice\nNAME=T\nVERSION_ID=1\nVERSION_ID=2\n",
        &[],
    ),
    (
        E,
        "quoted-id.efi",
        "ID=\"p\"\nNAME='Single'\nVERSION_ID='4'\n",
        &[],
    ),
    (E, "empty-id.efi", "ID=\nNAME=Empty\n", &[]),
    (E, "empty-quoted.efi", "ID=\"\"\nNAME=Empty\n", &[]),
    (
        E,
        "comments.efi",
        "# ID=x\n ID=p\nNAME=C # no comment\n VERSION_ID=5\n",
        &[],
    ),
    (
        E,
        "escaped.efi",
        "ID=p\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"\nVERSION_ID=6\n",
        &[],
    ),
    (E, "dos.efi", "ID=p\r\nNAME=D\r\nVERSION_ID=7\r\n", &[]),
    (E, "no-name.efi", "BUILD_ID=1\n", &[]),
    (E, "empty-osrel.efi", "", &[]),
    (E, "small+3.efi", "ID=small\nNAME=S\n", &[]),
    (E, "small-bad+0-1.efi", "ID=small\nNAME=S\n", &[]),
    (E, "Upper.EFI", "ID=small\nNAME=U\n", &[]),
    // Long, because OVMF and Linux read a short name's umlaut differently.
    (
        E,
        "gr\u{fc}n-and-long.efi",
        "ID=small\nNAME=Gr\u{fc}n\n",
        &[],
    ),
    (E, "blank s.efi", "ID=small\nNAME=B\n", &[]),
    (E, "at@rescue.efi", "ID=small\nNAME=At\n", &[]),
    (E, ".hidden.efi", "ID=small\nNAME=H\n", &[]),
    (E, "auto-u.efi", "ID=small\nNAME=A\n", &[]),
    (E, "old.efi.bak", "ID=small\nNAME=O\n", &[]),
    (X, "both.efi", "ID=both\nNAME=X\nVERSION_ID=1\n", &[]),
    (E, "both.efi", "ID=both\nNAME=E\nVERSION_ID=1\n", &[]),
    (X, "xbootldr.efi", "ID=p\nNAME=X\nVERSION_ID=8\n", &[]),
    (
        X,
        "two-a.efi",
        "ID=two\nNAME=T\nVERSION_ID=1\n",
        &["ID=main\nTITLE=Main\n", "ID=Rescue\nTITLE=Rescue system\n"],
    ),
    (
        X,
        "two-b.efi",
        "ID=two\nNAME=T\nVERSION_ID=2\n",
        &["ID=main\n", "ID=factory-reset\n"],
    ),
    (
        X,
        "no-ids.efi",
        "ID=two\nNAME=T\nVERSION_ID=2\n",
        &["TITLE=First\n", "TITLE=Second\n", "", "ID=\n"],
    ),
    (
        X,
        "same-ids.efi",
        "ID=two\nNAME=T\nVERSION_ID=3\n",
        &["ID=x\n", "ID=x\n", "ID=x\n"],
    ),
    (
        X,
        "numbers.efi",
        "ID=two\nNAME=T\nVERSION_ID=4\n",
        &["ID=0\n", "ID=2\n", "ID=1\n"],
    ),
    (
        X,
        "three+2-1.efi",
        "ID=two\nNAME=T\nVERSION_ID=5\n",
        &["ID=main\n", "ID=a\n", "ID=b\n"],
    ),
    (
        X,
        "three-bad+0.efi",
        "ID=two\nNAME=T\nVERSION_ID=9\n",
        &["ID=main\n", "ID=a\n"],
    ),
    (
        X,
        "quoted-profile.efi",
        "ID=two\nNAME=T\n",
        &["ID=\"main\"\n", "ID=\"a b\"\nTITLE='A b'\n"],
    ),
];

/// Files in /EFI/Linux that are no UKIs.
const OTHERS: &[(&str, &[u8])] = &[("text.efi", b"no image at all\n"), ("empty.efi", b"")];

pub struct Type2 {
    pub volume: Partition,
    pub name: &'static str,
    pub image: Vec<u8>,
}

/// Returns the small UKIs, and what is none.
pub fn small() -> Vec<Type2> {
    let ukis = SMALL.iter().map(|(volume, name, osrel, profiles)| {
        let mut image = Pe::new()
            .section(".osrel", osrel.as_bytes())
            .section(".cmdline", b"quiet")
            .section(".linux", &tiny_kernel());
        for profile in *profiles {
            image = image.section(".profile", profile.as_bytes());
        }
        Type2 {
            volume: *volume,
            name,
            image: image.bytes(),
        }
    });
    let others = OTHERS.iter().map(|(name, data)| Type2 {
        volume: E,
        name,
        image: data.to_vec(),
    });
    // Neither has a kernel; systemd-boot does not look for one.
    let no_osrel = Pe::new().section(".linux", &tiny_kernel()).bytes();
    let no_kernel = Pe::new().section(".osrel", b"ID=p\nNAME=N\n").bytes();
    let odd = [("no-osrel.efi", no_osrel), ("no-kernel.efi", no_kernel)];
    let odd = odd.into_iter().map(|(name, image)| Type2 {
        volume: E,
        name,
        image,
    });
    ukis.chain(others).chain(odd).collect()
}

/// Builds the UKIs that boot: with three profiles and with a counter.
pub fn real(directory: &Path, initrd: &Path) -> Vec<Type2> {
    let cmdline = |id: &str| format!("{WORDS} id={id}");
    let uki = |name: &str, release: &str| {
        Uki::on_stub(directory, name, &cmdline(name), "stub-forky")
            .options(&["--uname", &KERNEL.release(), "--os-release", release])
            .linux(&KERNEL.image())
            .initrd(initrd)
    };
    let profile = |id: &str, more: &[&str]| {
        let profile = Uki::profile(directory, id, &cmdline(&format!("real-{id}")));
        profile.options(more).build().display().to_string()
    };
    let rescue = profile("Rescue", &[]);
    let third = profile("third", &[]);
    let fourth = profile("fourth", &["--profile", "TITLE=No ID"]);
    let real = uki("real", "ID=real\nNAME=Real\nVERSION_ID=1\n")
        .options(&["--profile", "ID=main\nTITLE=Main"])
        .options(&["--join-profile", &rescue, "--join-profile", &third])
        .options(&["--join-profile", &fourth])
        .build();
    let counted = uki("counted", "ID=real\nNAME=Counted\nVERSION_ID=0\n").build();
    let read = |path: &Path| std::fs::read(path).expect("read a UKI");
    vec![
        Type2 {
            volume: E,
            name: "real.efi",
            image: read(&real),
        },
        Type2 {
            volume: X,
            name: "counted+2.efi",
            image: read(&counted),
        },
    ]
}
