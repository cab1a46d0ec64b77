// SPDX-License-Identifier: GPL-2.0-or-later
//! A system of systemd 262: what is known of the loaded image after a load, an unload, a jump,
//! a reset, a reboot through the firmware, and systemctl kexec. There is no logind, so no plain
//! reboot is a kexec.

use guest::drivers::{self, LOAD};
use guest::filesystem::image;
use guest::initramfs::second;
use guest::systemd::{self, Release};
use guest::{Kernel, Machine};

const KERNEL: Kernel = Kernel::V6_12;

/// The next kernel, where the first byte of the disk is what the system wrote last.
const NEXT: &str = "
attempt after-$(head -c 1 /dev/vda) kexec-bpf status
case $(head -c 1 /dev/vda) in
1) reboot -f ;;
esac
";

/// One disk tells the boots apart: 0, until the system jumps; 1, until it reboots; 2, until
/// systemd jumps.
#[test]
fn more_what_is_loaded_across_boots() {
    let directory = guest::work_dir("systemd-262");
    let (forced, plain) = (guest::nonce(), guest::nonce());
    let script = format!(
        "{LOAD}
load() {{
    kexec-bpf load /vmlinuz --initrd /next --append \"console=ttyS0 nonce=$1\"
}}
case $(head -c 1 /dev/vda) in
1)
    attempt reset kexec-bpf status
    attempt reboot-load load {plain}
    printf 2 | dd of=/dev/vda conv=notrunc 2>/dev/null
    /usr/bin/systemctl reboot
    sleep 100
    ;;
2)
    attempt rebooted kexec-bpf status
    mkdir /run/systemd/seats
    attempt kexec-load load {plain}
    rmdir /run/systemd/seats
    printf 3 | dd of=/dev/vda conv=notrunc 2>/dev/null
    /usr/bin/systemctl kexec
    sleep 100
    ;;
esac
say version $(/usr/bin/systemctl --version | head -n 1)
attempt before kexec-bpf status
attempt load load {forced}
attempt loaded kexec-bpf status
kexec-bpf unload
attempt unloaded kexec-bpf status
load {forced} >/dev/null 2>&1
attempt refused kexec-bpf exec
for try in 1 2 3 4 5 6; do
    /usr/bin/journalctl --no-pager -o cat --output-fields=KEXEC_BPF_EVENT \
        SYSLOG_IDENTIFIER=kexec-bpf >/events
    [ $(wc -l </events) -lt 4 ] || break
    sleep 1
done
say events $(cat /events)
say messages $(/usr/bin/journalctl --no-pager -o cat SYSLOG_IDENTIFIER=kexec-bpf | tail -n 1)
printf 1 | dd of=/dev/vda conv=notrunc 2>/dev/null
kexec-bpf exec --force
"
    );
    let next = second(&[])
        .program("bin/kexec-bpf", &guest::program())
        .script("next", &format!("{LOAD}{NEXT}"));
    let next = drivers::add(next, KERNEL, &["virtio_blk"]);
    let system = systemd::system(Release::Forky, &script)
        .file_from("vmlinuz", &KERNEL.image())
        .file("next", &next.finish());
    let system = drivers::add(system, KERNEL, &["virtio_blk"]);
    let disk = image(&directory, "disk.img", 1 << 20);
    let said = Machine::new(&directory, KERNEL, system.finish())
        .append(systemd::WORDS)
        .memory_mb(768)
        .disk(&disk)
        .resets()
        .timeout_s(1200)
        .run();
    let version = said.one("version");
    assert!(version.starts_with("systemd 262"), "{version}");
    let none = ["image not loaded crash image"];
    said.expect_page("before", &none);
    // Without logind, which systemctl asks for it.
    assert!(!said.all("load").iter().any(|line| line.contains("reboot")));
    let record = ["s: /vmlinuz (from the record in /run)", &forced];
    said.expect_page("loaded", &record);
    said.expect_page("unloaded", &none);
    said.expect_attempt(
        "refused",
        "5",
        &["exec: not done", "systemctl kexec", "--force"],
    );
    said.expect("events", "load unload load refused");
    said.expect_words("messages", &["exec: not done: "]);
    // After the jump, the reset and the reboot.
    said.expect_page("after-1", &none);
    said.expect_page("reset", &none);
    said.expect("reboot-load-code", "0");
    said.expect_page("rebooted", &none);
    said.expect_attempt("kexec-load", "0", &["a plain reboot is now a kexec"]);
    said.expect_page("after-3", &none);
    assert_eq!(said.all("nonce"), [forced, plain]);
}
