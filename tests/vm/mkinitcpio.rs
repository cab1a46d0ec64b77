// SPDX-License-Identifier: GPL-2.0-or-later
//! mkinitcpio's hooks. Without a guest: the build hooks with stand-ins for mkinitcpio's
//! functions, and the runtime hook in busybox's ash. In guests: the effect of the
//! runtime hook on a kernel.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use guest::handshake::{KERNEL, initramfs_before, tiny_uki};
use guest::install::install;
use guest::{Initramfs, Machine, Transcript, module, packages, tree};

/// Modules of a kernel that has nothing built in.
const MODULES: &str = "ext4 vfat nls_cp437 nls_iso8859-1 nls_ascii nls_utf8 efivarfs kexec_bpf";

/// Makes a directory that stands for a machine's root, with everything installed.
fn machine(test: &str, prefix: &str) -> PathBuf {
    let root = guest::work_dir(&format!("mkinitcpio-{test}"));
    install(&root, prefix);
    let teardown = root.join("etc/kexec-bpf/pre-exec.d");
    fs::create_dir_all(&teardown).expect("make pre-exec.d");
    script(&teardown.join("10-net"), "#!/bin/sh\n");
    // These would not be run.
    fs::write(teardown.join("README"), "notes").expect("write a file");
    fs::create_dir(teardown.join("20-directory")).expect("make a directory");
    std::os::unix::fs::symlink("/missing", teardown.join("30-link")).expect("make a link");
    fs::write(root.join("capture.efi"), "MZ").expect("write an image");
    root
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("write a script");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, executable).expect("make it executable");
}

/// Returns sorted lines for what a build hook puts into the image, in whatever order.
fn build(root: &Path, hook: &str, settings: &[(&str, &str)]) -> Vec<String> {
    built_by(guest::host_program("bash"), root, hook, settings)
}

fn built_by(mut bash: Command, root: &Path, hook: &str, settings: &[(&str, &str)]) -> Vec<String> {
    let output = bash
        .arg(tree("tests/mkinitcpio/build.sh"))
        .arg(root)
        .arg(hook)
        .env("MODULES", MODULES)
        .envs(settings.iter().copied())
        .output()
        .expect("start bash");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    // A module may be asked for again: it is the driver of this host's /boot.
    lines.dedup_by(|a, b| a == b && a.starts_with("module "));
    lines
}

/// Returns bash in a namespace of mounts where a tmpfs is on /boot.
fn bash_with_boot() -> Command {
    const SCRIPT: &str = "mount -t tmpfs boot /boot; exec bash \"$@\"";
    let mut command = guest::host_program("unshare");
    command.arg("--mount");
    if fs::metadata("/proc/self").expect("stat /proc/self").uid() != 0 {
        command.arg("--map-root-user");
    }
    command.args(["sh", "-ec", SCRIPT, "sh"]);
    command
}

#[test]
fn build_hooks_add_the_driver_of_boot() {
    let root = machine("boot", "/usr");
    for hook in ["kexec-bpf", "sd-kexec-bpf"] {
        let settings = [("MODULES", "tmpfs"), ("AFTER_SYSTEMD", "yes")];
        let found = built_by(bash_with_boot(), &root, hook, &settings);
        assert!(found.contains(&"module tmpfs".to_owned()), "{found:?}");
        assert!(found.contains(&"built 0".to_owned()), "{found:?}");
    }
}

fn expect(found: &[String], wanted: &[&str]) {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

const COMMON: [&str; 4] = [
    "built 0",
    "file /usr/lib/kexec-bpf/not-enforced 755",
    "file /etc/kexec-bpf/pre-exec.d/10-net 755",
    "help",
];

fn modules(names: &str) -> Vec<String> {
    let names = names.split(' ');
    names.map(|name| format!("module {name}")).collect()
}

#[test]
fn build_hook_adds_what_the_runtime_hook_needs() {
    let root = machine("busybox", "/usr/local");
    let mut wanted: Vec<&str> = COMMON.to_vec();
    let modules = modules(MODULES);
    wanted.extend(modules.iter().map(String::as_str));
    wanted.extend([
        "file /usr/local/bin/kexec-bpf 755",
        "runs run_earlyhook",
        "runs run_emergencyhook",
        "runs run_hook",
        "runscript kexec-bpf",
    ]);
    expect(&build(&root, "kexec-bpf", &[]), &wanted);

    // A kernel with everything but the module built in, and a capture kernel.
    wanted.retain(|line| !line.starts_with("module "));
    wanted.extend(["module kexec_bpf", "file /etc/kexec-bpf/kdump.efi 644"]);
    let settings = [
        ("MODULES", "kexec_bpf"),
        ("kexec_bpf_kdump_image", "/capture.efi"),
    ];
    expect(&build(&root, "kexec-bpf", &settings), &wanted);

    wanted.push("file /etc/kexec-bpf/enforce 644");
    let settings = [settings[0], settings[1], ("kexec_bpf_enforce", "yes")];
    expect(&build(&root, "kexec-bpf", &settings), &wanted);

    // Without the module, an image built to enforce would turn kexec off.
    let settings = [("MODULES", "ext4"), ("kexec_bpf_enforce", "yes")];
    let found = build(&root, "kexec-bpf", &settings);
    let error = "error module not found: 'kexec_bpf'".to_owned();
    assert!(found.contains(&error), "{found:?}");

    let settings = [("kexec_bpf_kdump_image", "/missing.efi")];
    let found = build(&root, "kexec-bpf", &settings);
    let error = "error file not found: '/missing.efi'".to_owned();
    assert!(found.contains(&error), "{found:?}");
}

#[test]
fn build_hook_for_systemd_adds_units_that_are_started() {
    let root = machine("systemd", "/usr");
    let mut wanted: Vec<&str> = COMMON.to_vec();
    let modules = modules(MODULES);
    wanted.extend(modules.iter().map(String::as_str));
    let units = "/usr/lib/systemd/system";
    let target = format!("{units}/cryptsetup-pre.target");
    let files = [
        "file /usr/bin/kexec-bpf 755".to_owned(),
        // Added once for each unit that needs it.
        "file /usr/bin/kexec-bpf 755".to_owned(),
        "file /usr/bin/kexec-bpf 755".to_owned(),
        "file /usr/bin/kexec-bpf 755".to_owned(),
        format!("file {units}/kexec-bpf-boot.service 644"),
        format!("file {units}/kexec-bpf-enforce.service 644"),
        format!("file {units}/kexec-bpf-kdump-early.service 644"),
        format!("file {units}/emergency.service.d/kexec-bpf.conf 644"),
        format!(
            "symlink {units}/initrd.target.wants/kexec-bpf-boot.service \
             ../kexec-bpf-boot.service"
        ),
        format!(
            "symlink {units}/sysinit.target.wants/kexec-bpf-enforce.service \
             ../kexec-bpf-enforce.service"
        ),
        format!(
            "symlink {units}/sysinit.target.wants/kexec-bpf-kdump-early.service \
             ../kexec-bpf-kdump-early.service"
        ),
    ];
    wanted.extend(files.iter().map(String::as_str));
    let settings = [("AFTER_SYSTEMD", "yes")];
    expect(&build(&root, "sd-kexec-bpf", &settings), &wanted);
    // sd-encrypt leaves this out, and without it the prompt would come first.
    fs::write(root.join(&target[1..]), "[Unit]\n").expect("write a unit");
    let target = format!("file {target} 644");
    wanted.push(&target);
    expect(&build(&root, "sd-kexec-bpf", &settings), &wanted);
    wanted.push("file /etc/kexec-bpf/enforce 644");
    let settings = [settings[0], ("kexec_bpf_enforce", "yes")];
    expect(&build(&root, "sd-kexec-bpf", &settings), &wanted);

    let alone = [
        "built 1",
        "error sd-kexec-bpf must come after the hook systemd",
        "help",
    ];
    expect(&build(&root, "sd-kexec-bpf", &[]), &alone);
}

/// Runs the runtime hook with a program that ends with `code`. Returns what was printed,
/// and the calls of other programs.
fn run(test: &str, code: u8) -> (String, String) {
    let directory = guest::work_dir(&format!("mkinitcpio-{test}"));
    let text = format!("#!/bin/sh\necho \"kexec-bpf $*\" >>\"$CALLS\"\nexit {code}\n");
    script(&directory.join("kexec-bpf"), &text);
    let calls = directory.join("calls");
    let output = guest::host_program(packages::busybox().to_str().expect("a path"))
        .arg("ash")
        .arg(tree("tests/mkinitcpio/run.sh"))
        .arg(tree("mkinitcpio-hook/hooks/kexec-bpf"))
        .env("PATH", &directory)
        .env("CALLS", &calls)
        .output()
        .expect("start busybox");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (said, fs::read_to_string(calls).expect("read the calls"))
}

#[test]
fn runtime_hook_never_stops_the_init() {
    let enforce = "kexec-bpf hook enforce\n";
    let calls = "modprobe -q kexec_bpf\nkexec-bpf hook kdump\nkexec-bpf hook boot\n";
    let emergency = "init goes on after run_hook

kexec-bpf can boot another system from here:
    kexec-bpf list           lists boot entries; kexec-bpf boot ENTRY boots one
init goes on after run_emergencyhook
";
    let early = "init goes on after run_earlyhook\n";
    let (said, called) = run("nothing-asked", 0);
    assert_eq!(called, format!("{enforce}{calls}"));
    assert_eq!(said, format!("{early}{emergency}"));
    let (said, called) = run("failure", 4);
    let fallback = "sh /usr/lib/kexec-bpf/not-enforced 4\n";
    assert_eq!(called, format!("{enforce}{fallback}{calls}"));
    let on = "kexec-bpf: the normal boot goes on\n";
    assert_eq!(said, format!("{early}{on}{emergency}"));
}

/// Runs `script` in a guest that has the runtime hook and a modprobe for the module.
fn guest(test: &str, words: &str, script: &str) -> Transcript {
    let directory = guest::work_dir(&format!("mkinitcpio-{test}"));
    let read = |path| fs::read_to_string(tree(path)).expect("read a script");
    let modprobe = "#!/bin/busybox sh\nexec insmod /kexec_bpf.ko \"$2\"\n";
    let state = "state() {
    say \"$1-off\" $(cat /proc/sys/kernel/kexec_load_disabled)
    say \"$1-enforce\" $(cat /sys/module/kexec_bpf/parameters/enforce)
}
rm /bin/modprobe
";
    let initramfs: Initramfs = initramfs_before(&format!("{state}{script}"), &module::module())
        .file("a.efi", &tiny_uki(None).bytes())
        .script("usr/bin/modprobe", modprobe)
        .script("hooks/kexec-bpf", &read("mkinitcpio-hook/hooks/kexec-bpf"))
        .script(
            "usr/lib/kexec-bpf/not-enforced",
            &read("dist/initramfs/not-enforced"),
        );
    Machine::new(&directory, KERNEL, initramfs.finish())
        .append(words)
        .run()
}

#[test]
fn runtime_hook_turns_enforce_on() {
    let script = ". /hooks/kexec-bpf\nattempt hook run_earlyhook\nstate hook\n";
    let said = guest("enforce", "rd.kexec_bpf.enforce", script);
    said.expect_attempt("hook", "0", &["enforce is on"]);
    said.expect("hook-off", "0");
    said.expect("hook-enforce", "Y");
}

/// An image that was loaded before enforce was not checked: it still boots, and the hook
/// says so.
#[test]
fn runtime_hook_fails_closed_with_an_image_loaded() {
    let script = "insmod /kexec_bpf.ko timeout_ms=60000
kexec-bpf load /a.efi
. /hooks/kexec-bpf
attempt hook run_earlyhook
state hook
say loaded $(cat /sys/kernel/kexec_loaded)
";
    let said = guest("enforce-loaded", "rd.kexec_bpf.enforce", script);
    let words = [
        "enforce is not on: kexec is off until reboot; the loaded image still boots",
        "cause: an image was loaded before enforce was asked for",
    ];
    said.expect_attempt("hook", "0", &words);
    said.expect("hook-off", "1");
    said.expect("hook-enforce", "N");
    said.expect("loaded", "1");
}

/// If the program does not run, kexec is turned off if enforce was requested, by a word
/// or by the file, and stays on otherwise.
#[test]
fn runtime_hook_fails_closed_without_the_program() {
    let script = r#"
printf '\177ELF' >/bin/kexec-bpf
. /hooks/kexec-bpf
attempt unasked run_earlyhook
state unasked
mkdir -p /etc/kexec-bpf
>/etc/kexec-bpf/enforce
attempt asked run_earlyhook
state asked
dmesg | grep 'kexec-bpf: ' | while read -r line; do say log "$line"; done
"#;
    let said = guest("enforce-broken", "", script);
    said.expect("unasked-off", "0");
    said.expect("asked-off", "1");
    let text = "kexec-bpf: hook enforce failed (127): kexec is off until reboot";
    said.expect_words("asked", &[text]);
    said.expect_words("log", &[text]);
}
