// SPDX-License-Identifier: GPL-2.0-or-later
//! Names that are picked, and names that are skipped.
use super::*;

fn picks(directory: CompanionDirectory, names: &[&str]) -> Vec<(String, Option<&'static str>)> {
    let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    let picked = choose(directory, names).picked.into_iter();
    let path = |target| match target {
        Target::Addon => None,
        Target::Member(place) => Some(place.path),
    };
    picked.map(|pick| (pick.name, path(pick.target))).collect()
}

fn pick(name: &str, path: Option<&'static str>) -> (String, Option<&'static str>) {
    (name.into(), path)
}

const ALL: &[&str] = &[
    "z.addon.efi",
    "a.ADDON.EFI",
    "Z.cred",
    "a b.cred",
    "tools.raw",
    "net.confext.raw",
    ".hidden.cred",
    ".cred",
    "a.efi",
    "README",
];

#[test]
fn lanzaboote_takes_credentials_and_extensions_only() {
    assert_eq!(
        picks(CompanionDirectory::Thin, ALL),
        [
            pick("Z.cred", Some(".extra/credentials")),
            pick("a b.cred", Some(".extra/credentials")),
            pick("net.confext.raw", Some(".extra/sysext")),
            pick("tools.raw", Some(".extra/sysext")),
        ]
    );
    for (directory, path) in [
        (CompanionDirectory::Thin, &b"a+3-1.efi.extra"[..]),
        (CompanionDirectory::Own, b"a.efi.extra.d"),
    ] {
        assert_eq!(directory.beside(b"a+3-1.efi"), path);
    }
}

#[test]
fn each_directory_takes_its_own_sorted_by_bytes() {
    assert_eq!(
        picks(CompanionDirectory::Own, ALL),
        [
            pick("Z.cred", Some(".extra/credentials")),
            pick("a b.cred", Some(".extra/credentials")),
            pick("a.ADDON.EFI", None),
            pick("net.confext.raw", Some(".extra/confext")),
            pick("tools.raw", Some(".extra/sysext")),
            pick("z.addon.efi", None),
        ]
    );
    assert_eq!(
        picks(CompanionDirectory::Addons, ALL),
        [pick("a.ADDON.EFI", None), pick("z.addon.efi", None)]
    );
    assert_eq!(
        picks(CompanionDirectory::Credentials, ALL),
        [
            pick("Z.cred", Some(".extra/global_credentials")),
            pick("a b.cred", Some(".extra/global_credentials")),
        ]
    );
    assert_eq!(
        picks(CompanionDirectory::Extensions, ALL),
        [
            pick("net.confext.raw", Some(".extra/global_confext")),
            pick("tools.raw", Some(".extra/global_sysext")),
        ]
    );
}

#[test]
fn names_that_cannot_be_passed_on_are_named() {
    let names = [
        &b"gr\xfcn.cred"[..],
        "gr\u{fc}n.cred".as_bytes(),
        b"a\nb.cred",
    ];
    let choice = choose(CompanionDirectory::Own, names.map(<[u8]>::to_vec).to_vec());
    assert_eq!(choice.picked, []);
    assert_eq!(choice.bad_names.len(), 3);
    // A name that would be skipped anyway is not reported.
    assert_eq!(
        choose(CompanionDirectory::Own, vec![b"\xff.txt".to_vec()]),
        Choice::default()
    );
}

#[test]
fn the_boot_counter_is_not_part_of_the_directorys_name() {
    for (image, directory) in [
        ("a.efi", "a.efi.extra.d"),
        ("a+3.efi", "a.efi.extra.d"),
        ("a+3-12.efi", "a.efi.extra.d"),
        ("a+3", "a.extra.d"),
        ("a+3-1", "a.extra.d"),
        ("a+.efi", "a+.efi.extra.d"),
        ("a+3-.efi", "a+3-.efi.extra.d"),
        ("a+b+3.efi", "a+b+3.efi.extra.d"),
        ("a+3+2.efi", "a+3+2.efi.extra.d"),
        ("a+3x.efi", "a+3x.efi.extra.d"),
        (
            "a+99999999999999999999.efi",
            "a+99999999999999999999.efi.extra.d",
        ),
        ("", ".extra.d"),
    ] {
        let found = own_directory(image.as_bytes());
        assert_eq!(String::from_utf8(found).unwrap(), directory, "{image}");
    }
}

proptest::proptest! {
    #[test]
    fn no_name_leaves_its_directory(names: Vec<Vec<u8>>) {
        for directory in [CompanionDirectory::Own, CompanionDirectory::Addons, CompanionDirectory::Credentials, CompanionDirectory::Extensions] {
            for pick in choose(directory, names.clone()).picked {
                proptest::prop_assert!(!pick.name.starts_with('.'));
                proptest::prop_assert!(pick.name.is_ascii());
            }
        }
    }
}
