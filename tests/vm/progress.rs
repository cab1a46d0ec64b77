// SPDX-License-Identifier: GPL-2.0-or-later
//! A load that takes long shows that on a terminal, and nowhere else.

use guest::{Initramfs, Kernel, Machine};

const KERNEL: Kernel = Kernel::V6_12;

#[test]
fn a_long_load_shows_its_phase_on_a_terminal() {
    let directory = guest::work_dir("progress");
    // An initrd whose digest takes the kernel seconds in QEMU.
    let script = "
mkdir /d
dd if=/dev/zero of=/d/zero bs=1M count=200 2>/dev/null
(cd /d && echo zero | cpio -o -H newc >/big 2>/dev/null)
rm -r /d
attempt file kexec-bpf load /vmlinuz --initrd /big
kexec-bpf load /vmlinuz --initrd /big >/out 2>/dev/ttyS1
echo >&3
say out $(cat /out)
attempt unload kexec-bpf unload
";
    let initramfs = Initramfs::new(script).file_from("vmlinuz", &KERNEL.image());
    let said = Machine::new(&directory, KERNEL, initramfs.finish())
        .memory_mb(1536)
        .run();
    // In a pipe, there is only the result.
    said.expect("file-code", "0");
    assert_eq!(said.told("file"), said.one("out"));
    let phase = "kexec-bpf: the kernel reads, verifies and places it: ";
    let is_shown = said.said.iter().any(|line| line.text.contains(phase));
    if !is_shown {
        said.fail("no phase is shown");
    }
}
