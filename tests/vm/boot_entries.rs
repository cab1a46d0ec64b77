// SPDX-License-Identifier: GPL-2.0-or-later
//! Boot entries on good and bad disks, in a rescue system that has only the
//! program and a busybox: no udev, no /run, a read-only root.

use std::path::{Path, PathBuf};

use guest::disk::BuiltDisk;
use guest::initramfs::extra_initrd;
use guest::pe::{Pe, tiny_kernel};
use guest::{Disk, Initramfs, Kernel, Machine, Partition, Payload, drivers, second_initrd};

const KERNEL: Kernel = Kernel::V6_12;

pub fn script(rest: &str) -> String {
    format!("{}{rest}", drivers::LOAD)
}

/// Returns a UKI with two profiles that is too small to run.
pub fn small_uki() -> Vec<u8> {
    Pe::new()
        .section(".osrel", b"ID=tiny\nPRETTY_NAME=\"Tiny 1\"\nVERSION_ID=1\n")
        .section(".linux", &tiny_kernel())
        .section(".cmdline", b"quiet")
        .section(".profile", b"ID=main\n")
        .section(".profile", b"ID=rescue\nTITLE=Rescue\n")
        .section(".cmdline", b"single")
        .bytes()
}

/// Builds the disk that boots, with good and bad entries on both partitions.
fn good_disk(directory: &Path, payload: &[&Payload; 2], nonce: &str) -> BuiltDisk {
    let entry = format!(
        "title Debian\r\nversion 6.12\r\nsort-key debian\r\nlinux /deb/vmlinuz\r\n\
initrd /deb/first.img\r\ninitrd /deb/second.img\r\n\
options console=ttyS0 panic=-1\r\noptions nonce={nonce}\r\n"
    );
    let mut big = b"title big\nlinux /deb/vmlinuz\n".to_vec();
    big.resize(10 << 20, b' ');
    let entries = "loader/entries";
    Disk::new(directory)
        .esp("loader/loader.conf", b"timeout 3\ndefault debian*\n")
        .esp("EFI/Linux/tiny.efi", &small_uki())
        .esp("EFI/Linux/text.efi", b"no UKI")
        .file_from(Partition::Xbootldr, "deb/vmlinuz", &KERNEL.image())
        .xbootldr("deb/first.img", &extra_initrd(&[payload[0]]))
        .xbootldr("deb/second.img", &second_initrd(&[payload[1]]))
        .xbootldr(&format!("{entries}/debian-6.12+3-0.conf"), entry.as_bytes())
        .xbootldr(&format!("{entries}/debian-6.1+0-3.conf"), entry.as_bytes())
        .xbootldr(
            &format!("{entries}/broken.conf"),
            b"linux /loader/entries/nul.conf\n",
        )
        .xbootldr(&format!("{entries}/big.conf"), &big)
        .xbootldr(&format!("{entries}/nul.conf"), b"linux /deb/vm\0linuz\n")
        .xbootldr(
            &format!("{entries}/dots.conf"),
            b"linux /deb/../../etc/passwd\n",
        )
        .xbootldr(&format!("{entries}/gone.conf"), b"linux /deb/gone\n")
        .xbootldr(
            &format!("{entries}/arm.conf"),
            b"architecture aa64\nlinux /deb/vmlinuz\n",
        )
        .build()
}

/// Output of `list` for the good disk.
const GOOD: &[&str] = &[
    "*   1  debian-6.12.conf: Debian, 6.12, on vda2, tries left: 3, the default (loader.conf)",
    "2  tiny.efi: Tiny 1, 1, on vda1",
    "3  tiny.efi@rescue: Tiny 1 (Rescue), 1, on vda1",
    "4  debian-6.1.conf: Debian, 6.12, on vda2, bad: no tries left",
    "5  text.efi, on vda1: skipped: not a boot image: a text file",
    "6  nul.conf, on vda2: skipped: no such file: /deb/vm",
    "7  gone.conf, on vda2: skipped: no such file: /deb/gone",
    "8  dots.conf, on vda2: skipped: a path with '..': /deb/../../etc/passwd",
    "9  broken.conf, on vda2: skipped: too short for a boot image: 20 bytes",
    "10  big.conf, on vda2: skipped: 10485760 bytes; at most 65536 are read",
    "11  arm.conf, on vda2: skipped: for another machine: aa64",
];

/// Returns a disk with an ESP that has one entry of this name.
pub fn esp(directory: &Path, name: &str) -> Disk {
    let path = format!("loader/entries/{name}.conf");
    Disk::new(directory)
        .esp(&path, b"linux /a\n")
        .esp("a", &tiny_kernel())
}

fn zeros(directory: &Path) -> PathBuf {
    let path = directory.join("zeros.img");
    let file = std::fs::File::create(&path).expect("create a disk");
    file.set_len(8 << 20).expect("size a disk");
    path
}

fn damage(path: &Path, at: usize) {
    let mut disk = std::fs::read(path).expect("read a disk");
    disk[at] ^= 0xff;
    std::fs::write(path, disk).expect("write a disk");
}

fn two_esps(directory: &Path) -> PathBuf {
    let disk = esp(directory, "two")
        .file(Partition::Root, "a", b"a")
        .build();
    let path = disk.path().to_owned();
    let status = guest::host_program("sgdisk")
        .arg("--typecode=2:ef00")
        .arg(&path)
        .output();
    assert!(status.expect("start sgdisk").status.success());
    path
}

fn many(directory: &Path) -> PathBuf {
    let mut disk = Disk::new(directory).esp("a", &tiny_kernel());
    for number in 0..5000 {
        disk = disk.xbootldr(&format!("loader/entries/e-{number}.conf"), b"linux /a\n");
    }
    disk.xbootldr("a", &tiny_kernel()).build().path().to_owned()
}

fn sum(path: &Path) -> Vec<u8> {
    let output = guest::host_program("sha256sum").arg(path).output();
    output.expect("start sha256sum").stdout
}

const SCRIPT: &str = r"
mount -o remount,ro /
say root $(touch /x 2>&1 | grep -c Read-only) $([ -e /run ] || echo no-run) $(pidof udevd)
attempt found sh -c 'kexec-bpf list | head -n 4'
attempt good kexec-bpf list --device /dev/vda
attempt label kexec-bpf list --device LABEL=xbootldr
for disk in b c d e f; do attempt $disk kexec-bpf list --device /dev/vd$disk; done
attempt completed sh -c 'kexec-bpf complete entries --device /dev/vdc; echo end'
# Nobody reads what it prints while it has the partition mounted.
attempt c1 kexec-bpf list --device vdc1
attempt reader sh -c 'kexec-bpf boot -n backup --device /dev/vdc | true'
attempt here kexec-bpf boot -n /etc/kexec-bpf/kdump.efi
attempt not-there kexec-bpf boot -n /etc/kexec-bpf/kdump.efi --device /dev/vdc
attempt many-count sh -c 'kexec-bpf list --device /dev/vdg | wc -l'
attempt many-memory sh -c 'ulimit -v 20000; kexec-bpf list --device /dev/vdg | tail -n 1'
attempt nothing kexec-bpf list --device PARTUUID=00000000-0000-0000-0000-000000000000
attempt plan kexec-bpf boot -n --device /dev/vda
attempt next kexec-bpf boot -n --next --device /dev/vda
attempt rescue kexec-bpf boot -n tiny.efi@1 --device /dev/vda --append more
attempt hook kexec-bpf hook boot
attempt nul kexec-bpf boot nul --device /dev/vda
attempt kdump kexec-bpf hook kdump
say crash $(cat /sys/kernel/kexec_crash_loaded)
say left $(cat /sys/kernel/kexec_loaded) $(ls /sys/fs/ext4 | grep -c vd) $(ls /dev/vdc*)
say logged $(dmesg | grep -c 'kexec-bpf: entry broken.conf cannot')
kexec-bpf boot debian-6.12 --device /dev/vda --verbose 2>/dev/ttyS1
";

/// A program of pre-exec.d that reports what it finds just before the jump.
const PROGRAM: &str = "#!/bin/sh
echo \"@@ before $0 $(ls /sys/fs/ext4 | grep -c vd) $(cat /sys/kernel/kexec_loaded)\" >/dev/ttyS1
exit 3
";

#[test]
fn rescue_lists_bad_disks_and_boots() {
    let directory = guest::work_dir("entries");
    let nonce = guest::nonce();
    let payload = [Payload::new("first", 10_001), Payload::new("second", 5_003)];
    let good = good_disk(&directory.join("a"), &[&payload[0], &payload[1]], &nonce);
    let no_gpt = zeros(&directory);
    let bad_crc = esp(&directory.join("c"), "backup")
        .build()
        .path()
        .to_owned();
    damage(&bad_crc, 512 + 16);
    let both_bad = esp(&directory.join("d"), "none").build().path().to_owned();
    damage(&both_bad, 512 + 16);
    let bytes = std::fs::metadata(&both_bad).expect("stat a disk").len();
    damage(
        &both_bad,
        usize::try_from(bytes).expect("64-bit host") - 512 + 16,
    );
    let no_esp = Disk::new(&directory.join("e"))
        .file(Partition::Root, "a", b"a")
        .build();
    let two = two_esps(&directory.join("f"));
    let many = many(&directory.join("g"));
    let bad = [&no_gpt, &bad_crc, &both_bad, no_esp.path(), &two, &many].map(Path::to_owned);
    let before = bad.each_ref().map(|path| sum(path));

    let initramfs = Initramfs::new(&script(SCRIPT));
    let initramfs = drivers::add(initramfs, KERNEL, drivers::DISKS)
        .file_from("etc/kexec-bpf/kdump.efi", &KERNEL.image())
        .file("etc/kexec-bpf/pre-exec.d/20-no-program", b"no program")
        .script("etc/kexec-bpf/pre-exec.d/10-say", PROGRAM)
        .script("etc/kexec-bpf/pre-exec.d/30-say", PROGRAM);
    let mut machine = Machine::new(&directory, KERNEL, initramfs.finish())
        .append("crashkernel=128M rd.kexec_bpf=broken.conf rd.kexec_bpf.device=LABEL=xbootldr")
        .timeout_s(400)
        .disk(good.path());
    for path in &bad {
        machine = machine.disk(path);
    }
    let said = machine.run();

    said.expect("root", "1 no-run");
    said.expect_lines("good", "0", GOOD);
    // Those of the first disk come first, before the 5000 of the last one.
    said.expect_words("found", &["*   1  debian-6.12.conf", "2  tiny.efi"]);
    said.expect_attempt("label", "0", &["debian-6.12.conf"]);
    said.expect_attempt("b", "1", &["no ESP", "vdb: no partition table"]);
    said.expect_attempt(
        "c",
        "0",
        &[
            "vdc: the first partition table is damaged; the second is used",
            "backup.conf",
        ],
    );
    // What completes a word adds no partition.
    said.expect("completed", "end");
    said.expect_attempt("c1", "0", &["backup.conf"]);
    said.expect("reader-code", "0");
    said.expect_attempt("here", "0", &["/etc/kexec-bpf/kdump.efi"]);
    said.expect_attempt("not-there", "3", &["no entry"]);
    said.expect_attempt("d", "1", &["vdd: both partition tables are damaged"]);
    said.expect_attempt("e", "1", &["no ESP or XBOOTLDR", "vde: no ESP or XBOOTLDR"]);
    said.expect_attempt("f", "0", &["two.conf"]);
    said.expect_lines("many-count", "0", &["5000"]);
    said.expect_lines("many-memory", "0", &["5000  e-0.conf, on vdg2"]);
    said.expect_attempt("nothing", "1", &["no block device matches PARTUUID=0"]);
    said.expect_attempt("plan", "0", &["debian-6.12.conf on vda2", "deb/second.img"]);
    said.expect_attempt("next", "0", &["tiny.efi on vda1", "quiet"]);
    said.expect_attempt("rescue", "0", &["tiny.efi@rescue on vda1", "single more"]);
    said.expect_attempt(
        "hook",
        "3",
        &[
            "entry broken.conf cannot boot",
            "too short for a boot image: 20 bytes",
            "try:",
        ],
    );
    said.expect_attempt(
        "nul",
        "3",
        &["entry nul.conf cannot boot", "no such file: /deb/vm"],
    );
    said.expect_attempt(
        "kdump",
        "0",
        &["loaded /etc/kexec-bpf/kdump.efi: for a panic"],
    );
    said.expect("crash", "1");
    // Nothing is loaded or mounted, and the partition that only the backup
    // partition table has was removed again.
    said.expect("left", "0 0 /dev/vdc");
    said.expect("logged", "1");

    let place = "/etc/kexec-bpf/pre-exec.d";
    assert_eq!(
        said.all("before"),
        [format!("{place}/10-say 0 1"), format!("{place}/30-say 0 1")]
    );
    for program in ["10-say", "30-say"] {
        let warning = format!("{program} exited with 3");
        let warned = said.said.iter().any(|line| line.text.contains(&warning));
        assert!(warned, "{warning}");
    }
    said.expect("cmdline", &format!("console=ttyS0 panic=-1 nonce={nonce}"));
    said.expect("second", &KERNEL.release());
    let mut wanted = payload.map(|one| format!("{} {}", one.name, one.sha256));
    wanted.sort_unstable();
    let mut found = said.all("payload");
    found.sort_unstable();
    assert_eq!(found, wanted, "both initrds");

    // The counter went down and kept its number of digits; nothing else was
    // written.
    let names = good.names(Partition::Xbootldr, "loader/entries");
    assert!(
        names.iter().any(|name| name == "debian-6.12+2-1.conf"),
        "{names:?}"
    );
    assert!(!names.iter().any(|name| name.contains("+3")), "{names:?}");
    for (path, before) in bad.iter().zip(before) {
        assert_eq!(sum(path), before, "{} was written to", path.display());
    }
}
