// SPDX-License-Identifier: GPL-2.0-or-later
//! Flags of kexec_file_load(2), from include/uapi/linux/kexec.h. Layer: pure.

use core::ffi::c_ulong;
use core::fmt;

/// A set of KEXEC_FILE_* flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(c_ulong);

const UNLOAD: c_ulong = 1;
const ON_CRASH: c_ulong = 2;
const NO_INITRAMFS: c_ulong = 4;

const NAMES: [(c_ulong, &str); 3] = [
    (UNLOAD, "KEXEC_FILE_UNLOAD"),
    (ON_CRASH, "KEXEC_FILE_ON_CRASH"),
    (NO_INITRAMFS, "KEXEC_FILE_NO_INITRAMFS"),
];

impl Flags {
    /// Returns the flags of a load; `panic` chooses the crash image.
    #[must_use]
    pub fn load(panic: bool, has_initrd: bool) -> Flags {
        let on_crash = if panic { ON_CRASH } else { 0 };
        let no_initramfs = if has_initrd { 0 } else { NO_INITRAMFS };
        Flags(on_crash | no_initramfs)
    }

    /// Returns the flags of an unload; `panic` chooses the crash image.
    #[must_use]
    pub fn unload(panic: bool) -> Flags {
        Flags(UNLOAD | if panic { ON_CRASH } else { 0 })
    }

    /// Returns whether the crash image is meant.
    #[must_use]
    pub fn is_panic(self) -> bool {
        self.0 & ON_CRASH != 0
    }

    /// Returns the flags' names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let set = NAMES.iter().filter(move |(bit, _)| self.0 & bit != 0);
        set.map(|(_, name)| *name)
    }

    /// Returns the argument for the system call.
    #[must_use]
    pub fn bits(self) -> c_ulong {
        self.0
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = self.names();
        let Some(first) = names.next() else {
            return out.write_str("none");
        };
        out.write_str(first)?;
        names.try_for_each(|name| write!(out, " {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Flags;

    #[test]
    fn values_are_the_kernels() {
        assert_eq!(Flags::load(false, true).bits(), 0);
        assert_eq!(Flags::load(true, false).bits(), 6);
        assert_eq!(Flags::unload(false).bits(), 1);
        assert_eq!(Flags::unload(true).bits(), 3);
        assert_eq!(
            Flags::load(true, false).to_string(),
            "KEXEC_FILE_ON_CRASH KEXEC_FILE_NO_INITRAMFS"
        );
        assert_eq!(Flags::load(false, true).to_string(), "none");
    }
}
