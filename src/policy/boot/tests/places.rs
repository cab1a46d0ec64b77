// SPDX-License-Identifier: GPL-2.0-or-later
//! What names a default means the entries of one boot loader.

use crate::formats::entries::efi::LoaderVariables;
use crate::formats::entries::loader_conf::LoaderConf;
use crate::policy::boot::choose::{self, DefaultSource, GrubChoice, GrubChoices, Missed, Sources};
use crate::policy::boot::error::Problem;

use super::entries::{entry, uki};

/// A choice of grub means the entries beside its environment block, and no others.
#[test]
fn a_choice_of_grub_is_about_one_place() {
    let mut entries = [
        entry("p.conf", ""),
        entry("q.conf", ""),
        entry("q.conf", ""),
    ];
    entries[2].volume = 1;
    let (conf, variables) = (LoaderConf::default(), LoaderVariables::default());
    let choose = |saved: &[(&str, usize)]| {
        let choices = |(name, volume): &(&str, usize)| {
            let place = (*volume, "");
            let saved = Some(GrubChoice::new(name.as_bytes(), place, &entries));
            let next = None;
            GrubChoices { next, saved, place }
        };
        let grub: Vec<_> = saved.iter().map(choices).collect();
        let sources = Sources {
            own: entries.len(),
            conf: &conf,
            variables: &variables,
            grub: &grub,
        };
        choose::default(&entries, sources)
    };
    let saved = DefaultSource::SavedEntry;
    for (of, found) in [
        (&[("q", 1)][..], Some((2, saved))),
        (&[("q", 0)], Some((1, saved))),
        (&[("p", 1)], Some((0, DefaultSource::First))),
        (&[("1", 1)], Some((0, DefaultSource::First))),
        (&[("0", 1)], Some((2, saved))),
        // The first that is granted.
        (&[("x", 0), ("q", 1)], Some((2, saved))),
        (&[("q", 0), ("q", 1)], Some((1, saved))),
    ] {
        assert_eq!(choose(of), found, "{of:?}");
    }
}

/// A name of an old disk may be left in NVRAM, and its disk in the machine.
#[test]
fn what_systemd_boot_is_told_means_its_own_entries() {
    let mut entries = [
        entry("b.conf", ""),
        entry("a.conf", ""),
        entry("old.conf", ""),
    ];
    let conf = LoaderConf {
        default: b"old*".to_vec(),
        ..LoaderConf::default()
    };
    let variables = LoaderVariables {
        one_shot: Some("old.conf".into()),
        ..LoaderVariables::default()
    };
    let sources = Sources {
        own: 2,
        conf: &conf,
        variables: &variables,
        grub: &[],
    };
    let (once, first) = (DefaultSource::OneShot, DefaultSource::First);
    assert_eq!(choose::default(&entries, sources), Some((0, first)));
    let missed = choose::missed(&entries, sources).into_iter();
    let names: Vec<_> = missed
        .map(|Missed { name, index, .. }| (name, index))
        .collect();
    let told = |name: &str| (name.as_bytes().to_vec(), None);
    assert_eq!(names, [told("old.conf"), told("old*")]);
    // If its own cannot boot, others may be meant.
    for entry in &mut entries[..2] {
        entry.problem = Some(Problem::Missing(Vec::new()));
    }
    assert_eq!(choose::default(&entries, sources), Some((2, once)));
    // Nor is another profile one that would be started.
    entries[1] = uki("a.efi", "ID=a\n", 1, "ID=reset\n");
    let sources = Sources {
        variables: &LoaderVariables::default(),
        ..sources
    };
    let found = choose::default(&entries, sources);
    assert_eq!(found, Some((2, DefaultSource::LoaderConf)));
}
