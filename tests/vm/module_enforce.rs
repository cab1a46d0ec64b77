// SPDX-License-Identifier: GPL-2.0-or-later
//! The module's parameter enforce under Secure Boot: what it refuses, whoever calls, and
//! what it lets through. All that enforce refuses here would be loaded without it.

use std::path::Path;

use crate::kdump;
use guest::firmware::{self, SigningKey};
use guest::handshake::{KERNEL, NOTHING, STRICT, initramfs_before, tiny_uki, tiny_uki_with};
use guest::initramfs::small_initrd;
use guest::library::with_libraries;
use guest::pe::{Pe, tiny_efi_kernel};
use guest::{Initramfs, Transcript, packages, uki::Uki};

/// A call by root that would get around the UKI's signature, and what the log says of it.
struct Gate {
    name: &'static str,
    command: &'static str,
    /// The program, as the log names it.
    by: &'static str,
    call: &'static str,
    why: &'static str,
}

const FILE: &str = "kexec_file_load";
const BARE: &str = "nothing verifies its initrd and command line";
const NOT_OPENED: &str = "kexec_bpf has not opened it";

const fn gate(name: &'static str, command: &'static str, why: &'static str) -> Gate {
    Gate {
        name,
        command,
        by: "calls",
        call: FILE,
        why,
    }
}

/// Calls that enforce refuses. 2 is KEXEC_FILE_ON_CRASH.
const GATES: &[Gate] = &[
    gate("bare", "calls file 0 /kernel", BARE),
    gate(
        "bare-initrd",
        "calls file 0 /kernel /initrd init=/bin/sh",
        BARE,
    ),
    gate(
        "bare-crash",
        "calls file 2 /kernel /initrd init=/bin/sh",
        BARE,
    ),
    gate(
        "bare-memfd",
        "calls memfd 0 /kernel /initrd init=/bin/sh",
        BARE,
    ),
    gate("uki", "calls file 0 /good.efi", NOT_OPENED),
    gate(
        "uki-initrd",
        "calls file 0 /good.efi /initrd init=/bin/sh",
        NOT_OPENED,
    ),
    gate("uki-crash", "calls file 2 /good.efi", NOT_OPENED),
    gate("garbage", "calls file 0 /initrd", NOT_OPENED),
    Gate {
        by: "kexec",
        ..gate(
            "kexec-tools",
            "kexec -s -l /kernel --initrd=/initrd --command-line=init=/bin/sh",
            BARE,
        )
    },
    Gate {
        by: "kexec",
        ..gate(
            "kexec-tools-crash",
            "kexec -s -p /kernel --initrd=/initrd --command-line=init=/bin/sh",
            BARE,
        )
    },
    Gate {
        by: "client",
        ..gate("holder", "client load 60000 ready /kernel", BARE)
    },
];

/// `refused NAME COMMAND...` runs the command and says its output, lines of the log, and
/// what is loaded. It sleeps because the module logs at most ten lines in five seconds.
const REFUSED: &str = r#"
refused() {
    name=$1
    shift
    dmesg -c >/dev/null
    "$@" 2>&1 | while read -r line; do say "$name" "$line"; done
    dmesg | grep enforce | while read -r line; do say "$name-log" "${line#*] }"; done
    say "$name-loaded" "$(cat /sys/kernel/kexec_loaded) $(cat /sys/kernel/kexec_crash_loaded)"
    sleep 1
}
"#;

/// Adds the signed images to `guest`.
pub fn images(guest: Initramfs, directory: &Path, key: &SigningKey) -> Initramfs {
    let sign = |name: &str, image: &[u8]| key.sign_bytes(directory, name, image);
    let addon = Pe::new().section(".cmdline", b"from=addon");
    let zboot_like = Pe::new().section(".data", b"no UKI");
    guest
        .program("bin/calls", &packages::floor("calls"))
        .file("kernel", &sign("kernel", &tiny_efi_kernel()))
        .file("initrd", &small_initrd(b"another's"))
        .file("good.efi", &sign("good.efi", &tiny_uki(None).bytes()))
        .file("unsigned.efi", &tiny_uki(None).bytes())
        .file("other.efi", &sign("other.efi", &zboot_like.bytes()))
        .file(
            "carrier.efi",
            &sign("carrier.efi", &tiny_uki_with("carrier").bytes()),
        )
        .file(
            "carry.efi",
            &sign("carry.efi", &tiny_uki_with("carry_kernel").bytes()),
        )
        .file(
            "signed.addon.efi",
            &sign("signed.addon.efi", &addon.bytes()),
        )
        .file("unsigned.addon.efi", &addon.bytes())
}

/// Boots `guest` under Secure Boot, with `reserved` for a crash image.
pub fn secure(directory: &Path, key: &SigningKey, guest: Initramfs, reserved: &str) -> Transcript {
    let words = format!("crashkernel={reserved} {STRICT}");
    firmware::secure_guest(directory, key, KERNEL, guest, &words)
        .timeout_s(400)
        .run()
}

#[test]
fn nothing_but_whole_images_is_loaded() {
    let directory = guest::work_dir("module-enforce");
    let key = SigningKey::new(&directory);
    let mut script = REFUSED.to_owned();
    script += "
insmod /kexec_bpf.ko timeout_ms=60000 enforce=1
say inserted $? $(cat /sys/module/kexec_bpf/parameters/enforce)
say on $(dmesg | grep 'enforce:')
";
    for Gate { name, command, .. } in GATES {
        script += &format!("refused {name} {command}\n");
    }
    script += "
refused classic calls classic 0
attempt good kexec-bpf load --verbose /good.efi
kexec-bpf unload
left good
attempt addon kexec-bpf load --verbose /good.efi --addon /signed.addon.efi
kexec-bpf unload
attempt panic kexec-bpf load --verbose --panic --force /good.efi
say panic-loaded $(cat /sys/kernel/kexec_crash_loaded)
kexec-bpf unload --panic
left end
";
    let mut guest = initramfs_before(&script, &key.sign_module(&directory));
    for (path, source) in with_libraries("kexec-tools", "usr/sbin/kexec", "bin/kexec") {
        guest = guest.program(&path, &source);
    }
    let said = secure(&directory, &key, images(guest, &directory, &key), "32M");
    said.expect("inserted", "0 Y");
    let on = "kexec_bpf: enforce: on until reboot: only whole, verified images are loaded (lockdown: on)";
    assert!(said.one("on").ends_with(on), "{}", said.one("on"));
    for Gate {
        name,
        by,
        call,
        why,
        ..
    } in GATES
    {
        let log = said.one(&format!("{name}-log"));
        let begin = format!("kexec_bpf: enforce: {call} by {by}[");
        let end = format!("] refused: {why}");
        if !(log.starts_with(&begin) && log.ends_with(&end)) {
            said.fail(&format!("{name}: the log says: {log}"));
        }
        said.expect(&format!("{name}-loaded"), "0 0");
    }
    for name in ["good", "addon", "panic"] {
        said.expect_attempt(name, "0", &["kernel: loaded:"]);
    }
    said.expect("panic-loaded", "1");
    said.expect("good-left", NOTHING);
    said.expect("end-left", NOTHING);
}

/// A panic boots the capture kernel that enforce has let through, which reads the dump.
#[test]
fn a_crash_is_captured() {
    let directory = guest::work_dir("module-enforce-crash");
    let key = SigningKey::new(&directory);
    let cmdline = format!("{}{}", kdump::OWN, guest::nonce());
    let image = kdump::uki(&directory, KERNEL, &cmdline, kdump::capture_initrd(""));
    let script = format!(
        "{}keep_secret
insmod /kexec_bpf.ko timeout_ms=60000 enforce=1
say enforce $(cat /sys/module/kexec_bpf/parameters/enforce)
attempt load kexec-bpf load --panic --verbose /kdump.efi
{}",
        kdump::SECRET,
        kdump::CRASH
    );
    let guest = initramfs_before(&script, &key.sign_module(&directory)).file_from(
        "kdump.efi",
        &key.sign(&directory, "kdump.signed.efi", &image),
    );
    let said = secure(&directory, &key, guest, "256M");
    said.expect("enforce", "Y");
    said.expect_attempt("load", "0", &["kernel: loaded:"]);
    kdump::expect_cmdline(&said, &cmdline);
    kdump::expect_dump(&said, KERNEL);
}

/// Neither enforce nor a lock outlives the kernel: a signed image that asks for neither
/// starts without them.
#[test]
fn the_next_kernel_starts_free() {
    let directory = guest::work_dir("module-enforce-next");
    let key = SigningKey::new(&directory);
    let next = "say next $(cat /proc/sys/kernel/kexec_load_disabled) \
        $(calls file 0 /kernel /initrd init=/bin/sh) $(cat /sys/kernel/kexec_loaded)\n";
    let next = Initramfs::new(next)
        .program("bin/calls", &packages::floor("calls"))
        .file(
            "kernel",
            &key.sign_bytes(&directory, "kernel", &tiny_efi_kernel()),
        )
        .file("initrd", &small_initrd(b"another's"));
    let initrd = directory.join("next.cpio");
    std::fs::write(&initrd, next.finish()).expect("write the initramfs");
    let next = Uki::new(&directory, "next", "console=ttyS0 panic=-1 efi=runtime")
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .build();
    let script = "
insmod /kexec_bpf.ko timeout_ms=60000 enforce=1
attempt lock kexec-bpf load --lock /next.efi
say locked $(cat /proc/sys/kernel/kexec_load_disabled)
kexec-bpf exec
";
    let guest = initramfs_before(script, &key.sign_module(&directory))
        .file_from("next.efi", &key.sign(&directory, "next.signed.efi", &next));
    let said = secure(&directory, &key, guest, "32M");
    said.expect_attempt("lock", "0", &["the next kernel starts unlocked"]);
    said.expect("locked", "1");
    said.expect("next", "0 0 1");
}
