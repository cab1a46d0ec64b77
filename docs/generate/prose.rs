// SPDX-License-Identifier: GPL-2.0-or-later
//! What the man page says beyond the flag table.

pub const DESCRIPTION: &[&str] = &[
    "An image is a UKI (a PE file with a kernel in its .linux section), or an x86 kernel \
     (bzImage). What is loaded stays in memory until exec, systemctl kexec, unload or a panic \
     uses or drops it; it does not outlive the running kernel.",
    "An image's own initrds come first, .ucode before .initrd, then those of --initrd. The \
     command line is that of --command-line, else that of --reuse-cmdline, else the image's \
     .cmdline; --append adds to any of them.",
];

pub const OPTIONS: &str = "Every command takes --help. Options and IMAGE may stand in any order; \
    -- ends the options. --NAME VALUE and --NAME=VALUE are the same.";

/// Words of the running kernel's command line.
pub const KERNEL_COMMAND_LINE_INTRODUCTION: &str = "hook boot and hook kdump read these words of the \
    running kernel's command line. Without rd.kexec_bpf=, rd.kexec_bpf.device= and \
    rd.kexec_bpf.menu=, hook boot does nothing.";

pub const KERNEL_COMMAND_LINE: &[(&str, &str)] = &[
    (
        "rd.kexec_bpf=ENTRY",
        "The entry to boot, or with a / in it the path of an image on the file system. Empty for \
         the default. 0 switches both hooks off.",
    ),
    ("rd.kexec_bpf.device=", "Where to look, as --device."),
    (
        "rd.kexec_bpf.timeout=",
        "How many seconds to wait for the device; 30 without it.",
    ),
    ("rd.kexec_bpf.menu=", "Shows the menu, as --menu."),
    (
        "rd.kexec_bpf.append=",
        "Words for the next kernel's command line, in quotes if they are several. May be repeated.",
    ),
    (
        "rd.kexec_bpf.kdump=",
        "The path of the crash image in the initramfs.",
    ),
    (
        "rd.kexec_bpf.chained=1",
        "Is put there by hook boot, and keeps the system that it boots from chaining again.",
    ),
];

pub const ROUTES_INTRODUCTION: &str = "A route is the way of an image into the kernel. status \
    tells which ones the running kernel has, load --dry-run which one an image takes.";

/// The routes that the table has are shown, in this order.
pub const ROUTES: &[(&str, &str)] = &[
    (
        "auto",
        "The default: the first of the following that the image and the running kernel allow.",
    ),
    (
        "handshake",
        "The UKI goes to kexec_file_load(2) whole. The kernel verifies its signature, all of it, \
         where signatures are enforced; then a BPF program finds kernel, initrd and command line \
         in it, inside the kernel. That program comes from the image's section .bpf, or from the \
         module when the image has none. Needs the module kexec_bpf.",
    ),
    (
        "native",
        "The image itself goes to kexec_file_load(2). For x86 kernels (bzImage). Where signatures \
         are enforced, the kernel verifies the image's own.",
    ),
    (
        "extract",
        "The UKI's kernel, and its initrds joined with those of --initrd, are copied inside the \
         kernel to anonymous files, which go to kexec_file_load(2). The kernel's bytes are those \
         of the .linux section, unchanged, so that its signature stays valid. The initrd and the \
         command line are not verified on this route, nor is the signature of the UKI. A \
         locked-down kernel takes it only with --allow-unsigned-initrd, and auto never takes it \
         there.",
    ),
];

pub const EXIT_STATUS: &str = "Scripts can rely on these numbers, but not on the wording of \
    messages. An error is up to three parts on standard error: what failed, the cause, what to \
    try. The cause is called possible where the facts do not prove it.";

pub const ENVIRONMENT: &str =
    "No environment variable is used. TERM, HOME, PATH and TMPDIR may be unset.";

pub const FILES_INTRODUCTION: &str = "These are used where they exist.";

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
        "Whether loading is switched off until the next boot by firmware.",
    ),
    (
        "/proc/sys/kernel/kexec_load_limit_reboot",
        "How many loads are left, since Linux 6.3; kexec_load_limit_panic is the same for the \
         crash image.",
    ),
    (
        "/sys/kernel/security/lockdown",
        "The lockdown level. With CAP_SYS_ADMIN it is found without securityfs being mounted, too.",
    ),
    ("/proc/cmdline", "The running kernel's command line."),
    (
        "/proc/kexec_bpf",
        "The module's interface, for the handshake. What the module says of itself is in \
         /sys/module/kexec_bpf/.",
    ),
    (
        "/etc/kexec-bpf/pre-exec.d/",
        "Executables that exec and boot run before the jump, in the order of their names. Each has \
         30 seconds; then it is killed with its process group. One that fails is reported and does \
         not stop the jump.",
    ),
    (
        "/etc/kexec-bpf/kdump.efi",
        "The crash image that hook kdump loads, in an initramfs. kexec_bpf_kdump_image=PATH in \
         the configuration of dracut or mkinitcpio puts it there.",
    ),
    (
        "/loader/entries/, /EFI/Linux/, /loader/loader.conf",
        "Boot entries and their default, on the ESP and the XBOOTLDR partition, FAT or ext4.",
    ),
    (
        "/sys/firmware/efi/efivars/",
        "LoaderEntryOneShot, LoaderEntryDefault, LoaderEntryLastBooted and LoaderDevicePartUUID. \
         Need not be mounted.",
    ),
    (
        "/dev/kmsg",
        "The kernel's log, which has the reason of some failures.",
    ),
];

pub const NOTES: &[&str] = &[
    "load, unload and exec need CAP_SYS_BOOT. inspect, status and load --dry-run need no \
     privilege.",
    "When a load fails, an image that was loaded before stays loaded. A crash image does not: \
     the kernel drops the old one first, because the new one takes its memory.",
    "exec stops no program and unmounts no file system. On a running systemd system, use load \
     and then systemctl kexec. In an initramfs, exec is what is needed.",
    "boot counts a try in the entry's file name, NAME+LEFT-DONE, when the image is loaded and \
     before the jump; a try that cannot be counted is reported and made nevertheless. An entry \
     that LoaderEntryOneShot names is taken once, whether or not it can be loaded.",
    "Under lockdown the kernel loads only what is signed by a key that it trusts. status shows \
     the level. inspect shows the signatures and whether the file is what was signed; whom to \
     trust only the kernel knows. docs/secure-boot.md of the sources tells who verifies what.",
];

pub const BUGS: &[&str] = &[
    "Only x86_64 is supported. Of a UKI with profiles, the first one is loaded; another one \
     cannot be chosen. On the route extract, sections other than .linux, .initrd, .ucode and \
     .cmdline are not passed on; /.extra has only what --addon gives.",
    "A kernel without kexec_file_load(2) is not supported.",
];

pub const SEE_ALSO: &[(&str, u8)] = &[
    ("systemctl", 1),
    ("ukify", 1),
    ("kexec_file_load", 2),
    ("reboot", 2),
    ("capabilities", 7),
    ("kernel_lockdown", 7),
    ("systemd-stub", 7),
    ("kexec", 8),
];
