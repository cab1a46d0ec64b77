// SPDX-License-Identifier: GPL-2.0-or-later
//! DESIGN's security rules under Secure Boot, with what an attacker would try:
//! the kernel, not this program, refuses. Rules 2 and 3 need no Secure Boot and
//! are in `handshake_client`.

use std::path::Path;

use crate::guest::firmware::{self, SigningKey};
use crate::guest::handshake::{
    KERNEL, NOTHING, STRICT, expect_failure, initramfs_with, tiny_uki, tiny_uki_with,
};
use crate::guest::initramfs::extra_initrd;
use crate::guest::pe::{Pe, tiny_kernel};
use crate::guest::{self, Initramfs, Payload, module, second_initrd, uki::Uki};

/// One load of a file, and what becomes of it.
struct Rule {
    name: &'static str,
    arguments: &'static str,
    /// `None`: it is loaded.
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
const WAY_OUT: &str = "put what is added into a signed addon";
const SIGNATURE: &str = "cause: the kernel rejected the image's signature (lockdown: integrity)";

const RULES: &[Rule] = &[
    loaded("good", "/good.efi"),
    // The whole image is verified, and its failure is not worked around.
    refused(
        "unsigned",
        "/unsigned.efi",
        &[
            "ENODATA (61)",
            "cause: the kernel found no signature in the image (lockdown: integrity)",
        ],
    ),
    refused("tampered-cmdline", "/tampered.efi", &[REJECTED, SIGNATURE]),
    // 6: nor is the parser taken from anywhere else.
    refused("tampered-parser", "/parser.efi", &[REJECTED, SIGNATURE]),
    // 1: provenance. 8 is ENOEXEC: not even a PE.
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
    // 4: an error stays with the load.
    refused(
        "ignored-addon",
        "/ignore_addon.efi --addon /unsigned.addon.efi",
        &[
            REJECTED,
            "cause: addon /unsigned.addon.efi: signature rejected (-61)",
        ],
    ),
    // 5: nothing from user space, and nothing cut out or left out.
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
            "cause: lockdown: the image has a command line, adding to it is refused",
            WAY_OUT,
        ],
    ),
    refused(
        "command-line",
        "/good.efi --command-line init=/bin/sh",
        &[
            DENIED,
            "cause: lockdown: the image has a command line, adding to it is refused",
            WAY_OUT,
        ],
    ),
    loaded("append-to-none", "/bare.efi --append quiet"),
    refused(
        "cut-cmdline",
        "/cut_cmdline.efi",
        &[
            DENIED,
            "cause: lockdown: cmdline: not a whole section made for it",
        ],
    ),
    refused(
        "dropped-cmdline",
        "/drop_cmdline.efi",
        &[DENIED, "cause: lockdown: the image's .cmdline was left out"],
    ),
    loaded("signed-addon", "/good.efi --addon /signed.addon.efi"),
    refused(
        "unsigned-addon",
        "/good.efi --addon /unsigned.addon.efi",
        &[
            REJECTED,
            "cause: addon /unsigned.addon.efi: signature rejected (-61)",
            WAY_OUT,
        ],
    ),
    loaded("credential", "/good.efi --addon /secret.cred"),
    // What was found and not asked for does not stop the boot, but for --strict.
    loaded("found-addons", "/found/good.efi"),
    refused(
        "found-addons-strict",
        "/found/good.efi --strict",
        &[
            REJECTED,
            "cause: addon /found/good.efi.extra.d/a.addon.efi: signature rejected (-61)",
        ],
    ),
    loaded("member", "/member.efi"),
];

/// Changes one byte behind `mark`.
fn tamper(mut image: Vec<u8>, mark: &[u8]) -> Vec<u8> {
    let at = image.windows(mark.len()).position(|window| window == mark);
    let at = at.expect("the mark is in the image");
    image[at] ^= 1;
    image
}

/// All images of [`RULES`], signed by the firmware's key but for what they say.
fn images(mut guest: Initramfs, folder: &Path, key: &SigningKey) -> Initramfs {
    let sign = |name: &str, image: &Pe| {
        let bare = image.write(folder.join(format!("{name}.bare")));
        let signed = key.sign(folder, name, &bare);
        std::fs::read(signed).expect("read the signed image")
    };
    let parser = std::fs::read(module::uki_parser()).expect("read the parser");
    let good = sign("good.efi", &tiny_uki(Some(&parser)));
    let addon = Pe::new()
        .section(".cmdline", b"from=addon")
        .section(".initrd", &extra_initrd(&[]));
    guest = guest
        .file("unsigned.efi", &tiny_uki(Some(&parser)).bytes())
        .file("tampered.efi", &tamper(good.clone(), b"console=ttyS0"))
        .file("parser.efi", &tamper(good.clone(), b"\x7fELF"))
        .file("good.efi", &good)
        .file("unsigned.addon.efi", &addon.bytes())
        .file("signed.addon.efi", &sign("signed.addon.efi", &addon))
        .file("initrd", &extra_initrd(&[]))
        .file("secret.cred", b"secret");
    let found = "found/good.efi.extra.d";
    guest = guest
        .file("found/good.efi", &good)
        .file(&format!("{found}/a.addon.efi"), &addon.bytes())
        .file(
            &format!("{found}/b.addon.efi"),
            &sign("b.addon.efi", &addon),
        )
        .file(&format!("{found}/c.addon.efi"), &addon.bytes())
        .file(&format!("{found}/z.cred"), b"secret");
    let bare = Pe::new().section(".linux", &tiny_kernel());
    guest = guest.file("bare.efi", &sign("bare.efi", &bare));
    for program in [
        "carry_kernel",
        "carrier",
        "unsigned_tail",
        "ignore_addon",
        "cut_cmdline",
        "drop_cmdline",
        "member",
    ] {
        let name = format!("{program}.efi");
        guest = guest.file(&name, &sign(&name, &tiny_uki_with(program)));
    }
    let kernel = key.sign(folder, "vmlinuz.signed", &KERNEL.image());
    let carried = Pe::new()
        .section_from(".linux", &kernel)
        .section_from(".bpf", &module::program("carry_kernel"));
    guest.file("carry_signed.efi", &sign("carry_signed.efi", &carried))
}

#[test]
fn secure_boot_rules() {
    let folder = guest::work_dir("handshake-rules");
    let key = SigningKey::new(&folder);
    let nonce = guest::nonce();
    let payload = Payload::new("image", 300_001);

    // What boots at the end: the kernel inside is not signed, the UKI is.
    let final_image = Pe::new()
        .section(
            ".cmdline",
            format!("console=ttyS0 nonce={nonce}").as_bytes(),
        )
        .section_from(
            ".linux",
            &firmware::unsigned(&folder, "vmlinuz.bare", &KERNEL.image()),
        )
        .section(".initrd", &second_initrd(&[&payload]))
        .write(folder.join("final.bare"));
    let final_image = key.sign(&folder, "final.efi", &final_image);

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
    script += "attempt final kexec-bpf load /final.efi --addon /signed.addon.efi --verbose
kexec-bpf exec
";
    let guest = initramfs_with(&script, &key.sign_module(&folder));
    let guest = images(guest, &folder, &key).file_from("final.efi", &final_image);

    let first = folder.join("first.cpio");
    std::fs::write(&first, guest.finish()).expect("write the initramfs");
    let image = Uki::new(
        &folder,
        "first",
        &format!("console=ttyS0 panic=-1 {STRICT}"),
    )
    .linux(&KERNEL.image())
    .initrd(&first)
    .build();
    let image = key.sign(&folder, "first.signed.efi", &image);
    let said = firmware::secure_machine(&folder, &image)
        .memory_mb(1024)
        .timeout_s(300)
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
    let found = said.all("found-addons").join(" ");
    for name in ["a", "c"] {
        let path = format!("addon /found/good.efi.extra.d/{name}.addon.efi");
        assert!(
            found.contains(&format!("{path}: signature rejected (-61)")),
            "{name} is named: {found}"
        );
    }
    assert_eq!(found.matches("skipped ").count(), 2, "b is used: {found}");
    said.expect("final-code", "0");
    let told = said.all("final").join(" ");
    assert!(
        told.contains("kernel: signature of the whole image verified"),
        "the outer signature verified: {told}"
    );
    said.expect(
        "cmdline",
        &format!("console=ttyS0 nonce={nonce} from=addon"),
    );
    said.expect("payload", &format!("{} {}", payload.name, payload.sha256));
}
