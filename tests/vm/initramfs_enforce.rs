// SPDX-License-Identifier: GPL-2.0-or-later
//! Initramfses built by dracut turn enforce on before anything is loaded. If they
//! cannot, they turn kexec off and say so, and the boot goes on.

use crate::initramfs::{KERNEL, capture_uki, disk, expect_console, initramfs, machine, with_file};
use crate::module_insert::without_btf;
use guest::dracut::{Dracut, Init, Suite};
use guest::firmware::{self, SigningKey};
use guest::handshake::{initramfs_before, tiny_uki};
use guest::uki::Uki;
use guest::{Kernel, Partition, Transcript, module, packages};

const OFF: &str = "kexec-bpf: enforce is not on: kexec is off until reboot";

/// Returns the path to which DKMS would install the module.
fn module_path() -> String {
    format!("usr/lib/modules/{}/updates/kexec_bpf.ko", KERNEL.release())
}

/// Boots with `rd.kexec_bpf.enforce` and `words`, and expects the normal boot.
fn boot(test: &str, words: &str, initramfs: Vec<u8>) -> Transcript {
    let directory = guest::work_dir(&format!("initramfs-enforce-{test}"));
    let disk = disk(&directory).build();
    let words = format!("rd.kexec_bpf.enforce {words}");
    let said = machine(&directory, initramfs, &words)
        .disk(disk.path())
        .run();
    said.expect("normal", "boot");
    said
}

/// Expects that kexec is off because enforce could not be turned on, and that the
/// console shows `words`.
#[track_caller]
fn expect_off(said: &Transcript, words: &[&str]) {
    said.expect("kexec-off", "1");
    for text in words {
        expect_console(said, text);
    }
}

#[test]
fn module_is_missing() {
    let initramfs = initramfs(Suite::Trixie, Init::Scripts);
    let said = boot("missing", "", initramfs);
    let cause = "cause: module kexec_bpf is not loaded: modprobe exited with 1";
    expect_off(&said, &[OFF, cause]);
}

#[test]
fn module_is_another_kernels() {
    let other = std::fs::read(module::module_for(Kernel::V7)).expect("read the module");
    let initramfs = initramfs(Suite::Bookworm, Init::Systemd);
    let initramfs = with_file(initramfs, &module_path(), 0o644, &other);
    let said = boot("other-kernel", "crashkernel=256M", initramfs);
    expect_off(&said, &[OFF, "modprobe exited with 1"]);
    // The kdump hook runs after that, and says why it cannot load.
    expect_console(&said, "kernel.kexec_load_disabled is 1");
}

#[test]
fn module_is_without_btf() {
    let directory = guest::work_dir("initramfs-enforce-btf");
    let module = without_btf(&directory, &module::module_for(KERNEL));
    let module = std::fs::read(module).expect("read the module");
    let initramfs = initramfs(Suite::Bookworm, Init::Scripts);
    let initramfs = with_file(initramfs, &module_path(), 0o644, &module);
    let said = boot("without-btf", "", initramfs);
    expect_off(&said, &[OFF, "modprobe exited with 1"]);
}

#[test]
fn module_is_unsigned_under_lockdown() {
    let initramfs = initramfs(Suite::Bookworm, Init::Scripts);
    let said = boot("unsigned", "lockdown=integrity", initramfs);
    expect_off(&said, &[OFF, "lockdown accepts only signed modules"]);
}

/// Expects the initramfs to turn kexec off if the program itself is broken.
fn program_does_not_run(test: &str, init: Init, code: &str) {
    let initramfs = initramfs(Suite::Trixie, init);
    let initramfs = with_file(initramfs, "usr/bin/kexec-bpf", 0o755, b"\x7fELF");
    let said = boot(test, "", initramfs);
    let text = format!("kexec-bpf: hook enforce failed ({code}): kexec is off until reboot");
    expect_off(&said, &[&text]);
}

#[test]
fn program_does_not_run_without_systemd() {
    program_does_not_run("broken-scripts", Init::Scripts, "126");
}

#[test]
fn program_does_not_run_with_systemd() {
    program_does_not_run("broken-systemd", Init::Systemd, "203");
}

/// If enforce is not requested nothing is done, even if the program is broken.
#[test]
fn nothing_is_done_unless_asked() {
    let directory = guest::work_dir("initramfs-enforce-unasked");
    let initramfs = initramfs(Suite::Trixie, Init::Systemd);
    let initramfs = with_file(initramfs, "usr/bin/kexec-bpf", 0o755, b"\x7fELF");
    let disk = disk(&directory).build();
    let said = machine(&directory, initramfs, "").disk(disk.path()).run();
    said.expect("normal", "boot");
    said.expect("kexec-off", "0");
}

#[test]
fn enforce_is_on_without_systemd() {
    let initramfs = initramfs(Suite::Bookworm, Init::Scripts);
    let said = boot("on", "", initramfs);
    said.expect("kexec-off", "0");
    said.expect("enforce", "Y");
    expect_console(
        &said,
        "kexec-bpf: enforce is on, but lockdown is off: root can undo it",
    );
}

/// The host's own file also requests enforce, and the driver of the host's /boot is
/// added. The image is not compressed, so the test finds names in it.
#[test]
fn what_the_host_has_is_taken() {
    const FILE: &str = "etc/kexec-bpf/enforce";
    // A name in an archive ends with a NUL, one in the program or in a list does not.
    let has = |image: &[u8], name: &str| {
        let name = format!("{name}\0");
        image
            .windows(name.len())
            .any(|bytes| bytes == name.as_bytes())
    };
    let asks = |image: &[u8]| has(image, FILE);
    assert!(!asks(&initramfs(Suite::Bookworm, Init::Scripts)));
    let directory = guest::work_dir("initramfs-enforce-host");
    let dracut = Dracut::new(&directory, Suite::Bookworm, Init::Scripts).module();
    let dracut = dracut.file(FILE, 0o600, b"").overlay_on_boot();
    // Not the module of dracut that adds the drivers of all file systems.
    let image = dracut.build(&["--modules", "base kexec-bpf"]);
    assert!(asks(&image));
    let drivers = format!("usr/lib/modules/{}/kernel/fs", Kernel::V6_12.release());
    assert!(has(&image, &format!("{drivers}/overlayfs/overlay.ko.xz")));
    assert!(!has(&image, &format!("{drivers}/xfs/xfs.ko.xz")));
}

/// A dracut hook that says what is loaded before root is mounted, and crashes.
const CRASH: &str = r#"#!/bin/sh
exec >/dev/ttyS1
echo "@@ enforce $(cat /sys/module/kexec_bpf/parameters/enforce)"
echo "@@ crash-loaded $(cat /sys/kernel/kexec_crash_loaded)"
echo "@@ kexec-off $(cat /proc/sys/kernel/kexec_load_disabled)"
kexec-bpf load /etc/kexec-bpf/kdump.efi --append words
echo "@@ refused $?"
echo c >/proc/sysrq-trigger
"#;

/// From the firmware on: the initramfs of a signed UKI, built to enforce, turns enforce
/// on and then loads its signed capture kernel. A crash boots that.
#[test]
fn enforce_comes_before_the_capture_kernel() {
    let directory = guest::work_dir("initramfs-enforce-kdump");
    let key = SigningKey::new(&directory);
    let read = |path| std::fs::read(path).expect("read a signed file");
    let capture = key.sign(&directory, "capture.signed.efi", &capture_uki(&directory));
    let conf = b"kexec_bpf_kdump_image=/capture.efi\nkexec_bpf_enforce=yes\n";
    let initramfs = Dracut::new(&directory, Suite::Trixie, Init::Systemd)
        .file(&module_path(), 0o644, &read(key.sign_module(&directory)))
        .file("capture.efi", 0o644, &read(capture))
        .file("etc/dracut.conf.d/kexec-bpf.conf", 0o644, conf)
        .file("crash.sh", 0o755, CRASH.as_bytes());
    let hook = "/usr/lib/dracut/hooks/pre-mount/99-crash.sh";
    let initramfs = initramfs.build(&["--gzip", "--include", "/crash.sh", hook]);
    let initrd = directory.join("dracut.img");
    std::fs::write(&initrd, initramfs).expect("write the initramfs");
    let words = "console=ttyS0 panic=-1 crashkernel=256M root=LABEL=root rd.shell=0";
    let image = Uki::new(&directory, "first", words)
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .build();
    let image = key.sign(&directory, "first.signed.efi", &image);
    let disk = disk(&directory.join("root")).build();
    let said = firmware::secure_machine(&directory, &image)
        .memory_mb(1280)
        .timeout_s(600)
        .disk(disk.path())
        .run();
    said.expect("enforce", "Y");
    said.expect("kexec-off", "0");
    said.expect("crash-loaded", "1");
    said.expect("refused", "4");
    said.expect("vmcore", "ELF");
    let line = said.one("cmdline");
    if !line.contains("is=capture") || !line.contains("elfcorehdr=") {
        said.fail(&format!("the command line is {line}"));
    }
}

/// Script of the second system, under its own enforce.
const SECOND: &str = "
insmod /kexec_bpf.ko timeout_ms=60000 enforce=1
say second-enforce $(cat /sys/module/kexec_bpf/parameters/enforce)
attempt third kexec-bpf load /third.efi
say third-loaded $(cat /sys/kernel/kexec_loaded) $(calls file 0 /third.efi)
attempt old kexec-bpf load /old.efi
say old-loaded $(cat /sys/kernel/kexec_loaded)
";

/// The whole chain: the firmware verifies the first UKI, whose initramfs turns enforce
/// on and chains to the second one, which refuses a third that is not signed. An older
/// image that is signed still loads: a downgrade is not prevented.
#[test]
fn from_the_firmware_to_the_third_image() {
    let directory = guest::work_dir("initramfs-enforce-chain");
    let key = SigningKey::new(&directory);
    let read = |path| std::fs::read(path).expect("read a signed file");
    let keep = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, bytes).expect("write an initramfs");
        path
    };
    let third = tiny_uki(None).bytes();
    let second = initramfs_before(SECOND, &key.sign_module(&directory))
        .program("bin/calls", &packages::floor("calls"))
        .file("third.efi", &third)
        .file("old.efi", &key.sign_bytes(&directory, "old.efi", &third));
    let second = Uki::new(
        &directory,
        "second",
        "console=ttyS0 panic=-1 efi=runtime is=second",
    )
    .linux(&KERNEL.image())
    .initrd(&keep("second.cpio", &second.finish()))
    .build();
    let second = key.sign(&directory, "second.signed.efi", &second);

    let initramfs = Dracut::new(&directory, Suite::Trixie, Init::Systemd)
        .file(&module_path(), 0o644, &read(key.sign_module(&directory)))
        .file(
            "etc/dracut.conf.d/kexec-bpf.conf",
            0o644,
            b"kexec_bpf_enforce=yes\n",
        )
        .build(&["--gzip"]);
    let words = "console=ttyS0 panic=-1 root=LABEL=root rd.shell=0 \
        rd.kexec_bpf=second.efi rd.kexec_bpf.device=/dev/vdb";
    let first = Uki::new(&directory, "first", words)
        .linux(&KERNEL.image())
        .initrd(&keep("dracut.img", &initramfs))
        .build();
    let first = key.sign(&directory, "first.signed.efi", &first);
    let disk =
        disk(&directory.join("root")).file_from(Partition::Esp, "EFI/Linux/second.efi", &second);
    let disk = disk.build();
    let said = firmware::secure_machine(&directory, &first)
        .memory_mb(1280)
        .timeout_s(600)
        .disk(disk.path())
        .run();
    expect_console(&said, "kexec-bpf: enforce is on until reboot");
    // Nothing was added to the second UKI's signed command line.
    expect_console(
        &said,
        "Command line: console=ttyS0 panic=-1 efi=runtime is=second",
    );
    said.expect("second-enforce", "Y");
    said.expect_attempt("third", "4", &["enforce: the image has no signature"]);
    said.expect("third-loaded", "0 1");
    said.expect_attempt("old", "0", &["route handshake"]);
    said.expect("old-loaded", "1");
}
