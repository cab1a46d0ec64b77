// SPDX-License-Identifier: GPL-2.0-or-later
//! IMA appraises what is loaded, by hash or by signature: only data from files
//! that it has appraised become kernel or initrd.

use guest::Initramfs;
use guest::handshake::{NOTHING, machine, no_uki, tiny_uki, tiny_uki_with};
use guest::ima::{self, Key};
use guest::initramfs::extra_initrd;
use guest::pe::{Pe, tiny_efi_kernel};

/// Files of user 1001 must match their hash, all others need a signature.
const POLICY: &str = "appraise func=KEXEC_KERNEL_CHECK fowner=1001
appraise func=KEXEC_INITRAMFS_CHECK fowner=1001
appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig
appraise func=KEXEC_INITRAMFS_CHECK appraise_type=imasig
";

/// One load and its result.
struct Case {
    name: &'static str,
    command: &'static str,
    /// Words of the refusal; `None` if it is loaded.
    refusal: Option<&'static [&'static str]>,
}

const fn loaded(name: &'static str, command: &'static str) -> Case {
    Case {
        name,
        command,
        refusal: None,
    }
}

const fn refused(
    name: &'static str,
    command: &'static str,
    words: &'static [&'static str],
) -> Case {
    Case {
        name,
        command,
        refusal: Some(words),
    }
}

const DENIED: &str = "EACCES (13)";

const CASES: &[Case] = &[
    // By signature.
    loaded("signed", "kexec-bpf load /good.efi"),
    loaded(
        "companions",
        "kexec-bpf load /good.efi --profile two --addon /good.addon.efi --addon /good.cred",
    ),
    refused("unsigned", "kexec-bpf load /plain.efi", &[DENIED]),
    refused("changed", "kexec-bpf load /changed.efi", &[DENIED]),
    refused("other-key", "kexec-bpf load /other.efi", &[DENIED]),
    refused(
        "unsigned-addon",
        "kexec-bpf load /good.efi --addon /plain.addon.efi",
        &[DENIED, "addon /plain.addon.efi: cannot be read (-13)"],
    ),
    refused(
        "unsigned-credential",
        "kexec-bpf load /good.efi --addon /plain.cred",
        &[DENIED, "addon /plain.cred: cannot be read (-13)"],
    ),
    refused(
        "unsigned-initrd",
        "kexec-bpf load /good.efi --initrd /plain.cred",
        &[DENIED],
    ),
    // By hash.
    loaded(
        "hash",
        "kexec-bpf load /hash.efi --addon /hash.addon.efi --profile two",
    ),
    refused("wrong-hash", "kexec-bpf load /wrong.efi", &[DENIED]),
    refused("hash-only", "kexec-bpf load /hashonly.efi", &[DENIED]),
    // Anonymous files have no label.
    refused(
        "extract",
        "kexec-bpf load --route extract /good.efi",
        &[DENIED],
    ),
    // Data made in the kernel's memory are not from an appraised file, whoever signed
    // the parser.
    refused(
        "carry-kernel",
        "kexec-bpf load /carry_kernel.efi",
        &[DENIED, REFUSES],
    ),
    refused(
        "carry-initrd",
        "kexec-bpf load /carry_initrd.efi",
        &[DENIED, REFUSES],
    ),
    refused(
        "outside-member",
        "kexec-bpf load /outside_member.efi",
        &[DENIED, REFUSES],
    ),
    refused(
        "outside-file",
        "kexec-bpf load /outside_file.efi",
        &[DENIED, REFUSES],
    ),
    refused(
        "cut-initrd",
        "kexec-bpf load /cut_initrd.efi",
        &[DENIED, REFUSES],
    ),
    refused("piece", "kexec-bpf load /piece.efi", &[DENIED, REFUSES]),
    loaded("whole", "kexec-bpf load /whole.efi"),
    // IMA cannot appraise a command line, only measure it.
    loaded("carry-cmdline", "kexec-bpf load /carry_cmdline.efi"),
    // A process that does not use kexec-bpf: see handshake_rules.
    refused(
        "attack",
        "client load 60000 ready,carry:/kernel,signal /bare.efi",
        &["load -13", "report -13 stage 6", REFUSES],
    ),
];

const REFUSES: &str = "the security module (IMA) refuses";

/// Adds all images and companions; their names say what they are.
fn files(guest: Initramfs, key: &Key, other: &Key) -> Initramfs {
    let image = tiny_uki(None)
        .section(".profile", b"ID=one\n")
        .section(".profile", b"ID=two\n")
        .section(".cmdline", b"profile=two")
        .bytes();
    let addon = Pe::new()
        .section(".cmdline", b"from=addon")
        .section(".initrd", &extra_initrd(&[]))
        .bytes();
    let mut changed = image.clone();
    *changed.last_mut().expect("the image is not empty") ^= 1;
    let mut guest = guest
        .file("plain.efi", &image)
        .file("plain.addon.efi", &addon)
        .file("plain.cred", &extra_initrd(&[]))
        .file("kernel", &tiny_efi_kernel());
    guest = key.add(guest, "good.efi", &image);
    guest = key.add(guest, "good.addon.efi", &addon);
    guest = key.add(guest, "good.cred", b"secret");
    guest = key.add(guest, "bare.efi", &tiny_uki(None).bytes());
    guest = key.add(guest, "tool", b"a tool");
    guest = ima::add_labelled(guest, "changed.efi", &changed, &key.sign(&image));
    guest = other.add(guest, "other.efi", &image);
    guest = ima::add_hashed(guest, "hash.efi", &image);
    guest = ima::add_hashed(guest, "hash.addon.efi", &addon);
    guest = ima::add_labelled(guest, "wrong.efi", &changed, &ima::hash(&image));
    guest = ima::add_hashed(guest, "hashonly.efi", &image);
    for program in [
        "carry_kernel",
        "carry_initrd",
        "carry_cmdline",
        "cut_initrd",
        "outside_member",
        "outside_file",
    ] {
        let image = tiny_uki_with(program).bytes();
        guest = key.add(guest, &format!("{program}.efi"), &image);
    }
    for program in ["piece", "whole"] {
        let image = no_uki(program).bytes();
        guest = key.add(guest, &format!("{program}.efi"), &image);
    }
    guest
}

#[test]
fn appraisal() {
    let directory = guest::work_dir("ima-appraise");
    let key = Key::new(&directory, "ima");
    let other = Key::new(&directory, "other");
    let mut script = String::new();
    for Case { name, command, .. } in CASES {
        script += &format!(
            "attempt {name} {command}
say {name}-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left {name}
"
        );
    }
    let chown = "chown 1001 /hash.efi /hash.addon.efi /wrong.efi\n";
    let guest = ima::initramfs_before(&key, chown, POLICY, &script);
    let said = machine(&directory, files(guest, &key, &other))
        .append("ima_appraise=enforce")
        .run();
    said.expect("policy", "taken");
    for Case { name, refusal, .. } in CASES {
        said.expect(&format!("{name}-left"), NOTHING);
        match refusal {
            Some(words) => {
                said.expect_words(name, words);
                assert_ne!(said.one(&format!("{name}-code")), "0", "{name}");
                let told = said.told(name);
                assert!(!told.contains("no signature in the image"), "{told}");
                said.expect(&format!("{name}-loaded"), "0");
            }
            None => {
                said.expect(&format!("{name}-code"), "0");
                said.expect(&format!("{name}-loaded"), "1");
            }
        }
    }
}
