// SPDX-License-Identifier: GPL-2.0-or-later
//! Flags for crash images alone.

use super::{Flag, Id, Value, switch};

pub static PANIC: Flag = Flag {
    short: Some('p'),
    ..switch(
        Id::Panic,
        "panic",
        "the image that a panic boots",
        "Works on the crash image, which the kernel boots when it panics, instead of on the one \
that exec boots. To load one, memory must have been reserved by crashkernel= on this kernel's command line.",
    )
};

pub static FORCE: Flag = switch(
    Id::Force,
    "force",
    "try to load a crash image that does not fit",
    "Tries to load a crash image although the reserved memory is too small for it. The kernel \
drops the crash image that is loaded before it refuses the new one.",
);

pub static CRYPT_KEY: Flag = Flag {
    value: Value::Text("DESCRIPTION"),
    repeatable: true,
    ..switch(
        Id::CryptKey,
        "crypt-key",
        "hand a disk's key to the capture kernel; may be repeated",
        "Has the kernel hand the logon key DESCRIPTION, such as cryptsetup:UUID, to the capture \
kernel, which then can unlock an encrypted disk. The key must be in a keyring of this process; \
cryptsetup --link-vk-to-keyring puts it there. Needs Linux 6.16 with CONFIG_CRASH_DM_CRYPT, and \
configfs at /sys/kernel/config.",
    )
};

pub static REUSE_CRYPT_KEYS: Flag = switch(
    Id::ReuseCryptKeys,
    "reuse-crypt-keys",
    "keep the disk keys that are handed over already",
    "Together with --crypt-key, keeps the keys that the crash image has which is loaded now, for \
a reload after they have left the keyring.",
);
