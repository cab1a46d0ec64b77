// SPDX-License-Identifier: GPL-2.0-or-later
//! Images that must be refused: exit code 3, at most three lines of text.

use std::fs::{self, File};
use std::os::unix::net::UnixListener;

use crate::build::{self, E_LFANEW_AT, NT_HEADER, SECTION_COUNT_AT, put16, put32, section_field};
use crate::program::{Directory, finish};

const LOAD: &[&str] = &["load", "--dry-run", "x"];
const INSPECT: &[&str] = &["inspect", "x"];

const CUT: &str = "possible cause: cut short when it was copied or downloaded\n\
                   try:   compare its size and checksum with the original's\n";

/// Sections of [`build::uki`] in file order: name, offset, bytes in the file.
const SECTIONS: &[(&str, usize, usize)] = &[
    (".text", 0x400, 0x200),
    (".osrel", 0x600, 0x200),
    (".cmdline", 0x800, 0x200),
    (".linux", 0xa00, 0x600),
    (".initrd", 0x1000, 0x200),
    (".ucode", 0x1200, 0x200),
];
const LINUX: usize = 3;
const INITRD: usize = 4;

fn patched(patch: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut image = build::uki();
    patch(&mut image);
    image
}

/// Expects both commands to refuse the file `x` with this text.
#[track_caller]
fn is_refused(directory: &Directory, text: &str) {
    assert!(text.lines().count() <= 3, "{text}");
    for command in [LOAD, INSPECT] {
        directory.run(command).fails(3, text);
    }
}

#[track_caller]
fn bytes_are_refused(test: &str, image: &[u8], what: &str, advice: &str) {
    let directory = Directory::new(test);
    directory.file("x", image);
    is_refused(&directory, &format!("kexec-bpf: x: {what}\n{advice}"));
}

#[test]
fn empty_file() {
    bytes_are_refused("empty", b"", "the file is empty", CUT);
}

#[test]
fn ten_bytes() {
    let noise: Vec<u8> = (0x80..0x8a).collect();
    let what = "too short for a boot image: 10 bytes";
    bytes_are_refused("noise", &noise, what, CUT);
    let what = "too short for a PE file: 10 bytes";
    bytes_are_refused("ten-bytes", &build::uki()[..10], what, CUT);
}

#[test]
fn cut_at_every_section_boundary() {
    let image = build::uki();
    let directory = Directory::new("cut");
    for (name, start, bytes) in SECTIONS {
        let end = start + bytes;
        for cut in [*start, end - 1] {
            directory.file("x", &image[..cut]);
            let what = match cut {
                0x400 => "headers end at 0x400, file at 0x400".into(),
                _ => format!("section {name} at {start:#x} ends at {end:#x}, file at {cut:#x}"),
            };
            is_refused(&directory, &format!("kexec-bpf: x: {what}\n{CUT}"));
        }
    }
}

#[test]
fn cut_at_every_byte_of_the_headers() {
    let image = build::uki();
    let directory = Directory::new("cut-headers");
    for cut in (0..SECTIONS[0].1).step_by(7) {
        directory.file("x", &image[..cut]);
        for command in [LOAD, INSPECT] {
            let run = directory.run(command);
            assert_eq!((run.code, run.stdout.as_str()), (3, ""), "cut at {cut}");
            assert!(run.stderr.ends_with(CUT), "cut at {cut}: {}", run.stderr);
        }
    }
}

#[test]
fn header_past_the_end() {
    for e_lfanew in [0x1400, 0x7fff_ffff, u32::MAX] {
        let image = patched(|image| put32(image, E_LFANEW_AT, e_lfanew));
        let what = format!("PE header at {e_lfanew:#x} is not within the file's 0x1400 bytes");
        bytes_are_refused("e_lfanew", &image, &what, CUT);
    }
}

#[test]
fn no_pe_signature() {
    let image = patched(|image| put32(image, NT_HEADER, 0));
    let what = "no PE signature at 0x80, found 0x00000000";
    bytes_are_refused("signature", &image, what, "");
}

#[test]
fn section_counts() {
    let image = patched(|image| put16(image, SECTION_COUNT_AT, 65535));
    let what = "PE file has 65535 sections; at most 1024 are allowed";
    let cause = "cause: no tool makes such files: damaged or malicious\n";
    bytes_are_refused("many-sections", &image, what, cause);
    let image = patched(|image| put16(image, SECTION_COUNT_AT, 0));
    bytes_are_refused("no-sections", &image, "PE file has no sections", "");
}

#[test]
fn raw_pointer_past_the_end() {
    let image = patched(|image| put32(image, section_field(LINUX, 20), 0xffff_fe00));
    let what = "section .linux at 0xfffffe00 ends at 0x100000400, file at 0x1400";
    bytes_are_refused("raw-pointer", &image, what, CUT);
}

#[test]
fn raw_size_past_the_end() {
    let image = patched(|image| {
        put32(image, section_field(INITRD, 8), u32::MAX);
        put32(image, section_field(INITRD, 16), u32::MAX);
    });
    let what = "section .initrd at 0x1000 ends at 0x100000fff, file at 0x1400";
    bytes_are_refused("raw-size", &image, what, CUT);
}

#[test]
fn overlapping_sections() {
    let image = patched(|image| put32(image, section_field(INITRD, 20), 0xc00));
    let what = "sections .linux and .initrd overlap at 0xc00";
    let cause = "possible cause: sections added with wrong offsets\n";
    bytes_are_refused("overlap", &image, what, cause);
}

const CONTRADICTION: &str = "cause: no tool makes such files: damaged or malicious\n";

/// Headers that the kernel's signature check would read differently than this program,
/// or that would make it read outside the file.
#[test]
fn headers_with_two_readings() {
    for (name, at, value, what) in [
        (
            "long-header",
            build::OPTIONAL_BYTES_AT,
            248,
            "optional header's size is 248, but its fields need 240",
        ),
        (
            "short-header",
            build::OPTIONAL_BYTES_AT,
            232,
            "optional header's size is 232, but its fields need 240",
        ),
        (
            "four-directories",
            build::DIRECTORY_COUNT_AT,
            4,
            "data directories: 4, but 5 to 16 are allowed",
        ),
        (
            "many-directories",
            build::DIRECTORY_COUNT_AT,
            0xffff,
            "data directories: 65535, but 5 to 16 are allowed",
        ),
        (
            "small-headers",
            build::HEADERS_BYTES_AT,
            0x190,
            "section table ends at 0x278, headers at 0x190",
        ),
        (
            "large-headers",
            build::HEADERS_BYTES_AT,
            0x401,
            "section .text at 0x400 is in the headers, which end at 0x401",
        ),
    ] {
        let image = patched(|image| put16(image, at, value));
        bytes_are_refused(name, &image, what, CONTRADICTION);
    }
    let image = patched(|image| put32(image, build::HEADERS_BYTES_AT, 0x8000_0000));
    let what = "headers end at 0x80000000, file at 0x1400";
    bytes_are_refused("headers-past", &image, what, CUT);
}

/// An image that the arch loader would accept for its setup header alone.
#[test]
fn a_kernel_with_two_readings() {
    let mut image = build::bzimage();
    let stub = build::pe(&[(".text", b"")]);
    image[..2].copy_from_slice(b"MZ");
    put32(&mut image, E_LFANEW_AT, 0x40);
    let headers = &stub[NT_HEADER..build::SECTION_TABLE + 40];
    image[0x40..0x40 + headers.len()].copy_from_slice(headers);
    put16(&mut image, 0x40 + 6, 0);
    bytes_are_refused("kernel-no-sections", &image, "PE file has no sections", "");
}

const LOOK: &str = "try:   kexec-bpf inspect x\n";

/// `inspect` shows the rest of the image; a load is refused on any route.
#[test]
fn certificate_tables_that_the_kernel_would_misread() {
    let directory = Directory::new("certificates");
    let end = build::uki().len() as u32;
    for (offset, bytes, length, what) in [
        (
            0x10,
            8,
            8,
            "certificate table at 0x10 is in the headers, which end at 0x400",
        ),
        (
            0x5f8,
            16,
            16,
            "certificate table at 0x5f8 overlaps section .text",
        ),
        (
            end,
            7,
            7,
            "certificate table of 7 bytes is too small for an entry",
        ),
        (
            end,
            16,
            7,
            "first certificate's length is 7, its table's is 16",
        ),
        (
            end,
            16,
            0xffff_ffff,
            "first certificate's length is 4294967295, its table's is 16",
        ),
    ] {
        let image = patched(|image| {
            image.extend_from_slice(&[0; 16]);
            put32(image, build::CERTIFICATE_AT, offset);
            put32(image, build::CERTIFICATE_AT + 4, bytes);
            if offset == end {
                put32(image, offset as usize, length);
            }
        });
        directory.file("x", &image);
        let inspect = directory.run(INSPECT);
        assert_eq!((inspect.code, inspect.stderr.as_str()), (0, ""), "{what}");
        let shown: Vec<_> = inspect.stdout.split_whitespace().collect();
        let damaged = format!("signature damaged: {what}");
        assert!(shown.join(" ").contains(&damaged), "{}", inspect.stdout);
        let text = format!("kexec-bpf: x: {what}\n{CONTRADICTION}{LOOK}");
        directory.run(LOAD).fails(3, &text);
        directory
            .run(&["load", "--dry-run", "x", "--route", "extract"])
            .fails(3, &text);
        // An addon to a sound image is refused in the same way.
        let mut addon = build::pe(&[(".cmdline", b"quiet")]);
        addon.resize(image.len(), 0);
        put32(&mut addon, build::CERTIFICATE_AT, 0x10);
        put32(&mut addon, build::CERTIFICATE_AT + 4, 8);
        directory.file("good", &build::uki());
        directory.file("bad.addon.efi", &addon);
        let what = "certificate table at 0x10 is in the headers, which end at 0x200";
        directory
            .run(&["load", "--dry-run", "good", "--addon", "bad.addon.efi"])
            .fails(
                3,
                &format!("kexec-bpf: bad.addon.efi: {what}\n{CONTRADICTION}"),
            );
    }
}

#[test]
fn no_linux() {
    let image = build::pe(&[(".text", b"stub"), (".osrel", b"ID=x\n")]);
    let advice = "cause: an EFI program, but neither a kernel nor a UKI\n\
                  try:   give the kernel itself, or a UKI (*.efi in EFI/Linux)\n";
    bytes_are_refused("no-linux", &image, "PE file has no .linux section", advice);
    let addon = build::pe(&[(".sdmagic", b"#### LoaderInfo: systemd-addon 262 ####")]);
    let advice = "cause: it is systemd's addon stub, from which ukify makes an addon\n\
                  try:   leave it out, or build it with ukify build --cmdline=...\n";
    bytes_are_refused("bare-addon", &addon, "an addon with nothing in it", advice);
}

#[test]
fn files_of_other_kinds() {
    const IMAGE: &str = "try:   a UKI (*.efi in EFI/Linux) or a kernel (vmlinuz in /boot)\n";
    const COMPRESSED: &str = "possible cause: an initrd, or a kernel compressed as a whole\n\
        try:   if an initrd: pass it with --initrd; if a kernel: decompress it first\n";
    const CPIO: &str = "cause: cpio archives are initrds\n\
        try:   give the kernel first, then --initrd with this file\n";
    for (contents, is, advice) in [
        (&b"\x1f\x8b\x08\0\0\0"[..], "a gzip file", COMPRESSED),
        (b"\x28\xb5\x2f\xfd\0\0", "a zstd file", COMPRESSED),
        (b"070701000000", "a cpio archive", CPIO),
        (b"#!/bin/sh\n", "a script", IMAGE),
        (&[0; 4096], "starts with zeros", IMAGE),
    ] {
        let what = format!("not a boot image: {is}");
        bytes_are_refused("kinds", contents, &what, advice);
    }
}

/// Sound files that this machine cannot boot: `inspect` shows them and says that
/// kexec uses nothing of them.
#[test]
fn images_that_cannot_boot() {
    let directory = Directory::new("cannot-boot");
    let text = [b'x'; 600];
    let kernel = build::bzimage();
    // Protocol 2.07, and one byte less than syssize says.
    let mut ipxe = kernel.clone();
    ipxe[0x206] = 7;
    ipxe.pop();
    for (name, image, reason) in [
        (
            "addon",
            build::pe(&[(".cmdline", b"quiet")]),
            "an addon: has .cmdline but no .linux section",
        ),
        (
            "UKI as .linux",
            build::pe(&[(".linux", &build::uki())]),
            "section .linux is another UKI, not a kernel",
        ),
        (
            "iPXE",
            ipxe,
            "kexec cannot load the kernel: its boot protocol is older",
        ),
        (
            "empty .linux",
            build::pe(&[(".text", b"stub"), (".linux", b"")]),
            "the .linux section is empty",
        ),
        (
            "text as .linux",
            build::pe(&[(".linux", &text)]),
            "section .linux: not a boot image: a text file",
        ),
        (
            "cut .linux",
            build::pe(&[(".linux", &kernel[..1200])]),
            "section .linux: kernel ends at 0x600, file at 0x4b0",
        ),
        (
            "arm64 kernel",
            build::linux_image(b"ARM\x64"),
            "an arm64 kernel (Image)",
        ),
    ] {
        directory.file("x", &image);
        let load = directory.run(LOAD);
        assert_eq!((load.code, load.stdout.as_str()), (3, ""), "{name}");
        let what = format!("kexec-bpf: x: {reason}");
        assert!(load.stderr.starts_with(&what), "{name}: {}", load.stderr);
        assert!(load.stderr.contains("\ntry:   "), "{name}: {}", load.stderr);
        let inspect = directory.run(INSPECT);
        assert_eq!((inspect.code, inspect.stderr.as_str()), (0, ""), "{name}");
        let unused = format!("kexec uses    nothing: {reason}");
        assert!(inspect.stdout.contains(&unused), "{name}: {inspect:?}");
    }
}

#[test]
fn what_is_no_file() {
    let directory = Directory::new("no-file");
    const HINT: &str = "try:   give the path of an image or initrd file\n";
    let is = |what: &str| format!("kexec-bpf: x: is {what}, not a file\n{HINT}");

    fs::create_dir(directory.path("x")).unwrap();
    is_refused(&directory, &is("a directory"));
    fs::remove_dir(directory.path("x")).unwrap();

    // Nothing writes to the FIFO: an open that waits would never return.
    assert_eq!(finish(directory.command("mkfifo").arg("x")).code, 0);
    is_refused(&directory, &is("a FIFO"));
    fs::remove_file(directory.path("x")).unwrap();

    // A socket's path must be short, wherever the build is.
    let short = std::env::temp_dir().join(format!("kexec-bpf-{}", std::process::id()));
    let socket = UnixListener::bind(&short).unwrap();
    fs::rename(&short, directory.path("x")).unwrap();
    is_refused(&directory, &is("a socket"));
    drop(socket);
    fs::remove_file(directory.path("x")).unwrap();

    std::os::unix::fs::symlink("/dev/zero", directory.path("x")).unwrap();
    is_refused(&directory, &is("a character device"));
}

#[test]
fn missing_file() {
    let text = "kexec-bpf: x: no such file\n\
                try:   mount the file system that holds it, or check the path\n";
    is_refused(&Directory::new("missing"), text);
    let list = Directory::new("missing-root").run(&["list", "--root", "x"]);
    list.fails(1, text);
}

#[test]
fn sparse_file_of_5_gb() {
    let directory = Directory::new("sparse");
    let file = File::create(directory.path("x")).unwrap();
    file.set_len(5 << 30).unwrap();
    let text = "kexec-bpf: x: not a boot image: starts with zeros\n\
                try:   a UKI (*.efi in EFI/Linux) or a kernel (vmlinuz in /boot)\n";
    is_refused(&directory, text);
}

#[test]
fn initrds_are_checked_as_well() {
    let directory = Directory::new("initrds");
    directory.file("x", &build::uki());
    directory.file("empty", b"");
    fs::create_dir(directory.path("directory")).unwrap();
    for (initrd, text) in [
        (
            "empty",
            "kexec-bpf: empty: the initrd is empty\n\
             try:   give an initrd file with content, or no --initrd\n",
        ),
        (
            "directory",
            "kexec-bpf: directory: is a directory, not a file\n\
             try:   give the path of an image or initrd file\n",
        ),
        (
            "missing",
            "kexec-bpf: missing: no such file\n\
             try:   mount the file system that holds it, or check the path\n",
        ),
    ] {
        let run = directory.run(&["load", "--dry-run", "x", "--initrd", initrd]);
        run.fails(3, text);
    }
}
