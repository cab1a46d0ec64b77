// SPDX-License-Identifier: GPL-2.0-or-later
//! Plans for images that are built here.
use super::build::{manifest, plan_on};
use super::*;
use crate::diagnosis::{Diagnose, Exit, Hint};
use crate::formats::image::build::{self, put16};
use crate::formats::image::error::ImageError;
use crate::formats::source::{FileOffset, InputId};
use crate::host::{DigestMode, Module};

mod cmdline;
mod parser;
mod thin;

/// Returns a machine on which nothing prevents a load.
fn machine() -> Host {
    Host {
        machine: "x86_64".into(),
        running_cmdline: Some(b"BOOT_IMAGE=/vmlinuz root=/dev/sda quiet initrd=a.img".to_vec()),
        ..Host::default()
    }
}

/// Returns the same machine with kexec_bpf.ko.
fn with_module() -> Host {
    let module = Module {
        abi_version: Some(Ok(abi::ABI_VERSION)),
        has_btf: true,
        ..Module::default()
    };
    Host {
        module: Some(module),
        ..machine()
    }
}

fn plan_of(file: &[u8], options: &Options) -> Result<Plan, PlanError> {
    plan_on(file, options, &machine())
}

fn slice(offset: u64, bytes: u64) -> FileSlice {
    FileSlice {
        offset: FileOffset(offset),
        bytes,
    }
}

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| Vec::from(*word)).collect()
}

/// Returns each piece of the initrd: its origin, its file, its bytes.
fn parts(plan: &Plan) -> Vec<(InitrdOrigin, InputId, FileSlice)> {
    let parts = plan
        .initrd
        .iter()
        .map(|part| (part.from, part.source, part.slice));
    parts.collect()
}

/// Returns a UKI with a kernel and these sections.
fn uki_with(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let kernel = build::bzimage();
    let mut all = sections.to_vec();
    all.push((".linux", &kernel));
    build::pe(&all)
}

#[test]
fn a_bzimage_goes_to_the_kernel_whole() {
    let file = build::bzimage();
    let plan = plan_of(&file, &Options::default()).unwrap();
    assert_eq!(plan.route, Route::Native);
    assert_eq!(plan.kernel.slice, slice(0, 1536));
    assert_eq!(plan.kernel.section, None);
    let release = build::KERNEL_VERSION.split(' ').next().map(str::as_bytes);
    assert_eq!(plan.kernel.release.as_deref(), release);
    assert_eq!(parts(&plan), []);
    assert_eq!(plan.flags, Flags::load(false, false));
    assert_eq!(plan.cmdline.base, CmdlineBase::Empty);
    assert_eq!(plan.cmdline.text, b"");
}

#[test]
fn a_uki_is_extracted() {
    let plan = plan_of(&build::uki(), &Options::default()).unwrap();
    assert_eq!(plan.route, Route::Extract);
    assert_eq!(plan.kernel.slice, slice(0xa00, 1536));
    assert_eq!(plan.kernel.section, Some(SectionKind::Linux));
    assert_eq!(plan.cmdline.base, CmdlineBase::Image);
    assert_eq!(plan.cmdline.text, b"root=/dev/vda quiet");
    assert_eq!(plan.flags, Flags::load(false, true));
}

#[test]
fn a_session_asks_for_all_that_is_wanted() {
    use crate::abi::{REGISTER_NO_DIGEST, REGISTER_UNPACK_INITRD};
    let mut host = with_module();
    let module = host.module.as_mut().unwrap();
    module.digest = Some(DigestMode::Auto);
    module.unpacks_initrds = true;
    for (fast, unpack, flags) in [
        (Fast::No, None, 0),
        (Fast::ByDefault, None, REGISTER_NO_DIGEST),
        (Fast::No, Some("word"), REGISTER_UNPACK_INITRD),
        (
            Fast::Asked("word"),
            Some("word"),
            REGISTER_NO_DIGEST | REGISTER_UNPACK_INITRD,
        ),
    ] {
        let options = Options {
            fast,
            unpack,
            ..Options::default()
        };
        let plan = plan_on(&build::uki(), &options, &host).unwrap();
        assert_eq!(plan.session_flags(), flags, "{fast:?} {unpack:?}");
    }
}

#[test]
fn microcode_is_first_and_the_users_initrds_are_last() {
    use InitrdOrigin::{Section, SectionFile, User};
    // Sizes that are no multiples of 4; a plan does not read the contents.
    let uki = build::pe(&[
        (".text", b"stub"),
        (".osrel", &[b'a'; 32]),
        (".cmdline", b"root=/dev/vda quiet\n"),
        (".linux", &build::bzimage()),
        (".initrd", b"initrd contents"),
        (".ucode", b"microcode"),
    ]);
    let manifest = manifest(&uki).with_initrds(&[6, 8]);
    let plan = plan(&Options::default(), &manifest, &machine()).unwrap();
    let parts = parts(&plan);
    assert_eq!(
        parts,
        [
            (
                Section(SectionKind::Ucode),
                InputId::IMAGE,
                slice(0x1200, 9)
            ),
            (
                Section(SectionKind::Initrd),
                InputId::IMAGE,
                slice(0x1000, 15)
            ),
            (
                SectionFile(SectionKind::Osrel),
                InputId::IMAGE,
                slice(0x600, 32)
            ),
            (User, InputId(1), slice(0, 6)),
            (User, InputId(2), slice(0, 8)),
        ]
    );
    let places = plan.concat.parts.iter();
    let places: Vec<_> = places.map(|p| (p.zeros_before, p.part.bytes())).collect();
    // The third is `.extra` and a file's header; then the file and the trailer follow.
    let expected = [(0, 9), (7, 15), (5, 248), (0, 32), (0, 124), (4, 6), (6, 8)];
    assert_eq!(places, expected);
    assert_eq!(plan.concat.total_bytes, 316 + 148);
}

#[test]
fn empty_sections_are_no_initrd() {
    let file = uki_with(&[(".initrd", b""), (".ucode", b"")]);
    let plan = plan_of(&file, &Options::default()).unwrap();
    assert_eq!(parts(&plan), []);
    assert_eq!(plan.flags, Flags::load(false, false));
}

#[test]
fn flags_follow_panic_and_initrd() {
    let kernel = build::bzimage();
    for (panic, initrds) in [(false, &[][..]), (false, &[1]), (true, &[]), (true, &[1])] {
        let options = Options {
            panic,
            ..Options::default()
        };
        let manifest = manifest(&kernel).with_initrds(initrds);
        let plan = plan(&options, &manifest, &machine()).unwrap();
        assert_eq!(plan.flags, Flags::load(panic, !initrds.is_empty()));
    }
}

#[test]
fn initrds_larger_than_any_file_are_refused() {
    let kernel = build::bzimage();
    let manifest = manifest(&kernel).with_initrds(&[u64::MAX / 2, u64::MAX / 2]);
    let error = plan(&Options::default(), &manifest, &machine()).unwrap_err();
    assert!(matches!(error, PlanError::Initrd(_)), "{error:?}");
}

#[test]
fn a_route_that_does_not_fit_is_wrong_usage() {
    let as_it_is = |wanted| PlanError::TakenAsItIs { wanted };
    let kind = "a UKI";
    let not_as_it_is = PlanError::NotTakenAsItIs { kind };
    for (file, wanted, expected) in [
        (build::bzimage(), Route::Extract, as_it_is(Route::Extract)),
        (
            build::bzimage(),
            Route::Handshake,
            as_it_is(Route::Handshake),
        ),
        (build::uki(), Route::Native, not_as_it_is),
    ] {
        let options = Options {
            route: Some(wanted),
            ..Options::default()
        };
        let error = plan_on(&file, &options, &with_module()).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(error.diagnose().exit, Exit::Usage);
    }
}

#[test]
fn the_handshake_is_preferred_where_the_module_is() {
    let options = Options {
        append: words(&["debug"]),
        ..Options::default()
    };
    let uki = build::uki();
    let manifest = manifest(&uki).with_initrds(&[6]);
    let plan = plan(&options, &manifest, &with_module()).unwrap();
    assert_eq!(plan.route, Route::Handshake);
    // The module joins the pieces: only what the user adds is handed over.
    assert_eq!(plan.initrd.len(), 4);
    assert_eq!(plan.concat.total_bytes, 6);
    assert_eq!(plan.cmdline.text, b"root=/dev/vda quiet debug");
    assert_eq!(plan.cmdline.users, b"debug");

    let extract = Options {
        route: Some(Route::Extract),
        ..Options::default()
    };
    let plan = plan_on(&build::uki(), &extract, &with_module()).unwrap();
    assert_eq!(plan.route, Route::Extract);
}

#[test]
fn a_handshake_that_is_asked_for_does_not_become_another_route() {
    let options = Options {
        route: Some(Route::Handshake),
        ..Options::default()
    };
    let error = plan_of(&build::uki(), &options).unwrap_err();
    assert!(matches!(error, PlanError::NoHandshake(_)), "{error:?}");
    assert_eq!(error.diagnose().exit, Exit::Refused);
}

#[test]
fn an_image_for_another_machine_is_refused() {
    let mut file = build::uki();
    put16(&mut file, build::NT_HEADER + 4, 0xaa64);
    let expected = PlanError::WrongMachine {
        image: Machine::Arm64,
        running: "x86_64".into(),
    };
    assert_eq!(plan_of(&file, &Options::default()), Err(expected));
    // `uname -m` says this to a process with a 32-bit personality.
    let linux32 = Host {
        machine: "i686".into(),
        ..machine()
    };
    assert!(plan_on(&build::uki(), &Options::default(), &linux32).is_ok());
}

#[test]
fn an_addon_is_refused_as_what_it_is() {
    let file = build::pe(&[(".cmdline", b"quiet")]);
    let first = SectionKind::Cmdline;
    let error = plan_of(&file, &Options::default()).unwrap_err();
    assert_eq!(error, PlanError::Uki(UkiError::IsAddon { first }));
    let hint = Hint::Text("load the UKI that the addon belongs to");
    assert_eq!(error.diagnose().hints, [hint]);
}

#[test]
fn kernels_of_other_kinds_are_refused_by_kind() {
    let arm64 = build::linux_image(b"ARM\x64");
    let kind = "an arm64 kernel (Image)";
    let error = plan_of(&arm64, &Options::default()).unwrap_err();
    assert_eq!(error, PlanError::NotBootable { kind });
    let inner = build::pe(&[(".linux", &arm64)]);
    let error = plan_of(&inner, &Options::default()).unwrap_err();
    assert_eq!(error, PlanError::InnerNotBootable { kind });
}

#[test]
fn what_is_no_kernel_is_told_of_the_section() {
    let file = build::pe(&[(".linux", &[b'x'; 600])]);
    let error = plan_of(&file, &Options::default()).unwrap_err();
    let PlanError::Inner(ImageError::InLinux(_)) = error else {
        panic!("{error:?}");
    };
    let empty = build::pe(&[(".text", b"stub"), (".linux", b"")]);
    let error = plan_of(&empty, &Options::default()).unwrap_err();
    assert_eq!(error, PlanError::Uki(UkiError::EmptyLinux));
}

#[test]
fn a_kernel_that_kexec_cannot_take_is_refused_before_it_is_tried() {
    let mut kernel = build::bzimage();
    put16(&mut kernel, 0x236, 0);
    let why = "it is not a 64-bit kernel";
    for file in [kernel.clone(), build::pe(&[(".linux", &kernel)])] {
        let error = plan_of(&file, &Options::default()).unwrap_err();
        assert_eq!(error, PlanError::KernelRefuses { why });
    }
}

#[test]
fn a_profile_overrides_the_base() {
    let file = uki_with(&[(".osrel", b"ID=x\n"), (".cmdline", b"base")]);
    let kernel = build::bzimage();
    let profiles = build::pe(&[
        (".cmdline", b"base"),
        (".linux", &kernel),
        (".initrd", b"base initrd"),
        (".profile", b"ID=main\n"),
        (".profile", b"ID=rescue\n"),
        (".cmdline", b"rescue"),
        (".initrd", b"rescue initrd"),
    ]);
    let choose = |file: &[u8], profile| {
        let manifest = manifest(file).with_profile(profile);
        plan(&Options::default(), &manifest, &machine())
    };
    assert_eq!(choose(&profiles, 0).unwrap().cmdline.text, b"base");
    let rescue = choose(&profiles, 1).unwrap();
    assert_eq!(rescue.cmdline.text, b"rescue");
    let origins = |plan: &Plan| plan.initrd.iter().map(|part| part.from).collect::<Vec<_>>();
    let initrd = InitrdOrigin::Section(SectionKind::Initrd);
    let profile = InitrdOrigin::SectionFile(SectionKind::Profile);
    assert_eq!(origins(&rescue), [initrd, profile]);
    assert_eq!(rescue.initrd[0].slice.bytes, 13);
    assert_eq!(rescue.kernel, choose(&profiles, 0).unwrap().kernel);
    for (file, wanted, count) in [(&profiles, 2, 2), (&file, 1, 0)] {
        let error = choose(file, wanted).unwrap_err();
        let expected = UkiError::NoSuchProfile { wanted, count };
        assert_eq!(error, PlanError::Uki(expected));
    }
}
