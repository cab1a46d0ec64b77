// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice to have the module unpack the initrd at the load, so that the next kernel
//! need not. Layer: pure.

use alloc::format;
use alloc::string::String;

use super::Route;
use super::options::Options;
use crate::host::Host;
use crate::policy::explain;

/// The unpacking of the initrd, as planned. `asker` is the option or the kernel's word that
/// asked for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unpack {
    /// Left to the next kernel.
    No,
    /// Left to the next kernel although it was asked for, for this reason.
    Unable {
        asker: &'static str,
        why: &'static str,
    },
    /// A session asks the module for it.
    Session { asker: &'static str },
}

impl Unpack {
    /// Decides for a load.
    #[must_use]
    pub fn of(options: &Options, route: Route, host: &Host) -> Unpack {
        let Some(asker) = options.unpack.filter(|_| !options.panic) else {
            return Unpack::No;
        };
        let is_able = host.module.as_ref().is_some_and(|it| it.unpacks_initrds);
        let why = match (route, options.route) {
            (Route::Native, _) => {
                "the kernel opens a plain kernel itself; the module unpacks initrds of UKIs"
            }
            _ if !is_able => explain::lacking(host),
            (Route::Handshake, _) => return Unpack::Session { asker },
            (Route::Extract, Some(_)) => {
                "the module unpacks initrds only on the route handshake; try without --route"
            }
            (Route::Extract, None) => "the module unpacks initrds only on the route handshake",
        };
        Unpack::Unable { asker, why }
    }

    /// Returns the warning for a user who asked in vain, if that is known before the load.
    #[must_use]
    pub fn warning(self) -> Option<String> {
        match self {
            Unpack::Unable { asker, why } => Some(format!("{asker} has no effect: {why}")),
            Unpack::No | Unpack::Session { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Unpack;
    use crate::abi::ABI_VERSION;
    use crate::host::{Host, Module};
    use crate::policy::plan::{Options, Route};

    #[test]
    fn the_module_unpacks_on_its_own_route() {
        let host = |unpacks_initrds| Host {
            module: Some(Module {
                abi_version: Some(Ok(ABI_VERSION)),
                unpacks_initrds,
                ..Module::default()
            }),
            ..Host::default()
        };
        let (without, old, able) = (Host::default(), host(false), host(true));
        let asker = "--unpack-initrd";
        for (host, route, named, words) in [
            (
                &without,
                Route::Extract,
                false,
                Some("not loaded; try modprobe"),
            ),
            (&without, Route::Native, false, Some("plain kernel")),
            (&old, Route::Handshake, false, Some("too old")),
            (&old, Route::Extract, true, Some("too old")),
            (&able, Route::Native, false, Some("plain kernel")),
            (&able, Route::Extract, true, Some("try without --route")),
            (
                &able,
                Route::Extract,
                false,
                Some("only on the route handshake"),
            ),
            (&able, Route::Handshake, false, None),
        ] {
            let options = Options {
                route: named.then_some(route),
                unpack: Some(asker),
                ..Options::default()
            };
            let found = Unpack::of(&options, route, host);
            let Some(words) = words else {
                assert_eq!(found, Unpack::Session { asker });
                assert_eq!(found.warning(), None);
                continue;
            };
            let warning = found.warning().unwrap();
            let start = "--unpack-initrd has no effect: ";
            assert!(
                warning.starts_with(start) && warning.contains(words),
                "{warning}"
            );
        }
    }

    #[test]
    fn nobody_unpacks_unless_asked_nor_for_a_panic() {
        let host = Host {
            module: Some(Module {
                unpacks_initrds: true,
                ..Module::default()
            }),
            ..Host::default()
        };
        let panic = Options {
            panic: true,
            unpack: Some("--unpack-initrd"),
            ..Options::default()
        };
        for options in [Options::default(), panic] {
            for host in [&host, &Host::default()] {
                let found = Unpack::of(&options, Route::Handshake, host);
                assert_eq!((found, found.warning()), (Unpack::No, None));
            }
        }
    }
}
