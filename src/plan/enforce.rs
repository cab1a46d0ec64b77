// SPDX-License-Identifier: GPL-2.0-or-later
//! What the module's enforce refuses of a plan.

use super::{Plan, Request, Route};
use crate::explain::Rule;
use crate::facts::Facts;
use crate::image::uki::SectionKind;

impl Plan {
    /// The first rule of enforce that it breaks, where the kernel has that on.
    pub(super) fn breaks(&self, request: &Request, facts: &Facts) -> Option<Rule> {
        let has_unsigned_addon = request.pe_addons().any(|(_, addon)| !addon.is_signed);
        let rules = [
            (self.kernel.section != Some(SectionKind::Linux), Rule::Uki),
            (self.route != Route::Handshake, Rule::Whole),
            (!self.is_signed, Rule::Signed),
            (has_unsigned_addon, Rule::SignedAddon),
            (!request.initrd_bytes.is_empty(), Rule::NoInitrd),
            (self.cmdline.replaces_own(), Rule::OwnCmdline),
            (!self.cmdline.users.is_empty(), Rule::NoCmdline),
        ];
        let broken = rules.into_iter().find(|(is_broken, _)| *is_broken);
        broken.map(|(_, rule)| rule).filter(|_| facts.enforces())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crate::diagnosis::{Diagnose, Exit, Hint};
    use crate::explain::Rule;
    use crate::facts::{Enforce, Facts, Lockdown, Module};
    use crate::image::addon::Addon;
    use crate::image::build;
    use crate::image::detect::detect;
    use crate::image::pe::Machine;
    use crate::plan::{AddonFile, Plan, PlanError, Request, Route, plan};

    fn facts(enforce: Enforce) -> Facts {
        Facts {
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
            ..Facts::default()
        }
    }

    fn on(file: &[u8], request: &Request, facts: &Facts) -> Result<Plan, PlanError> {
        plan(file, &detect(file).unwrap(), request, facts)
    }

    /// A UKI with a certificate table, which is all that is looked at here.
    fn signed(mut file: Vec<u8>) -> Vec<u8> {
        let at = u32::try_from(file.len()).unwrap();
        file.extend([8, 0, 0, 0, 0, 2, 2, 0]);
        build::put32(&mut file, build::CERTIFICATE_AT, at);
        build::put32(&mut file, build::CERTIFICATE_AT + 4, 8);
        file
    }

    #[test]
    fn what_nothing_verifies_is_refused_before_the_call() {
        let words = || alloc::vec![b"nr_cpus=1".to_vec()];
        let good = signed(build::uki());
        let request = |change: fn(&mut Request)| {
            let mut request = Request::default();
            change(&mut request);
            request
        };
        let append = Request {
            append: words(),
            ..Request::default()
        };
        let with_addon = |is_signed| Request {
            addons: alloc::vec![AddonFile::Pe(Addon {
                machine: Machine::X86_64,
                uname: None,
                cmdline: Vec::new(),
                initrd: None,
                ucode: None,
                is_signed,
            })],
            ..Request::default()
        };
        let empty = Request {
            append: alloc::vec![Vec::new()],
            ..Request::default()
        };
        for (file, request, broken) in [
            (&good, Request::default(), None),
            (&good, request(|request| request.panic = true), None),
            (&good, empty, None),
            (&build::uki(), Request::default(), Some(Rule::Signed)),
            (&build::bzimage(), Request::default(), Some(Rule::Uki)),
            (
                &good,
                request(|request| request.route = Some(Route::Extract)),
                Some(Rule::Whole),
            ),
            (
                &good,
                request(|request| request.initrd_bytes.push(7)),
                Some(Rule::NoInitrd),
            ),
            (&good, append, Some(Rule::NoCmdline)),
            (&good, with_addon(true), None),
            (&good, with_addon(false), Some(Rule::SignedAddon)),
            // Also one that takes the image's away.
            (
                &good,
                request(|request| request.command_line = Some(Vec::new())),
                Some(Rule::OwnCmdline),
            ),
            (
                &good,
                request(|request| request.reuse_cmdline = true),
                Some(Rule::OwnCmdline),
            ),
        ] {
            let obstacle = |enforce| {
                let facts = facts(enforce);
                let plan = on(file, &request, &facts).unwrap();
                plan.obstacle(&request, &facts)
            };
            let found = obstacle(Enforce::On);
            assert_eq!(found, broken.map(|rule: Rule| rule.broken(request.panic)));
            if let Some(found) = found {
                assert!(found.is_certain() && found.exit == Exit::Refused);
            }
            assert_eq!(obstacle(Enforce::Off), None);
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
        let mut facts = facts(Enforce::On);
        let route = |facts: &Facts| on(&file, &Request::default(), facts).map(|plan| plan.route);
        assert_eq!(route(&facts), Ok(Route::Handshake));
        facts.module.as_mut().unwrap().has_btf = false;
        let error = route(&facts).unwrap_err();
        assert!(matches!(error, PlanError::NoHandshake(_)), "{error:?}");
        facts.enforce = Some(Enforce::Held);
        facts.module.as_mut().unwrap().has_btf = true;
        let error = route(&facts).unwrap_err();
        let cause = "enforce: the module is being removed, nothing can be loaded";
        assert_eq!(error.diagnose().cause_text(), cause);
    }
}
