// SPDX-License-Identifier: GPL-2.0-or-later
//! Setup headers: the payload is inside the file, and the version has no NUL.
#![no_main]
use kexec_bpf::parts::image::bzimage;
use kexec_bpf_fuzz::inside;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match bzimage::parse(file) {
        Ok(header) => {
            header.payload.iter().for_each(|p| inside(file, *p));
            let version = header.kernel_version.as_deref().unwrap_or_default();
            assert!(!version.contains(&0));
            header.release();
            header.kexec_file_blocker();
        }
        Err(error) => drop(format!("{error}")),
    }
});
