// SPDX-License-Identifier: GPL-2.0-or-later
//! Commands that the program may not carry out are refused with exit code 4 before they
//! begin.

use crate::build;
use crate::program::{Directory, PROGRAM, Run, finish};

/// Runs the program without CAP_SYS_BOOT: directly if a user runs the tests, and by
/// setpriv(1) of util-linux if root does.
#[track_caller]
fn without_privilege(directory: &Directory, arguments: &[&str]) -> Run {
    const CAP_SYS_BOOT: u64 = 1 << 22;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .unwrap();
    let effective = u64::from_str_radix(effective.trim(), 16).unwrap();
    if effective & CAP_SYS_BOOT == 0 {
        return directory.run(arguments);
    }
    let mut command = directory.command("setpriv");
    command.args(["--bounding-set", "-sys_boot", "--inh-caps", "-sys_boot"]);
    finish(command.arg(PROGRAM).args(arguments))
}

#[test]
fn without_cap_sys_boot_each_command_says_so() {
    let directory = Directory::new("unprivileged");
    directory.file("a.efi", &build::uki());
    const WHY: &str = "cause: this process does not have CAP_SYS_BOOT\n\
                       try:   run it as root, outside a container\n";
    without_privilege(&directory, &["load", "a.efi"])
        .fails(4, &format!("kexec-bpf: load a.efi: refused\n{WHY}"));
    without_privilege(&directory, &["exec"]).fails(4, &format!("kexec-bpf: exec: refused\n{WHY}"));
    let unload = without_privilege(&directory, &["unload"]);
    assert_eq!((unload.code, unload.stdout.as_str()), (4, ""));
}

#[test]
fn without_cap_sys_boot_looking_is_allowed() {
    let directory = Directory::new("looking");
    directory.file("a.efi", &build::uki());
    for arguments in [
        &["status"][..],
        &["inspect", "a.efi"],
        &["load", "a.efi", "-n"],
    ] {
        let run = without_privilege(&directory, arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
        run.is_narrow();
    }
}
