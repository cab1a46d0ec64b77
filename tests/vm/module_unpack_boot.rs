// SPDX-License-Identifier: GPL-2.0-or-later
//! The next kernel has the same files whether the module has unpacked its initrd or not.

use std::path::Path;

use guest::archives::{EARLY_FOUND, FORMATS, compressed, early, pad};
use guest::cpio::Archive;
use guest::handshake::{KERNEL, STRICT, initramfs};
use guest::initramfs::{extra_initrd, second};
use guest::pe::{FIRST_SECTION, Pe};
use guest::{Machine, Payload, Transcript, packages};

/// All files of the next kernel: names, types, modes, sizes and contents.
const TREE: &str = r#"
{
    find / -xdev -exec stat -c '%n %f %s %u %g' {} +
    find / -xdev -type f -exec sha256sum {} +
} | sort >/dev/tree
sha256sum </dev/tree >/tree
say tree "$(cat /tree)"
say added "$(sha256sum </added/z.gz | cut -d ' ' -f 1)"
"#;

/// The parts of an initrd, by who passes them.
struct Initrd {
    own: Vec<u8>,
    addon: Vec<u8>,
    user: Vec<u8>,
    /// Added as a file, whatever it contains.
    file: Vec<u8>,
}

/// Boots the image; `wish` is the step by which the session asks for unpacking, or empty.
fn boot(directory: &Path, initrd: &Initrd, nonce: &str, wish: &str) -> Transcript {
    let kernel = std::fs::read(KERNEL.image()).expect("read the kernel");
    let own = FIRST_SECTION + kernel.len().next_multiple_of(512);
    let parts = [FIRST_SECTION, kernel.len(), own, initrd.own.len()]
        .map(|number| number.to_string())
        .join(":");
    let script = format!(
        "cmdline='console=ttyS0 panic=-1 nonce={nonce}'
attempt load client load 60000 {wish}ready,read,parts:{parts}:/x.efi:/z.gz,signal /a.efi /user \"$cmdline\"
[ $(cat /sys/kernel/kexec_loaded) = 1 ] && floor -e
"
    );
    let image = Pe::new()
        .section(".linux", &kernel)
        .section(".initrd", &initrd.own);
    let addon = Pe::new().section(".initrd", &initrd.addon);
    let guest = initramfs(&script)
        .program("bin/floor", &packages::floor("floor"))
        .file("a.efi", &image.bytes())
        .file("x.efi", &addon.bytes())
        .file("z.gz", &initrd.file)
        .file("user", &initrd.user);
    Machine::new(directory, KERNEL, guest.finish())
        .append(STRICT)
        .memory_mb(1024)
        .run()
}

/// Boots the image with its initrd packed, then unpacked, and expects the same files.
/// Returns the transcript of the second boot. `reason` is the one in the module's report.
#[track_caller]
fn same(name: &str, initrd: &Initrd, payloads: &[&Payload], reason: u32) -> Transcript {
    let nonce = guest::nonce();
    let [packed, unpacked] = [("packed", ""), ("unpacked", "unpack,")].map(|(how, wish)| {
        let directory = guest::work_dir(&format!("module-unpack-{name}-{how}"));
        boot(&directory, initrd, &nonce, wish)
    });
    let lines = unpacked.all("load");
    let wanted = format!("unpack {reason} ");
    let report = lines.last().expect("there is a report");
    let flag = if reason == 5 { "flag 0" } else { "flag 1" };
    if !report.starts_with(&wanted) || !report.ends_with(flag) {
        unpacked.fail(&format!("no {wanted}: {lines:?}"));
    }
    let mut wanted: Vec<String> = payloads
        .iter()
        .map(|payload| format!("{} {}", payload.name, payload.sha256))
        .collect();
    wanted.sort_unstable();
    for said in [&packed, &unpacked] {
        said.expect("second", &KERNEL.release());
        said.expect("added", &guest::payload::sha256(&initrd.file));
        said.expect("nonce", &nonce);
        let mut found = said.all("payload");
        found.sort_unstable();
        if found != wanted {
            said.fail(&format!("payloads are {found:?}, not {wanted:?}"));
        }
    }
    unpacked.expect("tree", packed.one("tree"));
    let tables = |said: &Transcript| {
        let lines = said.console.iter();
        lines.filter(|line| line.text.contains(EARLY_FOUND)).count()
    };
    assert_eq!(tables(&unpacked), tables(&packed), "ACPI tables");
    unpacked
}

/// Appends `more` where an archive can start.
fn then(mut archives: Vec<u8>, align: usize, more: &[u8]) -> Vec<u8> {
    pad(&mut archives, align);
    archives.extend(more);
    archives
}

fn main_archive(payload: &Payload) -> Vec<u8> {
    second(&[payload]).script("next", TREE).finish()
}

fn found_table(said: &Transcript) -> bool {
    said.console
        .iter()
        .any(|line| line.text.contains(EARLY_FOUND))
}

/// A chain like those of initramfs generators, and longer: an archive for the kernel's start,
/// padding, each format, and uncompressed archives between them.
#[test]
fn a_chain_of_all_formats() {
    let directory = guest::work_dir("module-unpack-chain");
    let payloads =
        ["main", "gzip", "xz", "plain", "lz4", "lzo"].map(|name| Payload::new(name, 70_001));
    let [own, gzip, xz, plain, lz4, lzo] = &payloads;
    let extra =
        |format: &str, payload: &Payload| compressed(&directory, format, &extra_initrd(&[payload]));
    let main = compressed(&directory, "zstd", &main_archive(own));
    let front = then(early(), 512, &main);
    let mut user = then(extra_initrd(&[plain]), 4, &extra("lz4", lz4));
    user.resize(user.len() + 4, 0);
    let mut user = then(user, 4, &extra("lzo", lzo));
    user.resize(user.len() + 1021, 0);
    let initrd = Initrd {
        own: then(front, 1, &extra("gzip", gzip)),
        addon: extra("xz", xz),
        user,
        // An archive, but also a file.
        file: extra("gzip", gzip),
    };
    let said = same("chain", &initrd, &payloads.each_ref(), 1);
    assert!(found_table(&said), "the table in front");
}

/// The next kernel does not look for tables after a compressed byte, so it must not find them
/// after unpacking either.
#[test]
fn long_early_files_after_an_archive() {
    let directory = guest::work_dir("module-unpack-early");
    let payload = Payload::new("main", 70_001);
    let main = compressed(&directory, "zstd", &main_archive(&payload));
    let initrd = Initrd {
        own: main,
        addon: early(),
        user: early(),
        file: b"any".to_vec(),
    };
    let said = same("early", &initrd, &[&payload], 5);
    assert!(!found_table(&said), "a table after the archive");
}

/// A part ends with a format that the kernel can decompress and the module cannot.
#[test]
fn long_a_format_that_stays() {
    let directory = guest::work_dir("module-unpack-stays");
    let payloads = ["main", "zstd", "bzip2", "plain", "xz"].map(|name| Payload::new(name, 70_001));
    let [main, zstd, bzip2, plain, xz] = &payloads;
    let extra =
        |format: &str, payload: &Payload| compressed(&directory, format, &extra_initrd(&[payload]));
    let own = compressed(&directory, "gzip", &main_archive(main));
    // The kernel accepts a stream anywhere after a stream, but only at a multiple of 4 bytes after
    // an archive that is not compressed.
    let mut own = then(own, 4, &extra("zstd", zstd));
    pad(&mut own, 4);
    own.push(0);
    let own = then(own, 1, &extra("bzip2", bzip2));
    let initrd = Initrd {
        own: then(own, 4, &extra_initrd(&[plain])),
        addon: extra("xz", xz),
        user: b"no archive, and the kernel says so".to_vec(),
        file: b"any".to_vec(),
    };
    same("stays", &initrd, &payloads.each_ref(), 3);
}

#[test]
fn long_each_format() {
    for format in FORMATS {
        let directory = guest::work_dir(&format!("module-unpack-{format}"));
        let payload = Payload::new(format, 3_000_001);
        let zeros = Archive::new();
        let initrd = Initrd {
            own: compressed(&directory, format, &main_archive(&payload)),
            addon: zeros.finish(),
            user: vec![0; 4],
            file: b"any".to_vec(),
        };
        same(format, &initrd, &[&payload], 1);
    }
}
