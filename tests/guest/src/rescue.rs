// SPDX-License-Identifier: GPL-2.0-or-later
//! The scene of README's recording: a rescue shell on a serial console, whose user lists the
//! boot entries, chooses one in the menu, and is in the next kernel.

use std::path::Path;

use crate::initramfs::second;
use crate::uki::Uki;
use crate::{Disk, Initramfs, Kernel, Machine, Partition, Payload, Transcript, drivers};

/// Files of the disk's boot entries. `tests/cli/recording.rs` lists the same ones.
pub const FILES: [(&str, &str); 3] = [
    ("loader/loader.conf", "default debian-6.12*\n"),
    (
        "loader/entries/debian-6.12.conf",
        "title Debian GNU/Linux\nversion 6.12\nlinux /debian/vmlinuz\n\
         initrd /debian/initrd.img\noptions console=ttyS0 panic=-1 root=/dev/vda2\n",
    ),
    (
        "loader/entries/debian-6.1.conf",
        "title Debian GNU/Linux\nversion 6.1\nlinux /debian/vmlinuz-6.1\n",
    ),
];
/// The UKI among the entries, with a counter of tries.
pub const UKI: &str = "EFI/Linux/fallback+3.efi";
/// Its os-release.
pub const UKI_RELEASE: &str = "ID=fallback\nPRETTY_NAME=\"Fallback system\"\nVERSION_ID=7\n";
/// The first line of the recording.
pub const BEGIN: &str = "You are in a rescue shell.";
/// The prompt of that shell.
pub const PROMPT: &str = "rescue# ";
/// The line of the menu that says what to type.
pub const MENU: &str = "Number or arrow keys, then Enter; q quits.";
/// The last line of the next kernel's init.
pub const END: &str = "This is the next kernel:";

/// Boots the scene in a guest whose console is typed on as a person would.
#[track_caller]
pub fn play(directory: &Path) -> Transcript {
    let kernel = Kernel::V6_12;
    let next = format!(
        "exec >/dev/console 2>&1\necho; echo '{END}'\nuname -r\ncat /proc/cmdline\nsleep 3\n"
    );
    let next = second(&[&Payload::new("file", 1)])
        .script("next", &next)
        .finish();
    let initrd = directory.join("next.cpio");
    std::fs::write(&initrd, next).expect("write the initrd");
    let uki = Uki::new(directory, "fallback", "console=ttyS0 panic=-1")
        .options(&["--os-release", UKI_RELEASE])
        .linux(&kernel.image())
        .initrd(&initrd)
        .build();
    let mut disk = Disk::new(directory)
        .file_from(Partition::Esp, UKI, &uki)
        .file_from(Partition::Esp, "debian/vmlinuz", &kernel.image())
        .file_from(Partition::Esp, "debian/initrd.img", &initrd);
    for (path, text) in FILES {
        disk = disk.esp(path, text.as_bytes());
    }
    let disk = disk.build();
    let script = format!(
        "{}export PS1='{PROMPT}'\nexec </dev/ttyS0 >/dev/ttyS0 2>&1\n\
         echo; echo '{BEGIN}'\nsetsid -c sh -i\n",
        drivers::LOAD
    );
    let initramfs = drivers::add(Initramfs::new(&script), kernel, drivers::DISKS);
    Machine::new(directory, kernel, initramfs.finish())
        .append("quiet")
        .disk(disk.path())
        .keys_slowly(PROMPT, b"kexec-bpf list\r")
        .keys_slowly(PROMPT, b"kexec-bpf boot --menu 20\r")
        .keys_slowly(MENU, b"\x1b[B")
        .keys_slowly("Boot 3", b"\x1b[A")
        .keys_slowly("Boot 2", b"\x1b[A")
        .keys_slowly("Boot 1", b"\r")
        .timeout_s(120)
        .boot()
}
