// SPDX-License-Identifier: GPL-2.0-or-later
//! The options of a load and of a boot, with the paths and places that they name.
//! Layer: effects.

use alloc::string::String;
use alloc::vec::Vec;

use super::seen::Seen;
use super::volumes::Place;
use crate::formats::entries::loader_conf::MenuTime;
use crate::host::Host;
use crate::policy::plan::{Fast, Options, Route};
use crate::sys::Fd;

/// The options of a load, whoever asked for it.
#[derive(Default)]
pub struct LoadOptions<'arg> {
    /// The directory that paths are relative to; `None` for the working directory.
    pub root: Option<Fd<'arg>>,
    pub image: &'arg [u8],
    pub initrds: Vec<&'arg [u8]>,
    pub addons: Vec<&'arg [u8]>,
    /// The files that a boot entry adds: those that cannot be used are skipped.
    pub entry_extras: Vec<&'arg [u8]>,
    /// Takes the companion files beside the image, too.
    pub extras: bool,
    /// The directory that stands for the root of the image's file system.
    pub extras_root: Option<&'arg [u8]>,
    /// Fails when a companion file cannot be taken.
    pub strict: bool,
    /// Only plans; changes nothing.
    pub dry_run: bool,
    /// Loads an initrd that the next kernel cannot unpack, and tries to load a crash image
    /// that does not fit.
    pub force: bool,
    /// Descriptions of disk keys for the capture kernel.
    pub crypt_keys: Vec<String>,
    /// Keeps the keys of the crash image that is loaded now.
    pub reuse_crypt_keys: bool,
    /// Makes the kernel refuse every later load and unload.
    pub lock: bool,
    /// The results for files that other entries name, too.
    pub seen: Option<&'arg Seen>,
    /// The options that the plan depends on.
    pub wanted: Options,
}

impl LoadOptions<'_> {
    /// Returns whether it makes sense to load again after a failure: the failed load
    /// counted against the kernel's limit, and a failed crash image has cost the old one
    /// with its keys. `host` must be read after the failure.
    #[must_use]
    pub fn may_be_repeated(&self, host: &Host) -> bool {
        let is_left = host.loads_left(self.wanted.panic) != Some(0);
        !self.strict && !self.reuse_crypt_keys && is_left
    }
}

/// The options of a jump.
pub struct ExecOptions {
    pub sync: bool,
    /// Jumps even where services are running.
    pub force: bool,
}

/// The options of a boot, requested on this program's command line or the kernel's.
pub struct BootOptions<'arg> {
    pub place: Place<'arg>,
    /// The name or the number of an entry, or a path as told by `choose::is_path`; empty or
    /// `None` for the default.
    pub name: Option<&'arg [u8]>,
    /// Takes the entry after the named one.
    pub next: bool,
    pub menu: Option<MenuTime>,
    pub timeout_s: u32,
    pub append: Vec<Vec<u8>>,
    pub route: Option<Route>,
    pub dry_run: bool,
    pub exec: ExecOptions,
    /// `None` if the command decides: fast in an initramfs.
    pub fast: Option<Fast>,
    /// The option or the kernel's word that asked to unpack the initrd.
    pub unpack: Option<&'static str>,
    /// Keeps the next system from chaining.
    pub mark_chained: bool,
}

impl BootOptions<'_> {
    /// Returns the options of a load that are the same for all images, wherever they are. In
    /// an initramfs, where nothing runs yet that still writes to memory, a load is fast by
    /// default.
    #[must_use]
    pub fn of_load<'a>(&self, host: &Host) -> LoadOptions<'a> {
        let by_host = match host.in_initramfs {
            true => Fast::ByDefault,
            false => Fast::No,
        };
        LoadOptions {
            extras: true,
            dry_run: self.dry_run,
            wanted: Options {
                fast: self.fast.unwrap_or(by_host),
                unpack: self.unpack,
                route: self.route,
                append: self.append.clone(),
                mark_chained: self.mark_chained,
                ..Options::default()
            },
            ..LoadOptions::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_repeated_where_that_can_succeed() {
        let options = |panic, reuse_crypt_keys| LoadOptions {
            reuse_crypt_keys,
            wanted: Options {
                panic,
                ..Options::default()
            },
            ..LoadOptions::default()
        };
        for (left, repeated) in [
            (None, true),
            (Some(-1), true),
            (Some(1), true),
            (Some(0), false),
        ] {
            let host = Host {
                load_limit_panic: left,
                ..Host::default()
            };
            assert_eq!(options(true, false).may_be_repeated(&host), repeated);
            assert!(options(false, false).may_be_repeated(&host));
            assert!(!options(true, true).may_be_repeated(&host));
            let strict = LoadOptions {
                strict: true,
                ..LoadOptions::default()
            };
            assert!(!strict.may_be_repeated(&host));
        }
    }
}
