// SPDX-License-Identifier: GPL-2.0-or-later
//! `.osrel` and `.profile` texts.
use crate::formats::image::env_file::{self, value};
use crate::formats::image::{osrel, profile};
use crate::formats::source::{FileOffset, FileSlice};

#[test]
fn values_as_systemd_boot_reads_them() {
    let text = br#"
# PLAIN=no
PLAIN=My Fine OS
  SPACED = c 
DOUBLE="it's \"quoted\" \$HOME"
SINGLE='back\slash "x"'
MIXED=a"b c"'d'
EMPTY=
QUOTED=""
TWICE=1
TWICE=2
UNSET=1
UNSET=
OPEN="no end
NOEQUALS
"#;
    let text = [text.as_slice(), b"CR=a b\rAFTER=c \n\0LATE=x\n"].concat();
    let get = |key| value(&text, key).map(|value| String::from_utf8(value).unwrap());
    assert_eq!(get("PLAIN").as_deref(), Some("My Fine OS"));
    assert_eq!(get("SPACED").as_deref(), Some("c"));
    assert_eq!(get("DOUBLE").as_deref(), Some("it's \"quoted\" $HOME"));
    assert_eq!(get("SINGLE").as_deref(), Some("back\\slash \"x\""));
    assert_eq!(get("MIXED").as_deref(), Some("a\"b c\"'d'"));
    assert_eq!(get("TWICE").as_deref(), Some("2"));
    assert_eq!(get("OPEN").as_deref(), Some("\"no end"));
    assert_eq!(get("CR").as_deref(), Some("a b"));
    assert_eq!(get("AFTER").as_deref(), Some("c"));
    for empty in ["EMPTY", "QUOTED", "UNSET"] {
        assert_eq!(get(empty).as_deref(), Some(""), "{empty}");
    }
    for none in ["NOEQUALS", "# PLAIN", "LATE"] {
        assert_eq!(get(none), None, "{none}");
    }
}

#[test]
fn a_long_section_is_read_as_far_as_the_limit() {
    let long = [&b"ID=a\nVERSION_ID="[..], &[b'1'; 80_000], b"\nNAME=b\n"].concat();
    let whole = |text: &[u8]| FileSlice {
        offset: FileOffset(0),
        bytes: text.len() as u64,
    };
    let read = |text: &[u8]| env_file::read(text, whole(text)).unwrap();
    assert_eq!(read(&long), b"ID=a");
    assert_eq!(read(b"ID=a\nNAME=b"), b"ID=a\nNAME=b");
    assert_eq!(read(&[b'x'; 80_000]), b"");
}

#[test]
fn values_are_what_the_file_has() {
    assert_eq!(
        value(b"ID=\"\x1b[31m\x07\xff\"\0\0", "ID").as_deref(),
        Some(&b"\x1b[31m\x07\xff"[..])
    );
}

#[test]
fn os_release() {
    let os = osrel::parse(b"NAME=Debian\nID=debian\nVERSION_ID=\"13\"\nPRETTY_NAME=\"Debian 13\"");
    assert_eq!(os.title(), Some(&b"Debian 13"[..]));
    assert_eq!(os.version_id.as_deref(), Some(&b"13"[..]));
    assert_eq!(osrel::parse(b"ID=x").title(), Some(&b"x"[..]));
    assert_eq!(osrel::parse(b"ID=x\nNAME=").title(), Some(&b"x"[..]));
    assert_eq!(osrel::parse(b"").title(), None);
}

#[test]
fn profile_text() {
    let text = profile::parse(b"TITLE='Factory reset'\nID=factory-reset\n");
    assert_eq!(text.id.as_deref(), Some(&b"factory-reset"[..]));
    assert_eq!(text.title.as_deref(), Some(&b"Factory reset"[..]));
}
