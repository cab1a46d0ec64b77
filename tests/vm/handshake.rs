// SPDX-License-Identifier: GPL-2.0-or-later
//! The handshake route boots: the second kernel reports what was asked for,
//! whichever parser opened the image.

use std::path::{Path, PathBuf};

use guest::handshake::{KERNEL, STRICT, initramfs, machine};
use guest::initramfs::extra_initrd;
use guest::pe::{Pe, packed, zboot};
use guest::{Initramfs, Payload, Transcript, module, second_initrd, uki::Uki};

/// Returns commands that load by the handshake, say the timeline, and jump.
fn load_and_exec(arguments: &str) -> String {
    format!(
        "attempt load kexec-bpf load {arguments} --verbose
[ $(cat /sys/kernel/kexec_loaded) = 1 ] && kexec-bpf exec
"
    )
}

/// Parts of the system to boot: a nonce on the command line, a payload in the
/// initrd.
struct Second {
    directory: PathBuf,
    cmdline: String,
    payload: Payload,
}

impl Second {
    fn new(name: &str) -> Self {
        let directory = guest::work_dir(&format!("handshake-{name}"));
        let cmdline = format!("console=ttyS0 nonce={}", guest::nonce());
        let payload = Payload::new("image", 300_001);
        Self {
            directory,
            cmdline,
            payload,
        }
    }

    fn initrd(&self) -> Vec<u8> {
        second_initrd(&[&self.payload])
    }

    fn kernel(&self) -> Vec<u8> {
        std::fs::read(KERNEL.image()).expect("read the kernel")
    }

    /// Returns a PE file with this kernel in `.linux`.
    fn pe(&self, linux: &[u8]) -> Pe {
        Pe::new()
            .section(".osrel", b"NAME=Test\nVERSION_ID=1\n")
            .section(".cmdline", self.cmdline.as_bytes())
            .section(".linux", linux)
            .section(".initrd", &self.initrd())
    }

    /// Loads with `arguments` in a guest that has `files` besides the module.
    #[track_caller]
    fn boot(&self, arguments: &str, files: impl FnOnce(Initramfs) -> Initramfs) -> Transcript {
        let guest = files(initramfs(&load_and_exec(arguments)));
        let said = machine(&self.directory, guest).memory_mb(1024).run();
        said.expect("load-code", "0");
        said.expect("second", &KERNEL.release());
        said
    }

    #[track_caller]
    fn boot_image(&self, image: &Pe) -> Transcript {
        self.boot("/a.efi", |guest| guest.file("a.efi", &image.bytes()))
    }

    #[track_caller]
    fn expect(&self, said: &Transcript, more_cmdline: &str, more: &[&Payload]) {
        said.expect("cmdline", &format!("{}{more_cmdline}", self.cmdline));
        self.expect_payloads(said, more);
    }

    #[track_caller]
    fn expect_payloads(&self, said: &Transcript, more: &[&Payload]) {
        let mut found = said.all("payload");
        let line = |payload: &Payload| format!("{} {}", payload.name, payload.sha256);
        let mut wanted = vec![line(&self.payload)];
        wanted.extend(more.iter().map(|payload| line(payload)));
        found.sort_unstable();
        wanted.sort_unstable();
        if found != wanted {
            said.fail(&format!("payloads are {found:?}, not {wanted:?}"));
        }
    }
}

fn program_bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("read the BPF program")
}

#[test]
fn uki_with_its_own_parser() {
    let second = Second::new("own");
    let initrd = second.directory.join("second.cpio");
    std::fs::write(&initrd, second.initrd()).expect("write the initrd");
    let section = format!(".bpf:@{}", module::uki_parser().display());
    let image = Uki::new(&second.directory, "a", &second.cmdline)
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .options(&["--section", &section])
        .build();
    let said = second.boot("/a.efi --append 'more words'", |guest| {
        guest.file_from("a.efi", &image)
    });
    second.expect(&said, " more words", &[]);
    said.expect_words(
        "load",
        &[
            "loaded: open",
            "parser attached in",
            "thread A: kexec_file_load, the whole image",
            "thread B: parser read,",
            "thread B: it is the one that is ready",
            "thread A: kexec_file_load returned after",
            "kernel: round 1: the image's own parser, handshake",
            "kernel: signature of the whole image not verified: ENODATA (61)",
            "kernel: loaded: kernel",
            "(slice of the image)",
        ],
    );
}

/// An image for upstream's series: its kernel loads a light skeleton by itself, as an object
/// file for the machine. Here the module's own parser opens it.
#[test]
fn uki_with_upstreams_parser() {
    let second = Second::new("upstream");
    let source = second.directory.join("skeleton.c");
    let object = second.directory.join("skeleton.o");
    let text = "const char opts_data[] = \"data\", opts_insn[] = \"instructions\";\n";
    std::fs::write(&source, text).expect("write the skeleton's source");
    let mut compiler = guest::host_program("musl-gcc");
    guest::run(compiler.args(["-c", "-o"]).args([&object, &source]));
    let image = second
        .pe(&second.kernel())
        .section(".bpf", &program_bytes(&object));
    let said = second.boot_image(&image);
    second.expect(&said, "", &[]);
    said.expect_words(
        "load",
        &[
            "parser        the module's own; section .bpf has one for a kernel that loads parsers",
            "kernel: round 1: the module's parser for UKIs",
        ],
    );
}

/// Boots with companions, which must give the same result on both routes.
fn companions(route: &str) {
    let second = Second::new(&format!("companions-{route}"));
    let more = ["user", "addon", "ucode"].map(|name| Payload::new(name, 5_003));
    let [user, addon, ucode] = &more;
    let credential = Payload::new("secret.cred", 77);
    let pe_addon = Pe::new()
        .section(".cmdline", b" from=addon\n")
        .section(".initrd", &extra_initrd(&[addon]))
        .section(".ucode", &extra_initrd(&[ucode]));
    // A profile's sections override the base's; the first profile is chosen.
    let image = second
        .pe(&second.kernel())
        .section(".profile", b"ID=first\n")
        .section(".cmdline", format!("{} first", second.cmdline).as_bytes())
        .section(".profile", b"ID=second\n")
        .section(".cmdline", b"second");
    let arguments = format!(
        "/a.efi --route {route} --addon /a.addon.efi --addon /secret.cred --initrd /user \
         --append appended"
    );
    let said = second.boot(&arguments, |guest| {
        guest
            .file("a.efi", &image.bytes())
            .file("a.addon.efi", &pe_addon.bytes())
            .file("secret.cred", &credential.data)
            .file("user", &extra_initrd(&[user]))
    });
    second.expect(&said, " first from=addon appended", &[user, addon, ucode]);
    let path = ".extra/credentials/secret.cred";
    let line = format!("{path} 400 {}", credential.sha256);
    let extra = said.all("extra");
    if !extra.contains(&line.as_str()) {
        said.fail(&format!("{line} is not among {extra:?}"));
    }
    if route == "handshake" {
        said.expect_words(
            "load",
            &[
                "kernel: round 1: the module's parser for UKIs",
                "with addons",
                "with what the user added",
            ],
        );
    }
}

#[test]
fn default_parser_and_companions() {
    companions("handshake");
}

#[test]
fn extract_route_with_companions() {
    companions("extract");
}

#[test]
fn plain_kernel_with_the_module_loaded() {
    let second = Second::new("plain");
    let arguments = format!("/vmlinuz --initrd /b --append '{}'", second.cmdline);
    let said = second.boot(&arguments, |guest| {
        guest
            .file_from("vmlinuz", &KERNEL.image())
            .file("b", &second.initrd())
    });
    second.expect(&said, "", &[]);
    said.expect_words("load", &["route native"]);
}

/// `.linux` is another UKI, whose own parser adds a file to the initrd.
#[test]
fn nested_uki() {
    let second = Second::new("nested");
    let member = program_bytes(&module::program("member"));
    let inner = second.pe(&second.kernel()).section(".bpf", &member);
    let outer = Payload::new("outer", 1_001);
    let image = Pe::new()
        .section(".linux", &inner.bytes())
        .section(".initrd", &extra_initrd(&[&outer]));
    let said = second.boot_image(&image);
    second.expect(&said, "", &[&outer]);
    let extra = said.all("extra");
    assert!(
        extra
            .iter()
            .any(|line| line.starts_with(".extra/os-release 444 ")),
        "the member is there: {extra:?}"
    );
    said.expect_words(
        "load",
        &[
            "kernel: round 1: the module's parser for UKIs",
            "kernel: round 2: the image's own parser",
        ],
    );
}

#[test]
fn functions_and_variables_of_each_linkage() {
    let second = Second::new("linkage");
    let program = program_bytes(&module::program("linkage"));
    let image = second.pe(&second.kernel()).section(".bpf", &program);
    let said = second.boot_image(&image);
    second.expect(&said, "", &[]);
}

/// The parser reads the kernel's own structures, which the kernel relocates.
#[test]
fn fields_of_the_kernel() {
    let second = Second::new("core");
    let program = program_bytes(&module::program("core"));
    let image = second.pe(&second.kernel()).section(".bpf", &program);
    let said = second.boot_image(&image);
    second.expect(&said, "", &[]);
}

#[test]
fn gzip_behind_decompress_slice() {
    let second = Second::new("gzip");
    let linux = packed(&second.directory, &KERNEL.image(), "gzip", &["-1"]);
    let program = program_bytes(&module::program("inflate"));
    let image = second.pe(&linux).section(".bpf", &program);
    let said = second.boot("/a.efi", |guest| guest.file("a.efi", &image.bytes()));
    second.expect(&said, "", &[]);
    said.expect_words("load", &["decompressed"]);
}

#[test]
fn zstd_zboot_by_its_default_parser() {
    let second = Second::new("zboot");
    let linux = packed(&second.directory, &KERNEL.image(), "zstd", &["-q", "-1"]);
    let image = zboot(&second.kernel(), &linux, "zstd22");
    let added = Payload::new("addon", 5_003);
    let addon = Pe::new()
        .section(".cmdline", b"from=addon")
        .section(".initrd", &extra_initrd(&[&added]));
    let secret = Payload::new("secret.cred", 77);
    let arguments = format!(
        "/a.efi --initrd /b --addon /a.addon.efi --addon /secret.cred --append '{}'",
        second.cmdline
    );
    let said = second.boot(&arguments, |guest| {
        guest
            .file("a.efi", &image)
            .file("b", &second.initrd())
            .file("a.addon.efi", &addon.bytes())
            .file("secret.cred", &secret.data)
    });
    said.expect("cmdline", &format!("from=addon {}", second.cmdline));
    second.expect_payloads(&said, &[&added]);
    let file = format!(".extra/credentials/secret.cred 400 {}", secret.sha256);
    assert!(said.all("extra").contains(&file.as_str()), "{file}");
    said.expect_words(
        "load",
        &["the module's parser for zboot images", "decompressed"],
    );
}

/// As in the RFC: the parser copies the image to BPF memory and gives resources from it.
#[test]
fn carrier() {
    let second = Second::new("carrier");
    let program = program_bytes(&module::program("carrier"));
    let said = second.boot_image(&second.pe(&second.kernel()).section(".bpf", &program));
    second.expect(&said, "", &[]);
    said.expect_words("load", &["from BPF memory"]);
}

/// As in the RFC: decompression from one BPF buffer to another.
#[test]
fn decompress() {
    let second = Second::new("decompress");
    let linux = packed(&second.directory, &KERNEL.image(), "zstd", &["-q", "-1"]);
    let program = program_bytes(&module::program("decompress"));
    let said = second.boot_image(&second.pe(&linux).section(".bpf", &program));
    second.expect(&said, "", &[]);
    said.expect_words("load", &["from BPF memory"]);
}

/// The crash image boots at a panic.
#[test]
fn crash_kernel() {
    let second = Second::new("panic");
    let image = second.pe(&second.kernel());
    let script = "attempt load kexec-bpf load /a.efi --panic --append 'nr_cpus=1 reset_devices'
say crash $(cat /sys/kernel/kexec_crash_loaded)
say loaded $(cat /sys/kernel/kexec_loaded)
echo c >/proc/sysrq-trigger
";
    let guest = initramfs(script).file("a.efi", &image.bytes());
    let said = machine(&second.directory, guest)
        .memory_mb(1024)
        .append("crashkernel=256M")
        .run();
    said.expect("load-code", "0");
    said.expect("crash", "1");
    said.expect("loaded", "0");
    let nonce = second
        .cmdline
        .split_once("nonce=")
        .map_or("", |(_, nonce)| nonce);
    said.expect("nonce", nonce);
}

/// `--command-line` and `--reuse-cmdline` replace the image's own command line.
#[test]
fn more_command_line_replaced() {
    let second = Second::new("replace");
    let image = second.pe(&second.kernel());
    let arguments = "/a.efi --command-line 'console=ttyS0 replaced' --append 'and more'";
    let said = second.boot(arguments, |guest| guest.file("a.efi", &image.bytes()));
    said.expect("cmdline", "console=ttyS0 replaced and more");
}

#[test]
fn command_line_reused() {
    let second = Second::new("reuse");
    let image = second.pe(&second.kernel());
    let script = load_and_exec("/a.efi --reuse-cmdline --append=more");
    let guest = initramfs(&script).file("a.efi", &image.bytes());
    let nonce = guest::nonce();
    let said = machine(&second.directory, guest)
        .append(&format!("BOOT_IMAGE=/vmlinuz-1 nonce={nonce}"))
        .run();
    said.expect("load-code", "0");
    let wanted = format!("console=ttyS0 panic=-1 {STRICT} nonce={nonce} more");
    said.expect("cmdline", &wanted);
}
