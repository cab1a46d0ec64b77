// SPDX-License-Identifier: GPL-2.0-or-later
//! Initrds that are unpacked when memory is short, or whose loader is killed meanwhile, and
//! those that could take the kernel long.

use std::path::Path;

use crate::handshake_leak::{MEMORY, expect_growth_below, expect_no_loss};
use crate::module_unpack::{ALL, Cases, DAMAGED, after, archive, expect_report, image, steps};
use guest::archives::{compressed, compressed_by};
use guest::cpio::Archive;
use guest::handshake::{NOTHING, initramfs, machine};
use guest::pe::{FIRST_SECTION, Pe, tiny_kernel};
use guest::{Initramfs, Payload};

const MIB: usize = 1 << 20;
/// Bytes of magic numbers, so many that the loader is preempted while they are read.
const MAGICS: usize = 128 * MIB;
/// Number of rounds, of three loads each.
const ROUNDS: usize = 17;

/// A file of zeros, larger than half of the guest's memory.
fn large() -> Vec<u8> {
    let mut archive = Archive::new();
    archive.file("payload/large", 0o644, &vec![0; 300 * MIB]);
    archive.finish()
}

/// Bytes that compress to half, byte by byte: the slowest kind to decompress.
fn slow() -> Vec<u8> {
    let digits = b"0123456789abcdef";
    let random = Payload::new("slow", 16 * MIB).data;
    let nibbles = random.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: Vec<u8> = nibbles.map(|nibble| digits[usize::from(nibble)]).collect();
    let mut archive = Archive::new();
    archive.file("payload/slow", 0o644, &text);
    archive.finish()
}

fn with_large(directory: &Path, guest: Initramfs) -> Initramfs {
    let large = large();
    let xz = |archive: &[u8]| compressed_by(directory, "xz", &["-0", "-C", "crc32"], archive);
    let mut guest = guest
        .file("a.efi", &image())
        .file("slow", &xz(&slow()))
        .file("damaged", b"\x1f\x8b\x08 and no more");
    for format in ["gzip", "zstd", "lz4"] {
        guest = guest.file(
            &format!("large-{format}"),
            &compressed(directory, format, &large),
        );
    }
    let good = compressed(directory, "zstd", &archive("good"));
    guest.file("large-xz", &xz(&large)).file("good", &good)
}

#[test]
fn short_memory_and_a_killed_loader() {
    let directory = guest::work_dir("module-unpack-short");
    let steps = steps();
    let script = format!(
        "{MEMORY}
unpack() {{ client load 60000 \"unpack,{steps}$2\" /a.efi /$1 a=b; }}
for format in gzip zstd xz lz4; do
    attempt short-$format unpack large-$format
done
memory before
round=0
while [ $round -lt {ROUNDS} ]; do
    for initrd in good damaged large-zstd; do unpack $initrd >/dev/null; done
    round=$((round + 1))
done
unpack large-gzip >/dev/null
kexec-bpf unload
memory after
# Ends when the process $1 is in a decoder, or after many looks.
cat >/decoding <<'END'
looks=0
until grep -q kb_stream /proc/$1/task/*/stack || [ $looks = 2000 ]; do
    looks=$((looks + 1))
done
END
killed() {{
    dmesg -c >/dev/null
    attempt killed-$1 unpack $1 ',run:sh /decoding $PPID,kill'
    while [ -n \"$(pidof client)\" ]; do sleep 0.1; done
    dmesg | grep -c 'killed while the initrd was unpacked' >/count
    say noticed-$1 $(cat /count)
}}
killed slow
memory end
# Nothing but magic numbers of lz4.
printf '\\002!L\\030' >/magics
while [ $(stat -c %s /magics) -lt {MAGICS} ]; do
    cat /magics /magics >/more
    mv /more /magics
done
killed magics
rm /magics
attempt good unpack good
kexec-bpf unload
left end
"
    );
    let guest = with_large(&directory, initramfs(&script));
    let said = machine(&directory, guest).run();
    for format in ["gzip", "zstd", "xz", "lz4"] {
        let name = format!("short-{format}");
        said.expect(&format!("{name}-code"), "1");
        let lines = said.all(&name);
        assert!(lines.contains(&"load -12"), "{name}: {lines:?}");
        let report = lines
            .iter()
            .find(|line| line.starts_with("report -12 stage 7"));
        let report = report.unwrap_or_else(|| said.fail(&format!("{name}: {lines:?}")));
        let numbers: Vec<usize> = report
            .split_once("unpacking the initrd takes at least ")
            .map_or("", |(_, text)| text)
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let &[takes, free] = numbers.as_slice() else {
            said.fail(report);
        };
        assert!(takes > free && free > 100, "{report}");
    }
    expect_growth_below(&said, 256, "before", "after");
    for name in ["slow", "magics"] {
        said.expect(&format!("killed-{name}-code"), "137");
        said.expect(&format!("noticed-{name}"), "1");
    }
    expect_growth_below(&said, 256, "after", "end");
    // Pages that wait on lists to be freed are counted only once, at the end.
    expect_no_loss(&said, "before", "end");
    said.expect("good-code", "0");
    said.expect("end-left", NOTHING);
}

/// A frame of zstd with one block, which is not compressed, and a window of 128 MiB.
fn frame(archive: &[u8]) -> Vec<u8> {
    let block = u32::try_from(archive.len()).expect("it is small") << 3 | 1;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3];
    frame.extend(&block.to_le_bytes()[..3]);
    frame.extend(archive);
    frame
}

/// Like [`frame`], but the header says that the contents have 2 GiB.
fn damaged_frame(archive: &[u8]) -> Vec<u8> {
    let mut frame = frame(archive);
    frame[4] = 0xc0;
    frame.splice(6..6, (1_u64 << 31).to_le_bytes());
    frame
}

/// Streams that would fill the memory or take hours, if the module did not look at what it
/// decompresses, or allocated memory for each.
#[test]
fn streams_that_cost_nothing() {
    const STREAMS: usize = 4000;
    let directory = guest::work_dir("module-unpack-cost");
    let mut cases = Cases::default();
    let small = Archive::new().finish();
    let gzip = |data: &[u8]| compressed(&directory, "gzip", data);
    let text = vec![b'0'; 300 * MIB];
    cases.stays("text", &gzip(&text), DAMAGED);
    let junk = [small.as_slice(), &text].concat();
    cases.stays("archive-text", &gzip(&junk), DAMAGED);
    cases.stays("size", &damaged_frame(&small), DAMAGED);
    let size = (1..STREAMS).fold(small.len(), |size, _| after(size) + small.len());
    cases.becomes("frames", &frame(&small).repeat(STREAMS), ALL, size, true);
    let options = ["--check=crc32", "--lzma2=dict=64MiB"];
    let xz = compressed_by(&directory, "xz", &options, &small);
    cases.becomes("xz", &xz.repeat(STREAMS), ALL, size, true);
    let script = cases.script() + "kexec-bpf unload\nleft end\n";
    let said = machine(&directory, cases.add_to(initramfs(&script))).run();
    cases.expect(&said);
    said.expect("end-left", NOTHING);
}

/// Plain bytes are copied only if the stream after them is good. What follows counts
/// as memory that the load needs.
#[test]
fn other_parts_and_memory() {
    const PLAIN: usize = 96 * MIB;
    let directory = guest::work_dir("module-unpack-parts");
    let steps = steps();
    let mut large = Archive::new();
    large.file("payload/large", 0o644, &vec![0; 60 * MIB]);
    let own = compressed(&directory, "zstd", &large.finish());
    let mut head = Archive::new();
    head.file("payload/plain", 0o644, &vec![0; PLAIN]);
    let head = head.finish();
    let addon = Pe::new().section(".initrd", &archive("addon"));
    let kernel = tiny_kernel();
    let at = FIRST_SECTION + kernel.len().next_multiple_of(512);
    let parts = format!(
        "parts:{FIRST_SECTION}:{}:{at}:{}:/x.efi:/file",
        kernel.len(),
        own.len()
    );
    let script = format!(
        "
head -c {PLAIN} /dev/zero | cat /head - /tail >/plain
attempt plain client load 60000 'unpack,{steps}' /a.efi /plain a=b
rm /plain
kexec-bpf unload
attempt alone client load 60000 'unpack,ready,read,{parts},signal' /own.efi /file a=b
kexec-bpf unload
head -c {PLAIN} /dev/zero >/zeros
attempt later client load 60000 'unpack,ready,read,{parts},signal' /own.efi /zeros a=b
left end
"
    );
    // The file's contents and the trailer are made in the guest.
    let (header, rest) = head.split_at(head.len() - 128 - PLAIN);
    let trailer = rest.get(PLAIN..).expect("it is long");
    let tail = [trailer, b"\x1f\x8b\x08 and no more"].concat();
    let own = Pe::new()
        .section(".linux", &kernel)
        .section(".initrd", &own);
    let guest = initramfs(&script)
        .file("a.efi", &image())
        .file("own.efi", &own.bytes())
        .file("x.efi", &addon.bytes())
        .file("file", b"any")
        .file("head", header)
        .file("tail", &tail);
    let said = machine(&directory, guest).run();
    let size = header.len() + PLAIN + tail.len();
    let line = format!("unpack {DAMAGED} packed {size} size {size} flag 0");
    expect_report(&said, "plain", "0", &line);
    said.expect("alone-code", "0");
    said.expect("later-code", "1");
    let lines = said.all("later");
    let refused = "report -12 stage 7 calls 4: unpacking the initrd takes at least ";
    assert!(
        lines.iter().any(|line| line.starts_with(refused)),
        "{lines:?}"
    );
    said.expect("end-left", NOTHING);
}
