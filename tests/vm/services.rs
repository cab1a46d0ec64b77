// SPDX-License-Identifier: GPL-2.0-or-later
//! `exec` and `boot` where services run: they explain, and jump only when told to.

use guest::drivers::{self, LOAD};
use guest::filesystem::{Filesystem, image};
use guest::systemd::{self, Release};
use guest::{Initramfs, Kernel, Machine, Transcript, second_initrd};

const KERNEL: Kernel = Kernel::V6_12;

#[test]
fn systemd_is_not_cut_off() {
    let directory = guest::work_dir("services-systemd");
    let nonce = guest::nonce();
    let script = format!(
        "
say init $(readlink /proc/1/exe)
# Of logind, of which systemctl asks for reboots.
mkdir /run/systemd/seats
attempt empty kexec-bpf exec
attempt load kexec-bpf load /vmlinuz --initrd /next --append 'console=ttyS0 nonce={nonce}'
attempt refused kexec-bpf exec
attempt boot kexec-bpf boot /vmlinuz
attempt status kexec-bpf status
kexec-bpf load /none 2>/dev/null
kexec-bpf unload --panic
fields=MESSAGE,PRIORITY
for field in EVENT TARGET IMAGE KERNEL ROUTE EXIT; do fields=$fields,KEXEC_BPF_$field; done
for try in 1 2 3 4 5 6; do
    /usr/bin/journalctl --no-pager -o json --output-fields=$fields SYSLOG_IDENTIFIER=kexec-bpf >/journal
    [ $(wc -l </journal) -lt 5 ] || break
    sleep 1
done
while read -r line; do say journal \"$line\"; done </journal
say secret $(grep -c nonce= /journal)
attempt plan kexec-bpf exec -n
attempt json kexec-bpf exec -n --json
attempt forced-json kexec-bpf exec -n --force --json
attempt forced kexec-bpf exec -n --force
kexec-bpf exec --force
"
    );
    let system = systemd::system(Release::Trixie, &script)
        .file_from("vmlinuz", &KERNEL.image())
        .file("next", &second_initrd(&[]))
        .script(
            "etc/kexec-bpf/pre-exec.d/10-say",
            "#!/bin/sh\necho '@@ ran' >/dev/ttyS1\n",
        )
        .file("etc/kexec-bpf/pre-exec.d/20-no-program", b"");
    let said = Machine::new(&directory, KERNEL, system.finish())
        .append(systemd::WORDS)
        .run();
    said.expect("init", "/usr/lib/systemd/systemd");
    said.expect_attempt("empty", "1", &["no image is loaded"]);
    let line = "kexec-bpf: a plain reboot is now a kexec into this image, unless it is unloaded";
    said.expect_attempt("load", "0", &[line]);
    said.expect_attempt(
        "refused",
        "5",
        &["exec: not done", "systemctl kexec", "--force"],
    );
    said.expect_attempt(
        "boot",
        "5",
        &["boot: not done", "systemctl kexec", "--force"],
    );
    said.expect_page("status", &["s: /vmlinuz (from the record in /run)"]);
    said.expect("plan-code", "5");
    let page = "programs /etc/kexec-bpf/pre-exec.d/10-say writable none";
    said.expect_page(
        "plan",
        &[
            "(from the record in /run)",
            page,
            "jump no",
            "systemctl kexec",
        ],
    );
    let members = [
        "\"isLoaded\":true,\"imagePath\":\"/vmlinuz\",\"imageAgeSeconds\":",
        "\"programs\":[\"/etc/kexec-bpf/pre-exec.d/10-say\"],\"writable\":[]",
    ];
    said.expect_words("json", &members);
    said.expect_attempt(
        "json",
        "5",
        &["\"wouldJump\":false", "\"error\":{\"exitCode\":5,"],
    );
    said.expect_words("forced-json", &members);
    let jumps = "\"wouldJump\":true,\"why\":\"--force\"";
    said.expect_attempt("forced-json", "0", &[jumps]);
    said.expect("forced-code", "0");
    said.expect_page("forced", &[page, "jump yes: --force"]);
    expect_entries(&said);
    // Only the jump ran the program.
    said.expect("ran", "");
    said.expect("nonce", &nonce);
}

/// Expects an entry for each change, and none for what only looks.
fn expect_entries(said: &Transcript) {
    let entries = said.all("journal");
    let kernel = format!("\"KEXEC_BPF_KERNEL\":\"{}\"", KERNEL.release());
    let wanted: [&[&str]; 4] = [
        &[
            "\"KEXEC_BPF_EVENT\":\"refused\"",
            "\"KEXEC_BPF_EXIT\":\"1\"",
            "\"MESSAGE\":\"exec: refused: no image is loaded\"",
            "\"PRIORITY\":\"4\"",
        ],
        &[
            "\"KEXEC_BPF_EVENT\":\"load\"",
            "\"KEXEC_BPF_TARGET\":\"exec\"",
            "\"KEXEC_BPF_IMAGE\":\"/vmlinuz\"",
            "\"KEXEC_BPF_ROUTE\":\"native\"",
            &kernel,
            "\"PRIORITY\":\"6\"",
        ],
        &["\"MESSAGE\":\"exec: not done: ", "\"KEXEC_BPF_EXIT\":\"5\""],
        &["\"MESSAGE\":\"boot: not done: ", "\"KEXEC_BPF_EXIT\":\"5\""],
    ];
    for (entry, words) in entries.iter().zip(wanted) {
        if let Some(word) = words.iter().find(|word| !entry.contains(**word)) {
            said.fail(&format!("no {word} in {entry}"));
        }
    }
    let missing = entries.get(4).copied().unwrap_or_default();
    if entries.len() != 5 || !missing.contains("\"KEXEC_BPF_EXIT\":\"3\"") {
        said.fail(&format!("not the 5 entries: {entries:?}"));
    }
    // journald adds _CMDLINE, the arguments of this program.
    said.expect("secret", "0");
}

/// The record of what is loaded, after loads, failures, and calls by another program.
#[test]
fn what_is_loaded_is_known() {
    let directory = guest::work_dir("services-record");
    let script = "
echo 20 >/proc/sys/kernel/kexec_load_limit_reboot
attempt before kexec-bpf status
cd / && kexec-bpf load vmlinuz --initrd initrd --append 'secret one' >/dev/null
attempt loaded kexec-bpf status
attempt json kexec-bpf status --json
say mode $(stat -c %a /run/kexec-bpf/image)
chmod 755 /bin/kexec-bpf
attempt user su -s /bin/sh nobody -c 'kexec-bpf status'
exec 4>>/vmlinuz
attempt failed kexec-bpf load /vmlinuz --append two
exec 4>&-
attempt kept kexec-bpf status
# Ended by a signal, SIGXFSZ, while it joins the initrds in memory.
dd if=/dev/zero of=/zero bs=1M count=2 2>/dev/null
(cd / && echo zero | cpio -o -H newc >/big 2>/dev/null)
attempt cut sh -c 'ulimit -f 2000; exec kexec-bpf load /vmlinuz --initrd /big --initrd /big'
attempt still kexec-bpf status
floor /vmlinuz /initrd three
attempt replaced kexec-bpf status
attempt replaced-json kexec-bpf status --json
kexec-bpf load /vmlinuz --append four >/dev/null
kexec-bpf unload
attempt unloaded kexec-bpf status
dmesg | grep 'kexec-bpf: ' | while read -r line; do say kmsg \"${line#*] }\"; done
say left $(ls /run)
";
    let initramfs = Initramfs::new(script)
        .program("bin/floor", &guest::packages::floor("floor"))
        .file_from("vmlinuz", &KERNEL.image())
        .file("initrd", &second_initrd(&[]))
        .file("run/.keep", b"")
        .file("etc/passwd", b"nobody:x:65534:65534::/:/bin/sh\n");
    let said = Machine::new(&directory, KERNEL, initramfs.finish()).run();
    said.expect_page("before", &["image not loaded crash image"]);
    let kernel = format!(
        "image kernel {} image loaded by route native, kernel's digest computed",
        KERNEL.release()
    );
    let record = [
        "s: /vmlinuz (from the record in /run)",
        &kernel,
        "image command line secret one crash image",
    ];
    said.expect_page("loaded", &record);
    said.expect("mode", "600");
    let kernel = format!("\"imageKernel\":\"{}\"", KERNEL.release());
    let members = [
        "\"isLoaded\":true,\"imagePath\":\"/vmlinuz\",\"imageAgeSeconds\":",
        &kernel,
        "\"imageLoadedBy\":\"route native, kernel's digest computed\"",
        "\"imageCommandLine\":\"secret one\"",
    ];
    said.expect_attempt("json", "0", &members);
    said.expect_page(
        "user",
        &["image loaded; /run has no record of it that this user may read"],
    );
    said.expect("failed-code", "1");
    said.expect_page("kept", &record);
    said.expect("cut-code", "153");
    said.expect_page("still", &record);
    let stale = "image loaded, perhaps not /vmlinuz, which kexec-bpf loaded: another program has \
                 called kexec since";
    said.expect_page("replaced", &[stale]);
    let replaced = said.one("replaced-json");
    assert!(replaced.contains("\"isLoaded\":true"), "{replaced}");
    assert!(!replaced.contains("\"image"), "{replaced}");
    said.expect_page("unloaded", &["image not loaded crash image"]);
    said.expect("left", "");
    let kernel = KERNEL.release();
    let native = format!("kexec-bpf: loaded /vmlinuz for exec: kernel {kernel}, route native");
    let busy = "kexec-bpf: load /vmlinuz: kexec_file_load: ETXTBSY (26): a process has one of the \
                files open for writing";
    let relative = native.replace("/vmlinuz", "vmlinuz");
    let wanted = [
        &relative,
        busy,
        &native,
        "kexec-bpf: unloaded the image for exec",
    ];
    assert_eq!(said.all("kmsg"), wanted);
}

/// busybox's init runs from memory, so nothing is lost, until a disk is mounted.
#[test]
fn another_init_counts_by_its_disks() {
    let directory = guest::work_dir("services-busybox");
    let nonce = guest::nonce();
    let script = format!(
        "
attempt load kexec-bpf load /vmlinuz --initrd /next --append 'console=ttyS0 nonce={nonce}'
{LOAD}mkdir /disk
mount -t ext4 /dev/vda /disk
attempt mounted kexec-bpf exec
attempt plan kexec-bpf exec -n
mount -o remount,ro /disk
attempt read-only kexec-bpf exec -n
umount /proc
umount /proc
kexec-bpf exec
"
    );
    let system = Initramfs::new("exec /bin/busybox init\n")
        .service("service", &script)
        .file("etc/inittab", b"::sysinit:/bin/busybox sh /service\n")
        .file_from("vmlinuz", &KERNEL.image())
        .file("next", &second_initrd(&[]));
    let system = drivers::add(system, KERNEL, drivers::DISKS);
    let disk = image(&directory, "disk.img", 16 << 20);
    Filesystem::Ext4.make("disk", &[&disk]);
    let said = Machine::new(&directory, KERNEL, system.finish())
        .disk(&disk)
        .run();
    // Another init reboots through the firmware.
    let load = said.all("load");
    assert!(
        load.len() == 1 && load[0].starts_with("loaded /vmlinuz: "),
        "{load:?}"
    );
    let why = "cause: /disk (ext4 on /dev/vda) is mounted for writing, and process 1 may be \
               running services";
    said.expect_attempt("mounted", "5", &[why, "with --force"]);
    said.expect("plan-code", "5");
    said.expect_page("plan", &["writable /disk (ext4 on /dev/vda)", "jump no"]);
    said.expect("read-only-code", "0");
    said.expect_page("read-only", &["jump yes: nothing is mounted for writing"]);
    said.expect("nonce", &nonce);
}
