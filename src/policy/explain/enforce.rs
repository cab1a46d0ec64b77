// SPDX-License-Identifier: GPL-2.0-or-later
//! The loads that the module's enforce refuses. Layer: pure.

use super::{certain, possible};
use crate::diagnosis::{Diagnosis, Hint};
use crate::formats::entries::type1::Type1;
use crate::host::{Enforce, Host};

/// The rules of enforce for a load, in the order in which they are checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    Uki,
    Signed,
    SignedAddon,
    Thin,
    Whole,
    NoInitrd,
    NoCmdline,
    OwnCmdline,
}

impl Rule {
    /// Returns the rule that a boot entry breaks by what it adds to its image.
    #[must_use]
    pub fn broken_by(entry: &Type1) -> Option<Rule> {
        match (entry.initrds.is_empty(), entry.options.is_empty()) {
            (false, _) => Some(Rule::NoInitrd),
            (_, false) => Some(Rule::NoCmdline),
            (true, true) => None,
        }
    }

    /// Returns the cause to show for a load that breaks this rule.
    #[must_use]
    pub fn cause(self) -> &'static str {
        match self {
            Rule::Uki => "enforce: only a UKI's initrd and command line are verified",
            Rule::Signed => "enforce: the image has no signature",
            Rule::SignedAddon => "enforce: an addon has no signature",
            Rule::Thin => "enforce: nothing verifies the files that a thin image names",
            Rule::Whole => "enforce: nothing verifies what route extract takes out of a UKI",
            Rule::NoInitrd => "enforce: nothing verifies an added initrd",
            Rule::NoCmdline => "enforce: nothing verifies words added to the command line",
            Rule::OwnCmdline => "enforce: the command line must be the UKI's own",
        }
    }

    /// Returns the diagnosis of a load that breaks this rule, before the kernel is
    /// called.
    #[must_use]
    pub fn broken(self, panic: bool) -> Diagnosis {
        let hint = match self {
            Rule::Uki => "load a signed UKI of that kernel: ukify build; sbsign",
            Rule::Signed | Rule::SignedAddon => {
                "sign it with sbsign, with a key in db or MOK; kexec-bpf inspect FILE, which shows the signers"
            }
            Rule::Thin => "load a signed UKI with the kernel and the initrd in it",
            Rule::Whole => "the same command without --route",
            Rule::NoInitrd => "put that initrd into a signed addon, or into the UKI",
            Rule::NoCmdline | Rule::OwnCmdline if panic => {
                "load a crash image with nr_cpus=1 and the like in its own .cmdline"
            }
            Rule::NoCmdline => "put these words into a signed addon, or into the UKI",
            Rule::OwnCmdline => "put the words into the UKI, then sign it",
        };
        certain(self.cause(), &[Hint::Text(hint)])
    }
}

/// Explains a refusal for which there is no report from the module.
pub(super) fn without_report() -> Diagnosis {
    possible(
        "enforce refuses it; the kernel's log says why",
        &[Hint::Dmesg, Hint::DryRun],
    )
}

/// Leaves out the hints that cannot be followed under enforce.
#[must_use]
pub fn adapted(diagnosis: Diagnosis, host: &Host) -> Diagnosis {
    match host.enforces() {
        true => diagnosis.without(Hint::RouteExtract),
        false => diagnosis,
    }
}

/// Returns the blocker to every load after the module was removed by force.
pub(super) fn held(host: &Host) -> Option<Diagnosis> {
    (host.enforce == Some(Enforce::Held)).then(|| {
        certain(
            "enforce: the module is being removed; nothing can be loaded",
            &[Hint::Text("reboot through the firmware")],
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{able, report};
    use super::super::{handshake, handshake_blocker, load, load_blocker, parser, unload};
    use super::*;
    use crate::abi::{self, Report, Stage};
    use crate::diagnosis::Exit;
    use crate::diagnosis::errno::Errno;
    use crate::host::Lockdown;

    fn enforcing(enforce: Enforce) -> Host {
        Host {
            enforce: Some(enforce),
            ..able()
        }
    }

    #[test]
    fn nothing_can_be_loaded_once_the_module_was_removed_by_force() {
        let held = enforcing(Enforce::Held);
        let cause = "enforce: the module is being removed; nothing can be loaded";
        for panic in [false, true] {
            assert_eq!(load_blocker(&held, panic).unwrap().cause_text(), cause);
            assert_eq!(load(Errno::EPERM, &held, panic).cause_text(), cause);
        }
        assert_eq!(handshake_blocker(&held).unwrap().cause_text(), cause);
        // Unloading still works; its failures have other causes.
        assert!(
            !unload(Errno::EPERM, &held, false)
                .cause_text()
                .contains("enforce")
        );
        assert_eq!(load_blocker(&enforcing(Enforce::On), false), None);
    }

    /// The same with lockdown and without it.
    #[test]
    fn a_good_signature_is_not_blamed() {
        let open = enforcing(Enforce::On);
        let locked = Host {
            lockdown: Some(Lockdown::Integrity),
            ..open.clone()
        };
        let mut rules = report(Stage::Rules, Errno::EPERM);
        let why = b"enforce: the command line has words of the user's";
        rules.reason[..why.len()].copy_from_slice(why);
        rules.reason[why.len()..].fill(0);
        let probe = Report {
            stage: Stage::Probe as u32,
            signature: abi::SIGNATURE_UNCHECKED,
            ..rules
        };
        for host in [&open, &locked] {
            for report in [&rules, &probe] {
                let found = handshake(Errno::EPERM, Some(report), host, false);
                assert_eq!(found.cause_text().as_bytes(), why);
                assert!(found.is_certain() && found.exit == Exit::Refused);
                assert_eq!(found.signature, None);
            }
            for found in [
                handshake(Errno::EPERM, None, host, false),
                load(Errno::EPERM, host, true),
            ] {
                assert!(
                    found.cause_text().starts_with("enforce refuses it"),
                    "{}",
                    found.cause_text()
                );
                assert!(!found.is_certain() && found.signature.is_none());
            }
            for (errno, cause) in [
                (
                    Errno::ENOKEY,
                    "the kernel has no key for the image's signature",
                ),
                (
                    Errno::EKEYREJECTED,
                    "the kernel rejected the image's signature",
                ),
                (Errno::ENODATA, "the kernel found no signature in the image"),
            ] {
                let mut report = rules;
                report.signature = -errno.0;
                let found = handshake(Errno::EPERM, Some(&report), host, false);
                assert_eq!(found.signature, Some(errno));
                let level = match host.is_locked_down() {
                    true => "lockdown: integrity",
                    false => "enforce",
                };
                assert_eq!(found.cause_text(), format!("{cause} ({level})"));
            }
        }
    }

    #[test]
    fn no_hint_names_a_route_that_is_refused() {
        let hints = |host: &Host| adapted(parser(&"x", Exit::BadImage), host).hints.clone();
        let other = Hint::Text("use an image with another .bpf section");
        assert_eq!(hints(&able()), [other, Hint::RouteExtract]);
        assert_eq!(hints(&enforcing(Enforce::On)), [other]);
    }
}
