// SPDX-License-Identifier: GPL-2.0-or-later
//! The order of entries, and the choice of one.

use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnose, Exit};
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::error::EntryError;
use crate::formats::entries::loader_conf::LoaderConf;
use crate::formats::entries::type1::Type1;
use crate::formats::image::osrel;
use crate::formats::source::{FileOffset, ReadError, ReadErrorKind};
use crate::policy::boot::choose::{self, DefaultSource};
use crate::policy::boot::entry::{Entry, Kind};
use crate::policy::boot::error::{BootError, Problem};
use crate::policy::explain::Rule;

/// Returns a type 1 entry with these keys.
fn entry(file: &str, keys: &str) -> Entry {
    let mut entry = Entry::of_file(Kind::Type1, 0, file.as_bytes()).unwrap();
    entry.describe(Type1::parse(
        format!("linux k\n{keys}").as_bytes(),
        "x86_64",
    ));
    entry
}

/// Asserts that the entries are in the specification's order: each comes before all that
/// follow.
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

#[test]
fn a_uki_has_an_entry_for_each_profile() {
    let file = Entry::of_file(Kind::Type2, 1, b"deb+2-1.efi").unwrap();
    let system =
        osrel::parse(b"ID=debian\nPRETTY_NAME=\"Debian 13\"\nVERSION_ID=13\nVERSION=\"13 (x)\"");
    let base = file.of_profile(&system, 0, None);
    let rescue = file.of_profile(&system, 1, Some("Rescue"));
    assert_eq!(
        (&base.id[..], &rescue.id[..]),
        (&b"deb.efi"[..], &b"deb.efi@1"[..])
    );
    assert_eq!(
        (&base.title[..], &rescue.title[..]),
        (&b"Debian 13"[..], &b"Debian 13 (Rescue)"[..])
    );
    assert_eq!(
        (&base.sort_key[..], &base.version[..]),
        (&b"debian"[..], &b"13 (x)"[..])
    );
    assert_sorted(&[base, rescue]);
}

#[test]
fn names_of_files_that_are_no_entries() {
    for name in [
        "a.txt",
        ".conf",
        ".hidden.conf",
        "auto-reboot.conf",
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

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_unstable_by(Entry::order);
    entries
}

fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.into())
}

#[test]
fn the_default_is_one_shot_then_variable_then_loader_conf_then_first() {
    let entries = sorted(vec![
        entry("a.conf", ""),
        entry("b.conf", ""),
        entry("c+0-3.conf", ""),
        entry("d.conf", "architecture aa64\n"),
        entry("e.conf", ""),
        entry("f.conf", ""),
    ]);
    let id = |index: usize| String::from_utf8(entries[index].id.clone()).unwrap();
    for (one_shot, default, saved, conf, wanted, because) in [
        ("", "", "", "", "f.conf", DefaultSource::First),
        ("", "", "", "a*", "a.conf", DefaultSource::LoaderConf),
        ("", "B.CONF", "", "a*", "b.conf", DefaultSource::Variable),
        (
            "a.conf",
            "b.conf",
            "",
            "e*",
            "a.conf",
            DefaultSource::OneShot,
        ),
        (
            "gone.conf",
            "gone.conf",
            "",
            "gone",
            "f.conf",
            DefaultSource::First,
        ),
        (
            "",
            "",
            "b.conf",
            "@saved",
            "b.conf",
            DefaultSource::LoaderConf,
        ),
        (
            "",
            "@saved",
            "a.conf",
            "",
            "a.conf",
            DefaultSource::Variable,
        ),
        ("", "", "", "@saved", "f.conf", DefaultSource::First),
        // An entry without tries left and one for another machine are skipped.
        ("", "", "", "c.conf", "f.conf", DefaultSource::First),
        ("d.conf", "", "", "", "f.conf", DefaultSource::First),
    ] {
        let variables = LoaderVariables {
            one_shot: text(one_shot),
            default: text(default),
            last_booted: text(saved),
            device_part_uuid: None,
        };
        let conf = LoaderConf {
            default: conf.into(),
            ..LoaderConf::default()
        };
        let (index, why) = choose::default(&entries, &conf, &variables).unwrap();
        assert_eq!((id(index).as_str(), why), (wanted, because));
    }
    // An entry without tries left is better than nothing; a broken one is not.
    let bad = [
        entry("c+0-3.conf", ""),
        entry("d.conf", "architecture aa64\n"),
    ];
    let none = (LoaderConf::default(), LoaderVariables::default());
    assert_eq!(
        choose::default(&bad, &none.0, &none.1),
        Some((0, DefaultSource::First))
    );
    assert_eq!(choose::default(&bad[1..], &none.0, &none.1), None);
}

#[test]
fn entries_go_by_several_names() {
    let entries = [entry("a+3-1.conf", ""), entry("b.conf", "")];
    for name in ["a", "a.conf", "A.Conf", "a+3-1.conf"] {
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Ok(0), "{name}");
    }
    let name = b"a+3".to_vec();
    assert_eq!(
        choose::by_name(&entries, b"a+3"),
        Err(BootError::NoSuchEntry { name })
    );
}

#[test]
fn next_passes_over_what_cannot_boot() {
    let mut entries = [
        entry("a.conf", ""),
        entry("b.conf", ""),
        entry("c.conf", ""),
    ];
    entries[1].problem = Some(Problem::Entry(EntryError::Nul));
    assert_eq!(choose::next(&entries, 0), Ok(2));
    let after = Some(b"c.conf".to_vec());
    assert_eq!(
        choose::next(&entries, 2),
        Err(BootError::NothingLeft { after })
    );
}

#[test]
fn what_enforce_refuses_is_skipped() {
    let breaks = |keys: &str| Rule::broken_by(&Type1::parse(keys.as_bytes(), "x86_64"));
    assert_eq!(breaks("uki /a.efi\nprofile 1\n"), None);
    assert_eq!(breaks("uki /a.efi\noptions a\n"), Some(Rule::NoCmdline));
    let both = "linux /k\ninitrd /i\noptions a\n";
    assert_eq!(breaks(both), Some(Rule::NoInitrd));

    let problem = Problem::Enforce(Rule::Signed);
    let mut entries = [entry("b.conf", ""), entry("a.conf", "")];
    entries[0].problem = Some(problem.clone());
    let none = LoaderVariables::default();
    let default = choose::default(&entries, &LoaderConf::default(), &none);
    assert_eq!(default, Some((1, DefaultSource::First)));
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
