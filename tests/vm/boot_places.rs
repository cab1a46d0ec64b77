// SPDX-License-Identifier: GPL-2.0-or-later
//! Places where entries are looked for and counted: a device, UUID, label or
//! path, and file systems that are mounted elsewhere. Then a chain of three
//! kernels, by a digit key and by a path on the kernel command line.

use std::path::Path;

use crate::boot_entries::small_uki;
use guest::disk::BuiltDisk;
use guest::initramfs::second;
use guest::pe::{Pe, tiny_kernel};
use guest::uki::Uki;
use guest::{Disk, Initramfs, Kernel, Machine, Partition, Transcript, drivers, program};

const KERNEL: Kernel = Kernel::V6_12;
/// A title of 25 words.
const TITLE: &str = "one two three four five six seven eight nine ten eleven twelve thirteen \
fourteen fifteen sixteen seventeen eighteen nineteen twenty and four words more";

/// Script of the second and the third kernel. The last one is locked down,
/// which only a reboot can undo.
const NEXT: &str = r#"
case $(cat /proc/cmdline) in
*stage=2*)
    attempt path kexec-bpf hook boot
    ;;
*stage=3*)
    mount -t securityfs securityfs /sys/kernel/security
    echo integrity >/sys/kernel/security/lockdown
    echo rd.kexec_bpf=chains rd.kexec_bpf.device=/dev/vda >/line
    mount -o bind /line /proc/cmdline
    attempt sealed kexec-bpf hook boot
    ;;
esac
"#;

const SCRIPT: &str = r#"
mkdir /esp /xbootldr
attempt fat-uuid kexec-bpf list --device UUID=FAT_UUID
attempt ext4-uuid kexec-bpf list --device UUID=$(echo EXT4_UUID | tr a-f A-F)
attempt fat-label kexec-bpf list --device LABEL=ESP
attempt fat-part kexec-bpf list --device PARTUUID=FAT_PART
attempt ext4-part kexec-bpf list --device PARTUUID=$(echo EXT4_PART | tr A-F a-f)
attempt partition kexec-bpf list --device /dev/vda2
for wanted in UUID=0000-0000 LABEL=esp LABEL= PARTUUID=1-2 /dev/vdz /dev/vda3 /proc/cmdline; do
    attempt $wanted kexec-bpf boot -n --device $wanted
done
attempt timeout kexec-bpf list --device LABEL=never --timeout 1
echo rd.kexec_bpf.device=LABEL=never rd.kexec_bpf.timeout=1 >/line
mount -o bind /line /proc/cmdline
attempt hook-timeout kexec-bpf hook boot
umount /proc/cmdline

kexec-bpf list >/list 2>&1
say width $(awk 'length > 79' /list | wc -l) of $(wc -l </list)
attempt all cat /list
attempt profile kexec-bpf boot -n profile
attempt options kexec-bpf boot -n options --append more
attempt file kexec-bpf boot -n /EFI/other/small.efi
attempt no-file kexec-bpf boot -n /gone
attempt auto kexec-bpf boot -n --menu auto
attempt hidden kexec-bpf boot -n --menu auto --device /dev/vda2

# count KEY ARGUMENTS MOUNT DIRECTORY: boots, then says the entry's name, whether
# mount and file system are read-only, and whether an image is loaded.
count() {
    attempt $1 kexec-bpf boot $2
    access=$(awk -v place=$3 '$5 == place { print substr($6, 1, 2), substr($NF, 1, 2) }' /proc/self/mountinfo)
    say counted $1 $(cd $3/$4; echo *+*) $access $(cat /sys/kernel/kexec_loaded)
}
touch /stay
mount -o ro /dev/vda1 /esp
attempt inspect kexec-bpf inspect /esp/EFI/other/small.efi
attempt root kexec-bpf list --root /esp
attempt root-plan kexec-bpf boot -n profile --root /esp
attempt no-root kexec-bpf list --root /gone
attempt no-entries kexec-bpf list --root /proc
count ro-device "small --device /dev/vda1" /esp EFI/Linux
count ro-root "small --root /esp" /esp EFI/Linux
mount -o remount,rw /esp
count rw-device "small --device /dev/vda1" /esp EFI/Linux
count rw-root "small --root /esp" /esp EFI/Linux
mount -o remount,bind,ro /esp
count bind-device "small --device /dev/vda1" /esp EFI/Linux
touch /esp/x && say writable
count bind-root "small --root /esp" /esp EFI/Linux
umount /esp
mount -o ro /dev/vda2 /xbootldr
count ext4 "tiny --device /dev/vda2" /xbootldr loader/entries
# An initramfs of a machine that may be hibernated.
touch /etc/initrd-release
echo resume=/dev/vdb >/line
mount -o bind /line /proc/cmdline
count hibernated "tiny --device /dev/vda2" /xbootldr loader/entries
umount /proc/cmdline
rm /etc/initrd-release
rm /stay
attempt digit kexec-bpf boot --menu 100
"#;

/// A program of pre-exec.d that makes the jump fail, so that the test can go on.
const STAY: &str = "#!/bin/sh
[ ! -e /stay ] || kexec-bpf unload
";

fn disk(directory: &Path) -> BuiltDisk {
    let next = format!("{}{NEXT}", drivers::LOAD);
    let initrd = drivers::add(second(&[]), KERNEL, drivers::DISKS)
        .program("bin/kexec-bpf", &program())
        .script("next", &next)
        .finish();
    let path = directory.join("second.cpio");
    std::fs::write(&path, &initrd).expect("write the initrd");
    let third = Uki::new(directory, "third", "console=ttyS0 panic=-1 stage=3")
        .linux(&KERNEL.image())
        .initrd(&path)
        .build();
    let chains = Pe::new()
        .section(".osrel", b"ID=z\n")
        .section(".linux", &tiny_kernel())
        .section(".cmdline", b"rd.kexec_bpf=any")
        .bytes();
    let other = "EFI/other";
    let uki = "uki /EFI/other/small.efi";
    let words = "rd.kexec_bpf=/EFI/other/third.efi rd.kexec_bpf.device=LABEL=ESP";
    let digit = format!(
        "sort-key c\nlinux /vmlinuz\ninitrd /second.cpio\n\
options console=ttyS0 panic=-1 stage=2 {words}\n"
    );
    Disk::new(&directory.join("disk"))
        .esp("loader/loader.conf", b"timeout 2\n")
        .esp(
            "loader/entries/profile.conf",
            format!("sort-key a\ntitle {TITLE}\n{uki}\nprofile 1\n").as_bytes(),
        )
        .esp(
            "loader/entries/options.conf",
            format!("sort-key b\n{uki}\noptions other words\n").as_bytes(),
        )
        .esp("loader/entries/digit.conf", digit.as_bytes())
        .esp("EFI/Linux/small+9.efi", &small_uki())
        .esp("EFI/Linux/chains.efi", &chains)
        .esp(&format!("{other}/small.efi"), &small_uki())
        .file_from(Partition::Esp, &format!("{other}/third.efi"), &third)
        .file_from(Partition::Esp, "vmlinuz", &KERNEL.image())
        .esp("second.cpio", &initrd)
        .xbootldr("loader/entries/tiny+2-0.conf", b"linux /tiny\n")
        .xbootldr("tiny", &tiny_kernel())
        .file(Partition::Root, "none", b"")
        .build()
}

#[test]
fn boot_finds_places_and_counts_there() {
    let directory = guest::work_dir("boot-places");
    let disk = disk(&directory);
    let script = SCRIPT
        .replace("FAT_UUID", &disk.uuid(Partition::Esp))
        .replace("EXT4_UUID", &disk.uuid(Partition::Xbootldr))
        .replace("FAT_PART", &disk.part_uuid(Partition::Esp))
        .replace("EXT4_PART", &disk.part_uuid(Partition::Xbootldr));
    let script = format!("{}{script}", drivers::LOAD);
    let initramfs = drivers::add(Initramfs::new(&script), KERNEL, drivers::DISKS)
        .script("etc/kexec-bpf/pre-exec.d/stay", STAY);
    let said = Machine::new(&directory, KERNEL, initramfs.finish())
        .timeout_s(300)
        .disk(disk.path())
        // No key is typed in the first menu, which boots after its timeout.
        .keys("Number or arrow keys", b"")
        .keys("Number or arrow keys", b"3\r")
        .run();
    expect_places(&said);
    expect_entries(&said);
    expect_counts(&said);

    said.expect_words("digit", &["loaded vmlinuz"]);
    said.expect_words("path", &["loaded /EFI/other/third.efi"]);
    let cmdlines = said.all("cmdline");
    assert!(cmdlines[0].contains("stage=2"), "{cmdlines:?}");
    let third = "console=ttyS0 panic=-1 stage=3 rd.kexec_bpf.chained=1";
    assert_eq!(cmdlines[1..], [third], "the third kernel's");
    let words = [
        "the next system would boot yet another one, without end",
        "and rd.kexec_bpf.chained=1 cannot be added",
    ];
    said.expect_attempt("sealed", "1", &words);

    // The first menu appeared, as loader.conf asks, and took the default.
    let console: Vec<&str> = said.console.iter().map(|line| &*line.text).collect();
    let console = console.join("\n");
    assert_eq!(console.matches("Number or arrow keys").count(), 2);
    assert!(console.contains("[2 s] Boot 1: profile.conf"), "{console}");
    let names = disk.names(Partition::Esp, "EFI/Linux");
    assert!(names.contains(&"small+3-6.efi".to_owned()), "{names:?}");
    let names = disk.names(Partition::Xbootldr, "loader/entries");
    assert_eq!(names, ["tiny+1-1.conf"]);
}

/// Expects entries in the places that have some, and none elsewhere.
fn expect_places(said: &Transcript) {
    for key in ["fat-uuid", "fat-label", "fat-part", "root"] {
        let words = ["*   1  profile.conf", "5  small.efi@rescue"];
        said.expect_attempt(key, "0", &words);
    }
    for key in ["ext4-uuid", "ext4-part", "partition"] {
        let lines = ["*   1  tiny.conf, tries left: 2, the default"];
        said.expect_lines(key, "0", &lines);
    }
    for wanted in [
        "UUID=0000-0000",
        "LABEL=esp",
        "LABEL=",
        "PARTUUID=1-2",
        "/dev/vdz",
        "/proc/cmdline",
    ] {
        expect_none(said, wanted, wanted);
    }
    // Each fails after a second; the time is not asserted.
    expect_none(said, "timeout", "LABEL=never");
    let words = [
        "kexec-bpf: no block device matches LABEL=never",
        "wait for the disk with rd.kexec_bpf.timeout=60",
    ];
    said.expect_attempt("hook-timeout", "1", &words);
    said.expect_attempt("/dev/vda3", "1", &["no boot entries in vda3"]);
    said.expect_attempt("no-entries", "1", &["no boot entries in /proc"]);
    let words = ["/gone: no such file", "try:"];
    said.expect_attempt("no-root", "1", &words);
}

#[track_caller]
fn expect_none(said: &Transcript, key: &str, wanted: &str) {
    said.expect_lines(
        key,
        "1",
        &[
            &format!("kexec-bpf: no block device matches {wanted}"),
            "try:   load the disk's driver; wait for the disk with --timeout 10; ls /sys/class/block shows all",
        ],
    );
}

/// Expects the entries and files to be what the disk was made with.
fn expect_entries(said: &Transcript) {
    // The file is no terminal, so the long title is on one line.
    said.expect("width", "1 of 7");
    said.expect_words("all", &[TITLE, "on vda1, the default", "7  tiny.conf"]);
    for (key, words) in [
        ("profile", ["profile.conf on vda1", "command line  single"]),
        (
            "root-plan",
            ["profile.conf on /esp", "command line  single"],
        ),
        ("auto", ["profile.conf on vda1", "command line  single"]),
        (
            "options",
            ["options.conf on vda1", "line  other words more"],
        ),
        (
            "file",
            ["image         /EFI/other/small.efi", "line  quiet"],
        ),
        ("hidden", ["tiny.conf on vda2", "route         native"]),
        ("inspect", ["a UKI, 7680 bytes", "1: rescue Rescue"]),
    ] {
        said.expect_attempt(key, "0", &words);
    }
    said.expect_attempt("no-file", "3", &["no entry /gone"]);
}

/// Expects tries to be counted wherever the file system is mounted, its mounts
/// to stay as they were, and nothing to stay loaded when the jump fails.
fn expect_counts(said: &Transcript) {
    let counts = [
        ("ro-device", "small+8-1.efi ro ro"),
        ("ro-root", "small+7-2.efi ro ro"),
        ("rw-device", "small+6-3.efi rw rw"),
        ("rw-root", "small+5-4.efi rw rw"),
        ("bind-device", "small+4-5.efi ro rw"),
        ("bind-root", "small+3-6.efi ro rw"),
        ("ext4", "tiny+1-1.conf ro ro"),
        ("hibernated", "tiny+1-1.conf ro ro"),
    ];
    let counts = counts.map(|(key, state)| {
        said.expect_attempt(key, "1", &["jump: reboot: EINVAL", "unloaded again"]);
        format!("{key} {state} 0")
    });
    assert_eq!(said.all("counted"), counts);
    let why = "the try was not counted: a hibernated system may use the disk";
    said.expect_words("hibernated", &[why]);
    assert!(said.all("writable").is_empty(), "a mount stays read-only");
}
