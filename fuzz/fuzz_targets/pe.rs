// SPDX-License-Identifier: GPL-2.0-or-later
//! PE headers, section tables and signatures: every slice is inside the file.
#![no_main]
use kexec_bpf::parts::image::{examine, pe};
use kexec_bpf_fuzz::inside;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match pe::parse(file) {
        Ok(pe) => {
            pe.sections.iter().for_each(|s| inside(file, s.slice));
            if let Ok(Some(table)) = pe.certificate_table {
                inside(file, table);
            }
            drop(examine(file, &pe).summaries());
        }
        Err(error) => drop(format!("{error}")),
    }
});
