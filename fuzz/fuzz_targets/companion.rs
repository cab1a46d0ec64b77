// SPDX-License-Identifier: GPL-2.0-or-later
//! Names of companion files: those that are picked are sorted, and none begins with a
//! dot.
#![no_main]
use kexec_bpf::parts::policy::{CompanionDirectory, choose, own_directory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    assert!(own_directory(text).ends_with(b".extra.d"));
    let names: Vec<Vec<u8>> = text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    for directory in [
        CompanionDirectory::Own,
        CompanionDirectory::Thin,
        CompanionDirectory::Addons,
        CompanionDirectory::Credentials,
        CompanionDirectory::Extensions,
    ] {
        let picked = choose(directory, names.clone()).picked;
        assert!(picked.is_sorted_by(|a, b| a.name <= b.name));
        assert!(picked.iter().all(|pick| !pick.name.starts_with('.')));
    }
});
