// SPDX-License-Identifier: GPL-2.0-or-later
//! Arbitrary bytes cause no panic, and every result keeps its promises.

use core::cmp::Ordering;

use proptest::prelude::*;

use crate::formats::disk::tests::build;
use crate::formats::disk::{superblock, table};
use crate::formats::entries::counter::Name;
use crate::formats::entries::grubenv::Grubenv;
use crate::formats::entries::type1::Type1;
use crate::formats::entries::{efi, glob, loader_conf, version};
use crate::policy::boot::hook;
use crate::policy::boot::menu::{Menu, Step};

fn version_text() -> impl Strategy<Value = String> {
    "[0-9a-bA-B~^._+-]{0,8}"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn versions_are_a_total_order(a in version_text(), b in version_text(), c in version_text()) {
        let order = |x: &str, y: &str| version::compare(x.as_bytes(), y.as_bytes());
        prop_assert_eq!(order(&a, &a), Ordering::Equal);
        prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
        if order(&a, &b) != Ordering::Greater && order(&b, &c) != Ordering::Greater {
            prop_assert_ne!(order(&a, &c), Ordering::Greater, "{} {} {}", a, b, c);
        }
    }

    #[test]
    fn any_text_is_parsed(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = (loader_conf::parse(&text), efi::text(&text), hook::parse(&text));
        let entry = Type1::parse(&text, "x86_64", Grubenv::parse(&text).as_ref());
        let bootable = entry.problem.is_none();
        prop_assert!(!bootable || (!entry.image.is_empty() && !entry.image.starts_with(b"/")));
    }

    #[test]
    fn no_path_leads_out(path in r"[./\\a]{1,12}") {
        let entry = Type1::parse(format!("linux {path}").as_bytes(), "x86_64", None);
        if entry.problem.is_none() {
            prop_assert!(entry.image.split(|b| *b == b'/').all(|part| part != b".."));
        }
    }

    #[test]
    fn a_star_fits_all(text in proptest::collection::vec(any::<u8>(), 0..50)) {
        prop_assert!(glob::matches(b"*", &text));
        let _ = glob::matches(&text, b"debian-6.1.conf");
    }

    #[test]
    fn a_tried_name_keeps_its_width(left in 1u32..1000, done in 0u32..1000) {
        let name = format!("a+{left}-{done}.conf");
        let tried = Name::parse(name.as_bytes(), ".conf").unwrap().tried().unwrap();
        prop_assert_eq!(tried.len(), name.len());
        let again = Name::parse(&tried, ".conf").unwrap();
        prop_assert_eq!(again.counter.unwrap().left, left - 1);
        prop_assert_eq!(again.id(), b"a.conf");
    }

    #[test]
    fn any_keys_choose_an_entry_that_exists(
        keys in proptest::collection::vec(any::<u8>(), 0..60), count in 1usize..30,
    ) {
        let mut menu = Menu::new(count, 0);
        for key in keys {
            if let Step::Chosen(index) = menu.key(key) {
                prop_assert!(index < count);
            }
            prop_assert!(menu.shown() < count.max(menu.typed));
        }
    }

    #[test]
    fn any_superblock_is_probed(head in proptest::collection::vec(any::<u8>(), 2048)) {
        let _ = superblock::probe(&head[..]);
    }
}

proptest! {
    // Each case checksums whole tables, so there are fewer cases than usual.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_disk_is_read(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut disk = build(512, &[([3; 16], 40, 50), ([4; 16], 60, 70)]);
        for (at, byte) in flips {
            // Flips bytes of the header and of the first partitions.
            disk[512 + at.index(1024)] = byte;
        }
        let file_bytes = disk.len() as u64;
        for partition in table::read(&disk[..], 512).unwrap().partitions {
            prop_assert!(partition.slice.end().0 <= file_bytes);
        }
        let _ = superblock::probe(&disk[..]);
    }
}
