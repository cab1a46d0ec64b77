// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice of an entry: the default, and names.

use crate::diagnosis::{Diagnose, Exit};
use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::loader_conf::LoaderConf;
use crate::policy::boot::choose::{self, DefaultSource, GrubChoice, GrubChoices, Missed, Sources};
use crate::policy::boot::entry::Entry;
use crate::policy::boot::error::{BootError, Problem};

use super::entries::{entry, uki};

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_unstable_by(Entry::order);
    entries
}

fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.into())
}

pub fn default(
    entries: &[Entry],
    conf: &LoaderConf,
    variables: &LoaderVariables,
) -> Option<(usize, DefaultSource)> {
    let grub = &[];
    choose::default(
        entries,
        Sources {
            own: entries.len(),
            conf,
            variables,
            grub,
        },
    )
}

/// The names of a default, in the order of `names_of_defaults`.
fn sources(names: [&str; 8], entries: &[Entry]) -> (LoaderConf, LoaderVariables, GrubChoices) {
    let [
        one_shot,
        next,
        preferred,
        preferred_conf,
        variable,
        conf,
        saved,
        last,
    ] = names;
    let place = (0, "");
    let choice =
        |name: &str| text(name).map(|name| GrubChoice::new(name.as_bytes(), place, entries));
    (
        LoaderConf {
            default: conf.into(),
            preferred: preferred_conf.into(),
            ..LoaderConf::default()
        },
        LoaderVariables {
            one_shot: text(one_shot),
            preferred: text(preferred),
            default: text(variable),
            last_booted: text(last),
            ..LoaderVariables::default()
        },
        GrubChoices {
            next: choice(next),
            saved: choice(saved),
            place,
        },
    )
}

#[test]
fn names_of_defaults_count_in_systemd_boots_order() {
    let entries = sorted(vec![
        entry("a.conf", "title My A\n"),
        entry("b.conf", ""),
        entry("c+0-3.conf", ""),
        entry("d.conf", "architecture aa64\n"),
        entry("e.conf", ""),
        entry("f.conf", ""),
    ]);
    let (once, next, preferred, variable, conf, saved, first) = (
        DefaultSource::OneShot,
        DefaultSource::NextEntry,
        DefaultSource::Preferred,
        DefaultSource::Variable,
        DefaultSource::LoaderConf,
        DefaultSource::SavedEntry,
        DefaultSource::First,
    );
    // OneShot, next_entry, Preferred, preferred, Default, default, saved_entry, LastBooted.
    for (names, wanted, because) in [
        (["", "", "", "", "", "", "", ""], "f.conf", first),
        (
            ["a.conf", "b", "e*", "e*", "e*", "e*", "e", ""],
            "a.conf",
            once,
        ),
        (["", "b", "e*", "e*", "e*", "e*", "e", ""], "b.conf", next),
        (
            ["", "", "a*", "b*", "e*", "e*", "e", ""],
            "a.conf",
            preferred,
        ),
        (["", "", "", "b*", "e*", "e*", "e", ""], "b.conf", conf),
        (
            ["", "", "", "", "B.CONF", "e*", "e", ""],
            "b.conf",
            variable,
        ),
        (["", "", "", "", "", "e*", "a", ""], "e.conf", conf),
        (["", "", "", "", "", "", "a", ""], "a.conf", saved),
        (["", "", "", "", "", "", "A.conf", ""], "a.conf", saved),
        (["", "", "", "", "", "", "My A", ""], "a.conf", saved),
        (["", "", "", "", "", "", "0", ""], "f.conf", saved),
        // saved_entry counts only without loader.conf's.
        (["", "", "", "", "", "gone*", "a", ""], "f.conf", first),
        (
            ["", "", "", "", "", "@saved", "a", "b.conf"],
            "b.conf",
            conf,
        ),
        (
            ["", "", "", "", "@saved", "", "", "a.conf"],
            "a.conf",
            variable,
        ),
        (
            ["", "", "@SAVED", "", "", "", "", "a.conf"],
            "a.conf",
            preferred,
        ),
        (["", "", "", "", "", "@saved", "", ""], "f.conf", first),
        // Without tries left: not preferred, but started if it is named otherwise.
        (["c.conf", "", "", "", "", "", "", ""], "c.conf", once),
        (
            ["", "", "c.conf", "c.conf", "", "", "", ""],
            "f.conf",
            first,
        ),
        (
            ["", "", "c.conf", "", "c.conf", "", "", ""],
            "c.conf",
            variable,
        ),
        (["", "", "", "", "", "c.conf", "", ""], "c.conf", conf),
        // It cannot boot, or it is not here.
        (["d.conf", "", "", "", "d*", "", "", ""], "f.conf", first),
        (
            ["gone", "gone", "", "", "", "b.conf", "", ""],
            "b.conf",
            conf,
        ),
        (
            ["auto-windows", "", "", "", "", "", "", ""],
            "f.conf",
            first,
        ),
    ] {
        let (conf, variables, grub) = sources(names, &entries);
        let sources = Sources {
            own: entries.len(),
            conf: &conf,
            variables: &variables,
            grub: &[grub],
        };
        let (index, why) = choose::default(&entries, sources).unwrap();
        let id = String::from_utf8(entries[index].id.clone()).unwrap();
        assert_eq!((id.as_str(), why), (wanted, because), "{names:?}");
    }
    // An entry without tries left is better than nothing; a broken one is not.
    let bad = [
        entry("c+0-3.conf", ""),
        entry("d.conf", "architecture aa64\n"),
    ];
    let (conf, variables) = (LoaderConf::default(), LoaderVariables::default());
    let found = default(&bad, &conf, &variables);
    assert_eq!(found, Some((0, DefaultSource::First)));
    assert_eq!(default(&bad[1..], &conf, &variables), None);
}

#[test]
fn wishes_that_are_not_granted_are_told() {
    let entries = [entry("a.conf", ""), entry("d.conf", "architecture aa64\n")];
    let missed = |names| {
        let (conf, variables, grub) = sources(names, &entries);
        let sources = Sources {
            own: entries.len(),
            conf: &conf,
            variables: &variables,
            grub: &[grub],
        };
        let missed = choose::missed(&entries, sources);
        let shown = |it: Missed| (String::from_utf8(it.name).unwrap(), it.source, it.index);
        missed.into_iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(missed(["a.conf", "gone", "", "", "", "", "", ""]), []);
    assert_eq!(missed(["", "", "", "", "", "", "", ""]), []);
    let one_shot = ("gone".to_owned(), DefaultSource::OneShot, None);
    let pattern = ("d*".to_owned(), DefaultSource::LoaderConf, Some(1));
    // It may well be another boot loader's, which is worth a word, too.
    let windows = ("auto-windows".to_owned(), DefaultSource::Variable, None);
    let found = missed(["gone", "", "", "", "auto-windows", "d*", "", ""]);
    assert_eq!(found, [one_shot, windows, pattern]);
}

#[test]
fn entries_go_by_several_names() {
    let entries = [
        entry("deb-6.12+3-1.conf", ""),
        entry("deb-6.1.conf", ""),
        entry("2.conf", ""),
        uki("fed.efi", "ID=a\n", 0, ""),
        uki("fed.efi", "ID=a\n", 1, "ID=rescue\n"),
    ];
    for (name, index) in [
        ("deb-6.12", 0),
        ("deb-6.12.conf", 0),
        ("Deb-6.12.Conf", 0),
        ("deb-6.12+3-1.conf", 0),
        ("deb-6.12+3-1", 0),
        ("deb-6.1", 1),
        ("deb-6.1.", 1),
        // The number in the list, unless something has that name.
        ("1", 0),
        ("2", 2),
        ("5", 4),
        // The only one that begins like that; an image's profiles count as one.
        ("deb-6.12.c", 0),
        ("F", 3),
        ("fed.efi@r", 4),
    ] {
        assert_eq!(
            choose::by_name(&entries, name.as_bytes()),
            Ok(index),
            "{name}"
        );
    }
    for name in ["gone", "6", "0", "", "deb-6.12+3", "fed.efi@x"] {
        let error = BootError::NoSuchEntry { name: name.into() };
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Err(error));
    }
    let ids = vec![b"deb-6.12.conf".to_vec(), b"deb-6.1.conf".to_vec()];
    let name = b"deb".to_vec();
    let error = BootError::Ambiguous { name, ids };
    assert_eq!(choose::by_name(&entries, b"deb"), Err(error.clone()));
    let found = error.diagnose();
    assert_eq!(
        (found.cause_text(), found.exit),
        ("deb-6.12.conf, deb-6.1.conf", Exit::BadImage)
    );
}

#[test]
fn the_same_id_elsewhere_is_a_copy() {
    let both = || {
        let mut copy = [uki("a.efi", "ID=a\n", 0, ""), uki("a.efi", "ID=a\n", 1, "")];
        copy.iter_mut().for_each(|entry| entry.volume = 1);
        let [first, second] = copy;
        let own = uki("a.efi", "ID=a\n", 0, "");
        [own, uki("a.efi", "ID=a\n", 1, ""), first, second]
    };
    let mut entries = both();
    for (name, index) in [("a", 0), ("a.efi", 0), ("a.e", 0), ("a@1", 1), ("3", 2)] {
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Ok(index));
    }
    // One that cannot boot does not keep its copy from booting; no other profile is meant.
    entries[0].problem = Some(Problem::Missing(Vec::new()));
    for (name, index) in [("a", 2), ("a.efi", 2), ("a.e", 2), ("a@1", 1), ("1", 0)] {
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Ok(index));
    }
    entries[2].problem = Some(Problem::Missing(Vec::new()));
    for name in ["a", "a.efi", "a.e"] {
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Ok(0));
    }
}

/// Two entries that share a name without their suffixes are two entries.
#[test]
fn a_name_without_suffix_is_that_of_one_only() {
    let entries = [uki("a.efi", "ID=a\n", 0, ""), entry("a.conf", "")];
    for (name, index) in [("a.conf", 1), ("A.EFI", 0), ("a.c", 1), ("2", 1)] {
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Ok(index));
    }
    for name in ["a", "A", "a."] {
        let found = choose::by_name(&entries, name.as_bytes());
        let Err(BootError::Ambiguous { ids, .. }) = found else {
            panic!("{name}: {found:?}");
        };
        assert_eq!(ids, [b"a.efi".to_vec(), b"a.conf".to_vec()]);
    }
}

/// Of the profiles of one image, one may be a factory reset.
#[test]
fn the_beginning_of_a_profile_is_that_of_one_only() {
    let image = |id: &str| {
        (0..)
            .zip(["main", "reset", "rescue", "a/b"])
            .map(|(number, own)| uki(id, "ID=a\n", number, &format!("ID={own}\n")))
            .collect::<Vec<_>>()
    };
    let entries = image("a.efi");
    for (name, index) in [
        ("a", 0),
        ("a.e", 0),
        ("a.efi", 0),
        ("a.efi@m", 0),
        ("a@main", 0),
        ("a.efi@res", 4),
        ("a.efi@rese", 1),
        ("A@RESC", 2),
        ("a@resc", 2),
        ("a@a", 3),
        ("a.efi@a/b", 3),
        ("a@re", 4),
        ("a.efi@r", 4),
        ("a.efi@", 4),
        ("a@", 4),
    ] {
        let found = choose::by_name(&entries, name.as_bytes());
        match (index, found) {
            (4, Err(BootError::Ambiguous { ids, .. })) => assert!(ids.len() >= 2, "{name}"),
            (index, found) => assert_eq!(found, Ok(index), "{name}"),
        }
    }
    // A file's name may have the character, too.
    let entries = image("a@b.efi");
    for (name, index) in [
        ("a@", 0),
        ("a@b", 0),
        ("a@b.efi@resc", 2),
        ("a@b@resc", 2),
        ("a@b@1", 1),
    ] {
        assert_eq!(choose::by_name(&entries, name.as_bytes()), Ok(index));
    }
    for (word, name) in [
        ("/loader/entries/a.conf", "a.conf"),
        ("./loader/entries/a.conf", "./loader/entries/a.conf"),
        ("/mnt/loader/entries/a.conf", "/mnt/loader/entries/a.conf"),
        ("loader/entries/a.conf", "a.conf"),
        ("/loader/entries/a/b.conf", "/loader/entries/a/b.conf"),
        ("/loader/entries/a.efi", "/loader/entries/a.efi"),
        ("/a.conf", "/a.conf"),
        ("a", "a"),
    ] {
        assert_eq!(choose::of_entry_file(word.as_bytes()), name.as_bytes());
    }
    for (word, is_path) in [
        ("a.efi@a/b", false),
        ("a", false),
        ("/a@b", true),
        ("@/boot/vmlinuz", true),
        ("./a@b/c", true),
    ] {
        assert_eq!(choose::is_path(word.as_bytes()), is_path, "{word}");
    }
}
