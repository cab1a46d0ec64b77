// SPDX-License-Identifier: GPL-2.0-or-later
//! Command lines: filtering a second time changes nothing.
#![no_main]
use kexec_bpf::parts::formats::{NEXT_KERNEL, join, key, mangle, reuse, words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let mangled = mangle(line);
    assert_eq!(mangle(&mangled), mangled);
    let joined = join(words(line));
    assert!(words(&joined).eq(words(line)));
    assert!(words(line).all(|word| key(word).len() <= word.len()));
    let once = reuse(line, &[NEXT_KERNEL]).kept;
    assert_eq!(reuse(&once, &[NEXT_KERNEL]).kept, once);
});
