// SPDX-License-Identifier: GPL-2.0-or-later
//! Memory that companion files take: 100 credentials and a large system extension
//! must not be on the program's heap.

use super::images::{Images, KERNEL};
use guest::{Initramfs, Machine, module, packages};

/// Peak RSS of one route in kB, without and with companion files.
pub struct Companions {
    pub route: &'static str,
    pub without_kb: f64,
    pub with_kb: f64,
}

const LOAD: &str = "kexec-bpf load /efi/EFI/Linux/a.efi --route";

/// Measures both routes, each without and with companion files, in one guest.
pub fn measure(images: &Images, sysext_mb: usize) -> Vec<Companions> {
    let directory = guest::work_dir("bench-companions");
    let script = format!(
        "own=/efi/EFI/Linux/a.efi.extra.d
mkdir -p $own
dd if=/dev/urandom of=$own/large.raw bs=1M count={sysext_mb} 2>/dev/null
number=0
while [ $number -lt 100 ]; do
    number=$((number + 1))
    echo secret >$own/number-$number.cred
done
insmod /kexec_bpf.ko timeout_ms=60000
for route in extract handshake; do
    measure {LOAD} $route --no-extras
    kexec-bpf unload
    measure {LOAD} $route
    kexec-bpf load -n /efi/EFI/Linux/a.efi --route $route | tr -s '\\n ' ' ' |
        grep -o 'bytes, in .extra/' | wc -l >/count
    say parts $(cat /count)
    kexec-bpf unload
done
"
    );
    let guest = Initramfs::new(&script)
        .program("bin/measure", &packages::floor("measure"))
        .file_from("kexec_bpf.ko", &module::module())
        .file_from("efi/EFI/Linux/a.efi", &images.uki);
    let memory_mb = u32::try_from(images.initrd_mb * 4 + sysext_mb * 6 + 768);
    let said = Machine::new(&directory, KERNEL, guest.finish())
        .memory_mb(memory_mb.expect("memory is small"))
        .timeout_s(300)
        .run();
    assert_eq!(said.all("parts"), ["101", "101"], "all files are used");
    let rss: Vec<f64> = said
        .all("measured")
        .iter()
        .filter_map(|line| line.split(' ').nth(1)?.parse().ok())
        .collect();
    let [extract, extract_with, handshake, handshake_with] = rss.as_slice() else {
        said.fail("four loads were not measured");
    };
    let one = |route, without: &f64, with: &f64| Companions {
        route,
        without_kb: *without,
        with_kb: *with,
    };
    vec![
        one("extract", extract, extract_with),
        one("handshake", handshake, handshake_with),
    ]
}
