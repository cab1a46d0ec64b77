// SPDX-License-Identifier: GPL-2.0-or-later
//! Type 1 entries with grub's variables: if an entry can boot, none of its paths leads out
//! of its root. The text of the entry goes up to the first 0xff, the block follows.
#![no_main]
use kexec_bpf::parts::formats::grubenv::Grubenv;
use kexec_bpf::parts::formats::type1::Type1;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == 0xff);
    let (text, block) = input.split_at(end.unwrap_or(input.len()));
    let variables = Grubenv::parse(block.get(1..).unwrap_or_default());
    let mut entry = Type1::parse(text, "x86_64", variables.as_ref());
    entry.choose_initrds(text.len().is_multiple_of(2), |_| false);
    if entry.problem.is_none() {
        assert!(!entry.image.is_empty());
        let files = entry.initrds.iter().chain(&entry.extras);
        for path in files.chain([&entry.image]) {
            assert!(!path.is_empty() && !path.starts_with(b"/"));
            assert!(path.split(|byte| *byte == b'/').all(|part| part != b".."));
        }
    }
});
