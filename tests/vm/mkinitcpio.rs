// SPDX-License-Identifier: GPL-2.0-or-later
//! mkinitcpio's hooks: the build hooks against its functions, the runtime hook
//! in busybox's ash. No guest is needed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::guest::install::install;
use crate::guest::{self, packages};

/// What a kernel has that was built with everything as modules.
const MODULES: &str = "ext4 vfat nls_cp437 nls_iso8859-1 nls_ascii nls_utf8 efivarfs kexec_bpf";

fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A machine's root with all that is installed on it.
fn machine(test: &str, prefix: &str) -> PathBuf {
    let root = guest::work_dir(&format!("mkinitcpio-{test}"));
    install(&root, prefix);
    let teardown = root.join("etc/kexec-bpf/pre-exec.d");
    fs::create_dir_all(&teardown).expect("make pre-exec.d");
    script(&teardown.join("10-net"), "#!/bin/sh\n");
    fs::write(root.join("capture.efi"), "MZ").expect("write an image");
    root
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("write a script");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, executable).expect("make it executable");
}

/// What a build hook puts into the image, sorted; its own order is free.
fn build(root: &Path, hook: &str, settings: &[(&str, &str)]) -> Vec<String> {
    let output = guest::host_program("bash")
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
    lines
}

fn expect(found: &[String], wanted: &[&str]) {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

const COMMON: [&str; 4] = [
    "built 0",
    "dir /etc/kexec-bpf/pre-exec.d 755",
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

    // A kernel that has all but the module built in, and a capture kernel.
    wanted.retain(|line| !line.starts_with("module "));
    wanted.extend(["module kexec_bpf", "file /etc/kexec-bpf/kdump.efi 644"]);
    let settings = [
        ("MODULES", "kexec_bpf"),
        ("kexec_bpf_kdump_image", "/capture.efi"),
    ];
    expect(&build(&root, "kexec-bpf", &settings), &wanted);

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
    let files = [
        "file /usr/bin/kexec-bpf 755".to_owned(),
        // Once for each unit that needs it.
        "file /usr/bin/kexec-bpf 755".to_owned(),
        "file /usr/bin/kexec-bpf 755".to_owned(),
        format!("file {units}/kexec-bpf-boot.service 644"),
        format!("file {units}/kexec-bpf-kdump-early.service 644"),
        format!("file {units}/emergency.service.d/kexec-bpf.conf 644"),
        format!(
            "symlink {units}/initrd.target.wants/kexec-bpf-boot.service \
             ../kexec-bpf-boot.service"
        ),
        format!(
            "symlink {units}/sysinit.target.wants/kexec-bpf-kdump-early.service \
             ../kexec-bpf-kdump-early.service"
        ),
    ];
    wanted.extend(files.iter().map(String::as_str));
    let settings = [("AFTER_SYSTEMD", "yes")];
    expect(&build(&root, "sd-kexec-bpf", &settings), &wanted);

    let alone = [
        "built 1",
        "error sd-kexec-bpf must be behind the hook systemd",
        "help",
    ];
    expect(&build(&root, "sd-kexec-bpf", &[]), &alone);
}

/// What happens in the init when the program ends with `code`.
fn run(test: &str, code: u8) -> (String, String) {
    let folder = guest::work_dir(&format!("mkinitcpio-{test}"));
    let text = format!("#!/bin/sh\necho \"kexec-bpf $*\" >>\"$CALLS\"\nexit {code}\n");
    script(&folder.join("kexec-bpf"), &text);
    let calls = folder.join("calls");
    let output = guest::host_program(packages::busybox().to_str().expect("a path"))
        .arg("ash")
        .arg(tree("tests/mkinitcpio/run.sh"))
        .arg(tree("mkinitcpio-hook/hooks/kexec-bpf"))
        .env("PATH", &folder)
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
    let calls = "modprobe -q kexec_bpf\nkexec-bpf hook kdump\nkexec-bpf hook boot\n";
    let emergency = "init goes on after run_hook

kexec-bpf can boot another system from here:
    kexec-bpf list           shows what there is; kexec-bpf boot boots it
init goes on after run_emergencyhook
";
    let early = "init goes on after run_earlyhook\n";
    let (said, called) = run("nothing-asked", 0);
    assert_eq!(called, calls);
    assert_eq!(said, format!("{early}{emergency}"));
    let (said, called) = run("failure", 4);
    assert_eq!(called, calls);
    let on = "kexec-bpf: the normal boot goes on\n";
    assert_eq!(said, format!("{early}{on}{emergency}"));
}
