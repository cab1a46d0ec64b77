// SPDX-License-Identifier: GPL-2.0-or-later
//! Commands that the program may not carry out are refused with exit code 4 before they
//! begin.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::build;
use crate::program::{Directory, PROGRAM, Run, finish};

/// Runs the program without CAP_SYS_BOOT: directly if a user runs the tests, and by
/// setpriv(1) of util-linux if root does.
#[track_caller]
fn without_privilege(directory: &Directory, arguments: &[&str]) -> Run {
    const CAP_SYS_BOOT: u64 = 1 << 22;
    let status = fs::read_to_string("/proc/self/status").unwrap();
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
    // A program reads stdout, a person stderr.
    let json = without_privilege(&directory, &["load", "a.efi", "--json"]);
    assert_eq!(
        json.stderr,
        format!("kexec-bpf: load a.efi: refused\n{WHY}")
    );
    assert!(
        json.stdout.contains("\"error\":{\"exitCode\":4,"),
        "{json:?}"
    );
    without_privilege(&directory, &["exec"]).fails(4, &format!("kexec-bpf: exec: refused\n{WHY}"));
    let unload = without_privilege(&directory, &["unload"]);
    assert_eq!((unload.code, unload.stdout.as_str()), (4, ""));
}

/// Without the right to read disks, that is why none is found.
#[test]
fn without_root_no_disk_is_searched() {
    let directory = Directory::new("no-root");
    let mut command = directory.command("unshare");
    let run = finish(command.args(["--user", "--", PROGRAM, "list"]));
    assert_eq!(run.code, 1, "{run:?}");
    let why = "cause: only root may read disks and mount file systems\ntry:   run it as root; ";
    assert!(run.stderr.contains(why), "{run:?}");
    // An ESP is often mounted so that only root reads it.
    let closed = directory.path("closed");
    fs::create_dir_all(closed.join("loader/entries")).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    let mut command = directory.command("unshare");
    let run = finish(command.args(["--user", "--", PROGRAM, "list", "--root", "closed"]));
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains(why), "{run:?}");
}

/// Nothing is said to be missing that is only not to be seen.
#[test]
fn without_sys_the_kernel_is_not_said_to_have_no_btf() {
    let directory = Directory::new("no-sys");
    let mut command = directory.command("unshare");
    let script = "mount -t tmpfs none /sys && exec \"$0\" status";
    command.args(["--mount", "--map-root-user", "sh", "-c", script, PROGRAM]);
    let run = finish(&mut command);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("unknown: cannot read /sys"), "{run:?}");
    assert!(!run.stdout.contains("no BTF"), "{run:?}");
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
        let run = without_privilege(&directory, arguments).on_any_host();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

/// The kernel's switch is a file that only the program sees.
#[test]
fn a_dry_run_ends_as_the_load_would() {
    let directory = Directory::new("dry-run-exit");
    directory.file("vmlinuz", &build::bzimage());
    directory.file("switch", b"1\n");
    fs::create_dir_all(directory.path("loader/entries")).unwrap();
    directory.file(
        "loader/entries/a.conf",
        b"linux /vmlinuz\noptions root=/dev/vda\n",
    );
    const SCRIPT: &str = "mount --bind switch /proc/sys/kernel/kexec_load_disabled 2>/dev/null || {
    mount -t tmpfs tmpfs /proc/sys/kernel; cp switch /proc/sys/kernel/kexec_load_disabled; }
exec \"$0\" \"$@\"";
    let off = |arguments: &[&str]| {
        let mut command = directory.command("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-ec", SCRIPT, PROGRAM]);
        finish(command.args(arguments))
    };
    const WHY: &str =
        "kernel.kexec_load_disabled is 1 (set by load --lock, hook enforce or sysctl.d)";
    let report = format!(
        "kexec-bpf: load vmlinuz: refused\ncause: {WHY}\ntry:   reboot through the firmware\n"
    );
    let load = ["load", "vmlinuz", "--append", "root=/dev/vda"];
    off(&load).fails(4, &report);
    let first = format!("would fail    {WHY}\n");
    for dry in [
        &["load", "-n", "vmlinuz", "--append", "root=/dev/vda"][..],
        &["boot", "-n", "--force", "--root", "."],
    ] {
        let run = off(dry);
        assert!(run.stdout.starts_with(&first), "{run:?}");
        assert!(run.stdout.contains("\nroute         native"), "{run:?}");
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (4, report.as_str()),
            "{dry:?}"
        );
    }
}

/// A kernel without the switch, or a container that hides it.
#[test]
fn a_dry_run_says_that_nothing_can_be_locked() {
    let directory = Directory::new("dry-run-lock");
    directory.file("vmlinuz", &build::bzimage());
    // The system calls are not probed by files, so this may be a host without them.
    const SCRIPT: &str = "mount -t tmpfs tmpfs /proc/sys/kernel; exec \"$0\" \"$@\"";
    let run = |flags: &[&str]| {
        let mut command = directory.command("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-ec", SCRIPT, PROGRAM]);
        finish(
            command
                .args(["load", "-n", "vmlinuz", "--append=root=x"])
                .args(flags),
        )
    };
    if run(&[]).code != 0 {
        return;
    }
    let why = "/proc/sys/kernel/kexec_load_disabled: no such file";
    let text =
        format!("kexec-bpf: load vmlinuz: cannot be locked\ncause: {why}\ntry:   omit --lock\n");
    let locks = run(&["--lock"]);
    assert_eq!((locks.code, locks.stderr), (1, text));
    let first = format!("would fail    {why}\n");
    assert!(locks.stdout.starts_with(&first), "{}", locks.stdout);
}

/// Whatever runs on this host, the boot and its dry run end alike: here no kernel is called.
#[test]
fn a_dry_run_ends_as_a_boot_beside_services_would() {
    let directory = Directory::new("dry-run-services");
    directory.file("vmlinuz", &build::bzimage());
    fs::create_dir_all(directory.path("loader/entries")).unwrap();
    for (name, kernel) in [("a", "vmlinuz"), ("bad", "missing")] {
        let text = format!("linux /{kernel}\noptions root=/dev/vda\n");
        directory.file(format!("loader/entries/{name}.conf"), text.as_bytes());
    }
    let run = |flags: &[&str], entry: &str| {
        let mut command = directory.command("unshare");
        command.args(["--map-root-user", PROGRAM, "boot", "--root", "."]);
        finish(command.args(flags).arg(entry))
    };
    for (entry, fault) in [
        ("a", "kexec-bpf: "),
        (
            "bad",
            "kexec-bpf: entry bad.conf cannot boot\ncause: no such file",
        ),
        (
            "nonex",
            "kexec-bpf: no entry nonex\ntry:   kexec-bpf list\n",
        ),
    ] {
        let (boot, dry) = (run(&[], entry), run(&["-n"], entry));
        assert_eq!(boot.code == 5, dry.code == 5, "{boot:?} {dry:?}");
        if boot.code != 5 {
            continue;
        }
        assert!(boot.stderr.starts_with("kexec-bpf: boot: not done\n"));
        assert!(dry.stderr.ends_with(&boot.stderr), "{dry:?}");
        let (_, why) = boot.stderr.split_once("\ncause: ").unwrap();
        let why = why.split('\n').next().unwrap();
        let first = format!("would fail    {why}\n");
        assert!(dry.stdout.starts_with(&first), "{dry:?}");
        assert_eq!(dry.stdout.matches("would fail").count(), 1, "{dry:?}");
        assert_eq!(dry.stdout.contains("\nroute "), entry == "a", "{dry:?}");
        // What the entry's fault is, and what to try, is told as without services.
        assert!(dry.stderr.starts_with(fault), "{dry:?}");
        let json = run(&["-n", "--json=short"], entry).stdout;
        assert_eq!(json.matches("\"wouldFail\":").count(), 1, "{json}");
        assert!(json.contains(&format!("\"wouldFail\":\"{why}\"")), "{json}");
    }
}

/// Lets the program alone see other files of what is loaded than the kernel's.
#[test]
fn status_answers_by_exit_code() {
    let directory = Directory::new("status-exit");
    let answer = |loaded: &str, crash: &str, flags: &[&str]| {
        let script = format!(
            "mount -t tmpfs tmpfs /sys/kernel; mkdir /sys/kernel/kexec\n\
             for at in kexec_ kexec/; do\n\
             echo {loaded} >/sys/kernel/${{at}}loaded; echo {crash} >/sys/kernel/${{at}}crash_loaded\n\
             done\nexec \"$0\" status \"$@\""
        );
        let mut command = directory.command("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-ec", &script, PROGRAM]);
        let run = finish(command.args(flags));
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str()),
            ("", ""),
            "{flags:?}"
        );
        run.code
    };
    assert_eq!(answer("1", "0", &["--loaded"]), 0);
    assert_eq!(answer("0", "1", &["--loaded"]), 1);
    assert_eq!(answer("1", "0", &["--crash-loaded"]), 1);
    assert_eq!(answer("0", "1", &["--crash-loaded"]), 0);
    assert_eq!(answer("1", "1", &["--loaded", "--crash-loaded"]), 0);
    assert_eq!(answer("1", "0", &["--loaded", "--crash-loaded"]), 1);
}
