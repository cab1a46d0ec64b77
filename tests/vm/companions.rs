// SPDX-License-Identifier: GPL-2.0-or-later
//! Companion files that cannot be used: each is named and skipped, nothing is
//! taken from outside the directory, and the rest boots. The good ones, and
//! those that a FAT file system can have, are in `oracle`.

use guest::handshake::{KERNEL, NOTHING, initramfs, machine};
use guest::pe::Pe;
use guest::{Payload, second_initrd};

/// Makes /img/a.efi.extra.d and a /loader below /root.
const MAKE: &str = r#"
own=/img/a.efi.extra.d
mkdir -p $own /root/loader/addons
cp -r /img /many
number=0
while [ $number -lt 513 ]; do
    number=$((number + 1))
    : >/many/a.efi.extra.d/$number.cred
done
mkdir $own/directory.cred
echo good >$own/good.cred
echo good >"$own/with space.cred"
echo good >$own/two..dots.cred
: >$own/empty.cred
echo bad >"$own/$(printf 'not-\377-utf8.cred')"
echo bad >"$own/$(printf 'new\nline.cred')"
echo bad >$own/...cred
ln -s loop.cred $own/loop.cred
ln -s /init $own/link.cred
ln -s ../../init $own/above.raw
ln -s a.addon.efi $own/a.addon.efi
mkfifo $own/fifo.cred
mknod $own/device.cred c 1 3
truncate -s 3G $own/huge.raw
truncate -s 3G $own/huge.addon.efi
echo bad >$own/damaged.addon.efi
ln -s credentials /root/loader/credentials
echo bad >/root/loader/extensions
echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
"#;

const LOADS: &str = "
for route in extract handshake; do
    attempt $route kexec-bpf load /img/a.efi --extras-root /root --route $route -v
    kexec-bpf unload
    left $route
    attempt strict-$route kexec-bpf load /img/a.efi --strict --route $route
    attempt none-$route kexec-bpf load /img/a.efi --no-extras --route $route
    kexec-bpf unload
    left none-$route
done
attempt many kexec-bpf load /many/a.efi
attempt nowhere kexec-bpf load /img/a.efi --extras-root /nowhere
chmod 0 $own/good.cred
attempt unreadable su nobody -c 'kexec-bpf load -n /img/a.efi'
cd /img
kexec-bpf load a.efi --extras-root=/root 2>/dev/null && kexec-bpf exec
";

/// (file that is named, reason)
const SKIPPED: &[(&str, &str)] = &[
    ("directory.cred", "is a directory, not a file"),
    (
        "not-\\xff-utf8.cred",
        "its name has characters that are not printable ASCII",
    ),
    (
        "new\\nline.cred",
        "its name has characters that are not printable ASCII",
    ),
    ("loop.cred", "is a symbolic link, not a file"),
    ("link.cred", "is a symbolic link, not a file"),
    ("above.raw", "is a symbolic link, not a file"),
    ("a.addon.efi", "is a symbolic link, not a file"),
    ("fifo.cred", "is a FIFO, not a file"),
    ("device.cred", "is a character device, not a file"),
    ("huge.raw", "larger than the kernel can read (2 GiB)"),
    ("huge.addon.efi", "larger than the kernel can read (2 GiB)"),
    ("damaged.addon.efi", ""),
];

#[test]
fn bad_companions() {
    let directory = guest::work_dir("companions");
    let payload = Payload::new("image", 10_001);
    let kernel = std::fs::read(KERNEL.image()).expect("read the kernel");
    let image = Pe::new()
        .section(".osrel", b"NAME=Test\n")
        .section(".cmdline", b"console=ttyS0 panic=-1 no_timer_check")
        .section(".linux", &kernel)
        .section(".initrd", &second_initrd(&[&payload]));
    let guest = initramfs(&format!("{MAKE}{LOADS}"))
        .file("etc/shells", b"/bin/sh\n")
        .file("img/a.efi", &image.bytes());
    let said = machine(&directory, guest)
        .memory_mb(1024)
        .append("no_timer_check")
        .timeout_s(300)
        .run();
    for route in ["extract", "handshake"] {
        said.expect(&format!("{route}-code"), "0");
        said.expect(&format!("{route}-left"), NOTHING);
        for (name, why) in SKIPPED {
            let words = format!("skipped /img/a.efi.extra.d/{name}: {why}");
            said.expect_words(route, &[&words]);
        }
        let told = said.told(route);
        let count = told.matches("skipped ").count();
        // In /root, two of the directories are a symbolic link and a file.
        if count != SKIPPED.len() + 2 {
            said.fail(&format!("{route} skips {count} files: {told}"));
        }
        said.expect(&format!("strict-{route}-code"), "3");
        said.expect(&format!("none-{route}-code"), "0");
        said.expect(&format!("none-{route}-left"), NOTHING);
        if said.told(&format!("none-{route}")).contains("skipped") {
            said.fail("--no-extras looks for files");
        }
    }
    // Both routes make an initrd of the same size.
    let between = |name, start: &str, end: &str| {
        let told = said.told(name);
        let rest = told.split_once(start).map_or("", |(_, rest)| rest);
        let bytes = rest.split_once(end).map_or("", |(bytes, _)| bytes);
        bytes.parse::<u64>().unwrap_or_else(|_| said.fail(&told))
    };
    let loaded = "kernel: loaded: kernel";
    let handshake = said.told("handshake");
    assert!(handshake.contains(loaded), "no '{loaded}': {handshake}");
    assert_eq!(
        between("extract", "kexec_file_load: ", " bytes of initrd"),
        between("handshake", "(slice of the image); initrd ", " bytes at"),
        "the initrd's size"
    );
    said.expect("many-code", "3");
    said.expect_words("many", &["too many companion files: 513"]);
    said.expect("nowhere-code", "3");
    said.expect("unreadable-code", "0");
    said.expect_words(
        "unreadable",
        &["skipped /img/a.efi.extra.d/good.cred: open: EACCES (13)"],
    );

    // Files in the next kernel's initrd, by the handshake route.
    said.expect("payload", &format!("image {}", payload.sha256));
    let files: Vec<&str> = said
        .all("extra")
        .into_iter()
        .filter_map(|line| line.rsplitn(3, ' ').nth(2))
        .collect();
    let wanted = [
        ".extra/credentials/empty.cred",
        ".extra/credentials/good.cred",
        ".extra/credentials/two..dots.cred",
        ".extra/credentials/with space.cred",
        ".extra/os-release",
        ".extra",
        ".extra/credentials",
    ];
    assert_eq!(files, wanted, "the tree of /.extra");
}
