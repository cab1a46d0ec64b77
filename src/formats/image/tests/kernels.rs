// SPDX-License-Identifier: GPL-2.0-or-later
//! bzImage, zboot and flat images, with one field wrong at a time.
use crate::formats::image::build::*;
use crate::formats::image::bzimage::{self, BzImageError, ProtocolVersion, SetupHeader};
use crate::formats::image::linux_image::{self, ImageArch, LinuxImageError};
use crate::formats::image::zboot::{self, Compression, ZbootError};
use crate::formats::source::{FileOffset, FileSlice};
use alloc::vec::Vec;

fn setup_with(patch: impl FnOnce(&mut Vec<u8>)) -> Result<SetupHeader, BzImageError> {
    let mut image = bzimage();
    patch(&mut image);
    bzimage::parse(image.as_slice())
}

#[test]
fn setup_header() {
    let header = setup_with(|_| {}).unwrap();
    assert_eq!(alloc::format!("{}", header.version), "2.15");
    assert_eq!(header.cmdline_max_bytes, 2047);
    assert_eq!(header.kexec_file_cmdline_max_bytes(), 2016);
    assert_eq!(header.xloadflags, 0x7f);
    assert_eq!(header.initrd_addr_max, 0x7fff_ffff);
    assert_eq!(header.setup_sects, 1);
    assert_eq!(header.init_size_bytes, 0x0320_0000);
    assert_eq!(
        header.kernel_version.as_deref(),
        Some(KERNEL_VERSION.as_bytes())
    );
    assert_eq!(header.release(), Some(&b"6.12.0-test"[..]));
    assert_eq!(header.kexec_file_blocker(), None);
    let payload = FileSlice {
        offset: FileOffset(0x410),
        bytes: 0x20,
    };
    assert_eq!(header.payload, Some(payload));
}

#[test]
fn setup_header_errors() {
    use BzImageError::*;
    let file_bytes = 3 * 512;
    let at = FileOffset;
    assert_eq!(
        setup_with(|i| i.truncate(0x267)),
        Err(TooShort { file_bytes: 0x267 })
    );
    assert_eq!(
        setup_with(|i| i[0x202] = b'h'),
        Err(NoMagic { found: *b"hdrS" })
    );
    assert_eq!(
        setup_with(|i| i[0x1fe] = 0),
        Err(NoBootFlag { found: 0xaa00 })
    );
    assert_eq!(
        setup_with(|i| put16(i, 0x206, 0x205)),
        Err(TooOld {
            version: ProtocolVersion(0x205)
        })
    );
    assert_eq!(
        setup_with(|i| i[0x1f1] = 2),
        Err(SetupOutOfFile {
            end: at(0x600),
            file_bytes
        })
    );
    // 0 means 4.
    assert_eq!(
        setup_with(|i| i[0x1f1] = 0),
        Err(SetupOutOfFile {
            end: at(0xa00),
            file_bytes
        })
    );
    assert_eq!(
        setup_with(|i| put32(i, 0x1f4, u32::MAX)),
        Err(KernelOutOfFile {
            end: at(0x10_0000_03f0),
            file_bytes
        })
    );
    assert_eq!(
        setup_with(|i| i.truncate(0x5ff)),
        Err(KernelOutOfFile {
            end: at(0x600),
            file_bytes: 0x5ff
        })
    );
    assert_eq!(
        setup_with(|i| put32(i, 0x248, u32::MAX)),
        Err(PayloadOutOfFile {
            end: at(0x1_0000_041f),
            file_bytes
        })
    );
}

#[test]
fn fields_count_from_their_version_on() {
    let header = setup_with(|i| put16(i, 0x206, 0x206)).unwrap();
    assert_eq!(header.xloadflags, 0);
    assert_eq!(header.init_size_bytes, 0);
    assert_eq!(header.payload, None);
    assert_eq!(header.cmdline_max_bytes, 2047);
}

#[test]
fn kexec_file_load_wants_more() {
    let small = setup_with(|i| put32(i, 0x238, 30)).unwrap();
    assert_eq!(small.kexec_file_cmdline_max_bytes(), 0);
    let blocker = |patch: fn(&mut Vec<u8>)| setup_with(patch).unwrap().kexec_file_blocker();
    assert!(blocker(|i| put16(i, 0x206, 0x20b)).is_some());
    assert!(blocker(|i| i[0x211] = 0).is_some());
    assert!(blocker(|i| put16(i, 0x236, 2)).is_some());
    assert!(blocker(|i| put16(i, 0x236, 1)).is_some());
    assert!(blocker(|i| i[0x234] = 0).is_some());
}

#[test]
fn version_strings_cannot_harm() {
    let version = |patch: fn(&mut Vec<u8>)| setup_with(patch).unwrap().kernel_version;
    assert_eq!(version(|i| put16(i, 0x20e, 0)), None);
    assert_eq!(version(|i| put16(i, 0x20e, u16::MAX)), None);
    // The last byte of the setup code.
    assert_eq!(version(|i| put16(i, 0x20e, 0x1ff)), None);
    assert_eq!(
        version(|i| i[0x280..0x284].copy_from_slice(b"\x1b[2\xff")).as_deref(),
        Some(&b"\x1b[2\xff.0-test (a@b) #1 SMP"[..])
    );
}

#[test]
fn zboot_header() {
    let by_name = [
        ("gzip", Compression::Gzip),
        ("lz4", Compression::Lz4),
        ("lzma", Compression::Lzma),
        ("lzo", Compression::Lzo),
        ("xzkern", Compression::Xz),
        ("zstd", Compression::Zstd),
        ("zstd22", Compression::Zstd),
    ];
    let payload = FileSlice {
        offset: FileOffset(ZBOOT_PAYLOAD as u64),
        bytes: 64,
    };
    for (name, compression) in by_name {
        let header = zboot::parse(zboot(name).as_slice()).unwrap();
        assert_eq!(header.compression, compression);
        assert_eq!(header.payload, payload);
        // For gzip the size is inside the payload, for the others it is after it.
        let expected = if name == "gzip" {
            0x5a5a_5a5a
        } else {
            0x0012_3456
        };
        assert_eq!(header.kernel_bytes, expected);
    }
}

#[test]
fn zboot_errors() {
    let parse_with = |patch: fn(&mut Vec<u8>)| {
        let mut image = zboot("zstd");
        patch(&mut image);
        zboot::parse(image.as_slice())
    };
    let at = FileOffset;
    assert_eq!(
        parse_with(|i| i.truncate(63)),
        Err(ZbootError::TooShort { file_bytes: 63 })
    );
    assert_eq!(
        parse_with(|i| i[4] = b'Z'),
        Err(ZbootError::NoMagic { found: *b"Zimg" })
    );
    assert_eq!(
        parse_with(|i| i[0x18..0x38].fill(b'q')),
        Err(ZbootError::UnknownCompression { name: [b'q'; 8] })
    );
    assert_eq!(
        parse_with(|i| put32(i, 0xc, 3)),
        Err(ZbootError::PayloadTooSmall { bytes: 3 })
    );
    assert_eq!(
        parse_with(|i| put32(i, 8, u32::MAX)),
        Err(ZbootError::PayloadOutOfFile {
            end: at(0x1_0000_0043),
            file_bytes: 0x400
        })
    );
    assert_eq!(
        parse_with(|i| i.truncate(0x243)),
        Err(ZbootError::PayloadOutOfFile {
            end: at(0x244),
            file_bytes: 0x243
        })
    );
}

#[test]
fn flat_images() {
    for (magic, arch) in [
        (b"ARM\x64", ImageArch::Arm64),
        (b"RSC\x05", ImageArch::Riscv64),
    ] {
        let mut image = linux_image(magic);
        let header = linux_image::parse(image.as_slice()).unwrap();
        assert_eq!(header.arch, arch);
        assert_eq!(header.image_bytes, 0x0200_0000);
        assert_eq!(header.flags, 0xa);
        assert!(!header.has_efi_stub);
        image[..2].copy_from_slice(b"MZ");
        assert!(linux_image::parse(image.as_slice()).unwrap().has_efi_stub);
    }
}

#[test]
fn flat_image_errors() {
    let parse_with = |patch: fn(&mut Vec<u8>)| {
        let mut image = linux_image(b"ARM\x64");
        patch(&mut image);
        linux_image::parse(image.as_slice())
    };
    assert_eq!(
        parse_with(|i| i.truncate(63)),
        Err(LinuxImageError::TooShort { file_bytes: 63 })
    );
    assert_eq!(
        parse_with(|i| i[0x3b] = 0),
        Err(LinuxImageError::NoMagic { found: *b"ARM\0" })
    );
    assert_eq!(
        parse_with(|i| put32(i, 0x10, 0)),
        Err(LinuxImageError::NoImageSize)
    );
    assert_eq!(
        parse_with(|i| i[8..16].fill(0xff)),
        Err(LinuxImageError::ImageSizeOverflows {
            text_offset: u64::MAX,
            image_bytes: 0x0200_0000
        })
    );
}
