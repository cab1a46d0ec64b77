// SPDX-License-Identifier: GPL-2.0-or-later
//! Versions, names, patterns and files, with the examples of their specifications.

use core::cmp::Ordering;

use crate::formats::entries::counter::Name;
use crate::formats::entries::efi;
use crate::formats::entries::error::EntryError;
use crate::formats::entries::glob;
use crate::formats::entries::loader_conf::{self, Timeout};
use crate::formats::entries::type1::{EntryKind, Type1};
use crate::formats::entries::version::compare;

#[test]
fn versions_as_the_specification_orders_them() {
    // UAPI.10, "Examples".
    for (a, sign, b) in [
        ("11", '=', "11"),
        ("systemd-123", '=', "systemd-123"),
        ("bar-123", '<', "foo-123"),
        ("123a", '>', "123"),
        ("123.a", '>', "123"),
        ("123.a", '<', "123.b"),
        ("123a", '>', "123.a"),
        ("11\u{3b1}", '=', "11\u{3b2}"),
        ("B", '<', "a"),
        ("", '<', "0"),
        ("0.", '>', "0"),
        ("0.0", '>', "0"),
        ("0", '>', "~"),
        ("", '>', "~"),
        ("1_", '=', "1"),
        ("_1", '=', "1"),
        ("1_", '<', "1.2"),
        ("1_2_3", '>', "1.3.3"),
        ("1+", '=', "1"),
        ("+1", '=', "1"),
        ("1+", '<', "1.2"),
        ("1+2+3", '>', "1.3.3"),
        // Numbers too large for any integer, and leading zeros.
        (
            "99999999999999999999999999",
            '<',
            "100000000000000000000000000",
        ),
        ("007", '=', "7"),
        ("1.00", '=', "1.0"),
    ] {
        let order = match sign {
            '<' => Ordering::Less,
            '>' => Ordering::Greater,
            _ => Ordering::Equal,
        };
        assert_eq!(compare(a.as_bytes(), b.as_bytes()), order, "{a} {sign} {b}");
        let back = compare(b.as_bytes(), a.as_bytes());
        assert_eq!(back, order.reverse(), "{b} and {a}");
    }
    // "each entry compares smaller than every entry to its right"
    let rising = [
        "122.1",
        "123~rc1-1",
        "123",
        "123-a",
        "123-a.1",
        "123-1",
        "123-1.1",
        "123^post1",
        "123.a-1",
        "123.1-1",
        "123a-1",
        "124-1",
    ];
    for (at, a) in rising.iter().enumerate() {
        for (other, b) in rising.iter().enumerate() {
            assert_eq!(
                compare(a.as_bytes(), b.as_bytes()),
                at.cmp(&other),
                "{a} {b}"
            );
        }
    }
}

#[test]
fn counters_as_the_specification_counts() {
    for (name, suffix, id, counter, tried) in [
        ("a.conf", ".conf", "a.conf", None, None),
        (
            "a+3.conf",
            ".conf",
            "a.conf",
            Some((3, 0)),
            Some("a+2-1.conf"),
        ),
        (
            "a+3-0.conf",
            ".conf",
            "a.conf",
            Some((3, 0)),
            Some("a+2-1.conf"),
        ),
        (
            "a+2-1.efi",
            ".efi",
            "a.efi",
            Some((2, 1)),
            Some("a+1-2.efi"),
        ),
        (
            "a+1-2.conf",
            ".conf",
            "a.conf",
            Some((1, 2)),
            Some("a+0-3.conf"),
        ),
        // 0 means bad, and is not counted down any further.
        ("a+0-3.conf", ".conf", "a.conf", Some((0, 3)), None),
        // "+10 becomes +09 instead of +9"
        (
            "a+10-00.conf",
            ".conf",
            "a.conf",
            Some((10, 0)),
            Some("a+09-01.conf"),
        ),
        (
            "a+003-0009.conf",
            ".conf",
            "a.conf",
            Some((3, 9)),
            Some("a+002-0010.conf"),
        ),
        // "it shall be capped at the maximum representable value"
        (
            "a+5-99.conf",
            ".conf",
            "a.conf",
            Some((5, 99)),
            Some("a+4-99.conf"),
        ),
        (
            "a+5-9.conf",
            ".conf",
            "a.conf",
            Some((5, 9)),
            Some("a+4-9.conf"),
        ),
        // These are not counters but parts of the name.
        ("a+.conf", ".conf", "a+.conf", None, None),
        ("a+x.conf", ".conf", "a+x.conf", None, None),
        ("a+3-.conf", ".conf", "a+3-.conf", None, None),
        ("a+3-x.conf", ".conf", "a+3-x.conf", None, None),
        ("+3.conf", ".conf", "+3.conf", None, None),
        ("6.1+b1.conf", ".conf", "6.1+b1.conf", None, None),
        (
            "6.1+2+3.conf",
            ".conf",
            "6.1+2.conf",
            Some((3, 0)),
            Some("6.1+2+2-1.conf"),
        ),
        (
            "a+99999999999999999999.conf",
            ".conf",
            "a+99999999999999999999.conf",
            None,
            None,
        ),
        ("A+3.EFI", ".efi", "A.EFI", Some((3, 0)), Some("A+2-1.EFI")),
    ] {
        let parsed = Name::parse(name.as_bytes(), suffix).unwrap();
        assert_eq!(parsed.id(), id.as_bytes(), "{name}");
        let found = parsed.counter.map(|counter| (counter.left, counter.done));
        assert_eq!(found, counter, "{name}");
        let next = parsed.tried();
        assert_eq!(next.as_deref(), tried.map(str::as_bytes), "{name}");
    }
    assert_eq!(Name::parse(b".conf", ".conf"), None);
    assert_eq!(Name::parse(b"a.efi", ".conf"), None);
    assert_eq!(Name::parse(b"a", ".conf"), None);
}

#[test]
fn patterns_are_those_of_a_shell() {
    for (pattern, text, fits) in [
        ("a.conf", "a.conf", true),
        ("A.CONF", "a.conf", true),
        ("a", "a.conf", false),
        ("*", "", true),
        ("*.conf", "a.conf", true),
        ("debian-*-amd64.conf", "debian-6.1-amd64.conf", true),
        ("debian-*-amd64.conf", "debian-6.1-arm64.conf", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("[a-c]x", "Bx", true),
        ("[!a-c]x", "bx", false),
        ("[]x]", "]", true),
        ("[a", "[a", true),
        (r"\*", "*", true),
        (r"\*", "a", false),
        ("", "a", false),
    ] {
        assert_eq!(
            glob::matches(pattern.as_bytes(), text.as_bytes()),
            fits,
            "{pattern} {text}"
        );
    }
    // This would take a naive matcher ages.
    let (pattern, text) = ("a*".repeat(2000) + "b", "a".repeat(4000));
    assert!(!glob::matches(pattern.as_bytes(), text.as_bytes()));
}

#[test]
fn loader_conf_says_default_and_timeout() {
    let conf = loader_conf::parse(b"# comment\r\ntimeout 5\r\n\r\ndefault  debian-*\r\nx y\r\n");
    assert_eq!(
        (conf.default, conf.timeout),
        (b"debian-*".to_vec(), Timeout::Seconds(5))
    );
    for (value, timeout) in [
        ("0", Timeout::Hidden),
        ("menu-hidden", Timeout::Hidden),
        ("menu-disabled", Timeout::Hidden),
        ("menu-force", Timeout::Forever),
        ("12", Timeout::Seconds(12)),
        ("-1", Timeout::Hidden),
        ("99999999999", Timeout::Hidden),
        ("", Timeout::Hidden),
    ] {
        let text = format!("timeout {value}\n");
        assert_eq!(
            loader_conf::parse(text.as_bytes()).timeout,
            timeout,
            "{value}"
        );
    }
}

#[test]
fn an_entry_as_the_specification_has_it() {
    let text = b"# comment\r
title        Fedora 19 (Rawhide)\r
sort-key     fedora\r
machine-id   6a9857a393724b7a981ebb5b8495b9ea\r
version      3.8.0-2.fc19.x86_64\r
options      root=UUID=6d3376e4 quiet\r
options\t splash\r
architecture X64\r
linux        /6a98/linux\r
initrd       6a98/ucode\r
initrd       //6a98/initrd\r
unknown      x\r
nonsense\r
";
    let entry = Type1::parse(text, "x86_64");
    assert_eq!(entry.problem, None);
    assert_eq!(entry.title, b"Fedora 19 (Rawhide)");
    assert_eq!(entry.sort_key, b"fedora");
    assert_eq!(entry.machine_id, b"6a9857a393724b7a981ebb5b8495b9ea");
    assert_eq!(entry.version, b"3.8.0-2.fc19.x86_64");
    assert_eq!(entry.options, b"root=UUID=6d3376e4 quiet splash");
    assert_eq!(entry.image, b"6a98/linux");
    assert_eq!(entry.initrds, [&b"6a98/ucode"[..], b"6a98/initrd"]);
    assert_eq!(entry.kind, EntryKind::Linux);

    let uki = Type1::parse(b"uki /a.efi\nprofile 2\n", "x86_64");
    assert_eq!((uki.kind, uki.profile), (EntryKind::Program, 2));
    let efi = Type1::parse(b"efi a.efi", "x86_64");
    assert_eq!((efi.kind, efi.problem), (EntryKind::Program, None));
}

#[test]
fn bad_entries_say_what_is_wrong() {
    let dots = |path: &str| Some(EntryError::DotDot(path.as_bytes().to_vec()));
    for (text, problem) in [
        ("linux a\0", Some(EntryError::Nul)),
        ("title a\n", Some(EntryError::NoImage)),
        ("", Some(EntryError::NoImage)),
        ("linux\n", Some(EntryError::NoImage)),
        ("linux ///\n", Some(EntryError::NoImage)),
        (
            "uki-url http://example.com/a.efi\n",
            Some(EntryError::NoImage),
        ),
        ("linux /a/../../b\n", dots("/a/../../b")),
        ("linux a\ninitrd ..\n", dots("..")),
        ("linux a..b\ninitrd ...\n", None),
        (
            "architecture aa64\nlinux a\n",
            Some(EntryError::Architecture(b"aa64".to_vec())),
        ),
        ("linux a\nprofile x\n", Some(EntryError::Profile)),
        ("linux a\ndevicetree b.dtb\n", None),
    ] {
        assert_eq!(
            Type1::parse(text.as_bytes(), "x86_64").problem,
            problem,
            "{text:?}"
        );
    }
    let arm = Type1::parse(b"linux a\ndevicetree b\narchitecture AA64", "aarch64");
    assert_eq!(arm.problem, Some(EntryError::Devicetree));
    let many = "initrd a\n".repeat(65) + "linux a\n";
    let many = Type1::parse(many.as_bytes(), "x86_64");
    assert_eq!(
        (many.problem, many.initrds.len()),
        (Some(EntryError::TooManyInitrds), 64)
    );
}

#[test]
fn variables_are_utf_16() {
    assert_eq!(
        efi::text(b"\x06\0\0\0a\0.\0c\0\0\0").as_deref(),
        Some("a.c")
    );
    assert_eq!(
        efi::text(b"\x06\0\0\0\xe4\0\x3d\xd8\x00\xde").as_deref(),
        Some("\u{e4}\u{1f600}")
    );
    for broken in [
        &b""[..],
        b"\x06\0\0",
        b"\x06\0\0\0",
        b"\x06\0\0\0\0\0a\0",
        b"\x06\0\0\0\0\xd8",
    ] {
        assert_eq!(efi::text(broken), None, "{broken:?}");
    }
}
