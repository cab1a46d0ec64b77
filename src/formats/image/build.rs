// SPDX-License-Identifier: GPL-2.0-or-later
//! Builds small images for the tests. Layer: pure.
//!
//! The layout is fixed, so that tests can patch fields at known offsets.
use alloc::vec;
use alloc::vec::Vec;

pub const E_LFANEW_AT: usize = 0x3c;
pub const NT_HEADER: usize = 0x80;
pub const SECTION_COUNT_AT: usize = NT_HEADER + 6;
pub const OPTIONAL_BYTES_AT: usize = NT_HEADER + 20;
pub const OPTIONAL_HEADER: usize = NT_HEADER + 24;
pub const OPTIONAL_BYTES: usize = 240;
pub const DIRECTORY_COUNT_AT: usize = OPTIONAL_HEADER + 108;
pub const CERTIFICATE_AT: usize = OPTIONAL_HEADER + 112 + 4 * 8;
pub const HEADERS_BYTES_AT: usize = OPTIONAL_HEADER + 60;
pub const SECTION_TABLE: usize = OPTIONAL_HEADER + OPTIONAL_BYTES;
pub const ALIGNMENT: usize = 0x200;

/// Returns the offset of field `field` of section `index`: 8 is the virtual size, 16 the
/// raw size, 20 the raw pointer.
pub fn section_field(index: usize, field: usize) -> usize {
    SECTION_TABLE + 40 * index + field
}

pub fn put16(image: &mut [u8], at: usize, value: u16) {
    image[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

pub fn put32(image: &mut [u8], at: usize, value: u32) {
    image[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn align(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGNMENT)
}

/// Builds an x86_64 EFI application with these sections, laid out as by a linker: exact
/// virtual sizes, raw sizes rounded up to 0x200.
pub fn pe(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let headers = align(SECTION_TABLE + 40 * sections.len());
    let mut image = vec![0; headers];
    image[..2].copy_from_slice(b"MZ");
    put32(&mut image, E_LFANEW_AT, NT_HEADER as u32);
    image[NT_HEADER..NT_HEADER + 4].copy_from_slice(b"PE\0\0");
    put16(&mut image, NT_HEADER + 4, 0x8664);
    put16(&mut image, SECTION_COUNT_AT, sections.len() as u16);
    put16(&mut image, OPTIONAL_BYTES_AT, OPTIONAL_BYTES as u16);
    put16(&mut image, OPTIONAL_HEADER, 0x20b);
    put32(&mut image, HEADERS_BYTES_AT, headers as u32);
    put16(&mut image, OPTIONAL_HEADER + 68, 10);
    put32(&mut image, DIRECTORY_COUNT_AT, 16);
    for (index, (name, contents)) in sections.iter().enumerate() {
        let entry = section_field(index, 0);
        image[entry..entry + name.len()].copy_from_slice(name.as_bytes());
        let pointer = image.len();
        put32(&mut image, entry + 8, contents.len() as u32);
        put32(&mut image, entry + 12, 0x1000 * (index as u32 + 1));
        put32(&mut image, entry + 16, align(contents.len()) as u32);
        put32(&mut image, entry + 20, pointer as u32);
        image.extend_from_slice(contents);
        image.resize(align(image.len()), 0);
    }
    image
}

/// Adds a certificate table of PKCS#7 entries with these contents.
pub fn add_certificates(image: &mut Vec<u8>, entries: &[&[u8]]) {
    let start = image.len().next_multiple_of(8);
    image.resize(start, 0);
    for entry in entries {
        image.extend_from_slice(&(8 + entry.len() as u32).to_le_bytes());
        image.extend_from_slice(&[0, 2, 2, 0]);
        image.extend_from_slice(entry);
        image.resize(image.len().next_multiple_of(8), 0);
    }
    let bytes = image.len() - start;
    put32(image, CERTIFICATE_AT, start as u32);
    put32(image, CERTIFICATE_AT + 4, bytes as u32);
}

pub const KERNEL_VERSION: &str = "6.12.0-test (a@b) #1 SMP";

/// Builds a 64-bit bzImage of protocol 2.15 with one setup sector.
pub fn bzimage() -> Vec<u8> {
    let mut image = vec![0; 3 * 512];
    image[0x1f1] = 1;
    put32(&mut image, 0x1f4, 512 / 16);
    put16(&mut image, 0x1fe, 0xaa55);
    image[0x202..0x206].copy_from_slice(b"HdrS");
    put16(&mut image, 0x206, 0x020f);
    put16(&mut image, 0x20e, 0x80);
    image[0x211] = 1;
    put32(&mut image, 0x22c, 0x7fff_ffff);
    image[0x234] = 1;
    put16(&mut image, 0x236, 0x7f);
    put32(&mut image, 0x238, 2047);
    put32(&mut image, 0x248, 0x10);
    put32(&mut image, 0x24c, 0x20);
    put32(&mut image, 0x260, 0x0320_0000);
    let version = KERNEL_VERSION.as_bytes();
    image[0x280..0x280 + version.len()].copy_from_slice(version);
    image
}

/// The offset of the payload in the image of [`zboot`].
pub const ZBOOT_PAYLOAD: usize = 0x200;

/// Builds an EFI zboot image: 64 bytes of payload in a section, followed by the kernel's
/// size.
pub fn zboot(compression: &str) -> Vec<u8> {
    let mut payload = vec![0x5a; 64];
    payload.extend_from_slice(&0x0012_3456u32.to_le_bytes());
    let mut image = pe(&[(".gzdata", &payload)]);
    image[4..8].copy_from_slice(b"zimg");
    put32(&mut image, 8, ZBOOT_PAYLOAD as u32);
    put32(&mut image, 0xc, 64);
    image[0x18..0x18 + compression.len()].copy_from_slice(compression.as_bytes());
    image
}

/// Builds a flat kernel image; `magic` is `ARM\x64` or `RSC\x05`.
pub fn linux_image(magic: &[u8; 4]) -> Vec<u8> {
    let mut image = vec![0; 0x100];
    put32(&mut image, 0x10, 0x0200_0000);
    put32(&mut image, 0x18, 0xa);
    image[0x38..0x3c].copy_from_slice(magic);
    image
}

/// Builds a UKI with a kernel, its sections in ukify's order.
pub fn uki() -> Vec<u8> {
    pe(&[
        (".text", b"stub"),
        (".osrel", b"ID=test\nPRETTY_NAME=\"Test OS 1\"\n"),
        (".cmdline", b"root=/dev/vda quiet\n"),
        (".linux", &bzimage()),
        (".initrd", &newc("init", b"initrd contents")),
        (".ucode", &newc("ucode", b"microcode")),
    ])
}

/// Builds a cpio archive of one file.
pub fn newc(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, mode, contents) in [(name, 0o100_644, contents), ("TRAILER!!!", 0, b"")] {
        let name_bytes = name.len() + 1;
        let bytes = contents.len();
        // ino mode uid gid nlink mtime filesize dev(2) rdev(2) namesize check
        let fields = [0, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, name_bytes, 0];
        archive.extend_from_slice(b"070701");
        for field in fields {
            archive.extend(format!("{field:08x}").into_bytes());
        }
        archive.extend_from_slice(name.as_bytes());
        archive.push(0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend_from_slice(contents);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }
    archive
}
