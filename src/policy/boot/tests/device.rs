// SPDX-License-Identifier: GPL-2.0-or-later
//! The ways in which a person names a block device.

use crate::policy::boot::device::DeviceName;

fn path(path: &str, stands_for: Option<DeviceName>) -> DeviceName {
    DeviceName::Path {
        path: path.into(),
        stands_for: stands_for.map(Box::new),
    }
}

#[test]
fn a_device_has_several_names() {
    let label = || DeviceName::Label(b"BOOT".to_vec());
    let uuid = |uuid: &str| DeviceName::Uuid(uuid.into());
    for (text, wanted) in [
        ("UUID=1234-ABCD", uuid("1234-ABCD")),
        ("LABEL=BOOT", label()),
        ("PARTUUID=a-b", DeviceName::PartUuid("a-b".into())),
        ("PARTLABEL=EFI", DeviceName::PartLabel("EFI".into())),
        // As fstab(5) and shells quote.
        ("LABEL=\"BOOT\"", label()),
        ("LABEL='BOOT'", label()),
        ("\"LABEL=BOOT\"", label()),
        (" LABEL=BOOT \n", label()),
        ("LABEL= BOOT ", label()),
        ("LABEL=a=b", DeviceName::Label(b"a=b".to_vec())),
        ("LABEL=\"My Boot\"", DeviceName::Label(b"My Boot".to_vec())),
        ("UUID=\"", uuid("\"")),
        // Paths, and names as our own output has them.
        ("/dev/vda1", path("/dev/vda1", None)),
        ("vda1", path("/dev/vda1", None)),
        ("cciss!c0d0p1", path("/dev/cciss/c0d0p1", None)),
        ("label=BOOT", path("/dev/label=BOOT", None)),
        ("", path("/dev/", None)),
        // Links that only udev makes.
        (
            "/dev/disk/by-uuid/1234-ABCD",
            path("/dev/disk/by-uuid/1234-ABCD", Some(uuid("1234-ABCD"))),
        ),
        (
            "/dev/disk/by-label/My\\x20Boot",
            path(
                "/dev/disk/by-label/My\\x20Boot",
                Some(DeviceName::Label(b"My Boot".to_vec())),
            ),
        ),
        (
            "/dev/disk/by-partlabel/a\\xzz\\x2",
            path(
                "/dev/disk/by-partlabel/a\\xzz\\x2",
                Some(DeviceName::PartLabel("a\\xzz\\x2".into())),
            ),
        ),
        (
            "/dev/disk/by-partuuid/a-b",
            path(
                "/dev/disk/by-partuuid/a-b",
                Some(DeviceName::PartUuid("a-b".into())),
            ),
        ),
        (
            "/dev/disk/by-id/virtio-1",
            path("/dev/disk/by-id/virtio-1", None),
        ),
    ] {
        assert_eq!(DeviceName::parse(text.as_bytes()), wanted, "{text}");
    }
}
