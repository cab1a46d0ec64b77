// SPDX-License-Identifier: GPL-2.0-or-later
//! Attempts by root to undo enforce, under Secure Boot: after each of them a bare kernel
//! is refused as before.

use std::path::Path;

use crate::module_enforce::{images, secure};
use crate::module_insert::renamed;
use guest::firmware::SigningKey;
use guest::handshake::initramfs_before;
use guest::{Transcript, module};

/// `still NAME` tries to load a bare kernel, a UKI without a session, and a crash image;
/// it says their errnos, the parameter, and what is loaded.
const STILL: &str = r#"
still() {
    say "$1" "$(calls file 0 /kernel) $(calls file 0 /good.efi) $(calls file 2 /kernel)" \
        "$(cat /sys/module/kexec_bpf/parameters/enforce)" \
        "$(cat /sys/kernel/kexec_loaded)$(cat /sys/kernel/kexec_crash_loaded)"
}
tried() {
    name=$1
    shift
    "$@" >/tmp/out 2>&1
    say "$name-tried" "$? $(tr '\n' ' ' </tmp/out)"
    still "$name"
}
traced() {
    name=$1
    shift
    tried "$name" client trace "$@" 'calls file 0 /kernel'
}
"#;

/// Output of `still` under enforce; 1 is EPERM.
const REFUSED: &str = "1 1 1 Y 00";

const TRIES: &str = r#"
parameter=/sys/module/kexec_bpf/parameters/enforce
mkdir -p /tmp
insmod /kexec_bpf.ko timeout_ms=60000 enforce=1
say inserted $?
still at-first
tried write-0 sh -c "echo 0 >$parameter"
tried write-N sh -c "echo N >$parameter"
tried write-1 sh -c "echo 1 >$parameter"
tried chmod sh -c "chmod 0444 $parameter; echo 0 >$parameter"
tried rmmod rmmod kexec_bpf
tried copy insmod /renamed.ko enforce=0
tried again insmod /kexec_bpf.ko enforce=0
tried ftrace sh -c 'echo 0 >/proc/sys/kernel/ftrace_enabled'
cd /sys/kernel/tracing
tried tracing-off sh -c 'echo 0 >tracing_on'
for function in bzImage64_probe bzImage64_load machine_kexec_prepare kexec_kernel_verify_pe_sig; do
    echo $function >>set_ftrace_filter
done
tried function sh -c 'echo 1 >tracing_on; echo function >current_tracer'
tried notrace sh -c 'echo machine_kexec_prepare >>set_ftrace_notrace'
tried nop sh -c 'echo nop >current_tracer; echo >set_ftrace_filter; echo >set_ftrace_notrace'
tried kprobe sh -c 'echo p:one machine_kexec_prepare >kprobe_events; echo r:two bzImage64_probe >>kprobe_events; echo 1 >events/kprobes/enable'
tried kprobe-own sh -c 'echo 0 >events/kprobes/enable; echo r:three kexec_bpf:kb_probe >kprobe_events; echo r:four kexec_bpf:kb_prepare >>kprobe_events; echo 1 >events/kprobes/enable'
echo 0 >events/kprobes/enable
echo >kprobe_events
cd /
traced fentry fentry machine_kexec_prepare 0
traced fexit fexit machine_kexec_prepare 0
traced fentry-own fentry kb_probe 0
traced fmod_ret fmod_ret machine_kexec_prepare 1
traced fmod_ret-probe fmod_ret bzImage64_probe 1
traced fmod_ret-verify fmod_ret kexec_kernel_verify_pe_sig 1
traced fmod_ret-own fmod_ret kb_probe 1
traced fmod_ret-enforce fmod_ret kb_enforce_refuse 1
traced fmod_ret-lockdown fmod_ret security_locked_down 0
traced fmod_ret-read fmod_ret security_kernel_post_read_file 4096
traced lsm lsm bpf_lsm_kernel_read_file 0
attempt good kexec-bpf load --verbose /good.efi
kexec-bpf unload
still before-removal
# In the middle of a load, before its parser is served.
client load 60000 'ready,run:(rmmod -f kexec_bpf >/dev/null 2>&1 &); sleep 1,read,kfunc,signal' /good.efi |
    while read -r line; do say middle "$line"; done
# The module logs at most ten lines in five seconds.
sleep 6
still removed
say going $(cat /sys/module/kexec_bpf/initstate)
say removed-log "$(dmesg | grep 'enforce:' | tail -n 1)"
say held-log "$(dmesg | grep -c 'nothing can be loaded until reboot')"
attempt held kexec-bpf load /good.efi
tried removed-again sh -c 'rmmod -f kexec_bpf'
tried write-0-removed sh -c "echo 0 >$parameter"
say rmmod-state $(cut -d ' ' -f 3 /proc/$(pidof rmmod | cut -d ' ' -f 1)/stat)
# A hung task would make the kernel panic now; one that cannot be frozen makes freeze fail.
echo 1 >/proc/sys/kernel/hung_task_panic
echo 2 >/proc/sys/kernel/hung_task_timeout_secs
sleep 8
say complaints $(dmesg | grep -cE 'WARNING:|BUG:|Oops')
# The kernel busy-waits for 5 s, of which its own watchdog may complain.
echo freezer >/sys/power/pm_test
tried freeze sh -c 'echo freeze >/sys/power/state'
still last
"#;

/// Attempts that the kernel itself refuses, with their exit codes or messages.
const IN_VAIN: &[(&str, &str)] = &[
    ("write-0", "1 sh: write error: Operation not permitted"),
    ("write-N", "1 sh: write error: Operation not permitted"),
    ("chmod", "1 sh: "),
    ("write-1", "0"),
    ("rmmod", "1 rmmod: can't unload module 'kexec_bpf'"),
    ("copy", "16 "),
    ("again", "17 "),
    ("ftrace", "1 sh: write error: "),
    ("fmod_ret", "0 fmod_ret machine_kexec_prepare -22"),
    ("fmod_ret-probe", "0 fmod_ret bzImage64_probe -22"),
    (
        "fmod_ret-verify",
        "0 fmod_ret kexec_kernel_verify_pe_sig -22",
    ),
    ("fmod_ret-own", "0 fmod_ret kb_probe -22"),
    ("fmod_ret-enforce", "0 fmod_ret kb_enforce_refuse -22"),
];

/// Attempts that succeed but change nothing.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("tracing-off", "0"),
    ("function", "0"),
    ("notrace", "0"),
    ("nop", "0"),
    ("kprobe", "0"),
    ("kprobe-own", "0"),
    ("fentry", "0 fentry machine_kexec_prepare 1"),
    ("fexit", "0 fexit machine_kexec_prepare 1"),
    ("fentry-own", "0 fentry kb_probe 1"),
    ("fmod_ret-lockdown", "0 fmod_ret security_locked_down 1"),
    (
        "fmod_ret-read",
        "0 fmod_ret security_kernel_post_read_file 1",
    ),
    ("freeze", "0"),
];

fn expect_tried(said: &Transcript, tries: &[(&str, &str)]) {
    for (name, begin) in tries {
        let told = said.one(&format!("{name}-tried"));
        if !told.starts_with(begin) {
            said.fail(&format!("{name}: '{told}', not '{begin}'"));
        }
        said.expect(name, REFUSED);
    }
}

fn guest(directory: &Path, key: &SigningKey) -> guest::Initramfs {
    let renamed_module = directory.join("renamed.ko");
    std::fs::write(&renamed_module, renamed(&module::module())).expect("write the copy");
    let guest = initramfs_before(&format!("{STILL}{TRIES}"), &key.sign_module(directory));
    images(guest, directory, key)
        .file_from("renamed.ko", &key.sign_a_module(directory, &renamed_module))
}

#[test]
fn root_cannot_undo_it() {
    let directory = guest::work_dir("module-enforce-undo");
    let key = SigningKey::new(&directory);
    let said = secure(&directory, &key, guest(&directory, &key), "32M");
    said.expect("inserted", "0");
    for name in ["at-first", "before-removal", "removed", "last"] {
        said.expect(name, REFUSED);
    }
    expect_tried(&said, IN_VAIN);
    expect_tried(&said, WITHOUT_EFFECT);
    for name in ["lsm", "removed-again", "write-0-removed"] {
        said.expect(name, REFUSED);
    }
    for (name, _) in IN_VAIN.iter().chain(WITHOUT_EFFECT) {
        // The load was refused while the program was attached, too.
        let told = said.one(&format!("{name}-tried"));
        let traced = ["fentry", "fexit", "fmod_ret"];
        if traced.iter().any(|kind| name.starts_with(kind)) && !told.trim_end().ends_with(" 1") {
            said.fail(&format!("{name}: {told}"));
        }
    }
    said.expect_attempt("good", "0", &["kernel: loaded:"]);
    said.expect("going", "going");
    said.expect("held-log", "1");
    said.expect("held-code", "4");
    said.expect_words("removed-log", &["refused: the module is being removed"]);
    // Idle: it neither adds to the load average nor counts as hung.
    said.expect("rmmod-state", "I");
    said.expect("complaints", "0");
}
