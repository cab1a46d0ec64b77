// SPDX-License-Identifier: GPL-2.0-or-later
//! Devices that hold something which this program cannot mount: parts of other devices,
//! encrypted ones, swap, and file systems that need more than one driver. Specs: the
//! superblocks of cryptsetup, LVM2, md, OpenZFS and bcachefs. Layer: pure.

use core::fmt;

use super::Device;
use crate::formats::source::{ReadAt, as_u64};

/// The contents of a device that is no file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    Luks,
    Lvm,
    Raid,
    Zfs,
    Bcache,
    Bcachefs,
    Swap,
    Ntfs,
    BitLocker,
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Holder::Luks => "encrypted (LUKS)",
            Holder::Lvm => "a part of LVM",
            Holder::Raid => "a part of a RAID (md)",
            Holder::Zfs => "a part of a ZFS pool",
            Holder::Bcache => "a part of a bcache",
            Holder::Bcachefs => "bcachefs",
            Holder::Swap => "swap space",
            Holder::Ntfs => "NTFS",
            Holder::BitLocker => "encrypted (BitLocker)",
        })
    }
}

impl Holder {
    /// Returns what makes its contents readable; `None` if they are no boot entries.
    #[must_use]
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Holder::Luks => Some("cryptsetup open DEVICE NAME, then --device /dev/mapper/NAME"),
            Holder::Lvm => Some("vgchange -ay, then --device /dev/VG/LV"),
            Holder::Raid => Some("mdadm --assemble --scan, then --device /dev/mdN"),
            Holder::Zfs => Some("zpool import -N -o readonly=on POOL, mount, then --root DIR"),
            Holder::Bcache => Some("register it, then --device /dev/bcacheN"),
            Holder::Bcachefs => Some("mount -t bcachefs -o ro,nochanges, then --root DIR"),
            Holder::Ntfs => Some("mount it, then --root DIR"),
            Holder::Swap | Holder::BitLocker => None,
        }
    }
}

const MD: &[u8] = b"\xfc\x4e\x2b\xa9";

/// The mark of each: an offset on the device, and the bytes there.
const MARKS: [(Holder, u64, &[u8]); 15] = [
    (Holder::Luks, 0, b"LUKS\xba\xbe"),
    // In one of the first four sectors.
    (Holder::Lvm, 0, b"LABELONE"),
    (Holder::Lvm, 512, b"LABELONE"),
    (Holder::Lvm, 1024, b"LABELONE"),
    (Holder::Lvm, 1536, b"LABELONE"),
    (Holder::Raid, 0, MD),
    (Holder::Raid, 4096, MD),
    // bcachefs had the same UUID before Linux 6.7.
    (
        Holder::Bcache,
        4096 + 24,
        b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81",
    ),
    (
        Holder::Bcachefs,
        4096 + 24,
        b"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef",
    ),
    (Holder::Swap, 4096 - 10, b"SWAPSPACE2"),
    // Swap of a machine with pages of 64 KiB.
    (Holder::Swap, (64 << 10) - 10, b"SWAPSPACE2"),
    (Holder::Ntfs, 3, b"NTFS    "),
    (Holder::BitLocker, 3, b"-FVE-FS-"),
    // The first name in a list of names and values, with its length.
    (Holder::Zfs, (16 << 10) + 20, b"\0\0\0\x07version"),
    (Holder::Zfs, (272 << 10) + 20, b"\0\0\0\x07version"),
];

/// Recognises a device that cannot be mounted as it is.
pub(super) fn probe<R: ReadAt + ?Sized>(device: &Device<'_, R>) -> Option<Holder> {
    let mut marks = MARKS.into_iter();
    marks.find_map(|(holder, offset, mark)| is_there(device, offset, mark).then_some(holder))
}

fn is_there<R: ReadAt + ?Sized>(device: &Device<'_, R>, offset: u64, mark: &[u8]) -> bool {
    device.read(offset, as_u64(mark.len())) == mark
}

/// Returns whether a superblock of md is at the end, as its versions 0.90 and 1.0 have it.
pub(super) fn is_before_raid<R: ReadAt + ?Sized>(device: &Device<'_, R>) -> bool {
    let bytes = device.source.file_bytes();
    let end = |unit: u64, units: u64| {
        let whole = bytes.checked_sub(bytes.checked_rem(unit)?)?;
        whole.checked_sub(unit.checked_mul(units)?)
    };
    let ends = [end(64 << 10, 1), end(4 << 10, 2)];
    ends.into_iter()
        .flatten()
        .any(|at| is_there(device, at, MD))
}
