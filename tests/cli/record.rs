// SPDX-License-Identifier: GPL-2.0-or-later
//! The records in /run of what is loaded: those of this boot count, and nothing else that
//! lies there does.

use crate::build;
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

/// Runs the script where /run is empty and belongs to it, in which the kernel refuses each call.
#[track_caller]
fn alone(directory: &Directory, script: &str) -> String {
    let script = format!(
        "mount -t tmpfs tmpfs /run; IMAGE=/run/kexec-bpf/image
loaded() {{ mkdir /run/kexec-bpf; printf '1\\0b 5\\0001\\0006.12\\0w\\0/vm\\0quiet\\0' >$IMAGE; }}
{script}"
    );
    let mut command = directory.command("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", &script, PROGRAM]);
    let run = finish(&mut command);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout
}

#[test]
fn a_call_that_fails_leaves_the_record_as_it_was() {
    let directory = Directory::new("record-fails");
    directory.file("vmlinuz", &build::bzimage());
    for command in ["unload", "unload --panic", "load vmlinuz"] {
        let script = format!(
            "$0 {command} 2>/dev/null; ls -A /run
loaded; before=$(sha256sum <$IMAGE); $0 {command} 2>/dev/null
[ \"$before\" = \"$(sha256sum <$IMAGE)\" ] && echo same"
        );
        assert_eq!(alone(&directory, &script), "same\n", "{command}");
    }
}

/// Programs that call the kernel one after the other leave the last one's record.
#[test]
fn one_program_at_a_time_calls_the_kernel() {
    let directory = Directory::new("record-turn");
    let told = alone(
        &directory,
        "loaded
flock $IMAGE sh -c 'echo has >&3; exec sleep 3' 3>turn &
while [ ! -s turn ]; do sleep 0.1; done
script -qec \"$0 unload\" /dev/null >shown &
$0 unload 2>/dev/null &
sleep 1; kill -0 $! && echo waits
wait $!; echo $?; kill -0 %1 2>/dev/null || echo ended
wait; tr '\\r' '\\n' <shown | grep -c '^kexec-bpf: waiting for another program: . s, . s in all'",
    );
    assert!(told.starts_with("waits\n4\nended\n"), "{told}");
    assert!(!told.ends_with("\n0\n"), "nothing is shown: {told}");
}
