// SPDX-License-Identifier: GPL-2.0-or-later
//! Boot entries on file systems that no boot loader reads, in the /boot of a root file
//! system, on disks with an MBR, and on partitions that are neither an ESP nor XBOOTLDR. Read-only mounts write nothing, even if
//! a log waits to be replayed.

use std::fs;
use std::path::{Path, PathBuf};

use guest::disk::{Part, assemble, copy_into};
use guest::esp::Esp;
use guest::filesystem::{Filesystem, erofs, image, squashfs};
use guest::initramfs::second;
use guest::library::with_libraries;
use guest::pe::tiny_kernel;
use guest::{Initramfs, Kernel, Machine, Transcript, drivers};

const KERNEL: Kernel = Kernel::V6_12;
const MIB: u64 = 1 << 20;

const DRIVERS: &[&str] = &[
    "xfs",
    "btrfs",
    "crc32_generic",
    "f2fs",
    "exfat",
    "erofs",
    "squashfs",
];

/// The guest fills the file systems, because their programs cannot. The first list is that
/// of a machine of the RHEL family: an ESP without entries, /boot on XFS.
const SCRIPT: &str = r#"
mkdir /m
umount /sys
attempt no-sys kexec-bpf list
mount -t sysfs sysfs /sys
fill() {
    mount -t $1 $2 /m && mkdir -p /m/loader/entries && cp /tiny /m/tiny &&
        echo linux /tiny >/m/loader/entries/$3.conf && sync
}
fill xfs /dev/vda2 newest
cp -r /next/* /m/
printf 'title Rocky\nversion 2\nlinux /vmlinuz\ninitrd /initrd $tuned_initrd\noptions $kernelopts $tuned_params nonce=NONCE\n' >/m/loader/entries/newest.conf
printf 'title Old\nversion 1\nlinux /tiny\n' >/m/loader/entries/old.conf
umount /m
attempt rhel kexec-bpf list
attempt rhel-path kexec-bpf boot -n /tiny
# From here on, /boot is a directory of the root file system.
mount -t xfs /dev/vda2 /m
mkdir /m/boot
mv /m/loader /m/vmlinuz /m/initrd /m/grub2 /m/boot
sed -i 's|/vmlinuz|/boot/vmlinuz|; s|/initrd|/boot/initrd|' /m/boot/loader/entries/newest.conf
umount /m
attempt in-boot kexec-bpf list
# Without entries anywhere, what holds others has a name.
mount -t xfs /dev/vda2 /m; mv /m/boot /m/hidden; umount /m
attempt none kexec-bpf list
mount -t xfs /dev/vda2 /m; mv /m/hidden /m/boot; umount /m
number=0
for device in /dev/vda3 vda4 'LABEL="BOOT"' /dev/disk/by-label/BOOT "PARTLABEL=rhel boot" ' vda2 '; do
    attempt device-$number kexec-bpf list --device "$device"
    number=$((number + 1))
done

dd if=/mbr of=/dev/vdb conv=notrunc 2>/dev/null
blockdev --rereadpt /dev/vdb
attempt mbr kexec-bpf list --device vdb
attempt mbr-logical kexec-bpf list --device PARTUUID=1234abcd-05
attempt several kexec-bpf list
mount -t vfat /dev/vdb1 /m; rm /m/loader/entries/esp.conf; umount /m
attempt xbootldr kexec-bpf list --device vdb

fill btrfs /dev/vdc1 default
btrfs subvolume create /m/@ >/dev/null
mkdir -p /m/@/loader/entries; cp /tiny /m/@/
echo linux /tiny >/m/@/loader/entries/subvolume.conf
btrfs subvolume set-default /m/@
umount /m
attempt btrfs kexec-bpf list --device /dev/vdc1
attempt btrfs-subvolume kexec-bpf boot -n /@/tiny --device /dev/vdc1
btrfs device scan /dev/vdc2 /dev/vdc3 >/dev/null
fill btrfs /dev/vdc2 two; umount /m
btrfs device scan --forget
attempt btrfs-two kexec-bpf list --device LABEL=two
fill f2fs /dev/vdc4 f2fs; umount /m
fill exfat /dev/vdc5 exfat; umount /m
for name in f2fs exfat; do attempt $name kexec-bpf list --device LABEL=$name; done
dd if=/erofs of=/dev/vdc6 2>/dev/null
dd if=/squashfs of=/dev/vdc7 2>/dev/null
attempt erofs kexec-bpf list --device vdc6
attempt squashfs kexec-bpf list --device vdc7

# dirty TYPE DEVICE COPY: copies a file system while it is mounted, with a log.
dirty() {
    fill $1 $2 dirty; umount /m; mount -t $1 $2 /m
    dd if=/dev/zero of=/m/x bs=4k count=1 conv=fsync 2>/dev/null
    dd if=$2 of=$3 bs=1M 2>/dev/null
    umount /m
    before=$(sha256sum <$3)
    # btrfs takes a copy for the same device.
    [ $1 != btrfs ] || btrfs device scan --forget
    attempt dirty-$1 kexec-bpf list --device $3
    attempt dirty-path-$1 kexec-bpf boot -n /tiny --device $3
    sync
    [ "$before" != "$(sha256sum <$3)" ] || say same $1
    mount -t $1 $3 /m && umount /m
    [ "$before" = "$(sha256sum <$3)" ] || say replayed $1
}
dirty xfs /dev/vdd1 /dev/vdd2
dirty btrfs /dev/vdd3 /dev/vdd4
dirty f2fs /dev/vdd5 /dev/vdd6
dirty ext4 /dev/vdd7 /dev/vdd8
attempt boot kexec-bpf boot newest.conf --device LABEL=BOOT
"#;

/// grub's variables, which the entry of the RHEL family needs, in a block of 1024 bytes.
fn grubenv(saved: &str) -> Vec<u8> {
    let text = format!(
        "# GRUB Environment Block\nkernelopts=console=ttyS0 panic=-1\nsaved_entry={saved}\n"
    );
    let mut block = text.as_bytes().to_vec();
    block.resize(1024, b'#');
    block
}

/// Makes a disk with partitions that have these sizes in MiB and no type of their own.
fn disk(directory: &Path, name: &str, file_systems: &[(Option<Filesystem>, &str, u64)]) -> PathBuf {
    let mut images = Vec::new();
    for (number, (filesystem, label, mib)) in file_systems.iter().enumerate() {
        let image = image(directory, &format!("{name}-{number}"), mib * MIB);
        if let Some(filesystem) = filesystem {
            filesystem.make(label, &[&image]);
        }
        images.push(image);
    }
    let parts: Vec<Part<'_>> = images.iter().map(|image| ("8300", "", &**image)).collect();
    let path = directory.join(name);
    assemble(&path, &parts);
    path
}

/// A disk as installers of the RHEL family make it.
fn rhel(directory: &Path) -> PathBuf {
    let esp = Esp::new(&directory.join("esp"), MIB);
    esp.write("EFI/redhat/grubx64.efi", b"MZ");
    // Of an earlier installation, which had /boot on the ESP.
    esp.write("EFI/redhat/grubenv", &grubenv("old"));
    let boot = image(directory, "boot", 96 * MIB);
    Filesystem::Xfs.make("BOOT", &[&boot]);
    let holder = |name: &str, texts: &[(usize, &[u8])]| {
        let mut bytes = vec![0; 4 << 20];
        for (at, text) in texts {
            bytes[*at..*at + text.len()].copy_from_slice(text);
        }
        let path = directory.join(name);
        fs::write(&path, bytes).expect("write a partition");
        path
    };
    let lvm = holder("lvm", &[(512, b"LABELONE"), (536, b"LVM2 001")]);
    let luks = holder("luks", &[(0, b"LUKS\xba\xbe\0\x02")]);
    let path = directory.join("rhel.img");
    assemble(
        &path,
        &[
            ("ef00", "EFI", esp.disk()),
            ("8300", "rhel boot", &boot),
            ("8e00", "", &lvm),
            ("8300", "", &luks),
        ],
    );
    path
}

/// A disk with an MBR: an ESP, and an XBOOTLDR partition that is a logical one. Returns it
/// without the first sector, and that sector.
fn mbr(directory: &Path) -> (PathBuf, Vec<u8>) {
    let esp = Esp::new(&directory.join("mbr-esp"), MIB);
    esp.write("loader/entries/esp.conf", b"linux /tiny\n");
    esp.write("tiny", &tiny_kernel());
    let tree = directory.join("mbr-tree");
    fs::create_dir_all(tree.join("loader/entries")).expect("make a directory");
    for name in ["logical", "alpha"] {
        let path = tree.join(format!("loader/entries/{name}.conf"));
        fs::write(path, b"linux /tiny\n").expect("write a file");
    }
    // No boot loader reads it there.
    fs::write(tree.join("loader/loader.conf"), b"default alpha.conf\n").expect("write a file");
    fs::write(tree.join("tiny"), tiny_kernel()).expect("write a file");
    let boot = image(directory, "mbr-boot", 16 * MIB);
    let mut format = guest::host_program("/sbin/mke2fs");
    guest::run(format.args(["-q", "-t", "ext4", "-d"]).args([&tree, &boot]));
    let esp_bytes = esp.disk().metadata().expect("stat a partition").len();
    let (first, second) = (MIB, MIB + esp_bytes);
    let path = image(directory, "mbr.img", second + 20 * MIB);
    let script = format!(
        "label: dos\nlabel-id: 0x1234abcd\n\
         start={}, size={}, type=ef\nstart={}, size={}, type=5\nstart={}, size={}, type=ea\n",
        first / 512,
        esp_bytes / 512,
        second / 512,
        18 * MIB / 512,
        (second + MIB) / 512,
        16 * MIB / 512,
    );
    let text = directory.join("sfdisk");
    fs::write(&text, script).expect("write the table's description");
    let mut table = guest::host_program("/sbin/sfdisk");
    guest::run(
        table
            .args(["-q", "--no-reread"])
            .arg(&path)
            .stdin(fs::File::open(&text).expect("open the table's description")),
    );
    copy_into(&path, first, esp.disk());
    copy_into(&path, second + MIB, &boot);
    let mut bytes = fs::read(&path).expect("read the disk");
    let sector = bytes[..512].to_vec();
    bytes[..512].fill(0);
    fs::write(&path, bytes).expect("write the disk");
    (path, sector)
}

/// A disk with one of each other file system.
fn others(directory: &Path) -> PathBuf {
    let size = |name: &str, mib: u64| image(directory, name, mib * MIB);
    let btrfs = size("btrfs", 64);
    Filesystem::Btrfs.make("one", &[&btrfs]);
    let two = [size("two-1", 64), size("two-2", 64)];
    Filesystem::Btrfs.make("two", &[&two[0], &two[1]]);
    let f2fs = size("f2fs", 64);
    Filesystem::F2fs.make("f2fs", &[&f2fs]);
    let exfat = size("exfat", 16);
    Filesystem::Exfat.make("exfat", &[&exfat]);
    let tree = |name: &str| {
        let tree = directory.join(format!("{name}-tree"));
        let entries = tree.join("loader/entries");
        fs::create_dir_all(&entries).expect("make a directory");
        fs::write(entries.join(format!("{name}.conf")), b"linux /tiny\n").expect("write a file");
        fs::write(tree.join("tiny"), tiny_kernel()).expect("write a file");
        tree
    };
    // The guest copies them to the last partitions.
    erofs(&directory.join("erofs"), &tree("erofs"));
    squashfs(&directory.join("squashfs"), &tree("squashfs"));
    let last = size("last", 1);
    let all = [&btrfs, &two[0], &two[1], &f2fs, &exfat, &last, &last];
    let parts: Vec<Part<'_>> = all
        .iter()
        .map(|image| ("8300", "", image.as_path()))
        .collect();
    let path = directory.join("others.img");
    assemble(&path, &parts);
    path
}

#[test]
fn entries_are_found_wherever_the_kernel_can_read_them() {
    let directory = guest::work_dir("boot-filesystems");
    let rhel = rhel(&directory);
    let (mbr, sector) = mbr(&directory);
    let others = others(&directory);
    let twice = |filesystem, mib| [(Some(filesystem), "", mib), (None, "", mib)];
    let dirty = [
        twice(Filesystem::Xfs, 64),
        twice(Filesystem::Btrfs, 64),
        twice(Filesystem::F2fs, 64),
        twice(Filesystem::Ext4, 16),
    ];
    let dirty = disk(&directory, "dirty.img", &dirty.concat());
    let nonce = guest::nonce();
    let script = format!("{}{}", drivers::LOAD, SCRIPT.replace("NONCE", &nonce));
    let names: Vec<&str> = drivers::DISKS.iter().chain(DRIVERS).copied().collect();
    let mut initramfs = drivers::add(Initramfs::new(&script), KERNEL, &names)
        .file("mbr", &sector)
        .file_from("erofs", &directory.join("erofs"))
        .file_from("squashfs", &directory.join("squashfs"))
        .file("tiny", &tiny_kernel())
        .file_from("next/vmlinuz", &KERNEL.image())
        .file("next/grub2/grubenv", &grubenv("newest"))
        .file("next/initrd", &second(&[]).finish());
    for (path, source) in with_libraries("btrfs", "usr/bin/btrfs", "bin/btrfs") {
        initramfs = initramfs.program(&path, &source);
    }
    let said = Machine::new(&directory, KERNEL, initramfs.finish())
        .memory_mb(1024)
        .timeout_s(400)
        .disk(&rhel)
        .disk(&mbr)
        .disk(&others)
        .disk(&dirty)
        .run();
    expect_rhel(&said);
    expect_mbr(&said);
    expect_filesystems(&said);
    said.expect("nonce", &nonce);
    // An empty variable leaves its blank.
    let words: Vec<&str> = said.one("cmdline").split_whitespace().collect();
    assert_eq!(words[..2], ["console=ttyS0", "panic=-1"], "by grubenv");
}

fn expect_rhel(said: &Transcript) {
    let words = ["/sys is not mounted", "try:   mount -t sysfs sysfs /sys"];
    said.expect_attempt("no-sys", "1", &words);
    let saved = "newest.conf: Rocky, 2, on vda2, the default (saved_entry of grubenv)";
    said.expect_attempt("rhel", "0", &[saved]);
    said.expect_attempt("in-boot", "0", &[saved]);
    said.expect_attempt("rhel-path", "0", &["image         /tiny"]);
    said.expect_attempt(
        "none",
        "1",
        &[
            "no boot entries in vda1",
            "vda3: a part of LVM",
            "vda4: encrypted (LUKS)",
        ],
    );
    said.expect_attempt("device-0", "1", &["a part of LVM", "vgchange -ay"]);
    said.expect_attempt("device-1", "1", &["encrypted (LUKS)", "cryptsetup open"]);
    for number in 2..6 {
        said.expect_attempt(&format!("device-{number}"), "0", &["Rocky"]);
    }
}

fn expect_mbr(said: &Transcript) {
    said.expect_attempt("mbr", "0", &["esp.conf", "logical.conf"]);
    said.expect_attempt("mbr-logical", "0", &["logical.conf"]);
    // The ESP of vda has no entries, so a boot loader would read that of vdb next.
    said.expect_attempt(
        "several",
        "0",
        &["esp.conf, on vdb1", "logical.conf, on vdb5"],
    );
    said.expect_attempt("xbootldr", "0", &["logical.conf, on vdb5, the default"]);
}

fn expect_filesystems(said: &Transcript) {
    said.expect_attempt("btrfs", "0", &["subvolume.conf"]);
    said.expect_attempt("btrfs-subvolume", "0", &["image         /@/tiny"]);
    said.expect_attempt("btrfs-two", "0", &["two.conf"]);
    for name in ["f2fs", "exfat", "erofs", "squashfs"] {
        said.expect_attempt(name, "0", &[&format!("{name}.conf")]);
    }
    for name in ["xfs", "btrfs", "f2fs", "ext4"] {
        said.expect_attempt(&format!("dirty-{name}"), "0", &["dirty.conf"]);
        said.expect_attempt(&format!("dirty-path-{name}"), "0", &["image         /tiny"]);
    }
    assert_eq!(said.all("same"), ["xfs", "btrfs", "f2fs", "ext4"]);
    assert_eq!(
        said.all("replayed"),
        ["xfs", "btrfs", "f2fs", "ext4"],
        "a mount that replays writes"
    );
}
