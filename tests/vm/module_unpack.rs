// SPDX-License-Identifier: GPL-2.0-or-later
//! Initrds that the module unpacks: what is decompressed, what stays as it is and why.
//! Nothing is booted here.

use std::path::Path;

use guest::archives::{FORMATS, compressed, compressed_by, pad};
use guest::cpio::Archive;
use guest::handshake::{NOTHING, initramfs, machine};
use guest::pe::{FIRST_SECTION, Pe, tiny_kernel};
use guest::{Initramfs, Payload, Transcript};

/// Numbers of `enum kexec_bpf_unpack`.
const NONE: u32 = 0;
pub const ALL: u32 = 1;
const CRASH: u32 = 2;
pub const FORMAT: u32 = 3;
pub const DAMAGED: u32 = 4;
pub const EARLY: u32 = 5;

/// An image whose kernel can be loaded but not run.
pub fn image() -> Vec<u8> {
    Pe::new().section(".linux", &tiny_kernel()).bytes()
}

/// Attaches a program that gives the kernel of [`image`].
pub fn steps() -> String {
    format!("ready,read,slice:{FIRST_SECTION}:4096,signal")
}

pub fn archive(name: &str) -> Vec<u8> {
    let mut archive = Archive::new();
    archive.file(&format!("payload/{name}"), 0o644, &vec![b'u'; 700_001]);
    archive.file("payload/random", 0o600, &Payload::new(name, 5003).data);
    archive.finish()
}

/// An initrd with its name, and the expected report: reason, size, and whether anything was
/// decompressed.
struct Case {
    name: String,
    initrd: Vec<u8>,
    reason: u32,
    size: usize,
    unpacked: bool,
}

#[derive(Default)]
pub struct Cases {
    all: Vec<Case>,
}

impl Cases {
    pub fn stays(&mut self, name: &str, initrd: &[u8], reason: u32) {
        self.becomes(name, initrd, reason, initrd.len(), false);
    }

    pub fn becomes(&mut self, name: &str, initrd: &[u8], reason: u32, size: usize, unpacked: bool) {
        self.all.push(Case {
            name: name.to_owned(),
            initrd: initrd.to_owned(),
            reason,
            size,
            unpacked,
        });
    }

    /// Returns commands that load each of them.
    pub fn script(&self) -> String {
        let steps = steps();
        let command = |Case { name, .. }: &Case| {
            format!("attempt {name} client load 60000 unpack,{steps} /a.efi /{name} a=b\n")
        };
        self.all.iter().map(command).collect()
    }

    pub fn add_to(&self, guest: Initramfs) -> Initramfs {
        let guest = guest.file("a.efi", &image());
        let add = |guest: Initramfs, case: &Case| guest.file(&case.name, &case.initrd);
        self.all.iter().fold(guest, add)
    }

    #[track_caller]
    pub fn expect(&self, said: &Transcript) {
        for case in &self.all {
            let unpacked = u32::from(case.unpacked);
            let (packed, size) = (case.initrd.len(), case.size);
            let reason = case.reason;
            let line = format!("unpack {reason} packed {packed} size {size} flag {unpacked}");
            expect_report(said, &case.name, "0", &line);
        }
    }
}

/// Returns where the next archive may start after one of `bytes`.
pub fn after(bytes: usize) -> usize {
    bytes.next_multiple_of(4) + 4
}

fn streams(directory: &Path, cases: &mut Cases) {
    let plain = archive("plain");
    let bytes = plain.len();
    cases.stays("plain", &plain, ALL);
    for format in FORMATS {
        let packed = compressed(directory, format, &plain);
        cases.becomes(format, &packed, ALL, bytes, true);
        let cut = packed.get(..packed.len() - 9).expect("it is long");
        cases.stays(&format!("cut-{format}"), cut, DAMAGED);
        let mut row = plain.clone();
        row.resize(row.len() + 512, 0);
        row.extend(&packed);
        row.resize(row.len() + 509, 0);
        let size = after(bytes + 512) + bytes;
        cases.becomes(&format!("{format}-in-a-row"), &row, ALL, size, true);
    }
    let twice = |format: &str| compressed(directory, format, &plain).repeat(2);
    for format in ["gzip", "zstd", "xz", "lzo"] {
        let size = after(bytes) + bytes;
        cases.becomes(&format!("twice-{format}"), &twice(format), ALL, size, true);
    }
    // To the kernel, these are one stream.
    cases.becomes("twice-lz4", &twice("lz4"), ALL, 2 * bytes, true);
}

fn others(directory: &Path, cases: &mut Cases) {
    let plain = archive("other");
    let gzip = compressed(directory, "gzip", &plain);
    let bzip2 = compressed_by(directory, "bzip2", &[], &plain);
    let with_gzip = |zeros: usize, more: &[u8]| {
        let mut initrd = gzip.clone();
        pad(&mut initrd, 4);
        initrd.resize(initrd.len() + zeros, 0);
        [initrd.as_slice(), more].concat()
    };
    cases.stays("bzip2", &bzip2, FORMAT);
    cases.stays("text", b"no archive", FORMAT);
    let lzma = compressed_by(directory, "xz", &["--format=lzma"], &plain);
    cases.stays("lzma", &lzma, FORMAT);
    let crc64 = compressed_by(directory, "xz", &["--check=crc64"], &plain);
    cases.stays("crc64", &crc64, FORMAT);
    let text = b"more of it";
    let size = after(plain.len());
    for (name, more) in [("bzip2", bzip2.as_slice()), ("text", text.as_slice())] {
        let (initrd, name) = (with_gzip(4, more), format!("gzip-{name}"));
        cases.becomes(&name, &initrd, FORMAT, size + more.len(), true);
        // After an archive that is not compressed, the kernel would not take it there.
        cases.stays(&format!("odd-{name}"), &with_gzip(5, more), FORMAT);
    }
    // The second archive stays as well, so that what follows it is where it was.
    let mut rest = with_gzip(0, &[]);
    rest.push(0);
    rest.extend(text);
    let initrd = with_gzip(8, &rest);
    cases.becomes(
        "gzip-gzip-odd-text",
        &initrd,
        FORMAT,
        size + rest.len(),
        true,
    );
    let of = |data: &[u8]| compressed(directory, "gzip", data);
    cases.stays("gzip-of-text", &of(text), DAMAGED);
    cases.stays("gzip-of-nothing", &of(b""), DAMAGED);
    cases.stays("gzip-of-gzip", &of(&gzip), DAMAGED);
    let junk = [plain.as_slice(), b"junk"].concat();
    cases.stays("gzip-with-junk", &of(&junk), DAMAGED);
    let short = plain.get(..5000).expect("it is long");
    cases.stays("gzip-of-cut", &of(short), DAMAGED);
    cases.stays("plain-cut", short, DAMAGED);
    let unaligned = [plain.as_slice(), &[0], gzip.as_slice()].concat();
    cases.stays("unaligned-gzip", &unaligned, DAMAGED);
    cases.stays("odd-plain", &with_gzip(1, &plain), FORMAT);
}

/// Files that the next kernel looks for up to the first compressed byte.
fn early(directory: &Path, cases: &mut Cases) {
    let plain = archive("early");
    let mut early = Archive::new();
    early.file("kernel/x86/microcode/GenuineIntel.bin", 0o644, b"none");
    let early = early.finish();
    let mut before = early.clone();
    pad(&mut before, 512);
    let zstd = compressed(directory, "zstd", &plain);
    let size = after(before.len()) + plain.len();
    before.extend(&zstd);
    cases.becomes("early-before", &before, ALL, size, true);
    cases.stays("early-in", &compressed(directory, "zstd", &early), EARLY);
    let mut behind = zstd;
    pad(&mut behind, 4);
    behind.extend(&early);
    cases.stays("early-after", &behind, EARLY);
}

#[track_caller]
pub fn expect_report(said: &Transcript, name: &str, code: &str, line: &str) {
    said.expect(&format!("{name}-code"), code);
    if !said.all(name).contains(&line) {
        said.fail(&format!(
            "{name} does not say '{line}': {:?}",
            said.all(name)
        ));
    }
}

#[test]
fn what_is_unpacked_and_what_stays() {
    let directory = guest::work_dir("module-unpack");
    let mut cases = Cases::default();
    streams(&directory, &mut cases);
    others(&directory, &mut cases);
    early(&directory, &mut cases);
    let steps = steps();
    let mut script =
        String::from("say flags $(cat /sys/module/kexec_bpf/parameters/register_flags)\n");
    script += &cases.script();
    script += &format!(
        "attempt fast client load 60000 fast,unpack,{steps} /a.efi /zstd a=b
attempt crash client load 60000 crash,unpack,{steps} /a.efi /zstd a=b
kexec-bpf unload
kexec-bpf unload --panic
attempt none client load 60000 unpack,{steps} /a.efi
attempt native client load 60000 unpack,run:true /kernel /zstd a=b
kexec-bpf unload
left end
"
    );
    let guest = cases.add_to(initramfs(&script).file("kernel", &tiny_kernel()));
    let said = machine(&directory, guest).append("crashkernel=32M").run();
    said.expect("flags", "no_digest no_parser unpack_initrd early");
    cases.expect(&said);
    let zstd = cases.all.iter().find(|case| case.name == "zstd");
    let zstd = zstd.expect("it is there");
    let (packed, size) = (zstd.initrd.len(), zstd.size);
    let line = format!("unpack {ALL} packed {packed} size {size} flag 1");
    expect_report(&said, "fast", "0", &line);
    expect_report(&said, "fast", "0", "digest 1");
    let line = format!("unpack {CRASH} packed 0 size {packed} flag 0");
    expect_report(&said, "crash", "0", &line);
    let line = format!("unpack {ALL} packed 0 size 0 flag 0");
    expect_report(&said, "none", "0", &line);
    // The kernel opens its image itself, and the report does not know of its initrd.
    let line = format!("unpack {NONE} packed 0 size 0 flag 0");
    expect_report(&said, "native", "0", &line);
    said.expect("end-left", NOTHING);
}
