// SPDX-License-Identifier: GPL-2.0-or-later
//! `.osrel` and `.profile`: no value is longer than its text.
#![no_main]
use kexec_bpf::parts::image::{osrel, profile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let os = osrel::parse(text);
    let profile = profile::parse(text);
    for value in [os.title(), profile.id.as_deref(), profile.title.as_deref()] {
        assert!(value.unwrap_or_default().len() < text.len().max(1));
    }
});
