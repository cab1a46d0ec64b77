// SPDX-License-Identifier: GPL-2.0-or-later
//! The man page's examples, by what somebody wants to do.

/// (task, command lines)
pub const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "Boot the kernel of this machine again, without the firmware. The last command stops all \
         services first.",
        &[
            "kexec-bpf load /boot/vmlinuz-$(uname -r) \\",
            "    --initrd /boot/initrd.img-$(uname -r) --reuse-cmdline",
            "systemctl kexec",
        ],
    ),
    (
        "Look into a UKI, see what would be loaded of it, load it, and think better of it.",
        &[
            "kexec-bpf inspect foo.efi",
            "kexec-bpf load -n foo.efi",
            "kexec-bpf load foo.efi --append debug",
            "kexec-bpf unload",
        ],
    ),
    (
        "Load another profile of a UKI.",
        &["kexec-bpf load foo.efi --profile factory-reset"],
    ),
    (
        "Find a system on the disks from a rescue shell, and jump into it.",
        &[
            "kexec-bpf list",
            "kexec-bpf boot -n debian-6.12",
            "kexec-bpf boot debian-6.12",
        ],
    ),
    (
        "Choose from a menu; after five seconds the default boots.",
        &["kexec-bpf boot --menu 5"],
    ),
    (
        "Boot from file systems that are mounted already, or from one disk.",
        &[
            "kexec-bpf boot --root /mnt",
            "kexec-bpf boot --device LABEL=boot",
        ],
    ),
    (
        "Save what is in memory after a panic: see whether the reserved memory is enough, and \
         load a crash image.",
        &[
            "kexec-bpf kdump check kdump.efi",
            "kexec-bpf load --panic kdump.efi",
        ],
    ),
    (
        "Use this machine's kernel and initrd as the crash image.",
        &[
            "kexec-bpf load --panic /boot/vmlinuz-$(uname -r) \\",
            "    --initrd /boot/kdump.img --reuse-cmdline",
        ],
    ),
    (
        "Say in a script what is loaded; jump only if something is.",
        &[
            "kexec-bpf status --json | jq -r .imagePath",
            "kexec-bpf status --loaded && systemctl kexec",
        ],
    ),
    (
        "See what a jump would do; make it in the shutdown script of an init other than systemd.",
        &["kexec-bpf exec -n", "kexec-bpf exec --force"],
    ),
    (
        "Load an image, and forbid all later loads until the next kernel runs.",
        &["kexec-bpf load --lock foo.efi"],
    ),
    (
        "Have an initramfs boot the default entry of a disk, by the kernel's command line.",
        &["rd.kexec_bpf= rd.kexec_bpf.device=UUID=1234-ABCD"],
    ),
];
