// SPDX-License-Identifier: GPL-2.0-or-later
//! Superblocks. tests/vm/boot_filesystems.rs has those that the real programs write.

use crate::diagnosis::errno::Errno;
use crate::formats::disk::superblock::{self, Content, Filesystem, Holder};
use crate::formats::source::{FileOffset, ReadAt, ReadError, ReadErrorKind};

const UUID: &str = "00010203-0405-0607-0809-0a0b0c0d0e0f";

/// Returns a device with these texts at these places.
fn device(texts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut device = vec![0; 128 << 10];
    for (at, text) in texts {
        device[*at..*at + text.len()].copy_from_slice(text);
    }
    device
}

fn probe(device: &[u8]) -> Option<Content> {
    superblock::probe(device).unwrap()
}

#[track_caller]
fn filesystem(device: &[u8]) -> Filesystem {
    match probe(device) {
        Some(Content::Filesystem(found)) => found,
        other => panic!("{other:?}"),
    }
}

fn uuid() -> Vec<u8> {
    (0..16).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn linux_s_file_systems_have_uuid_and_label() {
    let ext4 = device(&[
        (1024 + 0x38, &[0x53, 0xef]),
        (1024 + 0x68, &uuid()),
        (1024 + 0x78, b"boot"),
    ]);
    let xfs = device(&[(0, b"XFSB"), (32, &uuid()), (108, b"boot")]);
    let btrfs = device(&[
        (65536 + 0x40, b"_BHRfS_M"),
        (65536 + 0x20, &uuid()),
        (65536 + 0x88, &[1]),
        (65536 + 0x12b, b"boot"),
    ]);
    let f2fs = device(&[
        (1024, &0xf2f5_2010u32.to_le_bytes()),
        (1024 + 108, &uuid()),
        (1024 + 124, &utf16("boot")),
    ]);
    let erofs = device(&[
        (1024, &0xe0f5_e1e2u32.to_le_bytes()),
        (1024 + 48, &uuid()),
        (1024 + 64, b"boot"),
    ]);
    for (name, device) in [
        ("ext4", ext4),
        ("xfs", xfs),
        ("btrfs", btrfs),
        ("f2fs", f2fs),
        ("erofs", erofs),
    ] {
        let found = filesystem(&device);
        assert_eq!((found.name, found.uuid.as_str()), (name, UUID));
        assert_eq!((found.label.as_slice(), found.devices), (&b"boot"[..], 1));
    }
    let squashfs = device(&[(0, b"hsqs"), (28, &[4, 0])]);
    assert_eq!(filesystem(&squashfs).name, "squashfs");
}

/// A journal on a device of its own has the mark of ext4.
#[test]
fn a_journal_is_no_file_system() {
    let journal = device(&[(1024 + 0x38, &[0x53, 0xef]), (1024 + 0x60, &[8])]);
    assert_eq!(probe(&journal), None);
}

#[test]
fn btrfs_may_be_spread_over_devices() {
    let btrfs = device(&[(65536 + 0x40, b"_BHRfS_M"), (65536 + 0x88, &[3])]);
    assert_eq!(filesystem(&btrfs).devices, 3);
}

/// Returns a FAT32 with a label in the boot sector, and 32 bytes in its root directory.
fn fat32(label: &[u8; 11], root: &[u8]) -> Vec<u8> {
    // 32 reserved sectors, 2 FATs of 8 sectors, the root directory in cluster 3.
    device(&[
        (11, &512u16.to_le_bytes()),
        (13, &[4, 32, 0, 2]),
        (36, &8u32.to_le_bytes()),
        (44, &3u32.to_le_bytes()),
        (67, &0x1234_abcdu32.to_le_bytes()),
        (71, label),
        (82, b"FAT32   "),
        (510, &[0x55, 0xaa]),
        ((32 + 16 + 4) * 512, root),
    ])
}

/// Returns an entry of a root directory.
fn entry(name: &[u8; 11], attributes: u8) -> Vec<u8> {
    let mut entry = vec![0; 32];
    entry[..11].copy_from_slice(name);
    entry[11] = attributes;
    entry
}

#[test]
fn fat_has_its_label_in_two_places() {
    let none = fat32(b"BOOT       ", &[]);
    assert_eq!(filesystem(&none).label, b"BOOT");
    assert_eq!(filesystem(&none).uuid, "1234-ABCD");
    assert_eq!(filesystem(&fat32(b"NO NAME    ", &[])).label, b"");
    // A deleted label, a part of a long name, a directory, the label, another one.
    let mut root = entry(b"\xe5ELETED    ", 8);
    root.extend(entry(b"LONG       ", 0x0f));
    root.extend(entry(b"EFI        ", 0x10));
    root.extend(entry(b"NEW LABEL  ", 0x08));
    root.extend(entry(b"SECOND     ", 0x08));
    assert_eq!(
        filesystem(&fat32(b"NO NAME    ", &root)).label,
        b"NEW LABEL"
    );
    // What follows the end of the directory is not read.
    let mut ended = entry(b"\0          ", 0);
    ended.extend(entry(b"AFTER      ", 0x08));
    assert_eq!(filesystem(&fat32(b"BOOT       ", &ended)).label, b"BOOT");
}

#[test]
fn fat16_has_its_root_directory_after_the_fats() {
    let fat16 = device(&[
        (11, &512u16.to_le_bytes()),
        (13, &[4, 1, 0, 2]),
        (17, &512u16.to_le_bytes()),
        (22, &8u16.to_le_bytes()),
        (39, &0x1234_abcdu32.to_le_bytes()),
        (43, b"NO NAME    FAT16   "),
        (510, &[0x55, 0xaa]),
        (17 * 512, &entry(b"ESP        ", 0x28)),
    ]);
    let found = filesystem(&fat16);
    assert_eq!((found.name, found.uuid.as_str()), ("vfat", "1234-ABCD"));
    assert_eq!(found.label, b"ESP");
}

#[test]
fn a_fat_s_hostile_fields_are_no_reads_elsewhere() {
    let mut fat = fat32(b"BOOT       ", &[]);
    for field in [11..13, 13..14, 14..16, 16..17, 36..40, 44..48] {
        let kept = fat[field.clone()].to_vec();
        for value in [0, 1, 0x7f, 0xff] {
            fat[field.clone()].fill(value);
            let _ = probe(&fat);
        }
        fat[field].copy_from_slice(&kept);
    }
    assert_eq!(filesystem(&fat).label, b"BOOT");
}

#[test]
fn exfat_has_its_label_in_the_root_directory() {
    // Sectors of 512 bytes, clusters of 8, the heap at sector 64, the root in cluster 4.
    let mut root = vec![0x81; 32];
    root.extend([0x83, 4]);
    root.extend(utf16("Boot"));
    root.resize(96, 0);
    let mut exfat = device(&[
        (3, b"EXFAT   "),
        (88, &64u32.to_le_bytes()),
        (96, &4u32.to_le_bytes()),
        (100, &0x1234_abcdu32.to_le_bytes()),
        (108, &[9, 3]),
        ((64 + 16) * 512, &root),
        (510, &[0x55, 0xaa]),
    ]);
    let found = filesystem(&exfat);
    assert_eq!((found.name, found.uuid.as_str()), ("exfat", "1234-ABCD"));
    assert_eq!(found.label, b"Boot");
    exfat[(64 + 16) * 512 + 33] = 255;
    assert_eq!(filesystem(&exfat).label, b"Boot", "at most 11 units");
    exfat[108] = 255;
    assert_eq!(probe(&exfat), None);
}

#[test]
fn what_cannot_be_mounted_has_a_name() {
    const MD: [u8; 4] = 0xa92b_4efcu32.to_le_bytes();
    let bcache = |tail: &[u8]| [&[0xc6, 0x85, 0x73, 0xf6], tail].concat();
    let old = bcache(b"\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81");
    let new = bcache(b"\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef");
    let list = b"\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\0\0\x24\0\0\0\x20\0\0\0\x07version\0";
    for (wanted, texts) in [
        (Holder::Luks, &[(0, &b"LUKS\xba\xbe\0\x02"[..])][..]),
        (Holder::Lvm, &[(512, b"LABELONE"), (536, b"LVM2 001")]),
        (Holder::Raid, &[(4096, &MD)]),
        (Holder::Raid, &[(0, &MD)]),
        (Holder::Zfs, &[(16 << 10, list)]),
        (Holder::Bcache, &[(4096 + 24, &old)]),
        (Holder::Bcachefs, &[(4096 + 24, &new)]),
        (Holder::Swap, &[(4086, b"SWAPSPACE2")]),
        (Holder::Ntfs, &[(3, b"NTFS    ")]),
        (Holder::BitLocker, &[(3, b"-FVE-FS-")]),
    ] {
        assert_eq!(probe(&device(texts)), Some(Content::Holder(wanted)));
    }
}

/// A RAID 1 may have its superblock at the end, where firmware takes a part for the whole.
#[test]
fn a_part_of_a_raid_may_look_like_the_whole() {
    let whole = device(&[(1024 + 0x38, &[0x53, 0xef])]);
    assert!(!filesystem(&whole).is_part);
    // Versions 0.90 and 1.0.
    let bytes = (192 << 10) + 4096;
    for superblock in [128 << 10, bytes - (8 << 10)] {
        let mut part = whole.clone();
        part.resize(bytes, 0);
        part[superblock..superblock + 4].copy_from_slice(&0xa92b_4efcu32.to_le_bytes());
        assert!(filesystem(&part).is_part);
        part[1024..2048].fill(0);
        assert_eq!(probe(&part), Some(Content::Holder(Holder::Raid)));
    }
}

/// pvcreate and cryptsetup leave marks of earlier file systems where they do not write.
#[test]
fn what_holds_others_comes_before_left_overs() {
    let texts: &[(usize, &[u8])] = &[(0, b"LUKS\xba\xbe"), (1024 + 0x38, &[0x53, 0xef])];
    let found = probe(&device(texts));
    assert_eq!(found, Some(Content::Holder(Holder::Luks)));
}

#[test]
fn nothing_is_recognised_in_anything_else() {
    for other in [vec![], vec![0; 100], vec![0; 4096], vec![0xff; 128 << 10]] {
        assert_eq!(probe(&other), None);
    }
}

/// A device with bad sectors from an offset on.
struct Bad<'bytes>(&'bytes [u8], u64);

impl ReadAt for Bad<'_> {
    fn file_bytes(&self) -> u64 {
        self.0.file_bytes()
    }

    fn read_at(&self, offset: FileOffset, buffer: &mut [u8]) -> Result<(), ReadError> {
        if offset.0 + buffer.len() as u64 > self.1 {
            return Err(ReadError {
                offset,
                wanted_bytes: buffer.len() as u64,
                kind: ReadErrorKind::Io(Errno::EIO),
            });
        }
        self.0.read_at(offset, buffer)
    }
}

/// A bad sector where another file system would have its mark is no reason to give up.
#[test]
fn bad_sectors_elsewhere_do_not_matter() {
    let fat = fat32(b"BOOT       ", &[]);
    let Some(Content::Filesystem(found)) = superblock::probe(&Bad(&fat, 512)).unwrap() else {
        panic!("nothing");
    };
    assert_eq!((found.name, found.label.as_slice()), ("vfat", &b"BOOT"[..]));
    let empty = device(&[]);
    let error = superblock::probe(&Bad(&empty, 512)).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::Io(Errno::EIO));
    assert!(superblock::probe(&Bad(&fat, 0)).is_err());
}
