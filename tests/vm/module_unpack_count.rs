// SPDX-License-Identifier: GPL-2.0-or-later
//! Counts the instructions of a load, and of the jump to the next kernel's init, with an xz
//! initrd of real files: by bare calls, and unpacked by the module and without a digest.
//! Part of tests/check-all.sh.

use std::path::{Path, PathBuf};

use guest::archives::compressed;
use guest::handshake::{KERNEL, initramfs};
use guest::initramfs::second;
use guest::pe::{FIRST_SECTION, Pe};
use guest::{Transcript, packages};

const REAL_BYTES: usize = 57_000_000;

const FORMATS: [&str; 1] = ["xz"];

/// Bound on the jump, in thousandths of the bare call's with an xz initrd.
const BOUND: u64 = 250;

/// Instructions, in millions.
struct Counted {
    load: u64,
    jump: u64,
}

/// The files below a directory. Links are left out.
fn files_below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("read a directory") {
        let entry = entry.expect("read an entry");
        let kind = entry.file_type().expect("the type of an entry");
        if kind.is_dir() {
            files_below(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// Programs and libraries of Debian, in the order of their names: what initrds are made of.
fn real_files() -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    files_below(&packages::file("dracut-trixie", "usr"), &mut paths);
    paths.sort();
    let (mut files, mut bytes) = (Vec::new(), 0);
    for (number, path) in paths.iter().enumerate() {
        let data = std::fs::read(path).expect("read a file");
        if bytes + data.len() <= REAL_BYTES {
            bytes += data.len();
            files.push((format!("real/{number}"), data));
        }
    }
    assert!(bytes > REAL_BYTES * 9 / 10, "only {bytes} bytes of files");
    files
}

#[track_caller]
fn number(said: &Transcript, key: &str) -> u64 {
    let value = said.one(key);
    value.parse().unwrap_or_else(|_| said.fail(key))
}

fn count(name: &str, load: &str, initrd: &[u8]) -> Counted {
    let directory = guest::work_dir(&format!("module-unpack-count-{name}"));
    let kernel = std::fs::read(KERNEL.image()).expect("read the kernel");
    let script = format!(
        "cmdline='console=ttyS0 panic=-1 nokaslr'
slice={FIRST_SECTION}:{}
before=$(tsc)
{load} >/out
after=$(tsc)
say before $before
say after $after
while read -r line; do say call $line; done </out
say jump $(tsc)
floor -e
",
        kernel.len()
    );
    let guest = initramfs(&script)
        .program("bin/calls", &packages::floor("calls"))
        .program("bin/floor", &packages::floor("floor"))
        .program("bin/tsc", &packages::floor("tsc"))
        .file("vmlinuz", &kernel)
        .file("a.efi", &Pe::new().section(".linux", &kernel).bytes())
        .file("initrd", initrd);
    let said = guest::Machine::new(&directory, KERNEL, guest.finish())
        .append("nokaslr")
        .memory_mb(1024)
        .cpu("max,-erms,-fsrm")
        .counting_instructions()
        .timeout_s(900)
        .run();
    let between = |from, to| (number(&said, to) - number(&said, from)) / 1_000_000;
    eprintln!("{name}: {:?}", said.all("call"));
    Counted {
        load: between("before", "after"),
        jump: between("jump", "init"),
    }
}

#[test]
fn long_unpacked_before_the_jump() {
    let directory = guest::work_dir("module-unpack-count");
    let mut next = second(&[])
        .program("bin/tsc", &packages::floor("tsc"))
        .script("next", "say init $(tsc)\n");
    for (name, data) in real_files() {
        next = next.file(&name, &data);
    }
    let archive = next.finish();
    let mut worse = Vec::new();
    for format in FORMATS {
        let packed = compressed(&directory, format, &archive);
        let call = |what: &str| format!("calls {what} 0 /vmlinuz /initrd \"$cmdline\"");
        let session = "client load 60000 fast,unpack,ready,read,slice:$slice,signal /a.efi \
            /initrd \"$cmdline\"";
        let bare = count(&format!("{format}-bare"), &call("file"), &packed);
        let fast = count(&format!("{format}-fast"), &call("fast file"), &packed);
        let unpacked = count(&format!("{format}-unpacked"), session, &packed);
        eprintln!(
            "{format}, {} MB packed, {} MB unpacked: load {} -> fast {} -> unpacked {}, \
             jump {} -> fast {} -> unpacked {} million instructions",
            packed.len() / 1_000_000,
            archive.len() / 1_000_000,
            bare.load,
            fast.load,
            unpacked.load,
            bare.jump,
            fast.jump,
            unpacked.jump
        );
        if unpacked.jump * 1000 > bare.jump * BOUND {
            worse.push(format);
        }
    }
    assert!(worse.is_empty(), "above the bound: {worse:?}");
}
