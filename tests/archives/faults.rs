// SPDX-License-Identifier: GPL-2.0-or-later
//! What the kernel cannot unpack is told by its name and place, and everything that it
//! can unpack passes.
use std::path::Path;
use std::process::Command;

use kexec_bpf::parts::formats::{Advice, Depth, FaultKind, Format, walk};
use kexec_bpf::parts::source::{FileOffset, FileSlice};
use kexec_bpf::parts::{Diagnose, Exit};
use proptest::prelude::*;

use super::{cpio, packed};

/// Returns the first fault as `load` would tell it, at both depths.
#[track_caller]
fn fault(file: &[u8]) -> Option<String> {
    let slice = FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    };
    let [quick, sizes] =
        [Depth::Faults, Depth::Sizes].map(|depth| walk(file, slice, depth, true).unwrap().fault);
    assert_eq!(quick, sizes);
    let fault = quick?;
    let found = fault.diagnose();
    assert_eq!(found.exit, Exit::BadImage, "{found:?}");
    assert!(!found.hints.is_empty(), "{found:?}");
    assert!(found.cause_text().len() <= 73, "{found:?}");
    Some(fault.to_string())
}

#[track_caller]
fn passes(name: &str, file: &[u8]) {
    assert_eq!(fault(file), None, "{name}");
}

#[track_caller]
fn fails(file: &[u8], what: &str) {
    assert_eq!(fault(file).as_deref(), Some(what));
}

/// Returns the archives, each padded with zeros to a multiple of `align` after `gap`
/// zeros.
fn row(archives: &[&[u8]], gap: usize, align: usize) -> Vec<u8> {
    let mut row: Vec<u8> = Vec::new();
    for archive in archives {
        if !row.is_empty() {
            row.resize((row.len() + gap).next_multiple_of(align), 0);
        }
        row.extend(*archive);
    }
    row
}

/// The programs that pack initrds, as the generators call them.
const PACKERS: &[&[&str]] = &[
    &["gzip", "-n", "-9"],
    &["gzip", "-1"],
    &["bzip2", "-9"],
    &["xz", "--check=crc32", "--lzma2=dict=1MiB", "-T0"],
    &["xz", "--check=none"],
    &["xz", "--format=lzma"],
    &["zstd", "-q", "-c", "-T0"],
    &["zstd", "-q", "-c", "-19", "--no-check"],
    &["zstd", "-q", "-c", "--ultra", "-22"],
    &["zstd", "-q", "-c", "--long=27"],
    &["lz4", "-l", "-9", "-c"],
    &["lzop", "-c"],
    &["lzop", "-9", "-c", "--crc32"],
    &["xz", "--check=crc32", "--x86", "--lzma2"],
];

#[test]
fn what_the_kernel_unpacks_passes() {
    let plain = cpio(&[1, 4096, 4097, 0, 300_000]);
    passes("newc", &plain);
    let mut crc = plain.clone();
    crc[5] = b'2';
    passes("crc", &crc);
    let empty = cpio(&[]);
    passes("a trailer alone", &empty);
    let microcode = cpio(&[20_000]);
    for command in PACKERS {
        let name = format!("{command:?}");
        let main = packed(command, &plain);
        passes(&name, &main);
        passes(&name, &packed(command, &empty));
        for (gap, align) in [(0, 4), (4, 4), (0, 512), (0, 4096)] {
            // As dracut, mkinitcpio and initramfs-tools put microcode first.
            let mut image = row(&[&microcode, &main], gap, align);
            passes(&name, &image);
            image.resize(image.len().next_multiple_of(4096) + 509, 0);
            passes(&name, &image);
        }
        passes(&name, &row(&[&main, &main, &plain], 4, 4));
    }
    // The kernel needs no trailer, and no padding after it.
    passes("no trailer", &plain[..plain.len() - 124]);
    passes("no padding", &plain[..plain.len() - 3]);
    passes(
        "no trailer",
        &row(&[&plain[..plain.len() - 124], &plain], 0, 512),
    );
    // Compressed archives may be anywhere after each other.
    let gzip = packed(&["gzip"], &plain);
    let zstd = packed(&["zstd", "-q", "-c"], &plain);
    passes("in a row", &[&zstd[..], &gzip, &zstd].concat());
    passes("a byte too many", &[&plain[..], b"\n"].concat());
}

#[test]
fn a_boot_configuration_is_at_the_end() {
    let plain = cpio(&[1000]);
    let mut file = plain.clone();
    let text = b"kernel {\n  foo = bar\n}\n\0\0";
    file.extend(text);
    for number in [text.len() as u32, 0x1234] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"#BOOTCONFIG\n");
    passes("a boot configuration", &file);
    let slice = FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    };
    // Before another archive, the kernel does not find it, and stops.
    let followed = walk(&file[..], slice, Depth::Faults, false).unwrap();
    assert_eq!(followed.fault.unwrap().at, FileOffset(plain.len() as u64));
}

#[test]
fn other_formats_have_their_names() {
    let plain = cpio(&[3000]);
    let mut old = plain.clone();
    old[5] = b'7';
    let mut kernel = vec![0; 0x400];
    kernel[0x202..0x206].copy_from_slice(b"HdrS");
    let at = |offset: usize, magic: &[u8]| {
        let mut file = vec![0; 0x9000];
        file[offset..offset + magic.len()].copy_from_slice(magic);
        file
    };
    let starts = |magic: &[u8]| [magic, &[0xa5; 2000]].concat();
    for (file, what) in [
        (packed(&["lz4", "-c"], &plain), "an lz4 frame at 0x0"),
        (
            packed(&["xz", "-c"], &plain),
            "xz with another check than CRC32 at 0x0",
        ),
        (
            packed(&["xz", "-c", "--check=sha256"], &plain),
            "xz with another check than CRC32 at 0x0",
        ),
        (
            packed(&["zstd", "-q", "-c", "--long=28"], &plain),
            "zstd with a window above 128 MiB at 0x0",
        ),
        (
            starts(b"\x50\x2a\x4d\x18\x04\0\0\0"),
            "a skippable zstd frame at 0x0",
        ),
        (old, "an old cpio archive (odc) at 0x0"),
        (starts(b"\xc7\x71"), "an old cpio archive (binary) at 0x0"),
        (starts(b"MZ"), "an EFI program at 0x0"),
        (kernel.clone(), "an x86 kernel (bzImage) at 0x0"),
        (starts(b"\x7fELF"), "an ELF file at 0x0"),
        (
            b"-----BEGIN CERTIFICATE-----\nMII".to_vec(),
            "a certificate (PEM) at 0x0",
        ),
        (
            starts(b"\x30\x82\x03\x01\x30\x82"),
            "a certificate (DER) at 0x0",
        ),
        (starts(b"PK\x03\x04"), "a zip archive at 0x0"),
        (starts(b"hsqs"), "a squashfs file system at 0x0"),
        (
            at(1080, &[0x53, 0xef]),
            "an ext2, ext3 or ext4 file system at 0x0",
        ),
        (at(257, b"ustar"), "a tar archive at 0x0"),
        (b"#!/bin/sh\n".repeat(9), "a script at 0x0"),
        (b"some words\n".to_vec(), "a text file at 0x0"),
        (vec![0; 70_000], "nothing but zeros"),
        (vec![0; (64 << 20) + 1], "nothing but zeros"),
        (
            at(0x8000, b"\x01CD001"),
            "an ISO 9660 file system, as on CDs at 0x0",
        ),
        (
            [&[0; 512][..], &[0xa5; 20]].concat(),
            "no archive at 0x200, which begins with a5a5a5a5a5a5a5a5",
        ),
        (
            packed(&["xz", "-c", "--check=crc32", "--delta", "--lzma2"], &plain),
            "xz with a filter that the kernel lacks at 0x0",
        ),
        (
            packed(
                &["xz", "-c", "--check=crc32", "--x86", "--arm", "--lzma2"],
                &plain,
            ),
            "xz with a filter that the kernel lacks at 0x0",
        ),
        (
            packed(&["lzop", "-c", "-CC"], &plain),
            "lzop with none or several checksums of a block at 0x0",
        ),
        (
            packed(&["lzop", "-c", "-F"], &plain),
            "lzop with none or several checksums of a block at 0x0",
        ),
        (
            vec![0xa5; 2000],
            "no archive at 0x0, which begins with a5a5a5a5a5a5a5a5",
        ),
        (starts(b"\x1f\x8b\x07"), "a gzip file at 0x0"),
        (
            starts(b"\x1f\x9e\x08"),
            "no archive at 0x0, which begins with 1f9e08a5a5a5a5a5",
        ),
    ] {
        fails(&file, what);
        // After another archive, too. There, zeros at the front are padding.
        if file[0] != 0 {
            let after = row(&[&plain, &file], 0, 512);
            let at = format!("{:#x}", plain.len().next_multiple_of(512));
            fails(&after, &what.replace("0x0", &at));
        }
    }
}

/// Files of the real programs.
#[test]
fn real_files_have_their_names() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    let run = |line: &str| {
        let done = Command::new("sh")
            .args(["-ec", line])
            .current_dir(&directory)
            .env_remove("LD_LIBRARY_PATH")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .output()
            .unwrap();
        assert!(done.status.success(), "{line}: {done:?}");
        std::fs::read(directory.join("out")).unwrap()
    };
    for (line, what) in [
        ("echo a >a; tar -cf out a", "a tar archive at 0x0"),
        ("tar --format=v7 -cf out a", "a tar archive at 0x0"),
        (
            "truncate -s 1M out; mke2fs -q -F -t ext4 out",
            "an ext2, ext3 or ext4 file system at 0x0",
        ),
        (
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=a -keyout k -out out 2>/dev/null",
            "a certificate (PEM) at 0x0",
        ),
        (
            "openssl x509 -in out -outform DER -out der; mv der out",
            "a certificate (DER) at 0x0",
        ),
        ("cp /bin/true out", "an ELF file at 0x0"),
        ("gzip -c /bin/true >out", "an ELF file in gzip at 0x0"),
        (
            "yes | head -n 9999 | gzip -c >out",
            "a text file in gzip at 0x0",
        ),
        ("echo a | gzip -c >out", "a text file in gzip at 0x0"),
        ("tar -cz a >out", "a tar archive in gzip at 0x0"),
        (
            "head -c 9999 /dev/urandom | tr '\\000-\\177' '\\200-\\377' | gzip -c >out",
            "unknown data in gzip at 0x0",
        ),
    ] {
        fails(&run(line), what);
    }
}

#[test]
fn inside_gzip_only_what_is_certain_counts() {
    let plain = cpio(&[1_000_000]);
    let gzip = packed(&["gzip", "-c"], &plain);
    let mut named = gzip.clone();
    named[3] = 8;
    named.splice(10..10, *b"initrd.img\0");
    passes("with a name", &named);
    // The kernel skips no other field, and takes it for data.
    for (flag, field) in [
        (16, &b"\xff\xff\xff\xff\0"[..]),
        (4, b"\x06\0BC\x02\0\x12\x34"),
        (2, b"\xff\xff"),
    ] {
        let mut other = gzip.clone();
        other[3] = flag;
        other.splice(10..10, field.iter().copied());
        fails(&other, "gzip with other fields than a name at 0x0");
    }
    let mut damaged = gzip.clone();
    damaged[10] = 0xff;
    fails(&damaged, "the gzip data at 0x0 is damaged");
    fails(&gzip[..60], "the gzip data at 0x0 is cut short");
    // Fewer bytes than its header has.
    fails(
        b"\x5d\0\0\x80\0\xff\xff",
        "the lzma data at 0x0 is cut short",
    );
    passes("cut after the first bytes", &gzip[..gzip.len() / 2]);
    let zeros = [&[0; 512][..], &plain].concat();
    // The kernel skips zeros inside only behind another archive.
    let zeros = packed(&["gzip", "-c"], &zeros);
    fails(&zeros, "the gzip data at 0x0 begins with zeros");
    passes("zeros first", &row(&[&plain, &zeros], 0, 4));
    for (name, program) in [
        ("gzip", &["gzip", "-c"][..]),
        ("zstd", &["zstd", "-qc"]),
        ("xz", &["xz", "--check=crc32", "-c"]),
        ("bzip2", &["bzip2", "-c"]),
        ("lzop", &["lzop", "-c"]),
    ] {
        let empty = packed(program, b"");
        fails(&empty, &format!("the {name} data at 0x0 is empty"));
        passes("nothing after an archive", &row(&[&plain, &empty], 0, 4));
    }
}

#[test]
fn a_cut_archive_is_told_where_it_can_be_seen() {
    let plain = cpio(&[1, 4096, 60_000]);
    // The third member: 112 + 8 bytes and the second's 4096 and its header precede it.
    let third = plain.windows(6).enumerate();
    let third = third
        .filter(|(_, bytes)| bytes == b"070701")
        .nth(2)
        .unwrap()
        .0;
    let cut = format!("the cpio data at {third:#x} is cut short");
    for end in [
        third + 6,
        third + 109,
        third + 115,
        third + 130,
        third + 60_000,
    ] {
        fails(&plain[..end], &cut);
    }
    let mut damaged = plain.clone();
    damaged[third + 60] = b'x';
    fails(&damaged, &format!("the cpio data at {third:#x} is damaged"));
    for (command, format) in [
        (&["xz", "-c", "--check=crc32"][..], "xz"),
        (&["zstd", "-q", "-c"], "zstd"),
        (&["lz4", "-l", "-c"], "lz4"),
        (&["lzop", "-c"], "lzop"),
    ] {
        let whole = packed(command, &plain);
        for end in [12, 13, whole.len() / 2, whole.len() - 1] {
            fails(
                &whole[..end],
                &format!("the {format} data at 0x0 is cut short"),
            );
        }
    }
}

/// A few bytes after an archive hide no file; alone, they are no initrd.
#[test]
fn the_smallest_files_are_no_archives() {
    fails(b"a", "a text file at 0x0");
    fails(b"abc", "a text file at 0x0");
    fails(
        b"\xff\0",
        "no archive at 0x0, which begins with ff00000000000000",
    );
    fails(b"070", "the cpio data at 0x0 is cut short");
    for lz4 in [&b"\x02\x21\x4c\x18"[..], b"\x02\x21\x4c\x18\x09"] {
        fails(lz4, "the lz4 data at 0x0 is cut short");
    }
}

/// Flash pages and signatures: the kernel has all files by then, and only tells it.
#[test]
fn what_follows_a_compressed_initrd_hides_no_file() {
    let plain = cpio(&[5]);
    let zstd = packed(&["zstd", "-q", "-c"], &plain);
    let erased = [0xff; 4096];
    for surplus in [
        &erased[..],
        b"~Module signature appended~\n",
        b"0\x82\x01\x020\x82",
    ] {
        let joined = [&zstd[..], surplus].concat();
        passes("at the end", &joined);
        let slice = FileSlice {
            offset: FileOffset(0),
            bytes: joined.len() as u64,
        };
        let before_another = walk(&joined[..], slice, Depth::Faults, false).unwrap();
        assert!(before_another.fault.is_some(), "{surplus:?}");
    }
    let at = zstd.len();
    let frame = packed(&["lz4", "-q", "-c"], &plain);
    fails(
        &[&zstd[..], &frame].concat(),
        &format!("an lz4 frame at {at:#x}"),
    );
    // Microcode may come before an initrd that is damaged.
    let erased_too = format!(
        "no archive at {:#x}, which begins with ffffffffffffffff",
        plain.len()
    );
    fails(&[&plain[..], &erased].concat(), &erased_too);
}

#[test]
fn archives_are_where_the_kernel_finds_them() {
    let plain = cpio(&[5]);
    let gzip = packed(&["gzip", "-c"], &plain);
    let lz4 = packed(&["lz4", "-l", "-c"], &plain);
    let zstd = packed(&["zstd", "-q", "-c"], &plain);
    let odd = [&plain[..], &[0; 1], &gzip].concat();
    fails(
        &odd,
        &format!("gzip at {:#x}, not a multiple of 4", plain.len() + 1),
    );
    let mut odd = zstd.clone();
    while odd.len() % 4 != 1 {
        odd.push(0);
    }
    let at = odd.len();
    odd.extend(&plain);
    fails(&odd, &format!("cpio at {at:#x}, not a multiple of 4"));
    for (zeros, next) in [
        (0, &plain),
        (0, &zstd),
        (1, &plain),
        (2, &zstd),
        (3, &plain),
    ] {
        let joined = [&lz4[..], &vec![0; zeros], next].concat();
        fails(
            &joined,
            &format!("lz4 without 4 zeros after it at {:#x}", lz4.len()),
        );
    }
    // Anything else is a size that no block has; a few bytes at the end are none.
    let end = lz4.len();
    fails(
        &[&lz4[..], b"\0\0\0 junk"].concat(),
        &format!("the lz4 data at {end:#x} is damaged"),
    );
    passes("junk", &[&lz4[..], b"abc"].concat());
    // The kernel knows an lz4 archive that follows another one.
    passes("lz4 twice", &[&lz4[..], &lz4].concat());
}

#[test]
fn advice_fits() {
    let slice = |file: &[u8]| FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    };
    let kind = |file: &[u8]| {
        walk(file, slice(file), Depth::Faults, true)
            .unwrap()
            .fault
            .unwrap()
            .kind
    };
    let frame = packed(&["lz4", "-c"], b"text");
    let FaultKind::Foreign(foreign) = kind(&frame) else {
        panic!("no frame");
    };
    assert_eq!(foreign.advice, Advice::Lz4);
    assert_eq!(kind(b"07070100"), FaultKind::Cut(Format::Cpio));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    /// A fault is inside the file, and both depths agree.
    #[test]
    fn any_bytes_have_at_most_one_fault(
        archives in 0..3usize,
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let plain = cpio(&[3]).repeat(archives);
        let file = [&plain[..], &rest].concat();
        let slice = FileSlice { offset: FileOffset(0), bytes: file.len() as u64 };
        let quick = walk(&file[..], slice, Depth::Faults, true).unwrap().fault;
        let sizes = walk(&file[..], slice, Depth::Sizes, true).unwrap().fault;
        prop_assert_eq!(quick, sizes);
        if let Some(fault) = quick {
            prop_assert!(fault.at.0 >= plain.len() as u64 && fault.at.0 < file.len() as u64);
        }
    }
}
