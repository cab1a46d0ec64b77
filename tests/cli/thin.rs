// SPDX-License-Identifier: GPL-2.0-or-later
//! Thin images of lanzaboote: `inspect`, `load -n`, `list` and `boot -n`.
//!
//! They are made as lanzaboote's documentation and source describe them, not by its tool.

use std::fs;

use sha2::{Digest, Sha256};

use crate::build;
use crate::program::{Directory, PROGRAM, Run, add_words, finish};

pub const KERNEL: &str = "EFI/nixos/kernel-6.12-abc.efi";
pub const INITRD: &str = "EFI/nixos/initrd-6.12-abc.efi";

/// Contents of an image that can be changed before it is written.
pub struct Thin {
    kernel: Vec<u8>,
    initrd: Vec<u8>,
    pub kernel_hash: Vec<u8>,
    pub initrd_hash: Vec<u8>,
    version: &'static str,
}

fn path(path: &str) -> Vec<u8> {
    format!("/{path}").replace('/', "\\").into_bytes()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

fn initrd() -> Vec<u8> {
    build::newc("init", b"contents")
}

impl Thin {
    pub fn new(version: &'static str) -> Thin {
        Thin {
            kernel: path(KERNEL),
            initrd: path(INITRD),
            kernel_hash: sha256(&build::bzimage()),
            initrd_hash: sha256(&initrd()),
            version,
        }
    }

    /// Returns an image of these files with hashes that are not theirs.
    pub fn with_wrong_hashes(kernel: &str, initrd: &str) -> Thin {
        Thin {
            kernel: path(kernel),
            initrd: path(initrd),
            kernel_hash: vec![0xab; 32],
            initrd_hash: vec![0xab; 32],
            ..Thin::new("9")
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let os = format!("ID=lanza\nPRETTY_NAME=NixOS\nVERSION_ID={}\n", self.version);
        build::pe(&[
            (".osrel", os.as_bytes()),
            (".cmdline", b"init=/nix/store/x/init root=fstab"),
            (".initrd", &self.initrd),
            (".linux", &self.kernel),
            (".initrdh", &self.initrd_hash),
            (".linuxh", &self.kernel_hash),
        ])
    }

    /// Writes it as an entry of the ESP.
    pub fn entry(&self, esp: &Directory, name: &str) {
        esp.file(format!("EFI/Linux/{name}"), &self.bytes());
    }
}

/// Returns an ESP with a kernel, an initrd and one good image.
pub fn esp(test: &str) -> Directory {
    let esp = Directory::new(test);
    for directory in ["EFI/Linux", "EFI/nixos", "loader/entries"] {
        fs::create_dir_all(esp.path(directory)).unwrap();
    }
    esp.file(KERNEL, &build::bzimage());
    esp.file(INITRD, &initrd());
    Thin::new("1").entry(&esp, "good.efi");
    esp
}

#[track_caller]
pub fn run_on(lockdown: &str, esp: &Directory, words: &[&str]) -> Run {
    let mut command = esp.command_under(lockdown, PROGRAM);
    add_words(&mut command, words);
    finish(&mut command).on_any_host()
}

#[track_caller]
pub fn run(esp: &Directory, words: &[&str]) -> Run {
    run_on("[none] integrity", esp, words)
}

#[track_caller]
pub fn expect(run: &Run, code: i32, wanted: &[&str]) {
    assert_eq!(run.code, code, "{run:?}");
    // Columns are padded.
    let flat = [&run.stdout[..], &run.stderr].concat();
    let flat: Vec<_> = flat.split_whitespace().collect();
    let flat = flat.join(" ");
    for text in wanted {
        assert!(flat.contains(text), "{text}\n{run:?}");
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Plans a load of an image whose root is this directory. Paths in the plan are long.
#[track_caller]
pub fn load(esp: &Directory, image: &str, more: &[&str]) -> Run {
    let mut words = vec!["load", "-n", image, "--extras-root", "."];
    words.extend(more);
    run_on("[none] integrity", esp, &words)
}

#[test]
fn the_plan_says_where_kernel_and_initrd_come_from() {
    let esp = esp("thin-plan");
    let names = [
        "NixOS, 1, the default",
        "1536 bytes (6.12.0-test)",
        "command line init=/nix/store/x/init root=fstab (from the image)",
        "extract",
    ];
    let kernel = format!("{KERNEL}, named by .linux, {}", names[1]);
    let initrd = format!("{INITRD}, 248 bytes, named by .initrd");
    expect(&run(&esp, &["list", "--root", "."]), 0, &[names[0]]);
    let wanted = [&kernel[..], &initrd, names[2], names[3]];
    expect(&run(&esp, &["boot", "-n", "--root", "."]), 0, &wanted);
    expect(
        &run(&esp, &["boot", "-n", "--root", ".", "/EFI/Linux/good.efi"]),
        0,
        &wanted,
    );
    // Without --root, the path is the one from the host's root.
    expect(
        &load(&esp, "EFI/Linux/good.efi", &["--route=extract"]),
        0,
        &wanted[1..],
    );
    // By a type 1 entry, whose words replace the image's.
    esp.file(
        "loader/entries/a.conf",
        b"sort-key a\nefi \\EFI\\Linux\\good.efi\noptions mine\n",
    );
    let by_entry = [&kernel[..], &initrd, "command line mine"];
    expect(
        &run(&esp, &["boot", "-n", "--root", ".", "a"]),
        0,
        &by_entry,
    );
    expect(
        &load(
            &esp,
            "EFI/Linux/good.efi",
            &["--initrd", INITRD, "--append", "more"],
        ),
        0,
        &["496 bytes in 2 parts", "root=fstab more"],
    );
    // Its sizes are known, whatever this host has reserved.
    let crash = run(
        &esp,
        &["kdump", "check", "EFI/Linux/good.efi", "--extras-root", "."],
    );
    assert!(crash.stdout.contains("248 bytes packed"), "{crash:?}");
}

/// The root is that of the file system, here the host's. Nothing is there.
#[test]
fn without_another_root_the_file_system_is_the_images() {
    let esp = esp("thin-root");
    let run = run(&esp, &["load", "-n", "EFI/Linux/good.efi"]);
    expect(&run, 3, &[&format!("{KERNEL}: no such file")]);
}

#[test]
fn inspect_shows_the_paths_and_the_hashes() {
    let esp = esp("thin-inspect");
    // inspect has no root of its own, so the files are not found here.
    let run = run(&esp, &["inspect", "EFI/Linux/good.efi"]);
    let hashes = [hex(&sha256(&build::bzimage())), hex(&sha256(&initrd()))];
    expect(
        &run,
        0,
        &[
            "kind a thin UKI (lanzaboote)",
            &format!(".linux {KERNEL} {}", hashes[0]),
            &format!(".initrd {INITRD} {}", hashes[1]),
            "system NixOS",
            "kexec uses nothing: ",
        ],
    );
    // The section has the path, not an initrd.
    assert!(!run.stdout.contains("\ninitrd"), "{run:?}");
}

/// More than the kernel reads of one file.
#[test]
fn a_huge_file_is_not_read() {
    let esp = esp("thin-huge");
    let file = fs::File::create(esp.path("EFI/nixos/huge")).unwrap();
    file.set_len(1 << 40).unwrap();
    let mut thin = Thin::new("9");
    thin.initrd = path("EFI/nixos/huge");
    thin.entry(&esp, "huge.efi");
    let error = "/EFI/nixos/huge: 1099511627776 bytes for .initrd; the kernel reads at most";
    let list = run(&esp, &["list", "--root", "."]);
    expect(&list, 0, &["good.efi: NixOS, 1, the default", error]);
    expect(
        &load(&esp, "EFI/Linux/huge.efi", &[]),
        3,
        &[error.trim_start_matches('/')],
    );
}

/// A limit on the size of files, which counts for those in memory, too.
#[test]
fn a_check_of_a_crash_image_copies_nothing() {
    let esp = esp("thin-check");
    let words = "ulimit -f 0; exec \"$0\" kdump check EFI/Linux/good.efi --extras-root .";
    let check = finish(esp.command("sh").args(["-c", words, PROGRAM]));
    assert!(check.stdout.contains("248 bytes packed"), "{check:?}");
}

#[test]
fn a_file_that_is_not_there_makes_the_entry_unbootable() {
    let esp = esp("thin-missing");
    fs::create_dir(esp.path("EFI/nixos/directory")).unwrap();
    std::os::unix::fs::symlink(
        "../../../../../../../etc/hostname",
        esp.path("EFI/nixos/link"),
    )
    .unwrap();
    esp.file(
        "EFI/nixos/frame",
        b"\x04\x22\x4d\x18\x64\x40\xa7\x06\0\0\0\x60text\n\0\0\0\0",
    );
    esp.file("EFI/nixos/text", &b"text\n".repeat(200));
    esp.file("EFI/nixos/uki.efi", &build::uki());
    let of = |name: &str| fs::read(esp.path(format!("EFI/nixos/{name}"))).unwrap_or_default();
    for (name, kernel, initrd, problem) in [
        (
            "gone",
            "EFI/nixos/gone",
            INITRD,
            "no such file: /EFI/nixos/gone",
        ),
        (
            "nord",
            KERNEL,
            "EFI/nixos/gone",
            "no such file: /EFI/nixos/gone",
        ),
        // Outside of the root there is such a file.
        (
            "link",
            "EFI/nixos/link",
            INITRD,
            "no such file: /EFI/nixos/link",
        ),
        (
            "dir",
            "EFI/nixos/directory",
            INITRD,
            "is a directory, not a file",
        ),
        (
            "dots",
            "EFI/nixos/../x",
            INITRD,
            "section .linux: the path has '..' in it",
        ),
        (
            "self",
            "EFI/Linux/self.efi",
            INITRD,
            "a thin UKI (lanzaboote), where .linux names a kernel",
        ),
        (
            "other",
            "EFI/Linux/good.efi",
            INITRD,
            "a thin UKI (lanzaboote), where .linux names a kernel",
        ),
        (
            "uki",
            "EFI/nixos/uki.efi",
            INITRD,
            "a UKI, where .linux names a kernel",
        ),
        (
            "text",
            "EFI/nixos/text",
            INITRD,
            "not a boot image: a text file",
        ),
        (
            "frame",
            KERNEL,
            "EFI/nixos/frame",
            "bad initrd: an lz4 frame at 0x0",
        ),
    ] {
        let mut thin = Thin::new("9");
        thin.kernel = path(kernel);
        thin.initrd = path(initrd);
        if kernel != KERNEL {
            thin.kernel_hash = sha256(&of(kernel.trim_start_matches("EFI/nixos/")));
        } else if initrd != INITRD {
            thin.initrd_hash = sha256(&of(initrd.trim_start_matches("EFI/nixos/")));
        }
        let file = format!("{name}.efi");
        thin.entry(&esp, &file);
        let skipped = format!("{file}: skipped: ");
        let skipped = match problem.starts_with("no such file") {
            true => format!("{file}: skipped: {problem}"),
            false => skipped,
        };
        let list = run(&esp, &["list", "--root", "."]);
        expect(
            &list,
            0,
            &[&skipped, problem, "good.efi: NixOS, 1, the default"],
        );
        let named = run(&esp, &["boot", "-n", "--root", ".", name]);
        expect(&named, 3, &[problem]);
        expect(
            &run(&esp, &["boot", "-n", "--root", "."]),
            0,
            &["entry good.efi"],
        );
        fs::remove_file(esp.path(format!("EFI/Linux/{file}"))).unwrap();
    }
}

#[test]
fn hostile_sections_are_refused_by_name() {
    let esp = esp("thin-hostile");
    let mut thin = Thin::new("9");
    thin.kernel = build::bzimage();
    thin.entry(&esp, "kernel.efi");
    thin.kernel = vec![b'a'; 1 << 20];
    thin.entry(&esp, "huge.efi");
    let mut thin = Thin::new("9");
    thin.initrd_hash.pop();
    thin.entry(&esp, "short.efi");
    let one_hash = build::pe(&[(".linux", &path(KERNEL)), (".linuxh", &[0; 32])]);
    esp.file("EFI/Linux/one.efi", &one_hash);
    let mut profiles = Vec::new();
    let thin = Thin::new("9");
    profiles.extend([
        (".linux", &thin.kernel[..]),
        (".linuxh", &thin.kernel_hash),
        (".initrd", &thin.initrd),
        (".initrdh", &thin.initrd_hash),
        (".profile", b"ID=a\n"),
        (".linux", b"\\other"),
    ]);
    esp.file("EFI/Linux/profiles.efi", &build::pe(&profiles));
    let list = run(&esp, &["list", "--root", "."]);
    for (name, problem) in [
        (
            "kernel",
            "section .linux: the path is longer than 1024 bytes",
        ),
        ("huge", "section .linux: the path is longer than 1024 bytes"),
        (
            "short",
            "section .initrdh: 31 bytes, where a SHA-256 has 32",
        ),
        ("one", "a thin image without .initrd"),
        ("profiles", "a thin image with profiles"),
    ] {
        expect(&list, 0, &[&format!("{name}.efi: skipped: {problem}")]);
        for words in [
            &["boot", "-n", "--root", ".", name][..],
            &["inspect", &format!("EFI/Linux/{name}.efi")],
        ] {
            expect(&run(&esp, words), 3, &[problem]);
        }
    }
    expect(&list, 0, &["good.efi: NixOS, 1, the default"]);
}

#[test]
fn routes_and_companions() {
    let esp = esp("thin-routes");
    expect(
        &load(&esp, "EFI/Linux/good.efi", &["--route=handshake"]),
        2,
        &[
            "route handshake does not apply to a thin image",
            "the same command without --route",
        ],
    );
    for (directory, files) in [
        (
            "EFI/Linux/good.efi.extra",
            &["a.cred", "b.raw", "c.addon.efi"][..],
        ),
        ("EFI/Linux/good.efi.extra.d", &["d.cred"]),
        ("loader/credentials", &["e.cred"]),
        ("loader/addons", &["f.addon.efi"]),
        ("loader/extensions", &["g.raw"]),
    ] {
        fs::create_dir_all(esp.path(directory)).unwrap();
        for file in files {
            esp.file(format!("{directory}/{file}"), b"text");
        }
    }
    let run = run(&esp, &["boot", "-n", "--root", "."]);
    expect(
        &run,
        0,
        &[
            "a.cred, 4 bytes, in .extra/credentials",
            "e.cred, 4 bytes, in .extra/global_credentials",
            "b.raw, 4 bytes, in .extra/sysext",
            "260 bytes in 4 parts",
        ],
    );
}
