// SPDX-License-Identifier: GPL-2.0-or-later
//! Headers that the decoders of the next kernel read in another way than the format's own
//! program, or refuse: such streams stay packed.

use crate::module_unpack::{ALL, Cases, DAMAGED, FORMAT, archive};
use guest::archives::{LZOP, Lzop, compressed, compressed_by, lzop};
use guest::handshake::{NOTHING, initramfs, machine};

/// Returns the gzip file with these flags, and what they announce.
fn gzip_with(gzip: &[u8], flags: u8, fields: &[u8]) -> Vec<u8> {
    let (header, rest) = gzip.split_at(10);
    let mut header = header.to_owned();
    header[3] = flags;
    [&header, fields, rest].concat()
}

#[test]
fn headers_that_the_kernel_reads_otherwise() {
    let directory = guest::work_dir("module-unpack-formats");
    let plain = archive("formats");
    let bytes = plain.len();
    let mut cases = Cases::default();
    let gzip = compressed_by(&directory, "gzip", &["-n"], &plain);
    for (name, flags, fields) in [
        ("text", 0x01, &b""[..]),
        ("name", 0x08, b"name\0"),
        ("reserved", 0x20, b""),
    ] {
        let file = gzip_with(&gzip, flags, fields);
        cases.becomes(&format!("gzip-{name}"), &file, ALL, bytes, true);
    }
    for (name, flags, fields) in [
        ("crc", 0x02, &b"\0\0"[..]),
        ("extra", 0x04, b"\x06\0extras"),
        ("comment", 0x10, b"comment\0"),
        ("all", 0x1e, b"\x01\0xname\0comment\0\0\0"),
    ] {
        cases.stays(
            &format!("gzip-{name}"),
            &gzip_with(&gzip, flags, fields),
            FORMAT,
        );
    }
    for (name, header) in [
        (
            "crc",
            Lzop {
                flags: 0x100,
                ..LZOP
            },
        ),
        (
            "filter",
            Lzop {
                flags: 0x801,
                ..LZOP
            },
        ),
    ] {
        cases.becomes(
            &format!("lzop-{name}"),
            &lzop(&plain, &header),
            ALL,
            bytes,
            true,
        );
    }
    for (name, header) in [
        ("none", Lzop { flags: 0, ..LZOP }),
        (
            "both",
            Lzop {
                flags: 0x101,
                ..LZOP
            },
        ),
        ("packed", Lzop { flags: 0x3, ..LZOP }),
        ("only-packed", Lzop { flags: 0x2, ..LZOP }),
        (
            "extra",
            Lzop {
                flags: 0x41,
                ..LZOP
            },
        ),
        (
            "old",
            Lzop {
                version: 0x0930,
                ..LZOP
            },
        ),
    ] {
        cases.stays(&format!("lzop-{name}"), &lzop(&plain, &header), FORMAT);
    }
    let mut magic = lzop(&plain, &LZOP);
    magic[8] = b'!';
    cases.stays("lzop-magic", &magic, FORMAT);

    let zstd = compressed(&directory, "zstd", &plain);
    // A frame that is skipped, which the kernel's decompress_method() does not know.
    let skipped = b"\x50\x2a\x4d\x18\x04\0\0\0skip";
    cases.stays("zstd-skip", &[skipped, zstd.as_slice()].concat(), FORMAT);
    // Without a dictionary there is none of this number.
    let mut dictionary = zstd.clone();
    dictionary[4] |= 1;
    dictionary.insert(if zstd[4] & 0x20 == 0 { 6 } else { 5 }, 7);
    cases.stays("zstd-dictionary", &dictionary, DAMAGED);
    let long = compressed_by(
        &directory,
        "zstd",
        &["-q", "--ultra", "--long=28", "--no-content-size"],
        &plain,
    );
    let mut long = long;
    long[5] = 18 << 3;
    cases.stays("zstd-window", &long, FORMAT);
    let xz = |options: &[&str]| compressed_by(&directory, "xz", options, &plain);
    cases.becomes("xz-none", &xz(&["--check=none"]), ALL, bytes, true);
    cases.becomes(
        "xz-x86",
        &xz(&["--check=crc32", "--x86", "--lzma2"]),
        ALL,
        bytes,
        true,
    );
    cases.stays("xz-sha256", &xz(&["--check=sha256"]), FORMAT);
    cases.stays(
        "xz-delta",
        &xz(&["--check=crc32", "--delta", "--lzma2"]),
        FORMAT,
    );
    let dictionary = ["--check=crc32", "--lzma2=dict=65MiB"];
    cases.stays("xz-dictionary", &xz(&dictionary), FORMAT);
    let lz4 = compressed_by(&directory, "lz4", &["-q"], &plain);
    cases.stays("lz4-frame", &lz4, FORMAT);

    let script = cases.script() + "kexec-bpf unload\nleft end\n";
    let said = machine(&directory, cases.add_to(initramfs(&script))).run();
    cases.expect(&said);
    said.expect("end-left", NOTHING);
}
