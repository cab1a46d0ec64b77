// SPDX-License-Identifier: GPL-2.0-or-later
//! Instructions of a load, and of the jump after it up to the next kernel's init, with and
//! without a digest. Only tests/check-all.sh runs tests whose names begin with `long_`.

use guest::handshake::{KERNEL, initramfs};
use guest::{Transcript, packages};

/// Initrd in MB, and the most that the load and the jump may take, in thousandths of those
/// with a digest. The remaining cost of the load depends on where the kernel finds free
/// pages, probably because pages that are part of the image's destination are set aside in
/// a list that it searches.
const BOUNDS: [(usize, u64, u64); 3] = [(1, 150, 450), (60, 60, 290), (200, 60, 180)];

/// Instructions, in millions.
struct Counted {
    load: u64,
    jump: u64,
}

#[track_caller]
fn number(said: &Transcript, key: &str) -> u64 {
    let value = said.one(key);
    value.parse().unwrap_or_else(|_| said.fail(key))
}

fn count(megabytes: usize, call: &str) -> Counted {
    let name = call.replace(' ', "-");
    let directory = guest::work_dir(&format!("module-fast-count-{megabytes}-{name}"));
    let script = format!(
        "cmdline='console=ttyS0 panic=-1 nokaslr'
# A serial port is slow.
before=$(tsc)
calls {call} 0 /vmlinuz /initrd \"$cmdline\" >/out
after=$(tsc)
say before $before
say after $after
say call $(cat /out)
say jump $(tsc)
floor -e
"
    );
    let second = guest::initramfs::second(&[])
        .program("bin/tsc", &packages::floor("tsc"))
        .script("next", "say init $(tsc)\n")
        .file("large", &vec![0x5a; megabytes << 20])
        .finish();
    let guest = initramfs(&script)
        .program("bin/calls", &packages::floor("calls"))
        .program("bin/floor", &packages::floor("floor"))
        .program("bin/tsc", &packages::floor("tsc"))
        .file_from("vmlinuz", &KERNEL.image())
        .file("initrd", &second);
    let memory_mb = u32::try_from(megabytes * 5 + 768).expect("memory is small");
    let said = guest::Machine::new(&directory, KERNEL, guest.finish())
        .append("nokaslr")
        .memory_mb(memory_mb)
        .cpu("max,-erms,-fsrm")
        .counting_instructions()
        .timeout_s(900)
        .run();
    let between = |from, to| (number(&said, to) - number(&said, from)) / 1_000_000;
    Counted {
        load: between("before", "after"),
        jump: between("jump", "init"),
    }
}

#[test]
fn long_fast_loads_and_jumps() {
    let mut worse = Vec::new();
    for (megabytes, load, jump) in BOUNDS {
        let [bare, fast] = ["file", "fast file"].map(|call| count(megabytes, call));
        eprintln!(
            "{megabytes} MB: load {} -> {}, jump {} -> {} million instructions",
            bare.load, fast.load, bare.jump, fast.jump
        );
        if fast.load * 1000 > bare.load * load || fast.jump * 1000 > bare.jump * jump {
            worse.push(megabytes);
        }
    }
    assert!(worse.is_empty(), "above the bounds: {worse:?} MB");
}
