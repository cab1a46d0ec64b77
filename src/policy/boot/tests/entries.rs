// SPDX-License-Identifier: GPL-2.0-or-later
//! The order of entries, and the choice of one.

use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnose, Exit};
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::error::EntryError;
use crate::formats::entries::loader_conf::LoaderConf;
use crate::formats::entries::type1::Type1;
use crate::formats::image::osrel;
use crate::formats::image::profile::{self, ProfileText};
use crate::formats::source::{FileOffset, ReadError, ReadErrorKind};
use crate::policy::boot::choose::{self, DefaultSource};
use crate::policy::boot::entry::{Entry, Kind};
use crate::policy::boot::error::{BootError, Problem};
use crate::policy::explain::Rule;

use super::choice::default;

/// Returns a type 1 entry with these keys.
pub fn entry(file: &str, keys: &str) -> Entry {
    let mut entry = Entry::of_file(Kind::Type1, 0, file.as_bytes()).unwrap();
    entry.describe(Type1::parse(
        format!("linux k\n{keys}").as_bytes(),
        "x86_64",
        None,
    ));
    entry
}

/// Asserts that the entries are in order: each comes before all that follow.
#[track_caller]
fn assert_sorted(entries: &[Entry]) {
    for (at, entry) in entries.iter().enumerate() {
        for (other_at, other) in entries.iter().enumerate() {
            assert_eq!(
                entry.order(other),
                at.cmp(&other_at),
                "{entry:?}\n{other:?}"
            );
        }
    }
}

#[test]
fn entries_are_in_the_specification_s_order() {
    assert_sorted(&[
        // Rule 3: entries with a sort key come first. Rule 2: sort-key ascending,
        // machine-id ascending, version descending; an unset key compares lower.
        entry("z1.conf", "sort-key debian\nversion 6.1\n"),
        entry("z1.conf", "sort-key debian\nmachine-id ''\nversion 6.0\n"),
        entry("z2.conf", "sort-key debian\nmachine-id 01\nversion 6.12\n"),
        entry("z3.conf", "sort-key debian\nmachine-id 01\nversion 6.2\n"),
        entry(
            "z4.conf",
            "sort-key debian\nmachine-id 01\nversion 6.2~rc1\n",
        ),
        entry("z5.conf", "sort-key debian\nmachine-id 01\n"),
        entry("z6.conf", "sort-key debian\nmachine-id 02\nversion 7\n"),
        entry("z7.conf", "sort-key fedora\nversion 9\n"),
        // Rule 4: if the keys are equal, by the file's name, as a version, descending.
        entry("b-10.conf", "sort-key same\n"),
        entry("b-9+3.conf", "sort-key same\n"),
        entry("b-8.conf", "sort-key same\n"),
        // No sort key: by the file's name alone, whatever `version` says.
        entry("debian-6.12.conf", "version 1\n"),
        entry("debian-6.2.conf", "version 9\n"),
        entry("debian-6.2~rc1.conf", "version 8\n"),
        entry("arch.conf", ""),
        // Rule 1: entries whose tries are used up come last, in the same order among
        // themselves.
        entry("y1+0-3.conf", "sort-key arch\nversion 2\n"),
        entry("y2+0.conf", "sort-key arch\nversion 1\n"),
        entry("x+0-1.conf", ""),
        // Entries that cannot boot at all come after all others.
        entry("broken.conf", "sort-key a\narchitecture aa64\n"),
    ]);
}

#[test]
fn the_same_name_is_sorted_by_its_tries() {
    assert_sorted(&[
        entry("a.conf", ""),
        entry("a+3.conf", ""),
        entry("a+2-1.conf", ""),
        entry("a+2-2.conf", ""),
        entry("a+0-3.conf", ""),
        entry("a+0-4.conf", ""),
    ]);
}

/// On the usual Arch machine. UAPI.1 compares without the suffix: then arch-fallback would
/// come first.
#[test]
fn names_are_compared_with_their_suffix() {
    assert_sorted(&[
        entry("arch.conf", ""),
        entry("Arch-lts.conf", ""),
        entry("arch-fallback.conf", ""),
    ]);
}

pub fn uki(file: &str, system: &str, number: u32, own: &str) -> Entry {
    let file = Entry::of_file(Kind::Type2, 1, file.as_bytes()).unwrap();
    let own = profile::parse(own.as_bytes());
    file.of_profile(&osrel::parse(system.as_bytes()), number, &own)
}

#[test]
fn the_first_profiles_of_all_images_come_first() {
    let of = |file: &str, number| uki(file, "ID=debian\nVERSION_ID=1\n", number, "");
    assert_sorted(&[
        uki("a.efi", "ID=debian\nVERSION_ID=2\n", 0, ""),
        uki("a.efi", "ID=debian\nVERSION_ID=2\n", 1, ""),
        of("x2.efi", 0),
        of("x1.efi", 0),
        of("x2.efi", 1),
        of("x1.efi", 1),
        of("x2.efi", 2),
        of("x1.efi", 2),
        uki("z.efi", "ID=fedora\nVERSION_ID=2\n", 0, ""),
    ]);
    // What a type 1 entry names is no profile of its own.
    assert_sorted(&[entry("b.conf", "profile 1\n"), entry("a.conf", "")]);
}

#[test]
fn between_equals_the_first_in_its_directory_comes_first() {
    let read = |file: &str, number| {
        let mut entry = entry(file, "");
        entry.number = number;
        entry
    };
    assert_sorted(&[
        read("_x.conf", 3),
        read("\u{65e5}x.conf", 4),
        read("+x.conf", 5),
    ]);
}

#[test]
fn a_uki_s_version_is_the_first_that_its_system_has() {
    let mut system = String::new();
    for (line, version) in [
        ("BUILD_ID=20240101", "20240101"),
        ("VERSION_ID=1", "1"),
        ("VERSION='2 x'", "2 x"),
        ("IMAGE_VERSION=3", "3"),
        // As in systemd-boot, an empty one counts.
        ("IMAGE_VERSION=", ""),
    ] {
        system = format!("{system}{line}\n");
        let entry = uki("a.efi", &system, 0, "");
        assert_eq!(entry.version, version.as_bytes(), "{system}");
    }
    assert_sorted(&[
        uki("a.efi", "ID=a\nBUILD_ID=20260101\n", 0, ""),
        uki("b.efi", "ID=a\nBUILD_ID=20240101\n", 0, ""),
    ]);
}

#[test]
fn a_profile_is_named_by_its_id_and_by_its_number() {
    let text = "ID=Rescue\nTITLE=Rescue system\n";
    let entries = [
        uki("X+3.EFI", "ID=a\n", 0, "ID=main\n"),
        uki("X+3.EFI", "ID=a\n", 1, text),
        uki("X+3.EFI", "ID=a\n", 2, ""),
    ];
    let ids: Vec<_> = entries.iter().map(|entry| &entry.id[..]).collect();
    assert_eq!(ids, [&b"x.efi"[..], b"x.efi@Rescue", b"x.efi@2"]);
    assert_eq!(entries[1].title, b"a (Rescue system)");
    let none = LoaderVariables::default();
    for (name, index) in [
        ("x", 0),
        ("x.efi", 0),
        ("X+3.EFI", 0),
        ("x.efi@0", 0),
        ("x.efi@RESCUE", 1),
        ("X.efi@1", 1),
        ("x.efi@2", 2),
    ] {
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Ok(index));
        let conf = LoaderConf {
            default: name.into(),
            ..LoaderConf::default()
        };
        let found = default(&entries, &conf, &none);
        if name.contains("efi") && !name.contains('+') {
            assert_eq!(found, Some((index, DefaultSource::LoaderConf)), "{name}");
        }
    }
}

#[test]
fn a_uki_has_an_entry_for_each_profile() {
    let file = Entry::of_file(Kind::Type2, 1, b"deb+2-1.efi").unwrap();
    let system =
        osrel::parse(b"ID=debian\nPRETTY_NAME=\"Debian 13\"\nVERSION_ID=13\nVERSION=\"13 (x)\"");
    let base = file.of_profile(&system, 0, &ProfileText::default());
    let rescue = file.of_profile(&system, 1, &profile::parse(b"TITLE=Rescue"));
    assert_eq!(
        (&base.id[..], &rescue.id[..]),
        (&b"deb.efi"[..], &b"deb.efi@1"[..])
    );
    assert_eq!(
        (&base.title[..], &rescue.title[..]),
        (&b"Debian 13"[..], &b"Debian 13 (Rescue)"[..])
    );
    assert_eq!(
        (base.sort_key.as_deref(), &base.version[..]),
        (Some(&b"debian"[..]), &b"13 (x)"[..])
    );
    assert_sorted(&[base, rescue]);
}

/// systemd-boot does not show it at all.
#[test]
fn a_uki_that_does_not_say_what_it_is_comes_after_the_others() {
    assert_sorted(&[
        uki("empty.efi", "ID=\n", 0, ""),
        entry("a.conf", "sort-key \"\"\n"),
        entry("b.conf", ""),
        uki("c.efi", "VERSION_ID=1\n", 0, ""),
    ]);
}

#[test]
fn names_of_files_that_are_no_entries() {
    for name in [
        "a.txt",
        ".conf",
        ".hidden.conf",
        "auto-reboot.conf",
        "Auto-x.conf",
        "a.conf~",
        "a",
    ] {
        assert_eq!(
            Entry::of_file(Kind::Type1, 0, name.as_bytes()),
            None,
            "{name}"
        );
    }
}

/// Another profile may reset the machine, so the entry after a first profile is never one.
#[test]
fn next_stays_with_first_profiles() {
    let of = |file: &str, version: &str, number| {
        uki(file, &format!("ID=a\nVERSION_ID={version}\n"), number, "")
    };
    let entries = [
        of("a.efi", "2", 0),
        of("a.efi", "2", 1),
        of("b.efi", "1", 0),
        of("b.efi", "1", 1),
        entry("z.conf", "profile 1\n"),
    ];
    assert_sorted(&entries);
    for (index, next) in [(0, 2), (2, 4), (1, 2), (3, 4)] {
        assert_eq!(choose::next(&entries, index), Ok(next));
    }
    assert_eq!(choose::next(&entries[..2], 0).ok(), None);
}

#[test]
fn next_passes_over_what_cannot_boot() {
    let mut entries = [
        entry("a.conf", ""),
        entry("b.conf", ""),
        entry("c.conf", ""),
    ];
    entries[1].problem = Some(Problem::Entry(EntryError::NoImage));
    assert_eq!(choose::next(&entries, 0), Ok(2));
    let after = Some(b"c.conf".to_vec());
    assert_eq!(
        choose::next(&entries, 2),
        Err(BootError::NothingLeft { after })
    );
}

#[test]
fn what_enforce_refuses_is_skipped() {
    let breaks = |keys: &str| Rule::broken_by(&Type1::parse(keys.as_bytes(), "x86_64", None));
    assert_eq!(breaks("uki /a.efi\nprofile 1\n"), None);
    assert_eq!(breaks("uki /a.efi\noptions a\n"), Some(Rule::NoCmdline));
    let both = "linux /k\ninitrd /i\noptions a\n";
    assert_eq!(breaks(both), Some(Rule::NoInitrd));

    let problem = Problem::Enforce(Rule::Signed);
    let mut entries = [entry("b.conf", ""), entry("a.conf", "")];
    entries[0].problem = Some(problem.clone());
    let none = LoaderVariables::default();
    let found = default(&entries, &LoaderConf::default(), &none);
    assert_eq!(found, Some((1, DefaultSource::First)));
    let id = b"b.conf".to_vec();
    let error = BootError::Bad { id, problem };
    let cause = "enforce: the image has no signature";
    let found = error.diagnose();
    assert_eq!((found.cause_text(), found.exit), (cause, Exit::Refused));
}

/// The entry is not a bad image if it was the disk that failed.
#[test]
fn an_entry_that_cannot_be_read_ends_as_its_file_does() {
    for (exit, error) in [
        (Exit::Failed, ReadErrorKind::Io(Errno::EIO)),
        (Exit::BadImage, ReadErrorKind::Truncated),
    ] {
        let error = ReadError {
            offset: FileOffset(0),
            wanted_bytes: 1,
            kind: error,
        };
        let id = b"a.conf".to_vec();
        let problem = Problem::File(error.diagnose());
        assert_eq!(BootError::Bad { id, problem }.diagnose().exit, exit);
    }
}
