// SPDX-License-Identifier: GPL-2.0-or-later
//! The words that the initramfs hooks obey.

use crate::policy::boot::hook;

#[test]
fn fast_is_a_switch_that_may_be_absent() {
    for (line, fast) in [
        ("rd.kexec_bpf=a", None),
        ("rd.kexec_bpf.fast", Some(true)),
        ("rd.kexec_bpf.fast=1", Some(true)),
        ("rd.kexec_bpf.fast=0", Some(false)),
        ("rd.kexec_bpf.fast=", Some(true)),
        ("rd.kexec_bpf.fast=Yes", Some(true)),
        // Whatever is not a clear yes keeps the digest.
        ("rd.kexec_bpf.fast=NO", Some(false)),
        ("rd.kexec_bpf.fast=maybe", Some(false)),
        ("rd.kexec_bpf.fast=no rd.kexec_bpf.fast=1", Some(true)),
        ("-- rd.kexec_bpf.fast=0", None),
    ] {
        assert_eq!(hook::parse(line.as_bytes()).fast, fast, "{line}");
    }
}

#[test]
fn unpack_is_off_unless_asked_for() {
    for (line, unpack) in [
        ("rd.kexec_bpf=a", false),
        ("rd.kexec_bpf.unpack", true),
        ("rd.kexec_bpf.unpack=1", true),
        ("rd.kexec_bpf.unpack rd.kexec_bpf.unpack=0", false),
        ("rd.kexec_bpf.unpacked", false),
        ("-- rd.kexec_bpf.unpack", false),
    ] {
        assert_eq!(hook::parse(line.as_bytes()).unpack, unpack, "{line}");
    }
}

#[test]
fn words_of_the_kernel_command_line() {
    let words = hook::parse(
        b"root=/dev/vda rd.kexec_bpf=debian.conf rd.kexec_bpf.device=LABEL=boot \
rd.kexec_bpf.timeout=7 rd.kexec_bpf.menu=auto rd.kexec_bpf.append=\"a b\" \
\"rd.kexec_bpf.append=c d\" rd.kexec_bpf.kdump=/k.efi rd.kexec_bpfx=1 -- rd.kexec_bpf=0",
    );
    assert_eq!(words.entry.as_deref(), Some(&b"debian.conf"[..]));
    assert_eq!(words.device.as_deref(), Some(&b"LABEL=boot"[..]));
    assert_eq!(words.timeout_s, Some(7));
    assert_eq!(words.menu.as_deref(), Some(&b"auto"[..]));
    assert_eq!(words.append, [b"a b", b"c d"]);
    assert_eq!(words.kdump.as_deref(), Some(&b"/k.efi"[..]));
    assert!(words.wants_boot() && !words.off && !words.chained);
    for (line, wants, chained) in [
        ("", false, false),
        ("quiet rd.kexec_bpf.timeout=3", false, false),
        ("rd.kexec_bpf", true, false),
        ("rd.kexec_bpf.menu=5", true, false),
        ("rd.kexec_bpf.device=/dev/vda rd.kexec_bpf=0", false, false),
        ("rd.kexec_bpf=a rd.kexec_bpf=0", false, false),
        ("rd.kexec_bpf=0 rd.kexec_bpf=a", true, false),
        ("elfcorehdr=0x3d000000 rd.kexec_bpf.menu=5", false, false),
        ("rd.kexec_bpf=a elfcorehdr=0x3d000000", false, false),
        (
            "rd.kexec_bpf=a elfcorehdr_size=1 -- elfcorehdr=1",
            true,
            false,
        ),
    ] {
        let words = hook::parse(line.as_bytes());
        assert_eq!(
            (words.wants_boot(), words.chained),
            (wants, chained),
            "{line}"
        );
    }
    assert!(hook::parse(format!("a {}", hook::CHAINED).as_bytes()).chained);
    for (line, enforce) in [
        ("quiet", false),
        ("rd.kexec_bpf.enforce", true),
        ("rd.kexec_bpf=0 rd.kexec_bpf.enforce=1", true),
        ("\"rd.kexec_bpf.enforce=no\"", false),
        ("rd.kexec_bpf.enforce=off", false),
        ("rd.kexec_bpf.enforce=none", true),
        ("rd.kexec_bpf.enforce rd.kexec_bpf.enforce=0", false),
        (
            "rd.kexec_bpf.enforced rd.kexec_bpf -- rd.kexec_bpf.enforce",
            false,
        ),
    ] {
        assert_eq!(hook::parse(line.as_bytes()).enforce, enforce, "{line}");
    }
    // The mark is appended; after `--` or inside a quote it does not count.
    for (line, chains) in [
        ("quiet", false),
        ("quiet rd.kexec_bpf", false),
        ("quiet -- a=b", false),
        ("rd.kexec_bpf=a -- b", true),
        ("rd.kexec_bpf.menu=5 a=\"b", true),
    ] {
        let words = hook::parse(format!("{line} {}", hook::CHAINED).as_bytes());
        assert_eq!(words.chains(), chains, "{line}");
    }
}

#[test]
fn a_system_may_be_hibernated() {
    for (line, resumes) in [
        ("root=/dev/sda1 resume=UUID=a", true),
        ("resume= root=/dev/sda1", false),
        ("resume=/dev/sda2 noresume", false),
        ("resume=/dev/sda2 hibernate=no", false),
        ("resume_offset=1", false),
        ("-- resume=/dev/sda2", false),
        ("resume=/dev/sda2 -- noresume", true),
        ("", false),
    ] {
        assert_eq!(hook::resumes(line.as_bytes()), resumes, "{line}");
    }
}
