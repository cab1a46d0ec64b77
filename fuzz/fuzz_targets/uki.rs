// SPDX-License-Identifier: GPL-2.0-or-later
//! UKIs: every profile that can be chosen has a kernel inside the file.
#![no_main]
use kexec_bpf::parts::image::{
    detect_linux, pe,
    uki::{SectionKind, Uki},
};
use kexec_bpf_fuzz::inside;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let Ok(pe) = pe::parse(file) else { return };
    let Ok(uki) = Uki::from_pe(&pe) else { return };
    for profile in 0..=uki.profile_count() {
        let Ok(selection) = uki.select(profile) else {
            continue;
        };
        let linux = selection.linux().expect("a selection has a kernel");
        for kind in SectionKind::ALL {
            for section in selection.all(*kind) {
                inside(file, section.slice);
            }
        }
        if let Err(error) = detect_linux(file, linux) {
            drop(format!("{error}"));
        }
    }
});
