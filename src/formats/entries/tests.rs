// SPDX-License-Identifier: GPL-2.0-or-later
//! Names, patterns and files, with the examples of their specifications.

use crate::formats::entries::counter::Name;
use crate::formats::entries::efi;
use crate::formats::entries::glob;
use crate::formats::entries::loader_conf::{self, MenuTime, Timeout};

mod type1;
mod version;

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
        // systemd-boot counts up to i32::MAX.
        (
            "a+2147483648.conf",
            ".conf",
            "a+2147483648.conf",
            None,
            None,
        ),
        (
            "a+1-2147483647.conf",
            ".conf",
            "a.conf",
            Some((1, 2_147_483_647)),
            Some("a+0-2147483647.conf"),
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
