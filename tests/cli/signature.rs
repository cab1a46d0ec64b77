// SPDX-License-Identifier: GPL-2.0-or-later
//! Output of `inspect` for images that sbsign has signed.

use crate::build;
use crate::program::Directory;

/// Runs a signing program and returns its output; `make check` installs these programs.
#[track_caller]
fn tool(directory: &Directory, program: &str, arguments: &[&str]) -> String {
    let output = directory
        .command(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}: run tests/provision.sh vm"));
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn key(directory: &Directory, name: &str, subject: &str) {
    #[rustfmt::skip]
    tool(directory, "openssl", &[
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-utf8",
        "-subj", subject, "-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem"),
    ]);
}

fn sign(directory: &Directory, key: &str, image: &str, signed: &str) {
    #[rustfmt::skip]
    tool(directory, "sbsign", &[
        "--key", &format!("{key}.key"), "--cert", &format!("{key}.pem"),
        "--output", signed, image,
    ]);
}

/// Returns the lines of `inspect` from "signature" on.
#[track_caller]
fn signature(directory: &Directory, image: &str) -> Vec<String> {
    let run = directory.run(&["inspect", image]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.contains("\nsections "), "the page is whole");
    let lines = run.stdout.lines();
    let lines = lines.skip_while(|line| !line.starts_with("signature"));
    let mut first = true;
    let lines = lines.take_while(|line| std::mem::take(&mut first) || line.starts_with(' '));
    lines.map(|line| line[14..].to_owned()).collect()
}

const TRUST: &str = "(only the kernel knows whether the signer is trusted)";

#[test]
fn signed_images_name_signer_and_digest() {
    let directory = Directory::new("signature");
    directory.file("a.efi", &build::uki());
    key(&directory, "one", "/O=Org\u{1b}[2J, Inc/CN=First \u{fc}");
    key(&directory, "two", "/CN=Second");
    assert_eq!(signature(&directory, "a.efi"), ["none"]);

    sign(&directory, "one", "a.efi", "one.efi");
    let first = "by O=Org\\u{1b}[2J\\, Inc, CN=First \u{fc}; the sha256 digest matches";
    let lines = signature(&directory, "one.efi");
    let [by, digest, trust] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!((by.as_str(), trust.as_str()), (first, TRUST));
    // Another program reads the same digest from sbsign's signature.
    tool(&directory, "sbattach", &["--detach", "one.p7", "one.efi"]);
    let parsed = tool(
        &directory,
        "openssl",
        &["asn1parse", "-inform", "DER", "-in", "one.p7"],
    );
    let signed = format!("OCTET STRING      [HEX DUMP]:{}\n", digest.to_uppercase());
    assert!(parsed.contains(&signed), "no {signed} in {parsed}");

    // A second signature follows the first.
    sign(&directory, "two", "one.efi", "both.efi");
    let second = "by CN=Second; the sha256 digest matches";
    let both = signature(&directory, "both.efi");
    assert_eq!(both, [first, digest, second, digest, TRUST]);

    // One byte of the initrd.
    let mut changed = std::fs::read(directory.path("both.efi")).unwrap();
    let at = changed.windows(6).position(|bytes| bytes == b"initrd");
    changed[at.unwrap()] ^= 1;
    directory.file("changed.efi", &changed);
    let differs = |line: &str| line.replace("matches", "differs");
    assert_eq!(
        signature(&directory, "changed.efi"),
        [&differs(first), digest, &differs(second), digest, TRUST]
    );
}

#[test]
fn damaged_signatures_are_told_and_the_page_goes_on() {
    let directory = Directory::new("signature-damaged");
    directory.file("a.efi", &build::uki());
    key(&directory, "one", "/CN=One");
    sign(&directory, "one", "a.efi", "signed.efi");
    let signed = std::fs::read(directory.path("signed.efi")).unwrap();
    let table = build::uki().len();
    let damaged = |patch: &dyn Fn(&mut Vec<u8>)| {
        let mut image = signed.clone();
        patch(&mut image);
        directory.file("damaged.efi", &image);
        signature(&directory, "damaged.efi")
    };
    let lines = damaged(&|image| image[table + 8] = 0x31);
    assert_eq!(lines, ["damaged: tag 0x31 where 0x30 belongs", TRUST]);
    let lines = damaged(&|image| build::put32(image, table, 1));
    assert!(
        lines[0].starts_with("damaged: first certificate's length is 1"),
        "{lines:?}"
    );
    let lines = damaged(&|image| build::put32(image, build::CERTIFICATE_AT, 0xffff_fff0));
    assert!(
        lines[0].starts_with("damaged: certificate table at 0xfff"),
        "{lines:?}"
    );
    // A load of this file is refused, because its certificate table is not whole.
    let run = directory.run(&["load", "--dry-run", "--route=extract", "damaged.efi"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("certificate table at 0xfff"), "{run:?}");
}
