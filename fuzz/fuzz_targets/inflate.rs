// SPDX-License-Identifier: GPL-2.0-or-later
//! Deflate, compared with miniz_oxide: the same bytes and the same end. What is refused is no
//! stream there either; miniz_oxide refuses a code with unused bits before its first use.
//! The first two bytes are the room for the unpacked bytes.
#![no_main]
use kexec_bpf::parts::formats::{End, inflate};
use libfuzzer_sys::fuzz_target;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

fn reference(packed: &[u8], out: &mut [u8]) -> (TINFLStatus, usize) {
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, _, written) = decompress(&mut DecompressorOxide::default(), packed, out, 0, flags);
    (status, written)
}

fuzz_target!(|input: &[u8]| {
    let Some(([low, high], packed)) = input.split_first_chunk() else {
        return;
    };
    let room = usize::from(u16::from_le_bytes([*low, *high]) & 0x7ff);
    let mut out = vec![0xee; room];
    let (written, end) = inflate(packed, &mut out);
    let mut other = vec![0xee; room];
    let (status, other_written) = reference(packed, &mut other);
    let common = written.min(other_written);
    assert_eq!(out[..common], other[..common], "{end:?} {status:?}");
    if end == End::Damaged {
        // With whatever follows, and more room, it is no stream.
        for byte in [0, 0xff] {
            let longer = [packed, &[byte; 32]].concat();
            let (status, _) = reference(&longer, &mut vec![0; room + 1000]);
            assert_ne!(status, TINFLStatus::Done);
        }
    }
    match status {
        TINFLStatus::Done => assert_eq!((written, end), (other_written, End::Done)),
        // It asks for room before it reads the next symbol.
        TINFLStatus::HasMoreOutput => assert!(written == room && end != End::Done, "{end:?}"),
        TINFLStatus::FailedCannotMakeProgress => {
            // It looks a symbol ahead, so it may find the end of the bytes first.
            // A block whose code has no end goes on there until the bytes end.
            assert!(end == End::Damaged || end == End::Input && written >= other_written);
        }
        TINFLStatus::Failed => assert!(written >= other_written || end == End::Damaged),
        other => panic!("{other:?}"),
    }
});
