// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. The choice to skip the kernel's SHA-256 of what is loaded, which takes most of the
//! time of a load and of the jump.

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
        let mode = host.module.as_ref().and_then(|module| module.digest);
        match (options.fast, mode) {
            _ if options.panic => Digest::Kept,
            (_, Some(DigestMode::Never)) => Digest::Module,
            (Fast::No, _) => Digest::Kept,
            (_, Some(DigestMode::Auto)) => Digest::Session,
            (_, Some(DigestMode::Always)) => {
                Digest::Unable("the module's parameter digest is \"always\"")
            }
            _ if host.module.is_none() => Digest::Unable("the module kexec_bpf is not loaded"),
            _ => Digest::Unable("the loaded module kexec_bpf is too old for it"),
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
            assert_eq!(of(Fast::No, false), bare, "{mode:?}");
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
