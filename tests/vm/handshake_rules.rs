// SPDX-License-Identifier: GPL-2.0-or-later
//! The module's rules for what becomes kernel, initrd and command line, under
//! Secure Boot, with what an attacker would try: the kernel, not this program,
//! refuses. Rules about sessions and parsers need no Secure Boot; their tests
//! are in `handshake_client` and `module_attached`.

mod images;

use guest::firmware::{self, SigningKey};
use guest::handshake::{KERNEL, NOTHING, STRICT, expect_failure, initramfs_with};
use guest::pe::Pe;
use guest::{Payload, second_initrd};

/// One load of a file, and its result.
struct Rule {
    name: &'static str,
    arguments: &'static str,
    /// Words of the refusal; `None` if it is loaded.
    refusal: Option<&'static [&'static str]>,
}

const fn refused(
    name: &'static str,
    arguments: &'static str,
    words: &'static [&'static str],
) -> Rule {
    Rule {
        name,
        arguments,
        refusal: Some(words),
    }
}

const fn loaded(name: &'static str, arguments: &'static str) -> Rule {
    Rule {
        name,
        arguments,
        refusal: None,
    }
}

const REJECTED: &str = "EKEYREJECTED (129)";
const DENIED: &str = "EPERM (1)";
const WAY_OUT: &str = "put the additions into a signed addon";
const CHANGED: &[&str] = &[
    REJECTED,
    "cause: digest mismatch: the image was changed after it was signed (lockdown: integrity)",
    "signed: by C=US, ST=Colorado, L=Fort Collins, O=SnakeOil; the sha256 digest differs",
    "kernel: PEFILE: Digest mismatch",
    "try:   kexec-bpf inspect /changed.",
];

const RULES: &[Rule] = &[
    loaded("good", "/good.efi"),
    // The whole image is verified, and there is no way around a failure.
    refused(
        "unsigned",
        "/unsigned.efi",
        &[
            "ENODATA (61)",
            "cause: the kernel found no signature in the image (lockdown: integrity)",
        ],
    ),
    refused(
        "unknown-key",
        "/unknown.efi",
        &[
            "ENOKEY (126)",
            "cause: the kernel has no key for the image's signature (lockdown: integrity)",
            "signed: by CN=Nobody's key, O=A\\, B; the sha256 digest matches",
        ],
    ),
    // The kernel checks only the first signature.
    loaded("second-key-unknown", "/known_unknown.efi"),
    refused(
        "first-key-unknown",
        "/unknown_known.efi",
        &[
            "ENOKEY (126)",
            "signed: by CN=Nobody's key, O=A\\, B; the sha256 digest matches",
            "signed: by C=US, ST=Colorado, L=Fort Collins, O=SnakeOil; the sha256 digest matches",
        ],
    ),
    refused("changed-cmdline", "/changed.cmdline.efi", CHANGED),
    refused("changed-initrd", "/changed.initrd.efi", CHANGED),
    refused("changed-linux", "/changed.linux.efi", CHANGED),
    // The signature covers the parser, too, and no other parser is used.
    refused("changed-parser", "/changed.bpf.efi", CHANGED),
    // A kernel that is not a section of the image needs its own signature. 8 is
    // ENOEXEC: this one is not even a PE file.
    refused(
        "carry-kernel",
        "/carry_kernel.efi",
        &[
            REJECTED,
            "cause: the kernel came out of BPF memory and is not signed itself (-8)",
        ],
    ),
    loaded("carry-signed-kernel", "/carry_signed.efi"),
    refused(
        "carry-cmdline",
        "/carrier.efi",
        &[
            REJECTED,
            "cause: lockdown: cmdline made by the parser itself is not signed",
        ],
    ),
    refused(
        "certificate-table",
        "/unsigned_tail.efi",
        &[DENIED, "cause: kernel: not inside a section, so not signed"],
    ),
    // An error is kept until the end of the load, whatever the parser does.
    refused(
        "ignored-addon",
        "/ignore_addon.efi --addon /unsigned.addon.efi",
        &[
            REJECTED,
            "cause: addon /unsigned.addon.efi: not signed (-61)",
        ],
    ),
    // Nothing is added from user space, and sections are neither cut nor left out.
    refused(
        "initrd",
        "/good.efi --initrd /initrd",
        &[
            DENIED,
            "cause: lockdown: an initrd passed beside the image is refused",
            WAY_OUT,
        ],
    ),
    refused(
        "append",
        "/good.efi --append init=/bin/sh",
        &[
            DENIED,
            "cause: lockdown: the image has a command line: adding to it is refused",
            WAY_OUT,
        ],
    ),
    refused(
        "command-line",
        "/good.efi --command-line init=/bin/sh",
        &[
            DENIED,
            "cause: lockdown: the image has a command line: adding to it is refused",
            WAY_OUT,
        ],
    ),
    loaded("append-to-none", "/bare.efi --append quiet"),
    refused(
        "cut-cmdline",
        "/cut_cmdline.efi",
        &[
            DENIED,
            "cause: lockdown: cmdline: not a whole section that the image has for it",
        ],
    ),
    refused(
        "dropped-cmdline",
        "/drop_cmdline.efi",
        &[DENIED, "cause: lockdown: the image's .cmdline was left out"],
    ),
    refused(
        "inflated-initrd",
        "/inflate_initrd.efi",
        &[DENIED, "cause: lockdown: initrd must not be decompressed"],
    ),
    // The same holds for a UKI inside a UKI, and for one without such a section.
    refused(
        "foreign-cmdline-inside",
        "/nested.efi",
        &[
            DENIED,
            "cause: lockdown: cmdline: not a whole section that the image has for it",
        ],
    ),
    refused(
        "foreign-cmdline",
        "/foreign.efi",
        &[
            DENIED,
            "cause: lockdown: cmdline: not a whole section that the image has for it",
        ],
    ),
    loaded("empty-sections", "/empty.efi"),
    loaded("signed-addon", "/good.efi --addon /signed.addon.efi"),
    refused(
        "unsigned-addon",
        "/good.efi --addon /unsigned.addon.efi",
        &[
            REJECTED,
            "cause: addon /unsigned.addon.efi: not signed (-61)",
            WAY_OUT,
        ],
    ),
    refused(
        "other-addon",
        "/good.efi --addon /other.addon.efi",
        &[
            REJECTED,
            "cause: addon /other.addon.efi: signed by a key that is not known here (-126)",
            WAY_OUT,
        ],
    ),
    refused(
        "changed-addon",
        "/good.efi --addon /changed.addon.efi",
        &[
            REJECTED,
            "cause: addon /changed.addon.efi: signature rejected (-129)",
            "kernel: PEFILE: Digest mismatch",
        ],
    ),
    loaded("credential", "/good.efi --addon /secret.cred"),
    // Addons that were found, not asked for, do not stop the boot, except with --strict.
    loaded("found-addons", "/found/good.efi"),
    refused(
        "found-addons-strict",
        "/found/good.efi --strict",
        &[
            REJECTED,
            "cause: addon /found/good.efi.extra.d/a.addon.efi: not signed (-61)",
        ],
    ),
    loaded("member", "/member.efi"),
    // An image that is not a UKI assigns no purpose to its sections, but only whole
    // sections may be given.
    loaded("whole", "/whole.efi"),
    refused(
        "piece",
        "/piece.efi",
        &[
            DENIED,
            "cause: lockdown: initrd: not a whole section that the image has for it",
        ],
    ),
];

/// A process that does not use kexec-bpf: its own parser, loaded by the bare system
/// call, gives an unsigned kernel in the load of a signed image. All these steps are
/// allowed; loading that kernel is not.
const ATTACK: &str = "
attempt attack client load 60000 ready,carry:/kernel,signal /bare.efi
say attack-loaded $(cat /sys/kernel/kexec_loaded)
left attack
";

#[test]
fn secure_boot_rules() {
    let directory = guest::work_dir("handshake-rules");
    let key = SigningKey::new(&directory);
    let nonce = guest::nonce();
    let payload = Payload::new("image", 300_001);

    // Boots at the end: the UKI is signed, the kernel inside is not.
    let final_image = Pe::new()
        .section(
            ".cmdline",
            format!("console=ttyS0 nonce={nonce}").as_bytes(),
        )
        .section_from(
            ".linux",
            &firmware::unsigned(&directory, "vmlinuz.bare", &KERNEL.image()),
        )
        .section(".initrd", &second_initrd(&[&payload]))
        .write(directory.join("final.bare"));
    let final_image = key.sign(&directory, "final.efi", &final_image);

    let mut script = "say lockdown $(cat /sys/kernel/security/lockdown)\n".to_owned();
    for Rule {
        name, arguments, ..
    } in RULES
    {
        script += &format!(
            "attempt {name} kexec-bpf load {arguments}
say {name}-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left {name}
"
        );
    }
    script += ATTACK;
    script += "attempt final kexec-bpf load /final.efi --addon /signed.addon.efi --verbose
kexec-bpf exec
";
    let guest = initramfs_with(&script, &key.sign_module(&directory));
    let guest = images::add(guest, &directory, &key).file_from("final.efi", &final_image);
    let said = firmware::secure_guest(&directory, &key, KERNEL, guest, STRICT)
        .timeout_s(400)
        .run();

    assert!(said.one("lockdown").contains("[integrity]"), "locked down");
    for Rule { name, refusal, .. } in RULES {
        match refusal {
            Some(words) => {
                said.expect(&format!("{name}-loaded"), "0");
                expect_failure(&said, name, "4", words);
            }
            None => {
                said.expect(&format!("{name}-code"), "0");
                said.expect(&format!("{name}-loaded"), "1");
                said.expect(&format!("{name}-left"), NOTHING);
            }
        }
    }
    said.expect("attack-code", "1");
    said.expect("attack-loaded", "0");
    said.expect("attack-left", NOTHING);
    let attack = [
        "carry 1",
        "load -129",
        "ready 1",
        "report -129 stage 6 calls 1: the kernel came out of BPF memory and is not signed itself (-61)",
        "signal 8",
    ];
    // Two threads print: the signal and the result come in either order.
    let mut heard = said.all("attack");
    heard.sort_unstable();
    assert_eq!(heard, attack);
    let found = said.told("found-addons");
    for name in ["a", "c"] {
        let path = format!("addon /found/good.efi.extra.d/{name}.addon.efi");
        assert!(
            found.contains(&format!("{path}: not signed (-61)")),
            "{name} is named: {found}"
        );
    }
    assert_eq!(found.matches("skipped ").count(), 2, "b is used: {found}");
    said.expect_attempt(
        "final",
        "0",
        &["kernel: signature of the whole image verified"],
    );
    said.expect(
        "cmdline",
        &format!("console=ttyS0 nonce={nonce} from=addon"),
    );
    said.expect("payload", &format!("{} {}", payload.name, payload.sha256));
}
