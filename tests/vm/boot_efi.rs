// SPDX-License-Identifier: GPL-2.0-or-later
//! EFI variables decide which entry is booted, even between two disks, and a
//! one-shot entry is used once.

use crate::boot_entries::{esp, script};
use guest::uki::Uki;
use guest::{Disk, Initramfs, Kernel, Partition, drivers, second_initrd};

const KERNEL: Kernel = Kernel::V6_12;

#[test]
fn efi_variables_choose() {
    let directory = guest::work_dir("efi-variables");
    let entry = |name: &str| {
        format!("title {name}\nlinux /vmlinuz\ninitrd /a.img\noptions console=ttyS0 is={name}\n")
    };
    let mut disk = Disk::new(&directory.join("a"))
        .file_from(Partition::Esp, "vmlinuz", &KERNEL.image())
        .esp("a.img", &second_initrd(&[]));
    for name in ["one", "two", "three"] {
        disk = disk.esp(
            &format!("loader/entries/{name}.conf"),
            entry(name).as_bytes(),
        );
    }
    let disk = disk.build();
    let first = esp(&directory.join("b"), "first").build();
    let rest = r#"
vendor=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
mount -t efivarfs efivarfs /sys/firmware/efi/efivars
cd /sys/firmware/efi/efivars
set_variable() {
    printf "\007\000\000\000$(printf %s "$2" | sed 's/./&\\000/g')\000\000" >/variable
    dd if=/variable of=$1-$vendor bs=4096
}
cd /
attempt first kexec-bpf list
cd /sys/firmware/efi/efivars
set_variable LoaderEntryDefault 'on*'
set_variable LoaderDevicePartUUID PART_UUID
cd /
umount /sys/firmware/efi/efivars
attempt default kexec-bpf list
mount -t efivarfs efivarfs /sys/firmware/efi/efivars
cd /sys/firmware/efi/efivars
set_variable LoaderEntryOneShot three.conf
cd /
attempt oneshot kexec-bpf list
attempt chained kexec-bpf hook boot
attempt kdump kexec-bpf hook kdump
attempt plan kexec-bpf boot -n
say before $(ls /sys/firmware/efi/efivars | grep -c OneShot)
kexec-bpf boot
"#;
    let say = "#!/bin/sh
echo \"@@ after $(ls /sys/firmware/efi/efivars | grep -c OneShot)\" >/dev/ttyS1
";
    let mut names = drivers::DISKS.to_vec();
    names.push("efivarfs");
    // Some boot loaders write the UUID in upper case.
    let rest = rest.replace("PART_UUID", &disk.part_uuid(Partition::Esp));
    let initramfs = drivers::add(Initramfs::new(&script(&rest)), KERNEL, &names)
        .script("etc/kexec-bpf/pre-exec.d/say", say);
    let initrd = directory.join("initramfs.cpio");
    std::fs::write(&initrd, initramfs.finish()).expect("write the initramfs");
    // The first system claims that the hook has booted it (chained=1), and
    // names a crash image that is missing.
    let words = "rd.kexec_bpf=one rd.kexec_bpf.chained=1 rd.kexec_bpf.kdump=/gone";
    let image = Uki::new(
        &directory,
        "first",
        &format!("console=ttyS0 panic=-1 {words}"),
    )
    .linux(&KERNEL.image())
    .initrd(&initrd)
    .build();
    let said = guest::firmware::machine(&directory, &image)
        .memory_mb(1024)
        .timeout_s(300)
        .disk(first.path())
        .disk(disk.path())
        .run();
    // No option names a disk: the entries of the first one come first.
    said.expect_words("first", &["*   1  first.conf", "2  two.conf: two, on vdc1"]);
    // From now on, those of the one that the firmware started from.
    said.expect_words(
        "default",
        &[
            "1  two.conf: two, on vdc1",
            "2  three.conf: three, on vdc1",
            "*   3  one.conf: one, on vdc1, the default (LoaderEntryDefault)",
            "4  first.conf",
        ],
    );
    said.expect_attempt(
        "oneshot",
        "0",
        &["three.conf: three, on vdc1, the default for this boot"],
    );
    said.expect_words("plan", &["three.conf on", "is=three"]);
    said.expect_attempt("chained", "0", &["so it does not start another one"]);
    said.expect_attempt("kdump", "0", &["/gone: no such file", "try:"]);
    said.expect("before", "1");
    said.expect("after", "0");
    said.expect("cmdline", "console=ttyS0 is=three");
}
