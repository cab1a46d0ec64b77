// SPDX-License-Identifier: GPL-2.0-or-later
//! loader.conf and its patterns, EFI variables, words for the hooks, versions, and names
//! with counters.
#![no_main]
use kexec_bpf::parts::formats::counter::Name;
use kexec_bpf::parts::formats::{efi, glob, loader_conf, version};
use kexec_bpf::parts::policy::hook;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let conf = loader_conf::parse(text);
    let _ = glob::matches(&conf.default, b"debian-6.1.conf");
    let _ = (efi::text(text), hook::parse(text));
    let (a, b) = text.split_at(text.len() / 2);
    assert_eq!(version::compare(a, b), version::compare(b, a).reverse());
    if let Some(tried) = Name::parse(text, ".conf").and_then(|name| name.tried()) {
        assert!(Name::parse(&tried, ".conf").is_some_and(|name| name.counter.is_some()));
    }
});
