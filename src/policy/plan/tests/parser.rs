// SPDX-License-Identifier: GPL-2.0-or-later
//! The parser that a plan expects.

use super::*;
use crate::abi::{UKI_PARSER_OFFSET, ZBOOT_PARSER_OFFSET};
use crate::formats::object::tests::build::elf_for_host;
use crate::policy::plan::Parser;

const SKELETON: &[&str] = &["opts_data", "opts_insn"];

fn host(takes_early_parsers: bool) -> Host {
    let mut host = with_module();
    host.module.as_mut().unwrap().takes_early_parsers = takes_early_parsers;
    host
}

fn parser(image: &[u8], host: &Host) -> Result<Parser, PlanError> {
    plan_on(image, &Options::default(), host).map(|plan| plan.parser)
}

#[test]
fn the_image_has_one_or_else_the_module() {
    let host = host(true);
    let module = |offset| Parser::Module {
        offset,
        replaces_skeleton: false,
    };
    assert_eq!(parser(&build::uki(), &host), Ok(module(UKI_PARSER_OFFSET)));
    assert_eq!(
        parser(&build::zboot("gzip"), &host),
        Ok(module(ZBOOT_PARSER_OFFSET))
    );
    assert_eq!(parser(&build::bzimage(), &host), Ok(Parser::None));
    let own = uki_with(&[(".bpf", b"parser")]);
    assert!(matches!(parser(&own, &host), Ok(Parser::Image(_))));
    // Nobody looks at it on another route.
    let skeleton = uki_with(&[(".bpf", &elf_for_host(&[]))]);
    assert_eq!(parser(&skeleton, &Host::default()), Ok(Parser::None));
}

#[test]
fn upstreams_skeleton_makes_room_for_the_modules_own() {
    let skeleton = elf_for_host(SKELETON);
    let uki = uki_with(&[(".bpf", &skeleton)]);
    let module = Parser::Module {
        offset: UKI_PARSER_OFFSET,
        replaces_skeleton: true,
    };
    assert_eq!(parser(&uki, &host(true)), Ok(module));
    // An older module hands it out, and that ends as it always did.
    assert!(matches!(parser(&uki, &host(false)), Ok(Parser::Image(_))));
    let opaque = build::pe(&[(".text", b"stub"), (".bpf", &skeleton)]);
    let error = PlanError::NotAParser { is_skeleton: true };
    assert_eq!(parser(&opaque, &host(true)), Err(error));
}

#[test]
fn other_programs_are_no_parsers() {
    let error = PlanError::NotAParser { is_skeleton: false };
    for symbols in [&[][..], &["opts_insn"], &["opts_data", "opts_insn2"]] {
        let uki = uki_with(&[(".bpf", &elf_for_host(symbols))]);
        assert_eq!(parser(&uki, &host(true)), Err(error.clone()), "{symbols:?}");
    }
    // Cut off.
    let whole = elf_for_host(SKELETON);
    for bytes in 64..whole.len() {
        let uki = uki_with(&[(".bpf", &whole[..bytes])]);
        assert_eq!(parser(&uki, &host(true)), Err(error.clone()), "{bytes}");
    }
}
