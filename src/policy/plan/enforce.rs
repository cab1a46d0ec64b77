// SPDX-License-Identifier: GPL-2.0-or-later
//! The rules of the module's enforce, applied to a plan. Layer: pure.

use super::{Manifest, Plan, Route};
use crate::formats::image::uki::SectionKind;
use crate::host::Host;
use crate::policy::explain::Rule;

impl Plan {
    /// Returns the first rule of enforce that the plan breaks, if enforce is on.
    pub(super) fn breaks<F>(&self, manifest: &Manifest<F>, host: &Host) -> Option<Rule> {
        let has_unsigned_addon = manifest.addons().any(|(_, addon)| !addon.is_signed);
        let rules = [
            (self.kernel.section != Some(SectionKind::Linux), Rule::Uki),
            (manifest.thin.is_some(), Rule::Thin),
            (self.route != Route::Handshake, Rule::Whole),
            (!manifest.detected.is_signed(), Rule::Signed),
            (has_unsigned_addon, Rule::SignedAddon),
            (!manifest.initrds.is_empty(), Rule::NoInitrd),
            (self.cmdline.replaces_own(), Rule::OwnCmdline),
            (!self.cmdline.users.is_empty(), Rule::NoCmdline),
        ];
        let broken = rules.into_iter().find(|(is_broken, _)| *is_broken);
        broken.map(|(_, rule)| rule).filter(|_| host.enforces())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crate::diagnosis::{Diagnose, Exit, Hint};
    use crate::formats::image::addon::Addon;
    use crate::formats::image::build;
    use crate::formats::image::pe::Machine;
    use crate::host::{Enforce, Host, Lockdown, Module};
    use crate::policy::explain::Rule;
    use crate::policy::plan::build::{TestFile, manifest, plan_on};
    use crate::policy::plan::{CompanionKind, Manifest, Options, PlanError, Route, plan};

    fn host(enforce: Enforce) -> Host {
        Host {
            machine: "x86_64".into(),
            cap_sys_boot: true,
            enforce: Some(enforce),
            lockdown: Some(Lockdown::None),
            running_cmdline: Some(b"quiet".to_vec()),
            module_loaded: true,
            module: Some(Module {
                abi_version: Some(Ok(crate::abi::ABI_VERSION)),
                has_btf: true,
                ..Module::default()
            }),
            ..Host::default()
        }
    }

    /// Returns a UKI with a certificate table, the only part of a signature that the
    /// rules look at.
    fn signed(mut file: Vec<u8>) -> Vec<u8> {
        let at = u32::try_from(file.len()).unwrap();
        file.extend([8, 0, 0, 0, 0, 2, 2, 0]);
        build::put32(&mut file, build::CERTIFICATE_AT, at);
        build::put32(&mut file, build::CERTIFICATE_AT + 4, 8);
        file
    }

    #[test]
    fn what_nothing_verifies_is_refused_before_the_call() {
        let good = signed(build::uki());
        let option = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options
        };
        let append = |words| Options {
            append: alloc::vec![words],
            ..Options::default()
        };
        let none = Options::default;
        let addon = |is_signed| {
            let addon = Addon {
                machine: Machine::X86_64,
                uname: None,
                cmdline: Vec::new(),
                initrd: None,
                ucode: None,
                is_signed,
            };
            manifest(&good).with_companion(CompanionKind::Addon(addon), 1)
        };
        let (unsigned, bzimage) = (build::uki(), build::bzimage());
        let good_alone = || manifest(&good);
        let cases: [(Manifest<TestFile<'_>>, Options, Option<Rule>); 12] = [
            (good_alone(), none(), None),
            (good_alone(), option(|options| options.panic = true), None),
            (good_alone(), append(Vec::new()), None),
            (manifest(&unsigned), none(), Some(Rule::Signed)),
            (manifest(&bzimage), none(), Some(Rule::Uki)),
            (
                good_alone(),
                option(|options| options.route = Some(Route::Extract)),
                Some(Rule::Whole),
            ),
            (
                good_alone().with_initrds(&[7]),
                none(),
                Some(Rule::NoInitrd),
            ),
            (
                good_alone(),
                append(b"nr_cpus=1".to_vec()),
                Some(Rule::NoCmdline),
            ),
            (addon(true), none(), None),
            (addon(false), none(), Some(Rule::SignedAddon)),
            // An empty line still replaces the image's own.
            (
                good_alone(),
                option(|options| options.command_line = Some(Vec::new())),
                Some(Rule::OwnCmdline),
            ),
            (
                good_alone(),
                option(|options| options.reuse_cmdline = true),
                Some(Rule::OwnCmdline),
            ),
        ];
        for (manifest, options, broken) in cases {
            let blocker = |enforce| plan(&options, &manifest, &host(enforce)).unwrap().blocker;
            let found = blocker(Enforce::On);
            let panic = options.panic;
            assert_eq!(found, broken.map(|rule: Rule| rule.broken(panic)));
            if let Some(found) = found {
                assert!(found.is_certain() && found.exit == Exit::Refused);
            }
            assert_eq!(blocker(Enforce::Off), None);
        }
    }

    #[test]
    fn a_crash_image_brings_its_own_words() {
        let hint = |panic| match Rule::NoCmdline.broken(panic).hints[..] {
            [Hint::Text(words)] => words,
            ref other => panic!("{other:?}"),
        };
        assert!(hint(true).contains("nr_cpus=1") && !hint(false).contains("nr_"));
    }

    #[test]
    fn there_is_no_other_route_than_the_handshake() {
        let file = signed(build::uki());
        let mut host = host(Enforce::On);
        let route = |host: &Host| plan_on(&file, &Options::default(), host).map(|plan| plan.route);
        assert_eq!(route(&host), Ok(Route::Handshake));
        host.module.as_mut().unwrap().has_btf = false;
        let error = route(&host).unwrap_err();
        assert!(matches!(error, PlanError::NoHandshake(_)), "{error:?}");
        host.enforce = Some(Enforce::Held);
        host.module.as_mut().unwrap().has_btf = true;
        let error = route(&host).unwrap_err();
        let cause = "enforce: the module is being removed; nothing can be loaded";
        assert_eq!(error.diagnose().cause_text(), cause);
    }
}
