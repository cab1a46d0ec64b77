// SPDX-License-Identifier: GPL-2.0-or-later
//! The program warns about images that the firmware has revoked, but does not refuse
//! them. The variables are files in a file system that only the program sees.

use sha2::{Digest, Sha256};

use crate::build;
use crate::program::{Directory, PROGRAM, Run, finish};

const DBX: &str = "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f";
const SBAT_LEVEL: &str = "SbatLevelRT-605dab50-e046-4300-abb6-3dd810dd8b23";

/// Runs the program with the files of `variables` in place of the firmware's variables.
fn run(directory: &Directory, arguments: &[&str]) -> Run {
    const SCRIPT: &str = "mount -t tmpfs tmpfs /sys/firmware
mkdir -p /sys/firmware/efi/efivars
cp variables/* /sys/firmware/efi/efivars/
exec \"$0\" \"$@\"";
    let mut command = directory.command("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-ec", SCRIPT, PROGRAM]);
    finish(command.args(arguments)).on_any_host()
}

/// Returns a signature list of SHA-256 digests, after the variable's attributes.
fn dbx(digests: &[[u8; 32]]) -> Vec<u8> {
    let mut list = b"\x27\0\0\0\x26\x16\xc4\xc1\x4c\x50\x92\x40".to_vec();
    list.extend_from_slice(b"\xac\xa9\x41\xf9\x36\x93\x43\x28");
    for size in [28 + 48 * digests.len(), 0, 48] {
        list.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
    }
    for digest in digests {
        list.extend_from_slice(&[0; 16]);
        list.extend_from_slice(digest);
    }
    list
}

/// Returns the Authenticode digest of an unsigned PE file without gaps.
fn digest(image: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(&image[..build::OPTIONAL_HEADER + 64]);
    hash.update(&image[build::OPTIONAL_HEADER + 68..build::CERTIFICATE_AT]);
    hash.update(&image[build::CERTIFICATE_AT + 8..]);
    hash.finalize().into()
}

fn uki(sbat: &[u8]) -> Vec<u8> {
    let linux = build::bzimage();
    build::pe(&[(".linux", &linux), (".sbat", sbat)])
}

#[test]
fn images_and_addons_that_are_revoked_are_told() {
    let directory = Directory::new("revoked");
    let addon = build::pe(&[(".cmdline", b"words")]);
    directory.file("addon.efi", &addon);
    directory.file("old.efi", &uki(b"sbat,1,x\nsystemd-stub,1,y\n"));
    directory.file("new.efi", &uki(b"sbat,1,x\nsystemd-stub,2,y\n"));
    std::fs::create_dir(directory.path("variables")).unwrap();
    // A real dbx has as many.
    let mut digests = vec![[7; 32]; 500];
    digests.push(digest(&addon));
    directory.file(format!("variables/{DBX}"), &dbx(&digests));
    let level = b"\x07\0\0\0sbat,1,2024010900\nshim,4\nsystemd-stub,2\n";
    directory.file(format!("variables/{SBAT_LEVEL}"), level);

    let load = ["load", "-n", "--route=extract"];
    let plain = run(&directory, &[&load[..], &["new.efi"]].concat());
    assert_eq!((plain.code, plain.stderr.as_str()), (0, ""), "{plain:?}");
    let told = run(
        &directory,
        &[&load[..], &["old.efi", "--addon", "addon.efi"]].concat(),
    );
    let warnings = "\
kexec-bpf: warning: old.efi: revoked in the firmware: its .sbat has systemd-stub,1; \
SbatLevelRT demands 2 (reported, not enforced)
kexec-bpf: warning: addon.efi: revoked in the firmware: its digest is in dbx \
(reported, not enforced)
";
    assert_eq!((told.code, told.stderr.as_str()), (0, warnings));
    let page = run(&directory, &["inspect", "old.efi"]);
    let line =
        "\nwarning       revoked in the firmware: its .sbat has systemd-stub,1; SbatLevelRT ";
    assert!(page.stdout.contains(line), "{page:?}");
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));

    // Damaged variables are ignored without a message.
    for damaged in [&b""[..], b"\x07", &[0xff; 4096]] {
        directory.file(format!("variables/{DBX}"), damaged);
        directory.file(format!("variables/{SBAT_LEVEL}"), damaged);
        let run = run(&directory, &["inspect", "old.efi"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert!(!run.stdout.contains("revoked"), "{run:?}");
    }
}
