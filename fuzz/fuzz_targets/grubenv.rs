// SPDX-License-Identifier: GPL-2.0-or-later
//! grub's environment block: a variable that is taken out is gone, the others stay, and the
//! block keeps its size.
#![no_main]
use kexec_bpf::parts::formats::grubenv::{self, Grubenv};
use libfuzzer_sys::fuzz_target;

const MARK: &[u8] = b"# GRUB Environment Block\n";

fuzz_target!(|input: &[u8]| {
    let _ = Grubenv::parse(input);
    let text = [MARK, input].concat();
    let Some(before) = Grubenv::parse(&text) else {
        panic!("no block");
    };
    let _ = grubenv::expand(input, Some(&before), &mut |name| assert!(!name.is_empty()));
    let Some(left) = grubenv::without(&text, b"next_entry") else {
        panic!("no block");
    };
    assert_eq!(left.len(), text.len());
    let after = Grubenv::parse(&left).unwrap_or_default();
    assert_eq!(after.get(b"next_entry"), None);
    assert_eq!(after.get(b"saved_entry"), before.get(b"saved_entry"));
});
