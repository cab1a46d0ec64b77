// SPDX-License-Identifier: GPL-2.0-or-later
//! Type 1 entries: if an entry can boot, none of its paths leads out of its root.
#![no_main]
use kexec_bpf::parts::formats::type1::Type1;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let entry = Type1::parse(text, "x86_64");
    if entry.problem.is_none() {
        assert!(!entry.image.is_empty());
        for path in entry.initrds.iter().chain([&entry.image]) {
            assert!(!path.starts_with(b"/"));
            assert!(path.split(|byte| *byte == b'/').all(|part| part != b".."));
        }
    }
});
