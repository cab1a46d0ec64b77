// SPDX-License-Identifier: GPL-2.0-or-later
//! A model of the kernel's unpacker: what init/initramfs.c makes of cpio archives, plain or
//! in gzip (lib/decompress_inflate.c).

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// The largest unpacked archive that is looked at.
const UNPACKED_MAX: usize = 8 << 10;
const PATH_MAX: usize = 4096;

/// The verdict of the kernel on an initrd.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All is unpacked, without a complaint.
    Good,
    /// It stops at this offset, for which nothing compressed has to be read.
    Stops(usize),
    /// It depends on the kernel's version or configuration, on contents, or on chance.
    Open,
}

enum State {
    Start,
    Reset,
}

/// The way in which a row of members ends.
enum End {
    At(usize),
    Bad,
    Open,
}

/// Returns the size of a name with its padding, after the header of 110 bytes.
fn name_room(name_bytes: usize) -> usize {
    ((name_bytes + 1) & !3) + 2
}

/// Returns what follows the member at `at`.
fn member(data: &[u8], at: usize) -> End {
    let rest = &data[at..];
    if rest.len() < 110 {
        return End::Open;
    }
    let magic = &rest[..6];
    if magic != b"070701" && magic != b"070702" {
        return End::Bad;
    }
    let hex = |place: usize| {
        let digits = &rest[place..place + 8];
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        let text = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
        usize::from_str_radix(text, 16).ok()
    };
    if (6..110).step_by(8).any(|place| hex(place).is_none()) {
        return End::Open;
    }
    let (Some(mode), Some(bytes), Some(name_bytes)) = (hex(14), hex(54), hex(94)) else {
        return End::Open;
    };
    let kind = mode & 0o170_000;
    let is_read = kind == 0o100_000 || bytes == 0 || kind == 0o120_000 && bytes <= PATH_MAX;
    if !(1..=PATH_MAX).contains(&name_bytes) || !is_read {
        return End::Open;
    }
    let name_end = at + 110 + name_bytes;
    let data_end = at + 110 + name_room(name_bytes) + bytes;
    if data.get(name_end - 1) != Some(&0) {
        return End::Open;
    }
    let is_trailer = data[at + 110..].starts_with(b"TRAILER!!!\0");
    if magic == b"070702" && kind == 0o100_000 && bytes > 0 && !is_trailer {
        return End::Open;
    }
    if data_end > data.len() && !is_trailer {
        return End::Open;
    }
    End::At(data_end.next_multiple_of(4))
}

/// Returns whether the kernel takes this as the contents of a compressed archive.
fn contents(data: &[u8], state: &State) -> Verdict {
    let mut at = 0;
    let mut is_start = matches!(state, State::Start);
    loop {
        if !is_start {
            at += data[at..].iter().take_while(|byte| **byte == 0).count();
            if at >= data.len() {
                return Verdict::Good;
            }
            if !at.is_multiple_of(4) || data[at] != b'0' {
                return Verdict::Stops(0);
            }
        }
        match member(data, at) {
            // Here the padding must be there.
            End::At(end) if end > data.len() => return Verdict::Stops(0),
            End::At(end) => at = end,
            End::Bad => return Verdict::Stops(0),
            End::Open => return Verdict::Open,
        }
        is_start = false;
    }
}

/// Unpacks one gzip archive; returns its contents and its end.
fn gunzip(file: &[u8]) -> Option<(Vec<u8>, usize)> {
    if file.len() < 10 || file[..3] != [0x1f, 0x8b, 8] {
        return None;
    }
    let mut start = 10;
    if file[3] & 8 != 0 {
        start += file[10..].iter().position(|byte| *byte == 0)? + 1;
    }
    let mut out = vec![0; UNPACKED_MAX];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, written) = decompress(
        &mut DecompressorOxide::default(),
        &file[start..],
        &mut out,
        0,
        flags,
    );
    if status != TINFLStatus::Done {
        return None;
    }
    out.truncate(written);
    let end = start + read + 8;
    (end <= file.len()).then_some((out, end))
}

/// Returns the kernel's verdict on an initrd, and whether something compressed was read.
pub fn verdict(file: &[u8]) -> (Verdict, bool) {
    let mut state = State::Start;
    let mut at = 0;
    let mut was_packed = false;
    while at < file.len() {
        let byte = file[at];
        if byte == 0 {
            at += 1;
        } else if byte == b'0' && at.is_multiple_of(4) {
            match member(file, at) {
                End::At(end) => at = end.min(file.len()),
                End::Bad => return (Verdict::Stops(at), was_packed),
                End::Open => return (Verdict::Open, was_packed),
            }
            at += file[at..].iter().take_while(|byte| **byte == 0).count();
            if at < file.len() && !at.is_multiple_of(4) {
                return (Verdict::Stops(at), was_packed);
            }
            state = State::Reset;
        } else if file[at..].starts_with(&[0x1f, 0x8b]) {
            was_packed = true;
            let Some((data, end)) = gunzip(&file[at..]) else {
                return (Verdict::Open, true);
            };
            if data.is_empty() && matches!(state, State::Start) {
                return (Verdict::Open, true);
            }
            match contents(&data, &state) {
                Verdict::Good => {}
                other => return (other, true),
            }
            state = State::Reset;
            at += end;
        } else {
            let starts: [&[u8]; 6] = [
                b"BZ",
                b"\x5d\0",
                b"\xfd7",
                b"\x89L",
                b"\x02\x21",
                b"\x28\xb5",
            ];
            let is_packed = starts.iter().any(|start| file[at..].starts_with(start));
            let verdict = match is_packed || file[at..].starts_with(b"\x1f\x9e") {
                true => Verdict::Open,
                false => Verdict::Stops(at),
            };
            return (verdict, was_packed);
        }
    }
    match state {
        State::Start => (Verdict::Open, was_packed),
        State::Reset => (Verdict::Good, was_packed),
    }
}
