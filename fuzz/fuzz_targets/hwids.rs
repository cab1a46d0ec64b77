// SPDX-License-Identifier: GPL-2.0-or-later
//! Tables of hardware IDs: arbitrary bytes cause no read outside the table.
#![no_main]
use kexec_bpf::parts::image::hwids::{Smbios, compatible};
use kexec_bpf_fuzz::whole;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(Some(name)) = compatible(file, whole(file), &Smbios::default()) {
        assert!(!name.contains(&0));
    }
});
