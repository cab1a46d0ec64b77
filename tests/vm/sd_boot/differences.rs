// SPDX-License-Identifier: GPL-2.0-or-later
//! All that `list` shows otherwise than systemd-boot. The tests fail when one of these is
//! no difference any more, and at every other one.

/// An entry that is shown otherwise.
pub struct Difference {
    pub id: &'static str,
    /// Its id in LoaderEntries; `None` where systemd-boot hides it.
    pub sd_boot: Option<&'static str>,
    /// True if `list` says that it is skipped.
    pub is_skipped: bool,
}

/// systemd-boot shows what it cannot start; here it is shown last, with the reason, and is
/// never the default.
const fn broken(id: &'static str) -> Difference {
    Difference {
        id,
        sd_boot: Some(id),
        is_skipped: true,
    }
}

/// systemd-boot hides what cannot boot; here it is shown last, with the reason, because
/// somebody may look for it.
const fn hidden(id: &'static str) -> Difference {
    Difference {
        id,
        sd_boot: None,
        is_skipped: true,
    }
}

/// systemd-boot hides a UKI that does not say what it is. It can boot, so it is shown after
/// the others.
const fn nameless(id: &'static str) -> Difference {
    Difference {
        id,
        sd_boot: None,
        is_skipped: false,
    }
}

/// It has another id or another place in the list.
const fn elsewhere(id: &'static str, sd_boot: &'static str) -> Difference {
    Difference {
        id,
        sd_boot: Some(sd_boot),
        is_skipped: false,
    }
}

pub const ALL: &[Difference] = &[
    broken("text-as-kernel.conf"),
    broken("gone-initrd.conf"),
    broken("dots-in-path.conf"),
    broken("url.conf"),
    broken("no-kernel.efi"),
    hidden("title-only.conf"),
    hidden("empty.conf"),
    hidden("no-value.conf"),
    hidden("mixed.conf"),
    hidden("mixed-uki.conf"),
    hidden("gone.conf"),
    hidden("linux-last-gone.conf"),
    hidden("other-volume.conf"),
    hidden("aa64.conf"),
    hidden("ia32.conf"),
    hidden("nul.conf"),
    hidden("directory.conf"),
    hidden("efi-own.conf"),
    hidden("text.efi"),
    hidden("empty.efi"),
    nameless("no-osrel.efi"),
    nameless("no-name.efi"),
    nameless("empty-osrel.efi"),
    // A name has something before its counter; systemd-boot makes an id that begins with a
    // dot, as of a hidden file.
    elsewhere("+4.conf", ".conf"),
    // systemd-boot takes a character beyond U+FFFF off a sort key, because UTF-16 needs two
    // units for it.
    elsewhere("s11.conf", "s11.conf"),
];

/// Ids that bootctl lists elsewhere than systemd-boot: it keeps the quotes of a sort key and
/// all of its characters, takes an empty value for none, and does not list these files itself,
/// but because LoaderEntries has them.
pub const BOOTCTL: &[&str] = &[
    "s6.conf",
    "s7.conf",
    "s8.conf",
    "s11.conf",
    "build-5.efi",
    "build-6.efi",
    "empty-id.efi",
    "empty-quoted.efi",
    "empty-names.efi",
    "no-kernel.efi",
    "many+2147483648.conf",
    // Its name for a first profile with an ID is x.efi@ID.
    "real.efi",
    "three.efi",
    "three-bad.efi",
    "numbers.efi",
    "same-ids.efi",
    "same-ids.efi@x",
    "two-a.efi",
    "two-b.efi",
    "no-ids.efi@",
    "quoted-profile.efi",
];
