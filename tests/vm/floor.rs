// SPDX-License-Identifier: GPL-2.0-or-later
//! The harness itself: a program that makes only the system calls boots a kernel.

use guest::{Initramfs, Kernel, Machine, Payload};

crate::on_each_kernel!(; more: floor_boots);

fn floor_boots(kernel: Kernel) {
    let directory = guest::work_dir(&format!("floor-{}", kernel.name()));
    let nonce = guest::nonce();
    let payload = Payload::new("only", 300_003);
    let script = format!(
        "floor /vmlinuz /initrd 'console=ttyS0 nonce={nonce}' 2>&1 && say loaded && floor -e\n"
    );
    let initramfs = Initramfs::new(&script)
        .program("bin/floor", &guest::packages::floor("floor"))
        .file_from("vmlinuz", &kernel.image())
        .file("initrd", &guest::second_initrd(&[&payload]));
    let said = Machine::new(&directory, kernel, initramfs.finish()).run();
    said.expect("nonce", &nonce);
    said.expect("second", &kernel.release());
    said.expect("payload", &format!("only {}", payload.sha256));
}
