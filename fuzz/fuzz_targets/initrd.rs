// SPDX-License-Identifier: GPL-2.0-or-later
//! Archives of an initrd: they are walked to the end, and never beyond it; what the kernel
//! cannot unpack is told in short lines, the same at both depths. What the model of the
//! kernel's unpacker takes is never refused, and where it stops among plain archives, that
//! is told.
#![no_main]
use kexec_bpf::parts::formats::{Depth, walk};
use kexec_bpf::parts::{Diagnose, Exit};
use kexec_bpf_fuzz::initramfs::{Verdict, verdict};
use kexec_bpf_fuzz::whole;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let bytes = file.len() as u64;
    let walk = |depth, is_last| {
        let walk = walk(file, whole(file), depth, is_last);
        walk.expect("nothing is read beyond the end")
    };
    // As for an initrd's last part, or another one.
    let is_last = file.last().is_some_and(|byte| *byte == b'\n');
    let quick = walk(Depth::Faults, is_last);
    let sizes = walk(Depth::Sizes, is_last);
    for found in [&quick, &sizes] {
        let packed: u64 = found.archives.iter().map(|it| it.packed_bytes).sum();
        assert!(packed <= bytes);
    }
    assert_eq!(quick.fault, sizes.fault);
    match (verdict(file), quick.fault) {
        ((Verdict::Good, _), fault) if !is_last => assert_eq!(fault, None),
        ((Verdict::Stops(at), false), None) => {
            let is_counted = quick.archives.len() <= 60 && !is_last;
            assert!(!is_counted || file.len() - at < 4, "not told: {at}");
        }
        _ => {}
    }
    let Some(fault) = quick.fault else {
        return;
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
});
