// SPDX-License-Identifier: GPL-2.0-or-later
//! PKCS#7 signatures, without the PE file around them.
#![no_main]
use kexec_bpf::parts::image::pkcs7;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|der: &[u8]| {
    match pkcs7::parse(der) {
        Ok(signature) => assert!(signature.signers.len() <= 8),
        Err(error) => drop(format!("{error}")),
    }
});
