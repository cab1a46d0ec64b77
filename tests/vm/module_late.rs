// SPDX-License-Identifier: GPL-2.0-or-later
//! Loads that fail late: the parser has named everything, the kernel's own loader has
//! accepted it, and then the kernel has no memory for it. The module must report that,
//! release everything, and not mistake one load for another.

use crate::handshake_leak::{MEMORY, expect_growth_below, expect_no_loss};
use guest::Transcript;
use guest::handshake::{NOTHING, initramfs, machine, tiny_uki};
use guest::machine::given_memory_mb;
use guest::pe::{Pe, tiny_kernel};

const MIB: u32 = 1 << 20;
/// Memory of the guests.
const MEMORY_MIB: u32 = 512;
/// OOM kills in the race, enough that leaks stand out from the noise.
const KILLS: u32 = 200;
/// Least growth of the slabs, in kB for each kill, if each leaked its load's object.
const LOAD_KB: i64 = 4;
/// Memory that is left free after huge pages, which cannot be reclaimed, have filled the
/// rest. The large kernel needs three times as much.
const FREE_MIB: u32 = 20;

/// Returns [`tiny_kernel`] with this `init_size`, the memory that the kernel allocates for it.
fn kernel_of(init_size: u32) -> Vec<u8> {
    let mut kernel = tiny_kernel();
    kernel[0x260..0x264].copy_from_slice(&init_size.to_le_bytes());
    kernel
}

fn uki_of(init_size: u32) -> Vec<u8> {
    Pe::new()
        .section(".linux", &kernel_of(init_size))
        .section(".cmdline", b"console=ttyS0")
        .bytes()
}

/// `settle` says the module's references, the kernel's complaints, and whether the module
/// can be removed. It waits, because programs of dead processes keep it for a moment.
pub const SETTLE: &str = "
settle() {
    tries=100
    while [ $tries -gt 0 ] && [ $(cat /sys/module/kexec_bpf/refcnt) != 0 ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
    say references $(cat /sys/module/kexec_bpf/refcnt)
    say complaints $(dmesg | grep -cE 'WARNING:|BUG:|Oops|protection fault|Bad page')
    rmmod kexec_bpf 2>/dev/null
    say removed $?
}
";

#[track_caller]
pub fn expect_settled(said: &Transcript) {
    said.expect("references", "0");
    said.expect("complaints", "0");
    said.expect("removed", "0");
}

#[track_caller]
fn expect_silent_about(said: &Transcript, name: &str, word: &str) {
    let told = said.told(name);
    if told.contains(word) {
        said.fail(&format!("{name} says '{word}': {told}"));
    }
}

/// The program reports the errno of the system call. ENOMEM is caused by a crash image that
/// fills its reservation up to a few pages, which the kernel needs for itself; bisection
/// finds how many.
#[test]
fn late_errors_are_told() {
    let directory = guest::work_dir("module-late");
    let memory_mib = given_memory_mb(MEMORY_MIB);
    // The kernel is the first section of a file that has few.
    let init_size_at = 0x200 + 0x260;
    // The kernel may be at any page, so that only its size decides what is free.
    let mut kernel = tiny_kernel();
    kernel[0x230..0x234].copy_from_slice(&0x1000_u32.to_le_bytes());
    let fitting = Pe::new().section(".linux", &kernel);
    let script = format!(
        "{SETTLE}
failed() {{
    attempt $1 kexec-bpf load --verbose --route handshake $2
    say $1-loaded $(cat /sys/kernel/kexec_loaded)
    left $1
}}
failed half /half.efi
failed huge /huge.efi
attempt native-huge kexec-bpf load /huge
attempt client client load 60000 ready,read,slice:512:4096,signal /half.efi
left client
wants() {{
    value=$(($1 << 12))
    for shift in 0 8 16 24; do
        printf \"\\\\$(printf %03o $((value >> shift & 255)))\"
    done | dd of=/crash.efi bs=1 seek={init_size_at} conv=notrunc 2>/dev/null
}}
crash='kexec-bpf load --verbose --panic --force --route handshake /crash.efi'
fits=16
excess=4096
while [ $((excess - fits)) -gt 1 ]; do
    pages=$(((fits + excess) / 2))
    wants $pages
    if $crash >/out 2>&1; then
        fits=$pages
    elif grep -q 'ENOMEM (12)' /out; then
        break
    else
        excess=$pages
    fi
done
say pages $fits $pages $excess
kexec-bpf unload --panic
attempt short $crash
say short-loaded $(cat /sys/kernel/kexec_crash_loaded)
left short
attempt crash kexec-bpf load --verbose --panic --force --route handshake /a.efi
say crash-loaded $(cat /sys/kernel/kexec_crash_loaded)
kexec-bpf unload --panic
left crash
attempt good kexec-bpf load --verbose /a.efi
kexec-bpf unload
left good
settle
"
    );
    let guest = initramfs(&script)
        .file("a.efi", &tiny_uki(None).bytes())
        // The kernel refuses more than half of the memory when it knows all segments.
        .file("half.efi", &uki_of(memory_mib * 5 / 8 * MIB))
        .file("crash.efi", &fitting.bytes())
        .file("huge.efi", &uki_of(2 * memory_mib * MIB))
        .file("huge", &kernel_of(2 * memory_mib * MIB));
    let said = machine(&directory, guest)
        .memory_mb(MEMORY_MIB)
        .append("crashkernel=16M")
        .run();

    let loaded = "kernel: loaded:";
    said.expect_attempt("half", "1", &["EINVAL (22)"]);
    said.expect_attempt(
        "huge",
        "1",
        &[
            "EADDRNOTAVAIL (99)",
            "no free range of memory is large enough",
        ],
    );
    // The message is as without the module.
    said.expect_attempt(
        "native-huge",
        "1",
        &["no free range of memory is large enough"],
    );
    said.expect_attempt(
        "short",
        "1",
        &["ENOMEM (12)", "or not enough reserved by crashkernel="],
    );
    for name in ["half", "huge", "short"] {
        expect_silent_about(&said, name, loaded);
        said.expect(&format!("{name}-loaded"), "0");
        said.expect(&format!("{name}-left"), NOTHING);
    }
    // A crash image has no pages of its own, in which the module would see it.
    said.expect("crash-loaded", "1");
    for name in ["crash", "good"] {
        said.expect_attempt(name, "0", &[loaded]);
        said.expect(&format!("{name}-left"), NOTHING);
    }
    // 5 EIO at stage 10, SEGMENTS: the module sees no more than that it failed.
    let report = "report -5 stage 10 calls 1: ";
    let lines = said.all("client");
    if !lines.contains(&"load -22") || !lines.iter().any(|line| line.starts_with(report)) {
        said.fail(&format!("the client says {lines:?}"));
    }
    said.expect("client-left", NOTHING);
    expect_settled(&said);
}

/// Two loaders: one needs more memory than there is, and is killed for that while the
/// kernel copies segments. The other begins a load as soon as the kexec lock is free,
/// which is before the kernel has freed the first one's image. Only tests/check-all.sh
/// runs this test, because a starved guest is slow: 200 kills take a quarter of an hour, or
/// more on a busy host.
#[test]
fn long_oom_kills_beside_another_loader() {
    oom_kills("module-late-kills", "");
}

/// The same between the two hooks of a load without a digest.
#[test]
fn long_oom_kills_in_fast_loads() {
    oom_kills("module-late-fast-kills", "--fast");
}

fn oom_kills(name: &str, option: &str) {
    let directory = guest::work_dir(name);
    let script = format!(
        "{SETTLE}{MEMORY}
echo 0 >/proc/sys/vm/oom_dump_tasks
echo 0 >/proc/sys/vm/compaction_proactiveness
available() {{ awk '/^MemAvailable:/ {{ print int($2 / 1024) }}' /proc/meminfo; }}
doomed() {{ sh -c \"echo 1000 >/proc/self/oom_score_adj; exec kexec-bpf load {option} $1\" >/dev/null 2>&1; }}
others() {{
    while [ ! -e /over ]; do doomed /a.efi && echo >>/others; done
}}
# kills NUMBER: kills that many loaders, beside the other one.
kills() {{
    rm -f /over
    echo $((($(available) - {FREE_MIB}) / 2)) >/proc/sys/vm/nr_hugepages
    say filled $(cat /proc/sys/vm/nr_hugepages) $(available)
    others &
    killed=0
    round=0
    while [ $killed -lt $1 ] && [ $round -lt $((3 * $1)) ]; do
        doomed /big.efi
        code=$?
        say round $round $code
        [ $code = 137 ] && killed=$((killed + 1))
        round=$((round + 1))
    done
    echo >/over
    wait
    echo 0 >/proc/sys/vm/nr_hugepages
}}
kexec-bpf load /a.efi
kexec-bpf unload
# The first ones fill the kernel's caches.
kills 10
memory before
kills {KILLS}
say killed $killed
say rounds $round
say others $(wc -l </others)
kexec-bpf unload
memory after
attempt good kexec-bpf load /a.efi
kexec-bpf unload
left good
settle
"
    );
    let guest = initramfs(&script)
        .file("a.efi", &tiny_uki(None).bytes())
        .file("big.efi", &uki_of(3 * FREE_MIB * MIB));
    let said = machine(&directory, guest)
        .memory_mb(MEMORY_MIB)
        .cpus(2)
        // Filling the memory takes longer than the kernel's watchdog allows.
        .append("nosoftlockup")
        .timeout_s(5400)
        .run();
    said.expect("killed", &KILLS.to_string());
    assert_ne!(said.one("others"), "0", "the other one loads meanwhile");
    // Partly filled slabs of a starved kernel may remain, but not more with each kill.
    let noise_kb = LOAD_KB * i64::from(KILLS);
    expect_growth_below(&said, noise_kb, "before", "after");
    expect_no_loss(&said, "before", "after");
    said.expect("good-code", "0");
    said.expect("good-left", NOTHING);
    expect_settled(&said);
    let bug = |line: &guest::serial::Line| line.text.contains("BUG:");
    assert!(!said.console.iter().any(bug), "the kernel complains");
}
