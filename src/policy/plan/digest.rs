// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice to skip the kernel's SHA-256 of what is loaded, which takes most of the
//! time of a load and of the jump. Layer: pure.

use super::options::{Fast, Options};
use crate::host::{DigestMode, Host};

/// The kernel's digest of the segments, as planned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Digest {
    /// The kernel computes it at the load, and purgatory verifies it at the jump.
    Kept,
    /// Computed although it was to be skipped, for this reason.
    Unable(&'static str),
    /// Skipped, because a session asks the module for that.
    Session,
    /// Skipped: the module skips it for every load for a reboot.
    Module,
}

impl Digest {
    /// Decides for a load.
    #[must_use]
    pub fn of(options: &Options, host: &Host) -> Digest {
        let module = host.module.as_ref();
        let mode = module.and_then(|module| module.digest);
        match (options.fast, mode) {
            _ if options.panic => Digest::Kept,
            (_, Some(DigestMode::Never)) => Digest::Module,
            (Fast::No | Fast::Refused, _) => Digest::Kept,
            (_, Some(DigestMode::Auto)) => Digest::Session,
            (_, Some(DigestMode::Always)) => {
                Digest::Unable("the module's parameter digest is \"always\"")
            }
            (_, None) => Digest::Unable(match module.map(|module| module.abi_version) {
                None => "the module kexec_bpf is not loaded",
                Some(None) => "the module's parameters cannot be read: /sys is not mounted",
                Some(Some(_)) => "the loaded module kexec_bpf is too old for it",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;
    use crate::host::{DigestMode, Host, Module};
    use crate::policy::plan::{Fast, Options};

    #[test]
    fn the_module_decides_what_is_possible() {
        let always = Digest::Unable("the module's parameter digest is \"always\"");
        let old = Digest::Unable("the loaded module kexec_bpf is too old for it");
        for (mode, bare, fast) in [
            (None, Digest::Kept, old),
            (Some(DigestMode::Auto), Digest::Kept, Digest::Session),
            (Some(DigestMode::Always), Digest::Kept, always),
            (Some(DigestMode::Never), Digest::Module, Digest::Module),
        ] {
            let host = Host {
                module: Some(Module {
                    abi_version: Some(Ok(4)),
                    digest: mode,
                    ..Module::default()
                }),
                ..Host::default()
            };
            let of = |fast, panic| {
                let options = Options {
                    fast,
                    panic,
                    ..Options::default()
                };
                Digest::of(&options, &host)
            };
            for kept in [Fast::No, Fast::Refused] {
                assert_eq!(of(kept, false), bare, "{mode:?}");
            }
            for asked in [Fast::ByDefault, Fast::Asked] {
                assert_eq!(of(asked, false), fast, "{mode:?}");
                assert_eq!(of(asked, true), Digest::Kept, "{mode:?}");
            }
        }
        let asked = Options {
            fast: Fast::Asked,
            ..Options::default()
        };
        let without = Digest::Unable("the module kexec_bpf is not loaded");
        assert_eq!(Digest::of(&asked, &Host::default()), without);
    }
}
