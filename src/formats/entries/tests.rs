// SPDX-License-Identifier: GPL-2.0-or-later
//! Versions, names, patterns and files, with the examples of their specifications.

use core::cmp::Ordering;

use crate::formats::entries::counter::Name;
use crate::formats::entries::efi;
use crate::formats::entries::glob;
use crate::formats::entries::loader_conf::{self, MenuTime, Timeout};
use crate::formats::entries::version::compare;

mod type1;

#[test]
fn versions_as_the_specification_orders_them() {
    // UAPI.10, "Examples"; then what systemd-boot makes of a missing number, of prefixes,
    // and of everything that it skips.
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
        ("1.0", '>', "1.a"),
        ("5.10.0-0.bpo.3", '>', "5.10.0-rc1"),
        ("123..0", '<', "123.0"),
        ("123.", '>', "123"),
        ("12_3", '<', "123"),
        ("12_3", '>', "12"),
        ("12_3", '>', "12.3"),
        ("123_0", '>', "123"),
        ("123_aa2-67.89", '=', "123aa+2-67.89"),
        ("123~rc1-99.99", '<', "123-45.67.89"),
        ("123~rc1-99.99", '<', "123^aa2-67.89"),
        ("123-99.99", '<', "123^aa2-67.89"),
        ("123^45-67.89", '<', "123.45-67.89"),
        ("123^aa2-67.89", '<', "123aa2-67.89"),
        ("123.aa2-67.89", '<', "123aa2-67.89"),
        ("123.45-67.ab", '<', "123.45-67.89"),
        ("10xyz", '>', "10.1xyz"),
        ("xyz.4", '<', "8"),
        ("6.0.rc1", '>', "6.0"),
        ("2.0", '<', "2_0"),
        ("1.0^git1", '<', "1.01"),
        ("1.0^20160101^git1", '<', "1.0^20160102"),
        ("1.0~rc1^git1", '>', "1.0~rc1"),
        ("1.0^git1~pre", '<', "1.0^git1"),
        ("1b.fc17", '>', "1.fc17"),
        ("1.1.\u{3b1}", '=', "1.1.\u{3b2}"),
        ("_", '=', ""),
        ("~", '<', ""),
        ("arch.conf", '>', "arch-lts.conf"),
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
        "123-a1",
        "123-a1.1",
        "123-1",
        "123-1.1",
        "123^post1",
        "123^1",
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
        ("A+3.EFI", ".efi", "a.efi", Some((3, 0)), Some("A+2-1.EFI")),
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
        // A set has no negation.
        ("[!a-c]x", "bx", true),
        ("[!a-c]x", "!x", true),
        ("[!a-c]x", "dx", false),
        ("[]x]", "]", true),
        ("[a", "[a", false),
        ("[a", "a", false),
        (r"[a\-z]", "m", false),
        (r"[a\-z]", "-", true),
        (r"[a\-z]", "z", true),
        (r"[\a-z]", "m", true),
        (r"[a-\z]", "m", true),
        (r"[\]x]", "]", true),
        ("[a-c-f]", "e", false),
        ("[a-c-f]", "-", true),
        ("[-a]", "-", true),
        ("[a-]", "-", true),
        ("[a-]", "b", false),
        ("[C-A]", "b", false),
        (r"a\", "a", false),
        (r"a\", r"a\", false),
        ("?", "\u{e4}", true),
        ("??", "\u{e4}", false),
        ("*?b", "a\u{20ac}b", true),
        ("*a*b", "ab", true),
        ("*a?b", "ab", false),
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
    let conf = loader_conf::parse(b"default 'a b'\npreferred x\npreferred\ndefault @gone\n");
    assert_eq!(
        (&conf.default[..], &conf.preferred[..]),
        (&b"a b"[..], &b"x"[..])
    );
    assert_eq!(loader_conf::parse(b"default @Saved").default, b"@Saved");
    for (value, time) in [
        ("0", Timeout::Hidden),
        ("7", Timeout::Seconds(7)),
        ("forever", Timeout::Forever),
        ("", Timeout::Forever),
    ] {
        let time = Some(MenuTime::Given(time));
        assert_eq!(MenuTime::parse(value.as_bytes()), time, "{value}");
    }
    assert_eq!(MenuTime::parse(b"auto"), Some(MenuTime::Auto));
    assert_eq!(MenuTime::parse(b"x"), None);
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
