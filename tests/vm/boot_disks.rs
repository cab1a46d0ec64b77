// SPDX-License-Identifier: GPL-2.0-or-later
//! Several disks, each with a system: no entry takes what belongs to another system.

use std::path::{Path, PathBuf};

use guest::disk::assemble;
use guest::esp::Esp;
use guest::filesystem::{Filesystem, image};
use guest::firmware::variable;
use guest::pe::tiny_kernel;
use guest::{Initramfs, Kernel, Machine, drivers, host_program};

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
attempt whole kexec-bpf boot -n w
# As if the firmware had started from the first disk.
mount -t tmpfs none /sys/firmware
mkdir -p /sys/firmware/efi/efivars
cp /started-from /sys/firmware/efi/efivars/$STARTED_FROM
attempt known kexec-bpf list
attempt known-default kexec-bpf boot -n
# Its second disk has its entries in a directory.
cp /started-from-second /sys/firmware/efi/efivars/$STARTED_FROM
attempt directory kexec-bpf list
# A partition that is no ESP by its type.
cp /started-from-other /sys/firmware/efi/efivars/$STARTED_FROM
attempt other-type kexec-bpf list
cp /started-from-second /sys/firmware/efi/efivars/$STARTED_FROM
# What its boot loader has been told is not about another disk.
cp /default /sys/firmware/efi/efivars/$DEFAULT
attempt foreign kexec-bpf list --device vdc
attempt own kexec-bpf list --device vdb
"#;

/// The EFI variable with the partition that the firmware started from.
const STARTED_FROM: &str = "LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// The EFI variable with the name of the default.
const DEFAULT: &str = "LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Returns the contents of [`STARTED_FROM`] for a partition of a disk.
fn started_from(disk: &Path, number: u32) -> Vec<u8> {
    let info = format!("--info={number}");
    let asked = host_program("sgdisk").arg(info).arg(disk).output();
    let told = String::from_utf8(asked.expect("run sgdisk").stdout).expect("read its words");
    let uuid = told
        .lines()
        .find_map(|line| line.strip_prefix("Partition unique GUID: "));
    variable(uuid.expect("find the UUID"))
}

fn block(lines: &str) -> Vec<u8> {
    format!("{:#<1024}", format!("# GRUB Environment Block\n{lines}")).into_bytes()
}

/// The files of a file system.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// Makes a file system with these files; entries name /tiny.
fn filesystem(path: &Path, files: Files<'_>) -> Esp {
    let image = Esp::new(path, MIB);
    for (path, contents) in files.iter().chain([&("tiny", &tiny_kernel()[..])]) {
        image.write(path, contents);
    }
    image
}

/// Makes a disk with these files on an ESP and on a partition for /boot, and with a file
/// system that the guest has no driver for.
fn disk(directory: &Path, name: &str, esp: Files<'_>, boot: Files<'_>) -> PathBuf {
    let part = |part: &str, files| filesystem(&directory.join(format!("{name}-{part}")), files);
    let (esp, boot) = (part("esp", esp), part("boot", boot));
    let root = image(directory, &format!("{name}-root"), MIB);
    Filesystem::Ext4.make("", &[&root]);
    let path = directory.join(name);
    assemble(
        &path,
        &[
            ("ef00", "", esp.disk()),
            ("8300", "", boot.disk()),
            ("8304", "", &root),
        ],
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
        &[
            ("EFI/centos/grubenv", &centos),
            // No boot loader finds that, so it is not started before others.
            ("loader/entries/placed.conf", b"linux /boot/tiny\n"),
            ("loader/loader.conf", b"default zz.conf\n"),
        ],
        &[("boot/loader/entries/b-1.conf", entry)],
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
    let whole = filesystem(
        &directory.join("whole"),
        &[("loader/entries/w.conf", entry)],
    );
    let script = SCRIPT.replace("$STARTED_FROM", STARTED_FROM);
    let script = script.replace("$DEFAULT", DEFAULT);
    let script = format!("{}{script}", drivers::LOAD);
    let without_ext4: Vec<_> = drivers::DISKS
        .iter()
        .filter(|name| **name != "ext4")
        .copied()
        .collect();
    let initramfs = drivers::add(Initramfs::new(&script), KERNEL, &without_ext4)
        .file("other", &tiny_kernel())
        .file("started-from", &started_from(&first, 1))
        .file("started-from-second", &started_from(&second, 1))
        .file("started-from-other", &started_from(&first, 2))
        .file("default", &variable("?[a-]*"));
    let said = Machine::new(&directory, KERNEL, initramfs.finish())
        .disk(&first)
        .disk(&second)
        .disk(&third)
        .disk(whole.disk())
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
    // A whole disk is one of its own, and none of the others' blocks is about it.
    said.expect_attempt("whole", "0", &["w.conf on vdd", "$kernelopts", "root=x"]);
    let whole = said.all("whole").join("\n");
    assert!(!whole.contains("root=x of-"), "{whole}");
    // The firmware's own disk comes first, also if all that its ESP has is broken, and what is
    // there and was not read is told.
    let no_driver = "skipped /dev/vda3: no ext4 driver is loaded";
    said.expect_attempt(
        "known",
        "0",
        &["memtest.conf", saved, "old.conf", no_driver],
    );
    said.expect_attempt("known-default", "0", &["a-1.conf on vda2"]);
    said.expect_attempt(
        "directory",
        "0",
        &["b-1.conf, on vdb2, the default", "old.conf"],
    );
    said.expect_attempt("foreign", "0", &["old.conf, the default (loader.conf)"]);
    let named = "b-1.conf, on vdb2, the default (LoaderEntryDefault)";
    said.expect_attempt("own", "0", &[named]);
    said.expect("here-code", "0");
    let here = said.all("here").join("\n");
    assert!(!here.contains(" on vd"), "{here}");
}
