// SPDX-License-Identifier: GPL-2.0-or-later
//! `--fast` where something else happens as well: words of `hook boot`, loads that are
//! killed, loads at the same time, kexec-tools, images whose signature is refused. The
//! witness sees which loads have a digest.

use crate::module_enforce;
use crate::module_fast::with_images;
use crate::module_late::{SETTLE, expect_settled};
use guest::firmware::SigningKey;
use guest::handshake::{KERNEL, NOTHING, STRICT, initramfs, initramfs_before, machine, tiny_uki};
use guest::library::with_libraries;
use guest::pe::{tiny_efi_kernel, tiny_kernel};
use guest::witness::{self, FUNCTIONS, expect_digest};
use guest::{Disk, Machine, drivers};

const SKIPPED: &str = "kernel's digest: skipped";

/// Words of the command line, and whether the digest of the entry that they boot is kept.
/// Whatever is not a clear yes is a no.
const WORDS: [(&str, &str, bool); 8] = [
    ("default", "", false),
    ("zero", "rd.kexec_bpf.fast=0", true),
    ("one", "rd.kexec_bpf.fast=1", false),
    ("bare", "rd.kexec_bpf.fast", false),
    ("empty", "rd.kexec_bpf.fast=", false),
    ("garbage", "rd.kexec_bpf.fast=maybe", true),
    ("last", "rd.kexec_bpf.fast=1 rd.kexec_bpf.fast=off", true),
    ("init", "-- rd.kexec_bpf.fast=0", false),
];

/// A program of pre-exec.d drops the image just before each jump.
#[test]
fn words_of_the_hook() {
    let directory = guest::work_dir("fast-words");
    let disk = Disk::new(&directory.join("a")).esp("kernel", &tiny_kernel());
    let mut script = format!(
        "{}{FUNCTIONS}{SETTLE}
witness
hook() {{
    name=$1
    shift
    echo \"rd.kexec_bpf=/kernel rd.kexec_bpf.device=/dev/vda1 $*\" >/line
    mount -o bind /line /proc/cmdline
    watched $name kexec-bpf hook boot
    umount /proc/cmdline
}}
",
        drivers::LOAD
    );
    for (name, words, _) in WORDS {
        script += &format!("hook {name} {words}\n");
    }
    script += "
digest always
hook always rd.kexec_bpf.fast=1
hook always-default
digest never
hook never rd.kexec_bpf.fast=0
digest auto
rmmod kexec_bpf
hook without rd.kexec_bpf.fast=1
hook without-default
watched before kexec-bpf load --fast /kernel
insmod /kexec_bpf.ko
watched after kexec-bpf load --fast -v /kernel
kexec-bpf unload
left end
rmmod witness
settle
";
    let guest = drivers::add(with_images(initramfs(&script)), KERNEL, drivers::DISKS).script(
        "etc/kexec-bpf/pre-exec.d/drop",
        "#!/bin/sh\nkexec-bpf unload\n",
    );
    let said = Machine::new(&directory, KERNEL, guest.finish())
        .append(STRICT)
        .disk(disk.build().path())
        .run();
    for (name, _, kept) in WORDS {
        expect_digest(&said, name, "normal", kept);
        if said.told(name).contains("has no effect") {
            said.fail(name);
        }
    }
    let always = "rd.kexec_bpf.fast has no effect: the module's parameter digest is \"always\"";
    let never = "rd.kexec_bpf.fast=0 has no effect: the module's parameter digest is \"never\"";
    let without = "rd.kexec_bpf.fast has no effect: the module kexec_bpf is not loaded";
    let before = "--fast has no effect: the module kexec_bpf is not loaded";
    for (name, words, kept) in [
        ("always", always, true),
        ("never", never, false),
        ("without", without, true),
        ("before", before, true),
        ("after", SKIPPED, false),
    ] {
        expect_digest(&said, name, "normal", kept);
        said.expect_words(name, &[words]);
    }
    // Nobody asked, so there is nothing to warn about.
    for name in ["always-default", "without-default"] {
        expect_digest(&said, name, "normal", true);
        if said.told(name).contains("digest") {
            said.fail(name);
        }
    }
    said.expect("end-left", NOTHING);
    expect_settled(&said);
}

/// Each load has the digest that it asked for, whatever other loads ask for meanwhile.
#[test]
fn killed_simultaneous_and_replaced() {
    let directory = guest::work_dir("fast-disturbed");
    let script = format!(
        "{FUNCTIONS}{SETTLE}
witness
loaded() {{ say $1-loaded $(cat /sys/kernel/kexec_loaded) $(cat /sys/kernel/kexec_crash_loaded); }}
# Killed by its own kernel, and from outside, while the segments are hidden.
fault kill
watched kill kexec-bpf load --fast /kernel
loaded kill
fault wait
kexec-bpf load --fast /kernel >/dev/null 2>&1 &
loader=$!
sleep 2
kill -9 $loader
wait $loader
say late-kill $?
left late-kill
watched after-kill kexec-bpf load /kernel

fault wait
kexec-bpf load --fast /kernel >/dev/null 2>&1 &
loader=$!
sleep 2
attempt second kexec-bpf load --fast /kernel
attempt crash kexec-bpf load --fast --panic /kernel
wait $loader
say first $?
dmesg -c >/dev/null

many() {{
    name=$1
    shift
    good=0
    for round in 1 2 3 4 5 6 7 8 9 10; do
        kexec-bpf load \"$@\" >/dev/null 2>&1 && good=$((good + 1))
    done
    say $name-good $good
}}
many fast --fast /kernel &
many bare /kernel &
many handshake --fast --route handshake /a.efi &
wait
say fast-loads $(dmesg | grep -c 'witness: loaded normal regions 0 ')
say bare-loads $(dmesg | grep -c 'witness: loaded normal regions [1-9]')

watched ours kexec-bpf load --fast /kernel
watched tools kexec -s -l /kernel --initrd=/initrd --command-line=a=b
attempt unload kexec-bpf unload
loaded unload
watched ours-again kexec-bpf load --fast /kernel
attempt tools-unload kexec -s -u
loaded tools-unload
watched tools-again kexec -s -l /kernel --initrd=/initrd --command-line=a=b
watched crash-image kexec -s -p /kernel --initrd=/initrd --command-line=a=b
watched replaced kexec-bpf load --fast /kernel
loaded replaced
kexec-bpf unload
kexec-bpf unload --panic
left end
rmmod witness
settle
"
    );
    let mut guest = with_images(initramfs(&script));
    for (path, source) in with_libraries("kexec-tools", "usr/sbin/kexec", "bin/kexec") {
        guest = guest.program(&path, &source);
    }
    let said = machine(&directory, guest)
        .append("crashkernel=32M")
        .cpus(2)
        .run();
    said.expect("kill-code", "137");
    said.expect("kill-seen", "kill");
    said.expect("kill-loaded", "0 0");
    said.expect("late-kill", "137");
    // The kernel allocates no pages for a thread that is to die.
    said.expect("late-kill-left", NOTHING);
    // Without /run nobody waits for a turn.
    said.expect_attempt("second", "1", &["EBUSY (16)"]);
    said.expect_attempt("crash", "2", &["--fast and --panic"]);
    said.expect("first", "0");
    let number = |key: &str| -> u32 { said.one(key).parse().expect("a number") };
    let fast = number("fast-good") + number("handshake-good");
    assert_eq!(number("fast-loads"), fast, "loads without a digest");
    assert_eq!(number("bare-loads"), number("bare-good"), "with a digest");
    assert!(fast > 0 && number("bare-good") > 0, "some loads succeeded");
    for (name, purpose, kept) in [
        ("after-kill", "normal", true),
        ("ours", "normal", false),
        ("tools", "normal", true),
        ("ours-again", "normal", false),
        ("tools-again", "normal", true),
        ("crash-image", "crash", true),
        ("replaced", "normal", false),
    ] {
        expect_digest(&said, name, purpose, kept);
    }
    said.expect("unload-loaded", "0 0");
    said.expect("tools-unload-loaded", "0 0");
    said.expect("replaced-loaded", "1 1");
    said.expect("end-left", NOTHING);
    expect_settled(&said);
}

/// A fast load whose signature is refused leaves nothing to the loads after it.
#[test]
fn refused_signatures() {
    let directory = guest::work_dir("fast-refused");
    let key = SigningKey::new(&directory);
    let unknown = SigningKey::unknown(&directory, "/CN=Nobody's key");
    let mut changed = key.sign_bytes(&directory, "changed.efi", &tiny_uki(None).bytes());
    let word = b"console=ttyS0";
    let mut windows = changed.windows(word.len());
    let at = windows.position(|window| window == word);
    changed[at.expect("the command line is there")] ^= 1;
    let script = format!(
        "{FUNCTIONS}{SETTLE}
witness
insmod /kexec_bpf.ko timeout_ms=60000
say lockdown $(cat /sys/kernel/security/lockdown)
for image in unknown.kernel changed.efi unsigned.efi; do
    watched fast-$image kexec-bpf load --fast --verbose /$image
    left fast-$image
    watched bare-$image kexec-bpf load /kernel --initrd /initrd
    kexec-bpf unload
done
watched fast-kernel kexec-bpf load --fast --verbose /kernel --initrd /initrd
watched bare-uki kexec-bpf load /good.efi
watched fast-uki kexec-bpf load --fast --verbose /good.efi
kexec-bpf unload
left end
rmmod witness
settle
"
    );
    let guest = initramfs_before(&script, &key.sign_module(&directory));
    let bare = directory.join("unknown.bare");
    std::fs::write(&bare, tiny_efi_kernel()).expect("write the kernel");
    let guest = module_enforce::images(guest, &directory, &key)
        .file("changed.efi", &changed)
        .file_from(
            "unknown.kernel",
            &unknown.sign(&directory, "unknown.kernel", &bare),
        )
        .file_from(
            "witness.ko",
            &key.sign_a_module(&directory, &witness::module()),
        );
    let said = module_enforce::secure(&directory, &key, guest, "32M");
    said.expect("lockdown", "none [integrity] confidentiality");
    for (image, words) in [
        ("unknown.kernel", "ENOKEY (126)"),
        ("changed.efi", "EKEYREJECTED (129)"),
        ("unsigned.efi", "ENODATA (61)"),
    ] {
        let fast = format!("fast-{image}");
        said.expect_attempt(&fast, "4", &[words]);
        if said.told(&fast).contains(SKIPPED) {
            said.fail(&fast);
        }
        assert!(said.all(&format!("{fast}-seen")).is_empty(), "{fast}");
        said.expect(&format!("{fast}-left"), NOTHING);
        expect_digest(&said, &format!("bare-{image}"), "normal", true);
    }
    for name in ["fast-kernel", "fast-uki"] {
        said.expect_words(name, &[SKIPPED]);
        expect_digest(&said, name, "normal", false);
    }
    expect_digest(&said, "bare-uki", "normal", true);
    said.expect("end-left", NOTHING);
    expect_settled(&said);
}
