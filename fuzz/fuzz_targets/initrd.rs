// SPDX-License-Identifier: GPL-2.0-or-later
//! Archives of an initrd: they are walked to the end, and never beyond it; what the kernel
//! cannot unpack is told in short lines, the same at both depths.
#![no_main]
use kexec_bpf::parts::formats::{Depth, walk};
use kexec_bpf::parts::{Diagnose, Exit};
use kexec_bpf_fuzz::whole;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let bytes = file.len() as u64;
    let walk = |depth, is_last| {
        let walk = walk(file, whole(file), depth, is_last);
        walk.expect("nothing is read beyond the end")
    };
    for is_last in [true, false] {
        let quick = walk(Depth::Faults, is_last);
        let sizes = walk(Depth::Sizes, is_last);
        for found in [&quick, &sizes] {
            let packed: u64 = found.archives.iter().map(|it| it.packed_bytes).sum();
            assert!(packed <= bytes);
        }
        assert_eq!(quick.fault, sizes.fault);
        let Some(fault) = quick.fault else {
            continue;
        };
        assert!(fault.at.0 < bytes, "{fault:?}");
        let what = format!("{fault}");
        assert!(
            what.len() <= 100 && !what.contains(char::is_control),
            "{what}"
        );
        let found = fault.diagnose();
        assert!(found.cause_text().len() <= 73, "{found:?}");
        assert_eq!(found.exit, Exit::BadImage, "{found:?}");
    }
});
