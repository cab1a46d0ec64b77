// SPDX-License-Identifier: GPL-2.0-or-later
//! Archives of an initrd: they are walked to the end, and never beyond it.
#![no_main]
use kexec_bpf::parts::formats::walk;
use kexec_bpf::parts::source::{FileOffset, FileSlice};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let bytes = file.len() as u64;
    let slice = FileSlice {
        offset: FileOffset(0),
        bytes,
    };
    let archives = walk(file, slice).expect("nothing is read beyond the end");
    let packed: u64 = archives.iter().map(|archive| archive.packed_bytes).sum();
    assert!(packed <= bytes);
});
