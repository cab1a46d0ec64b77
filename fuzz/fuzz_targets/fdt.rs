// SPDX-License-Identifier: GPL-2.0-or-later
//! Device trees: arbitrary bytes cause no read outside the file.
#![no_main]
use kexec_bpf::parts::image::fdt::compatible;
use kexec_bpf_fuzz::whole;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(Some(name)) = compatible(file, whole(file)) {
        assert!(!name.contains(&0));
    }
});
