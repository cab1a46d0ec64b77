// SPDX-License-Identifier: GPL-2.0-or-later
//! PE headers and section tables: every slice is inside the file.
#![no_main]
use kexec_bpf_fuzz::{image::pe, inside};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match pe::parse(file) {
        Ok(pe) => {
            pe.sections.iter().for_each(|s| inside(file, s.slice));
            pe.certificate_table
                .iter()
                .for_each(|table| inside(file, *table));
        }
        Err(error) => drop(format!("{error}")),
    }
});
