// SPDX-License-Identifier: GPL-2.0-or-later
//! Plans for thin images: their files, their route, and what verifies them.
use super::*;
use crate::host::{Enforce, Lockdown};
use crate::policy::explain::Rule;
use crate::policy::plan::build::TestFile;

fn image() -> Vec<u8> {
    build::pe(&[
        (".osrel", b"ID=lanza\n"),
        (".cmdline", b"init=/x quiet"),
        (".initrd", b"\\initrd"),
        (".ucode", b"microcode"),
        (".pcrsig", b"{}"),
        (".linux", b"\\kernel"),
        (".initrdh", &[2; 32]),
        (".linuxh", &[1; 32]),
    ])
}

fn thin(image: &[u8], kernel: Vec<u8>) -> Manifest<TestFile<'_>> {
    let kernel = TestFile::Bytes(kernel.leak());
    manifest(image).with_thin(kernel, TestFile::Size(7000))
}

fn plan_thin(kernel: Vec<u8>, options: &Options, host: &Host) -> Result<Plan, PlanError> {
    plan(options, &thin(&image(), kernel), host)
}

#[test]
fn kernel_and_initrd_are_the_files_that_it_names() {
    let image = image();
    let manifest = thin(&image, build::bzimage()).with_initrds(&[100]);
    let plan = plan(&Options::default(), &manifest, &machine()).unwrap();
    assert_eq!(plan.route, Route::Extract);
    // After the image and the user's initrd.
    assert_eq!(plan.kernel.source, InputId(2));
    assert_eq!(plan.kernel.slice, slice(0, 1536));
    assert_eq!(plan.kernel.section, Some(SectionKind::Linux));
    let release = build::KERNEL_VERSION.split(' ').next().map(str::as_bytes);
    assert_eq!(plan.kernel.release.as_deref(), release);
    // lanzaboote's stub passes on no other section.
    assert_eq!(
        parts(&plan),
        [
            (InitrdOrigin::Thin, InputId(3), slice(0, 7000)),
            (InitrdOrigin::User, InputId(1), slice(0, 100)),
        ]
    );
    assert_eq!(plan.cmdline.text, b"init=/x quiet");
    assert_eq!(plan.cmdline.base, CmdlineBase::Image);
    assert_eq!(manifest.inputs().count(), 4);
    let bytes = |id| manifest.get(InputId(id)).unwrap().file.file_bytes();
    assert_eq!((bytes(2), bytes(3)), (1536, 7000));
}

#[test]
fn an_initrd_of_no_bytes_is_none() {
    let image = image();
    let kernel = TestFile::Bytes(build::bzimage().leak());
    let manifest = manifest(&image).with_thin(kernel, TestFile::Size(0));
    let plan = plan(&Options::default(), &manifest, &machine()).unwrap();
    assert_eq!(parts(&plan), []);
    assert_eq!(plan.flags, Flags::load(false, false));
}

#[test]
fn the_handshake_is_refused_and_never_chosen() {
    for host in [machine(), with_module()] {
        let route = |route| {
            let options = Options {
                route,
                ..Options::default()
            };
            plan_thin(build::bzimage(), &options, &host).map(|plan| plan.route)
        };
        assert_eq!(route(None), Ok(Route::Extract));
        assert_eq!(route(Some(Route::Extract)), Ok(Route::Extract));
        let error = route(Some(Route::Handshake)).unwrap_err();
        assert_eq!(error, PlanError::ThinHandshake);
        let found = error.diagnose();
        assert_eq!(found.exit, Exit::Usage);
        assert!(found.cause_text().len() + "cause: ".len() <= 80);
        let kind = "a thin UKI (lanzaboote)";
        assert_eq!(
            route(Some(Route::Native)),
            Err(PlanError::NotTakenAsItIs { kind })
        );
    }
}

#[test]
fn other_images_in_the_kernels_place_are_refused() {
    let source = InputId(1);
    let not_a_kernel = |kind| PlanError::NotAKernel { source, kind };
    for (kernel, error) in [
        (image(), not_a_kernel("a thin UKI (lanzaboote)")),
        (build::uki(), not_a_kernel("a UKI")),
        (
            build::zboot("gzip"),
            not_a_kernel("a compressed EFI kernel (zboot)"),
        ),
        (
            Vec::new(),
            PlanError::BadKernel {
                source,
                error: ImageError::Empty,
            },
        ),
    ] {
        let found = plan_thin(kernel, &Options::default(), &machine()).unwrap_err();
        assert_eq!(found, error);
        assert_eq!(
            (found.source(), found.diagnose().exit),
            (source, Exit::BadImage)
        );
    }
    let text = plan_thin(b"no kernel".repeat(9), &Options::default(), &machine());
    assert!(matches!(text, Err(PlanError::BadKernel { .. })), "{text:?}");
}

#[test]
fn where_signatures_count_it_takes_two_flags_or_is_refused() {
    let knowingly = Options {
        route: Some(Route::Extract),
        allow_unsigned_initrd: true,
        ..Options::default()
    };
    for mut host in [machine(), with_module()] {
        host.cap_sys_boot = true;
        host.lockdown = Some(Lockdown::Integrity);
        let blocker = |options: &Options, host: &Host| {
            plan_thin(build::bzimage(), options, host).unwrap().blocker
        };
        let found = blocker(&Options::default(), &host).unwrap();
        let cause = "lockdown: of a thin image, only the kernel's file is verified";
        assert_eq!(found.cause_text(), cause);
        let hint = "load it with --route extract --allow-unsigned-initrd";
        assert_eq!(found.hints, [Hint::Text(hint)]);
        assert_eq!(blocker(&knowingly, &host), None);
        host.enforce = Some(Enforce::On);
        let found = blocker(&knowingly, &host).unwrap();
        assert_eq!(found, Rule::Thin.broken(false));
    }
}
