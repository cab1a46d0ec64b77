// SPDX-License-Identifier: GPL-2.0-or-later
//! BPF object files and their BTF: no line of a linked program lies past its end. Files
//! of a megabyte must cost little time and memory:
//!
//!     cargo +nightly fuzz run object -- -max_len=1048576 -timeout=2 -rss_limit_mb=512
#![no_main]
use kexec_bpf::parts::formats::{Btf, Kfunc, Object};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    drop(Btf::parse(file, 0).map(|btf| btf.functions(&[b"parse"], |_| None)));
    match Object::parse(file, "fentry.s/kexec_pe_parser_hook") {
        Ok(object) => {
            let maps: Vec<i32> = (0..).take(object.maps().len()).collect();
            let kfunc = |id: i32| (id % 2 == 0).then_some(Kfunc { id, btf: 1, fd: 3 });
            let kfuncs: Vec<_> = (0..).map(kfunc).take(object.kfuncs().len()).collect();
            let linked = object.link(&maps, &kfuncs);
            let count = linked.instructions.len();
            assert!(linked.lines.iter().all(|line| (line[0] as usize) < count));
            let starts = linked.functions.iter().map(|function| function[0]);
            assert!(starts.clone().next().unwrap_or(0) == 0 && starts.is_sorted());
            drop(object.types());
        }
        Err(error) => drop(format!("{error}")),
    }
});
