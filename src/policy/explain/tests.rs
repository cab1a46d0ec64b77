// SPDX-License-Identifier: GPL-2.0-or-later
//! Each cause, with a host whose state shows it.

use super::*;
use crate::abi::{self, Report, Stage};
use crate::host::Lockdown;

pub(super) fn able() -> Host {
    Host {
        kernel_release: "6.12.0".into(),
        machine: "x86_64".into(),
        cap_sys_boot: true,
        lockdown: Some(Lockdown::None),
        load_disabled: Some(false),
        load_limit_reboot: Some(-1),
        load_limit_panic: Some(-1),
        file_load: Some(true),
        classic_load: Some(true),
        loaded: Some(false),
        crash_loaded: Some(false),
        crash_size_bytes: Some(256 << 20),
        ..Host::default()
    }
}

fn blocker(host: &Host, panic: bool) -> String {
    let found = load_blocker(host, panic).unwrap();
    assert!(found.is_certain() && found.exit == Exit::Refused);
    found.cause_text().into()
}

#[test]
fn nothing_stands_in_the_way_of_an_able_machine() {
    assert_eq!(load_blocker(&able(), false), None);
    assert_eq!(load_blocker(&able(), true), None);
}

#[test]
fn unknown_facts_are_no_blocker() {
    let host = Host {
        cap_sys_boot: true,
        ..Host::default()
    };
    assert_eq!(load_blocker(&host, true), None);
}

#[test]
fn each_blocker_has_its_own_words() {
    let unprivileged = Host {
        cap_sys_boot: false,
        ..able()
    };
    assert_eq!(
        blocker(&unprivileged, false),
        "this process does not have CAP_SYS_BOOT"
    );
    let old = Host {
        file_load: Some(false),
        ..able()
    };
    assert_eq!(
        blocker(&old, false),
        "kernel 6.12.0 was built without CONFIG_KEXEC_FILE"
    );
    let disabled = Host {
        load_disabled: Some(true),
        ..able()
    };
    assert_eq!(
        blocker(&disabled, false),
        "kernel.kexec_load_disabled is 1 (set by load --lock, hook enforce or sysctl.d)"
    );
    let unreserved = Host {
        crash_size_bytes: Some(0),
        ..able()
    };
    assert_eq!(
        blocker(&unreserved, true),
        "no memory is reserved for a crash image"
    );
    assert_eq!(load_blocker(&unreserved, false), None);
}

#[test]
fn limits_count_for_their_own_kind_of_image() {
    let host = Host {
        load_limit_panic: Some(0),
        ..able()
    };
    assert_eq!(
        blocker(&host, true),
        "kernel.kexec_load_limit_panic is 0: no loads are left"
    );
    assert_eq!(load_blocker(&host, false), None);
}

#[test]
fn eperm_under_lockdown_is_the_signature() {
    let host = Host {
        lockdown: Some(Lockdown::Integrity),
        ..able()
    };
    let found = load(Errno::EPERM, &host, false);
    assert_eq!(
        found.cause_text(),
        "the signature did not verify (lockdown: integrity)"
    );
    assert!(found.is_certain() && found.exit == Exit::Refused);
}

#[test]
fn eperm_without_a_fact_behind_it_is_only_possible() {
    assert!(!load(Errno::EPERM, &able(), false).is_certain());
    let hidden = Host {
        lockdown: None,
        ..able()
    };
    let found = load(Errno::EPERM, &hidden, false);
    assert!(!found.is_certain());
    assert_eq!(
        found.cause_text(),
        "the kernel is locked down, and the signature did not verify"
    );
}

#[test]
fn signature_errors_are_told_apart() {
    for (errno, cause) in [
        (Errno::ENODATA, "the kernel found no signature in the image"),
        (
            Errno::ENOKEY,
            "the kernel has no key for the image's signature",
        ),
        (Errno::EBADMSG, "the image's signature is damaged"),
        (
            Errno::ENOPKG,
            "the kernel lacks an algorithm of the image's signature",
        ),
        (
            Errno::ELIBBAD,
            "the kernel's signature check does not accept the PE headers",
        ),
        (
            Errno::EKEYREJECTED,
            "the kernel rejected the image's signature",
        ),
    ] {
        let found = load(errno, &able(), false);
        assert_eq!(found.cause_text(), format!("{cause} (lockdown: none)"));
        assert_eq!(found.exit, Exit::Refused);
    }
}

#[test]
fn the_image_itself_says_more_than_the_error_number() {
    use crate::formats::image::{authenticode, build, pe, signed_uki};
    let examined_as = |image: &[u8], errno| {
        let locked = Host {
            lockdown: Some(Lockdown::Integrity),
            ..able()
        };
        let found = authenticode::examine(image, &pe::parse(image).unwrap());
        let found = examined(&found, load(errno, &locked, false), &locked);
        String::from(found.cause_text())
    };
    let mut changed = signed_uki();
    changed[0x600] ^= 1;
    let mismatch = "digest mismatch: the image was changed after it was signed";
    let unsigned = "the kernel found no signature in the image";
    let unsure = "the signature did not verify";
    for (image, errno, cause) in [
        (build::uki(), Errno::EPERM, unsigned),
        (changed.clone(), Errno::EPERM, mismatch),
        (changed.clone(), Errno::EKEYREJECTED, mismatch),
        // The kernel has not yet compared the digest.
        (
            changed,
            Errno::ENOKEY,
            "the kernel has no key for the image's signature",
        ),
        (
            build::pe(&[(".linux", b"damaged")]),
            Errno::EKEYREJECTED,
            "the kernel rejected the image's signature",
        ),
    ] {
        let expected = format!("{cause} (lockdown: integrity)");
        assert_eq!(examined_as(&image, errno), expected);
    }
    let mut damaged = build::uki();
    build::add_certificates(&mut damaged, &[b"damaged"]);
    let expected = format!("{unsure} (lockdown: integrity)");
    assert_eq!(examined_as(&damaged, Errno::EPERM), expected);
}

#[test]
fn a_crash_image_that_does_not_fit_names_the_reservation() {
    let found = load(Errno::EADDRNOTAVAIL, &able(), true);
    assert_eq!(
        found.cause_text(),
        "the image does not fit in the 256 MiB reserved by crashkernel="
    );
    assert!(!found.is_certain());
    assert_eq!(found.exit, Exit::Failed);
    let normal = load(Errno::EADDRNOTAVAIL, &able(), false);
    assert!(normal.cause_text().starts_with("no free range of memory"));
}

#[test]
fn failures_of_a_crash_load_have_words_of_their_own() {
    let memory = load(Errno::ENOMEM, &able(), true);
    assert!(
        memory.cause_text().contains("reserved by crashkernel=")
            && memory.hints.contains(&Hint::KdumpCheck)
    );
    let busy = load(Errno::EBUSY, &able(), true);
    assert!(busy.cause_text().contains("another process"));
    for found in [memory, busy] {
        assert!(!found.is_certain() && found.exit == Exit::Failed);
    }
    let keys = no_crypt_keys();
    assert!(keys.cause_text().contains("CONFIG_CRASH_DM_CRYPT") && keys.exit == Exit::Refused);
}

#[test]
fn exec_without_an_image_says_so() {
    let found = exec_blocker(&able()).unwrap();
    assert_eq!(found.cause_text(), "no image is loaded");
    assert_eq!(found.exit, Exit::Failed);
    let crash_only = Host {
        crash_loaded: Some(true),
        ..able()
    };
    assert_eq!(
        exec_blocker(&crash_only).unwrap().cause_text(),
        "no image is loaded for exec; the crash image boots only on a panic"
    );
    let loaded = Host {
        loaded: Some(true),
        ..able()
    };
    assert_eq!(exec_blocker(&loaded), None);
}

#[test]
fn every_hint_and_cause_is_there() {
    for code in 1..134 {
        for found in [
            load(Errno(code), &able(), true),
            unload(Errno(code), &able(), false),
            exec(Errno(code), &able()),
        ] {
            assert!(
                !found.cause_text().is_empty() && !found.hints.is_empty(),
                "{code}"
            );
        }
    }
}

/// Returns a module's report on a failed load.
pub(super) fn report(stage: Stage, errno: Errno) -> Report {
    Report {
        error: -errno.0,
        stage: stage as u32,
        rounds: 1,
        reason: [b'x'; abi::REASON_BYTES],
        ..Report::none()
    }
}

#[test]
fn a_handshake_fails_by_stage_and_number() {
    let outcome = |stage, errno| {
        let report = report(stage, errno);
        let found = handshake(errno, Some(&report), &able(), false);
        assert!(found.is_certain(), "{stage:?} {errno}");
        found.exit
    };
    assert_eq!(outcome(Stage::Parse, Errno::ENOEXEC), Exit::BadImage);
    assert_eq!(outcome(Stage::Parse, Errno::ELOOP), Exit::BadImage);
    // The parser's calls check rules, too.
    for stage in [Stage::Parse, Stage::Rules] {
        assert_eq!(outcome(stage, Errno::EPERM), Exit::Refused);
        assert_eq!(outcome(stage, Errno::EKEYREJECTED), Exit::Refused);
    }
    assert_eq!(outcome(Stage::Handshake, Errno::EBUSY), Exit::Refused);
    assert_eq!(outcome(Stage::Handshake, Errno::ETIMEDOUT), Exit::Failed);
}

#[test]
fn the_kernels_own_failures_are_explained_by_the_calls_number() {
    // The signature was not demanded, and then something else failed.
    let unsigned = |stage, errno| {
        let mut report = report(stage, Errno::EINVAL);
        report.signature = -Errno::ENODATA.0;
        handshake(errno, Some(&report), &able(), false)
    };
    for errno in [Errno::ETXTBSY, Errno::EACCES, Errno::EFBIG, Errno::ENOMEM] {
        for stage in [Stage::Read, Stage::Signature] {
            let found = unsigned(stage, errno);
            assert_eq!(found, load(errno, &able(), false), "{errno}");
            assert_eq!(found.signature, None, "{errno}");
        }
    }
    // With kexec_sig_enforce, and with lockdown.
    for (stage, errno) in [
        (Stage::Read, Errno::ENODATA),
        (Stage::Signature, Errno::EPERM),
    ] {
        let found = unsigned(stage, errno);
        assert_eq!(found.signature, Some(Errno::ENODATA), "{errno}");
        assert_eq!(found.exit, Exit::Refused, "{errno}");
    }
    // Without lockdown, EPERM came from elsewhere: LoadPin, about the initrd.
    let found = unsigned(Stage::Read, Errno::EPERM);
    assert_eq!(found, load(Errno::EPERM, &able(), false));
    assert_eq!(found.signature, None);
    for errno in [Errno::EADDRNOTAVAIL, Errno::ENOMEM] {
        let report = report(Stage::Segments, Errno::EIO);
        let found = handshake(errno, Some(&report), &able(), false);
        assert_eq!(found, load(errno, &able(), false), "{errno}");
    }
}

#[test]
fn a_timeout_is_known_without_a_report() {
    let found = handshake(Errno::ETIMEDOUT, None, &able(), false);
    assert!(found.is_certain() && found.exit == Exit::Failed);
    let [Hint::Text(hint)] = found.hints[..] else {
        panic!("{found:?}");
    };
    assert!(hint.contains("timeout_ms"), "{hint}");
}

#[test]
fn a_refused_addon_is_the_reported_one() {
    let addon = |directory: &str, path: &str| {
        abi::Addon::new(directory.as_bytes(), path.as_bytes()).expect("it is short")
    };
    let (pe, member) = (addon("", "/x/b.efi"), addon(".extra/confext", "/x/b.efi"));
    let mut failed = report(Stage::Parse, Errno::EKEYREJECTED);
    assert!(!is_about(&failed, &pe), "no call of the parser failed");
    failed.addon = pe;
    assert!(is_about(&failed, &pe));
    assert!(!is_about(&failed, &member));
    // The load failed with this addon, but not because of it.
    for errno in [Errno::ENOMEM, Errno::E2BIG] {
        failed.error = -errno.0;
        assert!(!is_about(&failed, &pe));
    }
}

#[test]
fn a_framebuffer_that_has_moved_is_warned_of() {
    for (driver, cmdline, warned) in [
        (Some("i915drmfb"), "", true),
        (
            Some("virtio_gpudrmfb"),
            "quiet console=ttyS0 console=tty0",
            true,
        ),
        (Some("amdgpudrmfb"), "console=tty1", true),
        // Nobody looks at the screen.
        (Some("i915drmfb"), "console=ttyS0,115200 quiet", false),
        // The firmware's own framebuffer.
        (Some("simpledrmdrmfb"), "", false),
        (Some("EFI VGA"), "", false),
        (None, "", false),
    ] {
        let host = Host {
            framebuffer: driver.map(String::from),
            ..Host::default()
        };
        let warning = framebuffer(&host, cmdline.as_bytes());
        assert_eq!(warning.is_some(), warned, "{driver:?} {cmdline}");
    }
}
