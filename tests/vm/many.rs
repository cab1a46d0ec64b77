// SPDX-License-Identifier: GPL-2.0-or-later
//! A disk with 128 partitions, and one with 5000 entries: both are read in little memory.

use std::fs;
use std::path::Path;
use std::process::Command;

use guest::disk::{Part, assemble};
use guest::pe::tiny_kernel;
use guest::{Disk, Initramfs, Kernel, Machine, Transcript, drivers};

const KERNEL: Kernel = Kernel::V6_12;
/// As many partitions as a GPT usually has room for.
const PARTITIONS: usize = 128;
const ENTRIES: usize = 5000;
/// Bound on the memory of the program, in kB.
const MEMORY_KB: u64 = 12 << 10;

const SCRIPT: &str = r#"
timed() {
    name=$1
    shift
    busybox time -v -o /cost "$@" >/out 2>&1
    say $name-code $?
    say $name-lines $(wc -l </out)
    say $name-memory $(sed -n 's/.*Maximum resident set size (kbytes): //p' /cost)
    say $name-time $(sed -n 's/.*Elapsed (wall clock) time.*: //p' /cost)
    head -n 3 /out | while IFS= read -r line; do say $name "$line"; done
    tail -n 3 /out | while IFS= read -r line; do say $name "$line"; done
}
timed nothing kexec-bpf --version
timed list kexec-bpf list --device /dev/vda
timed first kexec-bpf boot -n --device /dev/vda 1
timed last kexec-bpf boot -n --device /dev/vda entry-0000.conf
timed partitions kexec-bpf list --device /dev/vdb
timed named kexec-bpf list --device LABEL=part128
timed everywhere kexec-bpf list
"#;

/// Makes a disk with `PARTITIONS`, the last of which has a file system of its own label.
fn partitions(directory: &Path) -> std::path::PathBuf {
    let image = |label: &str| {
        let path = directory.join(label);
        let file = fs::File::create(&path).expect("create a partition");
        file.set_len(1 << 20).expect("size a partition");
        let made = Command::new("/sbin/mke2fs")
            .args(["-q", "-t", "ext4", "-L", label])
            .arg(&path)
            .status();
        assert!(made.expect("start mke2fs").success());
        path
    };
    let (other, last) = (image("other"), image("part128"));
    let mut parts: Vec<Part<'_>> = vec![("8300", "other", &other); PARTITIONS - 1];
    parts.push(("ea00", "last", &last));
    let disk = directory.join("partitions.img");
    assemble(&disk, &parts);
    disk
}

fn expect_bounded(said: &Transcript, name: &str, code: &str) {
    said.expect(&format!("{name}-code"), code);
    let memory = said.one(&format!("{name}-memory"));
    let memory_kb: u64 = memory.parse().expect("a number");
    let time = said.one(&format!("{name}-time"));
    println!("{name}: {memory_kb} kB, {time}");
    assert!(memory_kb < MEMORY_KB, "{name}: {memory_kb} kB");
}

#[test]
fn more_entries_and_partitions() {
    let directory = guest::work_dir("many");
    let mut disk = Disk::new(&directory)
        .esp("loader/loader.conf", b"default entry-4242.conf\n")
        .xbootldr("vmlinuz", &tiny_kernel());
    for number in 0..ENTRIES {
        let text = format!("title Entry {number}\nversion {number}\nlinux /vmlinuz\n");
        disk = disk.xbootldr(
            &format!("loader/entries/entry-{number:04}.conf"),
            text.as_bytes(),
        );
    }
    let disk = disk.build();
    let script = format!("{}{SCRIPT}", drivers::LOAD);
    let initramfs = drivers::add(Initramfs::new(&script), KERNEL, drivers::DISKS);
    let said = Machine::new(&directory, KERNEL, initramfs.finish())
        .disk(disk.path())
        .disk(&partitions(&directory))
        .timeout_s(600)
        .run();
    expect_bounded(&said, "nothing", "0");
    expect_bounded(&said, "list", "0");
    assert!(said.one("list-lines").parse::<usize>().expect("a number") >= ENTRIES);
    expect_bounded(&said, "first", "0");
    assert!(said.told("first").contains("entry-4999.conf"));
    expect_bounded(&said, "last", "0");
    for name in ["partitions", "named"] {
        expect_bounded(&said, name, "1");
    }
    expect_bounded(&said, "everywhere", "0");
}
