// SPDX-License-Identifier: GPL-2.0-or-later
//! zboot headers: the payload is inside the file.
#![no_main]
use kexec_bpf::parts::image::zboot;
use kexec_bpf_fuzz::inside;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match zboot::parse(file) {
        Ok(header) => inside(file, header.payload),
        Err(error) => drop(format!("{error}")),
    }
});
