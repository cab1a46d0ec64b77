// SPDX-License-Identifier: GPL-2.0-or-later
//! `.osrel` and `.profile` texts.
use crate::formats::image::env_file::value;
use crate::formats::image::{osrel, profile};

#[test]
fn values_as_a_shell_reads_them() {
    let text = br#"
# PLAIN=no
PLAIN=a b
  SPACED = c
DOUBLE="it's \"quoted\" \$HOME"
SINGLE='back\slash "x"'
MIXED=a"b c"'d'
EMPTY=
TWICE=1
TWICE=2
OPEN="no end
NOEQUALS
"#;
    let get = |key| value(text, key);
    assert_eq!(get("PLAIN").as_deref(), Some("a"));
    assert_eq!(get("SPACED").as_deref(), Some("c"));
    assert_eq!(get("DOUBLE").as_deref(), Some("it's \"quoted\" $HOME"));
    assert_eq!(get("SINGLE").as_deref(), Some("back\\slash \"x\""));
    assert_eq!(get("MIXED").as_deref(), Some("ab cd"));
    assert_eq!(get("EMPTY").as_deref(), Some(""));
    assert_eq!(get("TWICE").as_deref(), Some("2"));
    assert_eq!(get("OPEN").as_deref(), Some("no end"));
    assert_eq!(get("NOEQUALS"), None);
    assert_eq!(get("# PLAIN"), None);
}

#[test]
fn values_cannot_steer_a_terminal() {
    assert_eq!(
        value(b"ID=\"\x1b[31m\x07\xff\"\0\0", "ID").as_deref(),
        Some("\\u{1b}[31m\\u{7}\\xff")
    );
}

#[test]
fn os_release() {
    let os = osrel::parse(b"NAME=Debian\nID=debian\nVERSION_ID=\"13\"\nPRETTY_NAME=\"Debian 13\"");
    assert_eq!(os.title(), Some("Debian 13"));
    assert_eq!(os.version_id.as_deref(), Some("13"));
    assert_eq!(osrel::parse(b"ID=x").title(), Some("x"));
    assert_eq!(osrel::parse(b"").title(), None);
}

#[test]
fn profile_text() {
    let text = profile::parse(b"TITLE='Factory reset'\nID=factory-reset\n");
    assert_eq!(text.id.as_deref(), Some("factory-reset"));
    assert_eq!(text.title.as_deref(), Some("Factory reset"));
}
