// SPDX-License-Identifier: GPL-2.0-or-later
//! Several disks, each with a system: no entry takes what belongs to another system.

use std::path::{Path, PathBuf};

use guest::disk::assemble;
use guest::esp::Esp;
use guest::pe::tiny_kernel;
use guest::{Initramfs, Kernel, Machine, drivers};

const KERNEL: Kernel = Kernel::V6_12;
const MIB: u64 = 1 << 20;

const SCRIPT: &str = r#"
attempt list kexec-bpf list
attempt default kexec-bpf boot -n
attempt first kexec-bpf list --device vda
attempt first-default kexec-bpf boot -n --device vda
attempt second kexec-bpf boot -n b-1
attempt other kexec-bpf boot -n a-2
attempt number kexec-bpf boot -n 9
attempt last kexec-bpf boot -n zz --next
attempt path kexec-bpf boot -n /tiny
cp /other /tiny
attempt here kexec-bpf boot -n ./tiny
attempt late kexec-bpf boot -n late --timeout 1
"#;

fn block(lines: &str) -> Vec<u8> {
    format!("{:#<1024}", format!("# GRUB Environment Block\n{lines}")).into_bytes()
}

/// Makes a disk with these files on an ESP and on a partition for /boot; entries name /tiny.
fn disk(directory: &Path, name: &str, esp: &[(&str, &[u8])], boot: &[(&str, &[u8])]) -> PathBuf {
    let parts = [("esp", esp), ("boot", boot)].map(|(part, files)| {
        let image = Esp::new(&directory.join(format!("{name}-{part}")), MIB);
        image.write("tiny", &tiny_kernel());
        for (path, contents) in files {
            image.write(path, contents);
        }
        image
    });
    let path = directory.join(name);
    let [esp, boot] = &parts;
    assemble(
        &path,
        &[("ef00", "", esp.disk()), ("8300", "", boot.disk())],
    );
    path
}

#[test]
fn systems_are_not_mixed() {
    let directory = guest::work_dir("boot-disks");
    let entry: &[u8] = b"linux /tiny\noptions root=x $kernelopts\n";
    let redhat = block("kernelopts=of-a\nsaved_entry=a-1\n");
    let centos = block("kernelopts=of-b\nsaved_entry=a-1\n");
    let first = disk(
        &directory,
        "first",
        &[
            ("EFI/redhat/grubenv", &redhat),
            ("loader/entries/memtest.conf", b"efi /gone\n"),
        ],
        &[
            ("loader/entries/a-1.conf", entry),
            ("loader/entries/a-2.conf", entry),
        ],
    );
    let second = disk(
        &directory,
        "second",
        &[("EFI/centos/grubenv", &centos)],
        &[("loader/entries/b-1.conf", entry)],
    );
    let third = disk(
        &directory,
        "third",
        &[
            ("loader/loader.conf", b"default old.conf\n"),
            ("loader/entries/old.conf", b"linux /tiny\noptions old\n"),
            ("loader/entries/zz.conf", b"linux /boot/tiny\noptions zz\n"),
            ("loader/entries/aa.conf", b"linux /tiny\noptions aa\n"),
        ],
        &[],
    );
    let script = format!("{}{SCRIPT}", drivers::LOAD);
    let initramfs =
        drivers::add(Initramfs::new(&script), KERNEL, drivers::DISKS).file("other", &tiny_kernel());
    let said = Machine::new(&directory, KERNEL, initramfs.finish())
        .disk(&first)
        .disk(&second)
        .disk(&third)
        .run();
    // The ESP that has entries which can boot has the loader.conf; what is written for where
    // it is mounted comes after the others.
    said.expect_attempt(
        "list",
        "0",
        &[
            "old.conf, on vdc1, the default (loader.conf)",
            "aa.conf, on vdc1",
            "zz.conf, on vdc1",
        ],
    );
    said.expect_attempt("default", "0", &["old.conf on vdc1"]);
    let saved = "a-1.conf, on vda2, the default (saved_entry of grubenv)";
    said.expect_attempt("first", "0", &["memtest.conf", "a-2.conf", saved]);
    said.expect_attempt("first-default", "0", &["root=x of-a"]);
    said.expect_attempt("second", "0", &["b-1.conf on vdb2", "root=x of-b"]);
    said.expect_attempt("other", "0", &["a-2.conf on vda2", "root=x of-a"]);
    said.expect_attempt("number", "3", &["no entry 9"]);
    said.expect_attempt("last", "1", &["no entry after zz.conf"]);
    said.expect_attempt("path", "0", &["/tiny on vda1"]);
    said.expect_attempt("late", "3", &["no entry late"]);
    said.expect("here-code", "0");
    let here = said.all("here").join("\n");
    assert!(!here.contains(" on vd"), "{here}");
}
