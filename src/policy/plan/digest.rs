// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice to skip the kernel's SHA-256 of what is loaded, which takes most of the
//! time of a load and of the jump. Layer: pure.

use alloc::format;
use alloc::string::String;

use super::options::{Fast, Options};
use crate::host::{DigestMode, Host};
use crate::policy::explain;

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
            (Fast::No | Fast::Refused(_), _) => Digest::Kept,
            (_, Some(DigestMode::Auto)) => Digest::Session,
            (_, Some(DigestMode::Always)) => {
                Digest::Unable("the module's parameter digest is \"always\"")
            }
            (_, Some(DigestMode::Unable)) => {
                Digest::Unable("on this kernel the digest cannot be skipped")
            }
            (_, None) => Digest::Unable(explain::lacking(host)),
        }
    }

    /// Returns the warning for a user whose choice has no effect, if that is known before
    /// the load.
    #[must_use]
    pub fn warning(self, fast: Fast) -> Option<String> {
        match (self, fast) {
            (Digest::Module, Fast::Refused(name)) => Some(format!(
                "{name} has no effect: the module's parameter digest is \"never\""
            )),
            (Digest::Unable(why), Fast::Asked(name)) => {
                Some(format!("{name} has no effect: {why}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::Digest;
    use crate::host::{DigestMode, Host, Module};
    use crate::policy::plan::{Fast, Options};

    #[test]
    fn the_module_decides_what_is_possible() {
        let always = Digest::Unable("the module's parameter digest is \"always\"");
        let unable = Digest::Unable("on this kernel the digest cannot be skipped");
        let old = Digest::Unable("the loaded module kexec_bpf is too old for it");
        for (mode, bare, fast) in [
            (None, Digest::Kept, old),
            (Some(DigestMode::Auto), Digest::Kept, Digest::Session),
            (Some(DigestMode::Always), Digest::Kept, always),
            (Some(DigestMode::Never), Digest::Module, Digest::Module),
            (Some(DigestMode::Unable), Digest::Kept, unable),
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
            for kept in [Fast::No, Fast::Refused("--no-fast")] {
                assert_eq!(of(kept, false), bare, "{mode:?}");
            }
            for asked in [Fast::ByDefault, Fast::Asked("--fast")] {
                assert_eq!(of(asked, false), fast, "{mode:?}");
                assert_eq!(of(asked, true), Digest::Kept, "{mode:?}");
            }
        }
    }

    #[test]
    fn without_a_module_each_reason_has_its_words() {
        let module = |abi_version| {
            Some(Module {
                abi_version,
                ..Module::default()
            })
        };
        for (module, module_loaded, modules_disabled, words) in [
            (None, false, None, "is not loaded; try modprobe kexec_bpf"),
            (None, false, Some(true), "kernel.modules_disabled is 1"),
            (None, true, Some(true), "mount -t proc proc /proc"),
            (module(None), true, None, "mount -t sysfs sysfs /sys"),
            (module(Some(Ok(3))), true, None, "too old"),
        ] {
            let host = Host {
                module,
                module_loaded,
                modules_disabled,
                ..Host::default()
            };
            let options = Options {
                fast: Fast::Asked("--fast"),
                ..Options::default()
            };
            let Digest::Unable(why) = Digest::of(&options, &host) else {
                panic!("{host:?}");
            };
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn who_asked_in_vain_is_warned() {
        let (asked, refused) = (Fast::Asked("word"), Fast::Refused("word=0"));
        let (unable, never) = (Digest::Unable("it is old"), "parameter digest is \"never\"");
        for (digest, fast, warning) in [
            (unable, asked, Some("word has no effect: it is old".into())),
            (unable, Fast::ByDefault, None),
            (Digest::Session, asked, None),
            (Digest::Module, asked, None),
            (
                Digest::Module,
                refused,
                Some(format!("word=0 has no effect: the module's {never}")),
            ),
            (Digest::Module, Fast::No, None),
            (Digest::Kept, refused, None),
        ] {
            assert_eq!(digest.warning(fast), warning, "{digest:?} {fast:?}");
        }
    }
}
