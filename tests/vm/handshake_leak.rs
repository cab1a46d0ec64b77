// SPDX-License-Identifier: GPL-2.0-or-later
//! Nothing leaks: compares memory before and after, on a kernel that checks its
//! allocator and panics at the first warning.

use guest::handshake::{NOTHING, initramfs, machine, tiny_uki, tiny_uki_with};
use guest::initramfs::small_initrd;
use guest::pe::{Pe, tiny_kernel};
use guest::{Kernel, Transcript, module};

/// All checks that Debian's kernel has: red zones, poison, users, consistency,
/// and KFENCE on a sample of allocations. It is built without KASAN, kmemleak and lockdep.
const CHECKS: &str = "slub_debug=FZPU page_poison=1 kfence.sample_interval=10";
/// Growth that is not a leak: the allocators keep less than 100 kB of freed memory
/// here. A page lost by each faulty load would be 960 kB, an image 240 MB.
const NOISE_KB: i64 = 256;

/// Loss that is not a leak: free memory goes up and down by 3 MB. If each good load
/// lost what it adds to the initrd, that would be 13 MB; the initrd itself 50 MB.
const FREE_NOISE_KB: i64 = 8192;

const ROUNDS: usize = 200;
const FAULTY_ROUNDS: usize = 30;
const INSERTIONS: usize = 20;

/// `memory KEY` says how many kilobytes are vmalloc, slab and free memory. It waits,
/// because a kernel worker frees a program's maps some time after the program: half a
/// megabyte for the addons.
pub const MEMORY: &str = "
vmalloc() { awk '/^VmallocUsed:/ { print $2 }' /proc/meminfo; }
memory() {
    left settled
    used=
    until [ \"$used\" = \"$(vmalloc)\" ]; do
        used=$(vmalloc)
        sleep 1
    done
    echo 3 >/proc/sys/vm/drop_caches
    say \"$1-vmalloc\" $(vmalloc)
    say \"$1-slab\" $(awk '/^Slab:/ { print $2 }' /proc/meminfo)
    say \"$1-free\" $(awk '/^MemFree:/ { print $2 }' /proc/meminfo)
}
";

fn kilobytes(said: &Transcript, key: &str) -> i64 {
    let value = said.one(key);
    value.parse().unwrap_or_else(|_| said.fail(key))
}

#[track_caller]
fn expect_no_growth(said: &Transcript, before: &str, after: &str) {
    expect_growth_below(said, NOISE_KB, before, after);
}

/// Expects kernel memory to have grown by at most `noise_kb`. Slabs are not compared on
/// a kernel that checks itself: it keeps freed objects for a while, and kmemleak finds
/// lost ones.
#[track_caller]
pub fn expect_growth_below(said: &Transcript, noise_kb: i64, before: &str, after: &str) {
    let kinds: &[&str] = match Kernel::checks_itself() {
        true => &["vmalloc"],
        false => &["vmalloc", "slab"],
    };
    for what in kinds {
        let (start, end) = (
            kilobytes(said, &format!("{before}-{what}")),
            kilobytes(said, &format!("{after}-{what}")),
        );
        if end - start > noise_kb {
            said.fail(&format!(
                "{what} grew from {start} kB to {end} kB, {before} to {after}"
            ));
        }
    }
}

/// Expects no pages to be lost, which neither slabs nor vmalloc would show.
#[track_caller]
pub fn expect_no_loss(said: &Transcript, before: &str, after: &str) {
    let free = |key| kilobytes(said, &format!("{key}-free"));
    let lost = free(before) - free(after);
    if lost > FREE_NOISE_KB {
        said.fail(&format!(
            "{lost} kB of memory are lost, {before} to {after}"
        ));
    }
}

/// Every faulty image has 1 MiB of padding, so that each round reads it into the kernel.
#[test]
fn faulty_rounds_leak_nothing() {
    let directory = guest::work_dir("handshake-leak-faults");
    let padding = vec![0; 1 << 20];
    let parser = std::fs::read(module::uki_parser()).expect("read the parser");
    let half = parser.get(..parser.len() / 2).expect("it has two halves");
    let images = [
        ("half", tiny_uki(Some(half))),
        ("silent", tiny_uki_with("silent")),
        ("twice", tiny_uki_with("twice")),
        ("out_of_range", tiny_uki_with("out_of_range")),
        ("wild_store", tiny_uki_with("wild_store")),
    ];
    let script = format!(
        "{MEMORY}
faults() {{
    for image in half silent twice out_of_range wild_store; do
        kexec-bpf load /$image.efi >/dev/null 2>&1 && say loaded
    done
    client load 100 ready /half.efi >/dev/null && say loaded
    client load 5000 ready,close /half.efi >/dev/null && say loaded
    client load 5000 ready,read,attach,kill /half.efi >/dev/null && say loaded
}}
faults
faults
memory before
round=0
while [ $round -lt {FAULTY_ROUNDS} ]; do
    faults
    round=$((round + 1))
done
memory after
kexec-bpf load /good.efi && say good
"
    );
    let mut guest = initramfs(&script).file("good.efi", &tiny_uki(None).bytes());
    for (name, image) in images {
        let image = image.section(".pad", &padding);
        guest = guest.file(&format!("{name}.efi"), &image.bytes());
    }
    let said = machine(&directory, guest)
        .append(CHECKS)
        .timeout_s(400)
        .run();
    assert!(said.all("loaded").is_empty(), "every round failed");
    assert_eq!(said.all("settled-left"), [NOTHING, NOTHING]);
    assert_eq!(said.all("good").len(), 1, "a good load works");
    expect_no_growth(&said, "before", "after");
}

#[test]
fn more_two_hundred_loads_and_twenty_insertions() {
    let directory = guest::work_dir("handshake-leak-loads");
    let script = format!(
        "{MEMORY}
loads() {{
    round=0
    while [ $round -lt $1 ]; do
        kexec-bpf load /a.efi >/dev/null || say not-loaded
        kexec-bpf unload || say not-unloaded
        round=$((round + 1))
    done
}}
loads 5
memory before
loads {ROUNDS}
memory after
round=0
while [ $round -lt {INSERTIONS} ]; do
    tries=100
    until rmmod kexec_bpf 2>/dev/null; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || break
        sleep 0.1
    done
    insmod /kexec_bpf.ko || say not-inserted
    round=$((round + 1))
done
loads 1
memory end
say tainted $(($(cat /proc/sys/kernel/tainted) & 0x2a0))
"
    );
    // The initrd's pages are reused; .osrel, which follows it, gets new ones.
    let image = Pe::new()
        .section(".osrel", &vec![b'\n'; 1 << 16])
        .section(".cmdline", b"console=ttyS0")
        .section(".linux", &tiny_kernel())
        .section(".initrd", &small_initrd(&vec![0x5a; 1 << 18]));
    let guest = initramfs(&script).file("a.efi", &image.bytes());
    let said = machine(&directory, guest)
        .append(CHECKS)
        .timeout_s(500)
        .run();
    for bad in ["not-loaded", "not-unloaded", "not-inserted"] {
        if !said.all(bad).is_empty() {
            said.fail(bad);
        }
    }
    assert_eq!(said.all("settled-left"), vec![NOTHING; 3]);
    expect_no_growth(&said, "before", "after");
    expect_no_loss(&said, "before", "after");
    expect_no_growth(&said, "after", "end");
    // 32 would be a bad page, 128 an oops, 512 a warning.
    said.expect("tainted", "0");
}
