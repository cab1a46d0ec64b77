// SPDX-License-Identifier: GPL-2.0-or-later
//! The records in /run of what is loaded: those of this boot count, and nothing else that
//! lies there does.

use crate::program::{Directory, PROGRAM, finish};

/// Returns what `status` says, where the kernel says that both images are loaded, after
/// these commands, which know IMAGE, CRASH, BOOT and LEFT (the loads).
#[track_caller]
fn status(directory: &Directory, commands: &str) -> String {
    let script = format!(
        "mount -t tmpfs tmpfs /sys/kernel; mkdir /sys/kernel/kexec
mount -t tmpfs tmpfs /run; mkdir /run/kexec-bpf
for at in kexec_ kexec/; do
    echo 1 >/sys/kernel/${{at}}loaded; echo 1 >/sys/kernel/${{at}}crash_loaded
done
IMAGE=/run/kexec-bpf/image CRASH=/run/kexec-bpf/crash-image
BOOT=$(cat /proc/sys/kernel/random/boot_id)
LEFT=$(cat /proc/sys/kernel/kexec_load_limit_reboot 2>/dev/null || :)
{commands}
exec timeout 20 \"$0\" status"
    );
    let mut command = directory.command("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-ec", &script, PROGRAM]);
    let run = finish(&mut command);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{commands}");
    run.stdout
}

#[test]
fn records_of_this_boot_count() {
    let directory = Directory::new("records");
    const NONE: &str = "\nimage               loaded; /run has no record of it";
    const RECORD: &str = "printf '1\\0%s %s\\0001\\0006.12\\0route native\\0/vm\\0quiet\\0'";
    let image = |commands: &str| status(&directory, commands);
    let whole = image(&format!("{RECORD} $BOOT \"$LEFT\" >$IMAGE"));
    assert!(
        whole.contains(" s: /vm (from the record in /run), unless another"),
        "{whole}"
    );
    for commands in [
        // Of another boot.
        &format!("{RECORD} other \"$LEFT\" >$IMAGE"),
        // Cut short.
        &format!("{RECORD} $BOOT \"$LEFT\" >$IMAGE; truncate -s -1 $IMAGE"),
        // Of another form.
        &format!("{{ printf 1; {RECORD} $BOOT \"$LEFT\"; }} >$IMAGE"),
        "mkfifo $IMAGE",
        "mkdir $IMAGE",
        "head -c 100000 /dev/zero >$IMAGE",
    ] {
        let text = image(commands);
        assert!(text.contains(NONE), "{commands}: {text}");
    }
}

#[test]
fn records_of_a_crash_image_are_not_of_the_future() {
    let directory = Directory::new("crash-records");
    let age = |commands: &str| status(&directory, commands);
    let whole = age("printf '1 1 153 /a b\\n' >$CRASH");
    assert!(
        whole.contains(" s: /a b (from the record in /run)\n"),
        "{whole}"
    );
    for commands in [
        "printf '1 99999999999 153 /a\\n' >$CRASH",
        "printf '1 1 153 /a' >$CRASH",
        "printf '2 1 153 /a\\n' >$CRASH",
        "mkfifo $CRASH",
    ] {
        let text = age(commands);
        let none = "\ncrash image age     unknown: ";
        assert!(text.contains(none), "{commands}: {text}");
    }
}
