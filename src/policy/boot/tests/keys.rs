// SPDX-License-Identifier: GPL-2.0-or-later
//! Keys of the menu, whole and in pieces.

use crate::policy::boot::menu::{Menu, Step};

fn press(menu: &mut Menu, keys: &[u8]) -> Step {
    let mut step = Step::Going;
    for key in keys {
        step = menu.key(*key);
        if step != Step::Going {
            break;
        }
    }
    step
}

#[test]
fn keys_choose_an_entry() {
    for (keys, step) in [
        (&b"\r"[..], Step::Chosen(1)),
        (b"3\r", Step::Chosen(2)),
        (b"12\n", Step::Chosen(11)),
        // There is no entry 13, and a digit can be taken back.
        (b"13\r", Step::Going),
        (b"99\r", Step::Going),
        (b"13\r\x7f\r", Step::Chosen(0)),
        (b"99999999999999999999\r\x1b[B\r", Step::Chosen(2)),
        (b"0\r", Step::Chosen(1)),
        (b"12\x7f\r", Step::Chosen(0)),
        (b"\x1b[B\x1b[B\r", Step::Chosen(3)),
        (b"\x1bOA\x1b[A\x1b[A\r", Step::Chosen(0)),
        (b"\x1b[F\x1b[B\r", Step::Chosen(11)),
        (b"5\x1b[B\r", Step::Chosen(2)),
        (b"jjk\r", Step::Chosen(2)),
        (b"q", Step::Cancelled),
        (b"\x03", Step::Cancelled),
        // Truncated, unknown and endless sequences.
        (b"\x1b\r", Step::Chosen(1)),
        (b"\x1b[\r", Step::Chosen(1)),
        (b"\x1b[\x1b[B\r", Step::Chosen(2)),
        (b"\x1b[15~\x1b[1;5Z3\r", Step::Chosen(2)),
        (
            b"\x1b[00000000000000000000000000000000000000000000B\r",
            Step::Chosen(2),
        ),
        (b"\xff\x00\x80abc\x1b", Step::Going),
    ] {
        let mut menu = Menu::new(12, 1);
        assert_eq!(press(&mut menu, keys), step, "{}", keys.escape_ascii());
    }
    assert_eq!(Menu::new(0, 0).key(b'\r'), Step::Cancelled);
}
