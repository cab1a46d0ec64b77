// SPDX-License-Identifier: GPL-2.0-or-later
//! Superblocks: a disk of which all parts of 4 KiB are the same, so that the place of each
//! superblock is in a short input. The first byte is the disk's size.
#![no_main]
use kexec_bpf::parts::formats::superblock::{Content, probe};
use kexec_bpf_fuzz::disk::Disk;
use libfuzzer_sys::fuzz_target;

const PART_BYTES: usize = 4096;

fuzz_target!(|input: &[u8]| {
    let Some((size, part)) = input.split_first() else {
        return;
    };
    let disk = Disk {
        bytes: u64::from(*size) * 2500,
        fill: |offset: u64, buffer: &mut [u8]| {
            buffer.fill(0);
            let mut done = 0;
            while done < buffer.len() {
                let at = (offset as usize + done) % PART_BYTES;
                let count = (PART_BYTES - at).min(buffer.len() - done);
                let found = part.get(at..part.len().min(at + count)).unwrap_or_default();
                buffer[done..done + found.len()].copy_from_slice(found);
                done += count;
            }
        },
    };
    let Ok(Some(Content::Filesystem(found))) = probe(&disk) else {
        return;
    };
    assert!(found.label.len() <= 3 * 512, "{found:?}");
    assert!(matches!(found.uuid.len(), 0 | 9 | 36), "{found:?}");
    assert!(found.uuid.is_ascii() && !found.uuid.contains(char::is_control));
});
