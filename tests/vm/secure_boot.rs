// SPDX-License-Identifier: GPL-2.0-or-later
//! Secure Boot from end to end, in one machine whose firmware verifies:
//!
//! 1. The first kernel is locked down because of Secure Boot. It tries routes native and
//!    extract without the module, and inserts an unsigned module.
//! 2. By the handshake it boots a UKI with a parser of its own, whose command line raises
//!    lockdown to confidentiality.
//! 3. That kernel boots a UKI without a parser, by the handshake as well.
//!
//! Loads that the handshake refuses are in `handshake_rules`.

use std::path::{Path, PathBuf};

use crate::report;
use guest::firmware::{self, SigningKey};
use guest::handshake::{KERNEL, STRICT, initramfs_before};
use guest::initramfs::small_initrd;
use guest::pe::Pe;
use guest::{Initramfs, Payload, Transcript, module, second_initrd, uki::Uki};

/// Script of the first kernel. `loaded NAME` says whether an image is loaded, and unloads
/// it.
const FIRST: &str = r#"
loaded() {
    say "$1-loaded" "$(cat /sys/kernel/kexec_loaded)"
    kexec-bpf unload
    say "$1-unload" "$? $(cat /sys/kernel/kexec_loaded)"
}
load() {
    name=$1
    shift
    attempt "$name" kexec-bpf load "$@"
    loaded "$name"
}
say lockdown "$(cat /sys/kernel/security/lockdown)"
attempt insert-unsigned insmod /unsigned.ko
say insert-log "$(dmesg | grep -i 'unsigned module')"
attempt status kexec-bpf status
attempt inspect kexec-bpf inspect /replaced.efi

attempt dry kexec-bpf load --dry-run /replaced.efi
load auto /replaced.efi
load auto-flag --allow-unsigned-initrd /replaced.efi
load extract --route extract /replaced.efi
load allowed --route extract --allow-unsigned-initrd /replaced.efi
load inner-unsigned --route extract --allow-unsigned-initrd /inner.efi
umount /sys/kernel/security
load hidden --route extract /replaced.efi
mount -t securityfs none /sys/kernel/security

load native /vmlinuz.signed --initrd /initrd --verbose
load native-unsigned /vmlinuz.bare --initrd /initrd
load native-unknown /vmlinuz.unknown --initrd /initrd

insmod /kexec_bpf.ko timeout_ms=60000 && say inserted
attempt status-with kexec-bpf status
load auto-with /replaced.efi
load extract-with --route extract /replaced.efi
attempt own kexec-bpf load /own.efi --verbose
kexec-bpf exec
"#;

/// Script of the second kernel, whose UKI has its own parser.
const CONFIDENTIAL: &str = r#"
say own-lockdown "$(cat /sys/kernel/security/lockdown)"
say own-cmdline "$(cat /proc/cmdline)"
say own-payload "$(sha256sum /payload/own | cut -d ' ' -f 1)"
insmod /kexec_bpf.ko timeout_ms=60000 && say inserted
attempt own-status kexec-bpf status
attempt unsigned kexec-bpf load /unsigned.efi
say unsigned-loaded "$(cat /sys/kernel/kexec_loaded)"
attempt default kexec-bpf load /default.efi --verbose
kexec-bpf exec
"#;

const SNAKEOIL: &str = "by C=US, ST=Colorado, L=Fort Collins, O=SnakeOil";
const ONLY_INNER: &str = "the UKI is extracted, so nothing verifies its initrd and command line";

/// Keys and images of the test.
struct Images {
    directory: PathBuf,
    key: SigningKey,
    nonce: String,
    own: Payload,
    last: Payload,
}

impl Images {
    fn new() -> Self {
        let directory = guest::work_dir("secure-boot");
        Self {
            key: SigningKey::new(&directory),
            nonce: guest::nonce(),
            own: Payload::new("own", 300_001),
            last: Payload::new("last", 1_001),
            directory,
        }
    }

    fn path(&self, name: &str, data: &[u8]) -> PathBuf {
        let path = self.directory.join(name);
        std::fs::write(&path, data).expect("write an image");
        path
    }

    fn sign(&self, name: &str, image: &Path) -> PathBuf {
        self.key.sign(&self.directory, name, image)
    }

    fn cmdline(&self, words: &str) -> String {
        format!(
            "console=ttyS0 panic=-1 efi=runtime {words} nonce={}",
            self.nonce
        )
    }

    /// Returns the last kernel's UKI: no `.bpf`, and the kernel inside is not signed.
    fn default(&self, unsigned: &Path) -> Pe {
        Pe::new()
            .section(".osrel", b"NAME=Test\n")
            .section(".cmdline", self.cmdline("last").as_bytes())
            .section_from(".linux", unsigned)
            .section(".initrd", &second_initrd(&[&self.last]))
    }

    /// Builds the second kernel's UKI.
    fn own(&self, unsigned: &Path) -> PathBuf {
        let default = self.default(unsigned).write(self.directory.join("default"));
        let initramfs = initramfs_before(CONFIDENTIAL, &self.key.sign_module(&self.directory))
            .file(&self.own.path(), &self.own.data)
            .file_from("unsigned.efi", &default)
            .file_from("default.efi", &self.sign("default.efi", &default));
        let initrd = self.path("own.cpio", &initramfs.finish());
        let cmdline = self.cmdline("lockdown=confidentiality");
        let section = format!(".bpf:@{}", module::uki_parser().display());
        let image = Uki::new(&self.directory, "own.bare", &cmdline)
            .linux(unsigned)
            .initrd(&initrd)
            .options(&["--section", &section])
            .build();
        self.sign("own.efi", &image)
    }

    /// Makes a signed UKI into an attacker's: `.cmdline` and `.initrd` are replaced, the
    /// signature is kept, and the kernel inside is still as its vendor signed it.
    fn replaced(&self, linux: &Path) -> PathBuf {
        let uki = |cmdline: &str, initrd: &[u8]| {
            Pe::new()
                .section(".cmdline", cmdline.as_bytes())
                .section_from(".linux", linux)
                .section(".initrd", &small_initrd(initrd))
        };
        let good =
            uki("console=ttyS0 good", b"the good initrd..").write(self.directory.join("good"));
        let mut image = std::fs::read(self.sign("good.efi", &good)).expect("read the signed UKI");
        for (from, to) in [
            (&b"console=ttyS0 good"[..], &b"console=ttyS0 evil"[..]),
            (b"the good initrd..", b"another's initrd."),
        ] {
            let at = image.windows(from.len()).position(|bytes| bytes == from);
            let at = at.expect("the section is in the image");
            image[at..at + to.len()].copy_from_slice(to);
        }
        self.path("replaced.efi", &image)
    }

    /// Builds the UKI that the firmware boots.
    fn first(&self) -> PathBuf {
        let directory = &self.directory;
        let unsigned = firmware::unsigned(directory, "vmlinuz.bare", &KERNEL.image());
        let signed = self.sign("vmlinuz.signed", &KERNEL.image());
        let bytes = std::fs::metadata(&signed).expect("it is there").len();
        assert_ne!(bytes % 512, 0, "a section of this kernel must have padding");
        let unknown = SigningKey::unknown(directory, "/CN=Nobody's key");
        let inner = Pe::new()
            .section(".cmdline", b"console=ttyS0")
            .section_from(".linux", &unsigned)
            .write(directory.join("inner"));
        let initramfs = initramfs_before(FIRST, &self.key.sign_module(directory))
            .file_from("unsigned.ko", &module::module())
            .file_from("replaced.efi", &self.replaced(&signed))
            .file_from("inner.efi", &self.sign("inner.efi", &inner))
            .file_from("own.efi", &self.own(&unsigned))
            .file_from(
                "vmlinuz.unknown",
                &unknown.sign(directory, "vmlinuz.unknown", &KERNEL.image()),
            )
            .file_from("vmlinuz.bare", &unsigned)
            .file_from("vmlinuz.signed", &signed)
            .file("initrd", &second_initrd(&[]));
        self.uki(initramfs)
    }

    fn uki(&self, initramfs: Initramfs) -> PathBuf {
        let initrd = self.path("first.cpio", &initramfs.finish());
        let image = Uki::new(
            &self.directory,
            "first",
            &format!("console=ttyS0 panic=-1 {STRICT}"),
        )
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .build();
        self.sign("first.signed.efi", &image)
    }
}

#[track_caller]
fn expect_refused(said: &Transcript, name: &str, words: &[&str]) {
    said.expect_attempt(name, "4", words);
    said.expect(&format!("{name}-loaded"), "0");
}

/// All three kernels run in one machine; then each part is checked.
#[test]
fn end_to_end() {
    let images = Images::new();
    let said = firmware::secure_machine(&images.directory, &images.first())
        .memory_mb(1024)
        .timeout_s(500)
        .run();
    said.expect("lockdown", "none [integrity] confidentiality");
    unsigned_module(&said);
    taken_apart(&said);
    native(&said);
    with_the_module(&said);
    boots(&said, &images);
}

fn unsigned_module(said: &Transcript) {
    // busybox's exit code is the error number: 129 EKEYREJECTED.
    said.expect("insert-unsigned-code", "129");
    let log = said.one("insert-log");
    assert!(log.contains("unsigned module is rejected"), "{log}");
    said.expect_page(
        "status",
        &[
            "lockdown integrity",
            "handshake no: module kexec_bpf is not loaded; lockdown accepts only signed modules",
            "try: modprobe kexec_bpf; if that fails, sign the module and enrol its key",
            "routes native; extract with --allow-unsigned-initrd",
        ],
    );
}

fn taken_apart(said: &Transcript) {
    said.expect_attempt(
        "inspect",
        "0",
        &[
            &format!("signature     {SNAKEOIL}; the sha256 digest differs"),
            &format!("its signature {SNAKEOIL}; the sha256 digest matches"),
            &format!("refused: lockdown: {ONLY_INNER}"),
        ],
    );
    let cause = format!("cause: lockdown: {ONLY_INNER}");
    let way_out =
        "try:   modprobe kexec_bpf; or load it with --route extract --allow-unsigned-initrd";
    said.expect_attempt(
        "dry",
        "4",
        &[
            "route         extract",
            &format!("would fail    lockdown: {ONLY_INNER}"),
        ],
    );
    for name in ["auto", "auto-flag", "extract", "hidden"] {
        expect_refused(said, name, &[&cause, way_out]);
        // The words are in one line.
        assert!(said.all(name).contains(&cause.as_str()), "{name}");
    }
    said.expect_attempt("allowed", "0", &["route extract"]);
    let warning = format!("kexec-bpf: warning: {ONLY_INNER}");
    assert!(said.all("allowed").contains(&warning.as_str()), "one line");
    said.expect("allowed-loaded", "1");
    said.expect("allowed-unload", "0 0");
    expect_refused(
        said,
        "inner-unsigned",
        &[
            "ENODATA (61)",
            "cause: the kernel found no signature in the image (lockdown: integrity)",
        ],
    );
}

fn native(said: &Transcript) {
    let verified = "verified      the kernel; nothing verifies the initrd and command line";
    said.expect_attempt("native", "0", &["route native", verified]);
    said.expect("native-loaded", "1");
    said.expect("native-unload", "0 0");
    expect_refused(
        said,
        "native-unsigned",
        &[
            "ENODATA (61)",
            "cause: the kernel found no signature in the image (lockdown: integrity)",
        ],
    );
    expect_refused(
        said,
        "native-unknown",
        &[
            "ENOKEY (126)",
            "cause: the kernel has no key for the image's signature (lockdown: integrity)",
            "signed: by CN=Nobody's key; the sha256 digest matches",
        ],
    );
    for name in ["native-unsigned", "native-unknown"] {
        if let Some(problem) = report::problem(&said.all(name)) {
            said.fail(&format!("{name}: {problem}"));
        }
    }
}

fn with_the_module(said: &Transcript) {
    said.expect_attempt("status-with", "0", &["handshake           yes: module"]);
    expect_refused(
        said,
        "auto-with",
        &[
            "EKEYREJECTED (129)",
            "cause: digest mismatch: the image was changed after it was signed",
            &format!("signed: {SNAKEOIL}; the sha256 digest differs"),
            "kernel: PEFILE: Digest mismatch",
        ],
    );
    expect_refused(
        said,
        "extract-with",
        &[
            &format!("cause: lockdown: {ONLY_INNER}"),
            "try:   the same command without --route, or with --allow-unsigned-initrd",
        ],
    );
}

fn boots(said: &Transcript, images: &Images) {
    let whole = "kernel: signature of the whole image verified";
    said.expect_attempt(
        "own",
        "0",
        &["kernel: round 1: the image's own parser", whole],
    );
    said.expect("own-lockdown", "none integrity [confidentiality]");
    said.expect("own-cmdline", &images.cmdline("lockdown=confidentiality"));
    said.expect("own-payload", &images.own.sha256);
    assert_eq!(said.all("inserted").len(), 2, "in both kernels");

    said.expect_attempt(
        "own-status",
        "0",
        &["lockdown            confidentiality", "yes: module"],
    );
    expect_refused(
        said,
        "unsigned",
        &["cause: the kernel found no signature in the image (lockdown: confidentiality)"],
    );
    said.expect_attempt(
        "default",
        "0",
        &["kernel: round 1: the module's parser for UKIs", whole],
    );
    said.expect("second", &KERNEL.release());
    said.expect("cmdline", &images.cmdline("last"));
    said.expect("nonce", &images.nonce);
    said.expect("payload", &format!("last {}", images.last.sha256));
}
