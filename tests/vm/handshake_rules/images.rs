// SPDX-License-Identifier: GPL-2.0-or-later
//! The images and addons that the rules are tested with.

use std::path::Path;

use guest::firmware::SigningKey;
use guest::handshake::{KERNEL, no_uki, tiny_uki, tiny_uki_with};
use guest::initramfs::extra_initrd;
use guest::pe::{Pe, tiny_efi_kernel, tiny_kernel};
use guest::{Initramfs, module};

/// Changes one byte of `mark`.
fn tamper(mut image: Vec<u8>, mark: &[u8]) -> Vec<u8> {
    let at = image.windows(mark.len()).position(|window| window == mark);
    let at = at.expect("the mark is in the image");
    image[at] ^= 1;
    image
}

/// Adds all images and addons. They are signed by the firmware's key unless their
/// names say otherwise.
pub fn add(mut guest: Initramfs, directory: &Path, key: &SigningKey) -> Initramfs {
    let sign = |name: &str, image: &Pe| key.sign_bytes(directory, name, &image.bytes());
    // A comma in the name of a key must not look like a separator.
    let unknown = SigningKey::unknown(directory, "/CN=Nobody's key/O=A, B");
    let parser = std::fs::read(module::uki_parser()).expect("read the parser");
    let good = sign("good.efi", &tiny_uki(Some(&parser)));
    let addon = Pe::new()
        .section(".cmdline", b"from=addon")
        .section(".initrd", &extra_initrd(&[]));
    let signed_addon = sign("signed.addon.efi", &addon);
    let other_addon = unknown.sign_bytes(directory, "other.addon.efi", &addon.bytes());
    let by_unknown = unknown.sign_bytes(directory, "unknown.efi", &tiny_uki(Some(&parser)).bytes());
    let both = |name, second: &SigningKey, first: &str| {
        second.add_signature(directory, name, &directory.join(first))
    };
    guest = guest
        .file("unsigned.efi", &tiny_uki(Some(&parser)).bytes())
        .file("unknown.efi", &by_unknown)
        .file_from(
            "known_unknown.efi",
            &both("known_unknown.efi", &unknown, "good.efi"),
        )
        .file_from(
            "unknown_known.efi",
            &both("unknown_known.efi", key, "unknown.efi"),
        )
        .file("good.efi", &good)
        .file("unsigned.addon.efi", &addon.bytes())
        .file("signed.addon.efi", &signed_addon)
        .file("other.addon.efi", &other_addon)
        .file("changed.addon.efi", &tamper(signed_addon, b"from=addon"))
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
    for (name, mark) in [
        ("cmdline", &b"console=ttyS0"[..]),
        ("initrd", b"never unpacked"),
        ("linux", b"HdrS"),
        ("bpf", b"\x7fELF"),
    ] {
        let changed = tamper(good.clone(), mark);
        guest = guest.file(&format!("changed.{name}.efi"), &changed);
    }
    guest = guest.file("kernel", &tiny_efi_kernel());
    for program in [
        "carry_kernel",
        "carrier",
        "unsigned_tail",
        "ignore_addon",
        "cut_cmdline",
        "drop_cmdline",
        "inflate_initrd",
        "member",
    ] {
        let name = format!("{program}.efi");
        guest = guest.file(&name, &sign(&name, &tiny_uki_with(program)));
    }
    for program in ["piece", "whole"] {
        let name = format!("{program}.efi");
        guest = guest.file(&name, &sign(&name, &no_uki(program)));
    }
    let foreign = module::program("foreign_cmdline");
    let foreign = Pe::new()
        .section(".osrel", b"single")
        .section(".linux", &tiny_kernel())
        .section_from(".bpf", &foreign);
    let nested = Pe::new()
        .section(".cmdline", b"console=ttyS0")
        .section(".linux", &foreign.bytes());
    let empty = Pe::new()
        .section(".cmdline", b"")
        .section(".linux", &tiny_kernel())
        .section(".initrd", b"");
    guest = guest
        .file("foreign.efi", &sign("foreign.efi", &foreign))
        .file("nested.efi", &sign("nested.efi", &nested))
        .file("empty.efi", &sign("empty.efi", &empty));
    let kernel = key.sign(directory, "vmlinuz.signed", &KERNEL.image());
    let carried = Pe::new()
        .section_from(".linux", &kernel)
        .section_from(".bpf", &module::program("carry_kernel"));
    guest.file("carry_signed.efi", &sign("carry_signed.efi", &carried))
}
