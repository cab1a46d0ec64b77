// SPDX-License-Identifier: GPL-2.0-or-later
//! Images that boot: the second kernel reports what was asked for.

use std::path::{Path, PathBuf};

use guest::initramfs::extra_initrd;
use guest::{Initramfs, Kernel, Machine, Payload, Transcript, second_initrd, uki::Uki};

crate::on_each_kernel!(
    small_uki_from_a_read_only_root,
    microcode_comes_first;
    more: bzimage_with_two_initrds,
    large_uki,
    command_line_replaces,
    command_line_reused,
);

/// Returns commands that load, print what the program says, and jump.
fn load_and_exec(arguments: &str) -> String {
    format!("kexec-bpf load {arguments} 2>&1 && say loaded && kexec-bpf exec\n")
}

fn expect_payloads(said: &Transcript, payloads: &[&Payload]) {
    let mut found = said.all("payload");
    let mut wanted: Vec<String> = payloads
        .iter()
        .map(|payload| format!("{} {}", payload.name, payload.sha256))
        .collect();
    found.sort_unstable();
    wanted.sort_unstable();
    if found != wanted {
        said.fail(&format!("payloads are {found:?}, not {wanted:?}"));
    }
}

/// Builds a UKI whose initrd holds `payload`.
fn uki(directory: &Path, kernel: Kernel, cmdline: &str, payload: &Payload) -> PathBuf {
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[payload])).expect("write the initrd");
    let uki = Uki::new(directory, "a", cmdline);
    uki.linux(&kernel.image()).initrd(&initrd).build()
}

fn bzimage_with_two_initrds(kernel: Kernel) {
    let directory = guest::work_dir(&format!("bzimage-{}", kernel.name()));
    let (old, new) = (guest::nonce(), guest::nonce());
    let payload = [Payload::new("first", 100_001), Payload::new("second", 7)];
    // Without its last padding, so that the loader must align what follows.
    let mut first = extra_initrd(&[&payload[0]]);
    first.truncate(first.len() - 3);
    assert_eq!(first.len() % 4, 1, "the first initrd ends unaligned");
    // Loaded, unloaded, loaded, and loaded again: the last one counts.
    let script = format!(
        "kexec-bpf load /vmlinuz --initrd /b --append nonce={old} 2>&1
say loaded $? $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload 2>&1
say unloaded $? $(cat /sys/kernel/kexec_loaded)
kexec-bpf exec 2>&1
say exec $?
kexec-bpf load /vmlinuz --initrd /b --append nonce={old} 2>&1
say again $? $(cat /sys/kernel/kexec_loaded)
{}",
        load_and_exec(&format!(
            "/vmlinuz --initrd /a --initrd=/b --append 'console=ttyS0 nonce={new}' --append=last"
        ))
    );
    let initramfs = Initramfs::new(&script)
        .file_from("vmlinuz", &kernel.image())
        .file("a", &first)
        .file("b", &second_initrd(&[&payload[1]]));
    let said = Machine::new(&directory, kernel, initramfs.finish()).boot();
    let before: Vec<&str> = ["unloaded", "exec", "again"]
        .map(|key| said.one(key))
        .into();
    assert_eq!(before, ["0 0", "1", "0 1"], "unloaded, exec, again");
    assert_eq!(said.all("loaded"), ["0 1", ""], "loaded twice");
    said.expect_end();
    said.expect("cmdline", &format!("console=ttyS0 nonce={new} last"));
    said.expect("second", &kernel.release());
    expect_payloads(&said, &[&payload[0], &payload[1]]);
}

fn small_uki_from_a_read_only_root(kernel: Kernel) {
    let directory = guest::work_dir(&format!("small-{}", kernel.name()));
    let nonce = guest::nonce();
    let payload = [Payload::new("image", 300_001), Payload::new("user", 5_003)];
    let cmdline = format!("console=ttyS0 nonce={nonce}");
    let image = uki(&directory, kernel, &cmdline, &payload[0]);
    // No environment either: there is nothing but the binary and the image.
    let script = "mount -o remount,ro /
touch /x 2>/dev/null && say writable
test -d /tmp && say tmp
/bin/busybox env -i /bin/kexec-bpf load /a.efi --initrd /b --append 'more words' 2>&1 &&
    say loaded && /bin/busybox env -i /bin/kexec-bpf exec\n";
    let initramfs = Initramfs::new(script)
        .file_from("a.efi", &image)
        .file("b", &extra_initrd(&[&payload[1]]));
    let said = Machine::new(&directory, kernel, initramfs.finish()).run();
    assert!(said.all("writable").is_empty(), "the root is read-only");
    assert!(said.all("tmp").is_empty(), "there is no /tmp");
    said.expect("cmdline", &format!("{cmdline} more words"));
    expect_payloads(&said, &[&payload[0], &payload[1]]);
}

fn large_uki(kernel: Kernel) {
    let directory = guest::work_dir(&format!("large-{}", kernel.name()));
    let nonce = guest::nonce();
    let payload = Payload::new("large", 60 << 20);
    let cmdline = format!("console=ttyS0 nonce={nonce}");
    let image = uki(&directory, kernel, &cmdline, &payload);
    // Without stdin, stdout and stderr, no file of the load may get their
    // numbers: what the program prints would be written into the initrd.
    let script = "kexec-bpf load /a.efi --append=appended --verbose 0<&- 1>&- 2>&-
say loaded $?
kexec-bpf exec
";
    let initramfs = Initramfs::new(script).file_from("a.efi", &image);
    let said = Machine::new(&directory, kernel, initramfs.finish())
        .memory_mb(1024)
        .run();
    said.expect("loaded", "0");
    said.expect("cmdline", &format!("{cmdline} appended"));
    expect_payloads(&said, &[&payload]);
}

fn microcode_comes_first(kernel: Kernel) {
    let directory = guest::work_dir(&format!("microcode-{}", kernel.name()));
    let nonce = guest::nonce();
    let payload = Payload::new("initrd", 10_001);
    let microcode = Payload::new("microcode", 2_049);
    // Both archives have a file of this name: the later one wins.
    let early = Payload::new("order", 11);
    let late = Payload::new("order", 12);
    let path = directory.join("microcode.cpio");
    std::fs::write(&path, extra_initrd(&[&microcode, &early])).expect("write the microcode");
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload, &late])).expect("write the initrd");
    let image = Uki::new(&directory, "a", &format!("console=ttyS0 nonce={nonce}"))
        .linux(&kernel.image())
        .initrd(&initrd)
        .microcode(&path)
        .build();
    let initramfs = Initramfs::new(&load_and_exec("/a.efi")).file_from("a.efi", &image);
    let said = Machine::new(&directory, kernel, initramfs.finish()).run();
    said.expect("nonce", &nonce);
    expect_payloads(&said, &[&payload, &microcode, &late]);
}

fn command_line_replaces(kernel: Kernel) {
    let directory = guest::work_dir(&format!("replace-{}", kernel.name()));
    let nonce = guest::nonce();
    let payload = Payload::new("initrd", 1_001);
    let image = uki(&directory, kernel, "console=ttyS0 image's own", &payload);
    let wanted = format!("console=ttyS0 nonce={nonce} and more");
    let script = load_and_exec(&format!(
        "/a.efi --command-line 'console=ttyS0 nonce={nonce}' --append 'and more'"
    ));
    let initramfs = Initramfs::new(&script).file_from("a.efi", &image);
    let said = Machine::new(&directory, kernel, initramfs.finish()).run();
    said.expect("cmdline", &wanted);
    expect_payloads(&said, &[&payload]);
}

fn command_line_reused(kernel: Kernel) {
    let directory = guest::work_dir(&format!("reuse-{}", kernel.name()));
    let nonce = guest::nonce();
    let payload = Payload::new("initrd", 1_001);
    let image = uki(&directory, kernel, "image's own", &payload);
    let script = load_and_exec("/a.efi --reuse-cmdline --append=more");
    let initramfs = Initramfs::new(&script).file_from("a.efi", &image);
    let loader = r"BOOT_IMAGE=/vmlinuz-1 initrd=\a.img initrd=\b.img";
    let said = Machine::new(&directory, kernel, initramfs.finish())
        .append(&format!("{loader} nonce={nonce}"))
        .run();
    let wanted = format!("console=ttyS0 panic=-1 nonce={nonce} more");
    said.expect("cmdline", &wanted);
    expect_payloads(&said, &[&payload]);
}
