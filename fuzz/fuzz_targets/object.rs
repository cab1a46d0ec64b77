// SPDX-License-Identifier: GPL-2.0-or-later
//! BPF object files and their BTF: what is linked has no line behind its end. Files
//! of a megabyte must cost neither time nor memory:
//!
//!     cargo +nightly fuzz run object -- -max_len=1048576 -timeout=2 -rss_limit_mb=512
#![no_main]
use kexec_bpf_fuzz::object::{Btf, Object};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    drop(Btf::parse(file, None).map(|btf| btf.functions(&[b"parse"])));
    match Object::parse(file, "fentry.s/kexec_pe_parser_hook") {
        Ok(object) => {
            let maps: Vec<i32> = (0..).take(object.maps().len()).collect();
            let kfuncs = vec![None; object.kfuncs().len()];
            let linked = object.link(&maps, &kfuncs);
            let count = linked.instructions.len();
            assert!(linked.lines.iter().all(|line| (line[0] as usize) < count));
            drop(object.types());
        }
        Err(error) => drop(format!("{error}")),
    }
});
