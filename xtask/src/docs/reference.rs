// SPDX-License-Identifier: GPL-2.0-or-later
//! The lists of the man page in which a reader looks things up: files and words.

pub const FILES_INTRODUCTION: &str = "These are used if they exist.";

pub const FILES: &[(&str, &str)] = &[
    (
        "/sys/kernel/kexec_loaded",
        "Whether an image is loaded. Newer kernels have this and the next two in \
         /sys/kernel/kexec/.",
    ),
    (
        "/sys/kernel/kexec_crash_loaded",
        "Whether a crash image is loaded.",
    ),
    (
        "/sys/kernel/kexec_crash_size",
        "The memory that crashkernel= reserved.",
    ),
    (
        "/proc/sys/kernel/kexec_load_disabled",
        "Whether loading and unloading are off for as long as this kernel runs.",
    ),
    (
        "/proc/sys/kernel/kexec_load_limit_reboot",
        "How many loads are left, since Linux 6.3; kexec_load_limit_panic is the same for the \
         crash image.",
    ),
    (
        "/sys/kernel/security/lockdown",
        "The lockdown level. With CAP_SYS_ADMIN it is found even if securityfs is not mounted.",
    ),
    (
        "/run/kexec-bpf/crash-image",
        "The record of the crash image that was loaded last. unload --panic removes it.",
    ),
    (
        "/run/kexec-bpf/image",
        "The record of the image that was loaded last for exec, for root only: path, kernel, \
         command line, route, digest and time. unload and exec remove it. load, unload and exec lock it, and wait \
         for one another, at most 30 s. It does not count in \
         another boot, while no image is loaded, or if the kernel has counted another call since. \
         It counts them only where kexec_load_limit_reboot has been set; otherwise nothing shows \
         that another program has loaded an image since.",
    ),
    (
        "/etc/default/kexec-bpf-kdump",
        "IMAGE= and OPTIONS= of kexec-bpf-kdump.service.",
    ),
    (
        "/sys/kernel/config/crash_dm_crypt_keys",
        "Where --crypt-key tells the kernel which keys to pass. What it creates there is removed \
         after the load.",
    ),
    ("/proc/cmdline", "The running kernel's command line."),
    (
        "/proc/kexec_bpf",
        "The module's interface, for the handshake. The module's settings and abilities are in \
         /sys/module/kexec_bpf/parameters/.",
    ),
    (
        "/etc/kexec-bpf/pre-exec.d/",
        "Executables that exec and boot run before the jump, in the order of their names. What \
         they print goes to standard error. Each has 30 seconds; then it is killed with its process group. One that fails is reported and \
         does not stop the jump.",
    ),
    (
        "/etc/kexec-bpf/kdump.efi",
        "The crash image that hook kdump loads, in an initramfs. kexec_bpf_kdump_image=PATH in \
         the configuration of dracut, initramfs-tools or mkinitcpio puts it there.",
    ),
    (
        "/sys/module/kexec_bpf/parameters/enforce",
        "Y while the module enforces. Writing 1 turns enforce on; nothing turns it off.",
    ),
    (
        "/etc/kexec-bpf/enforce",
        "If it exists, in an initramfs, hook enforce turns enforce on or, if that fails, kexec \
         off. kexec_bpf_enforce=yes in the configuration of dracut, initramfs-tools or mkinitcpio \
         puts it there, and so does the same file on the host. On a booted system, \
         kexec-bpf-enforce.service runs hook enforce, if it is enabled.",
    ),
    (
        "/loader/entries/, /EFI/Linux/, /loader/loader.conf",
        "Boot entries and their default, on FAT, exFAT, ext2-4, XFS, btrfs, F2FS, erofs or \
         squashfs. On btrfs these are files of the default subvolume, or of the top level.",
    ),
    (
        "/grub2/grubenv, /grub/grubenv, /EFI/*/grubenv, grub.cfg",
        "grub's variables for entries, its saved_entry and its next_entry, on the same partitions. \
         Of grub.cfg beside it, only kernelopts and default_kernelopts are read.",
    ),
    (
        "/sys/firmware/efi/efivars/",
        "LoaderEntryOneShot, LoaderEntryPreferred, LoaderEntryDefault, LoaderEntryLastBooted and \
         LoaderDevicePartUUID; \
         dbx and SbatLevelRT. efivarfs need not be mounted. With --root, those of the boot loader \
         count only if DIR is a mount from the disk that it started from.",
    ),
    (
        "/dev/kmsg",
        "The kernel's log, which explains some failures.",
    ),
];

/// The words of this page that are not the kernel's.
pub const GLOSSARY: &[(&str, &str)] = &[
    (
        "addon",
        "A PE file without a kernel that adds to a UKI's command line or initrd.",
    ),
    (
        "capture kernel",
        "The kernel that a panic boots, to write the dump. The crash image is what is loaded for \
         it.",
    ),
    (
        "companion file",
        "A file that goes with a UKI but is not in it: an addon, a credential or an extension. \
         See COMPANION FILES.",
    ),
    (
        "digest",
        "The kernel's digest is the SHA-256 of what is loaded, which the kernel computes at the \
         load and verifies at the jump: see --fast. The signed digest, which inspect shows, is \
         the one that a file's signature is about.",
    ),
    (
        "enforce",
        "A parameter of the module that limits this kernel to verified UKIs. See ENFORCE.",
    ),
    (
        "entry",
        "A boot entry: a file in /loader/entries, or a profile of a UKI in /EFI/Linux.",
    ),
    (
        "ESP, XBOOTLDR",
        "The EFI system partition and the extended boot loader partition, which hold boot \
         entries.",
    ),
    (
        "extract, handshake, native",
        "How an image gets into the kernel. See ROUTES.",
    ),
    (
        "module",
        "kexec_bpf, the kernel module that the route handshake and enforce need.",
    ),
    (
        "parser",
        "The BPF program that finds kernel, initrd and command line in an image, inside the \
         kernel.",
    ),
    (
        "profile",
        "One of several variants in one UKI, which differ in some sections, such as the command \
         line.",
    ),
    (
        "reboot through the firmware",
        "A reset, after which the firmware boots the machine, unlike a jump into a loaded image.",
    ),
    (
        "UKI",
        "A unified kernel image: a PE file that holds a kernel and, usually, an initrd and a \
         command line, all under one signature. See ukify(1).",
    ),
];
